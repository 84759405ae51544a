"""Vector losses: identities between them, the paper's equations to the letter, tails, masks, kinks, derivatives in t."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossjax.losses import (
    ALL,
    correct_class_quadratic,
    crammer_singer,
    generalized_cross_entropy,
    hinge,
    kl_divergence,
    multiclass_perceptron,
    one_hot_squared_error,
    poly1,
    rescaled_squared_error,
    sigmoid_cross_entropy,
    softmax_absolute_error,
    softmax_cross_entropy,
    softmax_focal,
    softmax_squared_error,
    sparsemax_loss,
    squentropy,
    weston_watkins,
)
from lossjax.losses.softmax import softmax

EPS = np.finfo(np.float32).eps
VECTOR = [loss for loss in ALL if loss.event_ndim == 1]
SOFTMAX = [loss for loss in VECTOR if loss.output is softmax]
ONE_HOT = [loss for loss in VECTOR if loss.targets.name == "one_hot"]
FAMILIES = [loss for loss in VECTOR if loss.params and loss.targets.name == "one_hot"]


def name(loss):
    return repr(loss)


def draw(shape=(40, 5), seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    z = (scale * rng.standard_normal(shape)).astype(np.float32)
    return (
        jnp.asarray(z),
        jnp.asarray(rng.integers(shape[-1], size=shape[0])),
        rng.dirichlet(np.ones(shape[-1]), shape[0]),
    )


def both(loss, z, t):
    return loss(z, t), loss.gradient(z, t)


@pytest.mark.parametrize("gap", [0.0, 1e-3, 1.0, 17.0, 40.0, 80.0, 1e4])
@pytest.mark.parametrize("label", [0, 1])
def test_two_classes_are_a_logit(gap, label):
    z = jnp.array([0.0, gap], jnp.float32)
    value, grad = both(softmax_cross_entropy, z, jnp.array(label))
    logit, target = z[1] - z[0], jnp.float32(label)
    np.testing.assert_allclose(value, sigmoid_cross_entropy(logit, target), rtol=4 * EPS)
    slope = sigmoid_cross_entropy.gradient(logit, target)
    np.testing.assert_allclose(grad, jnp.stack([-slope, slope]), rtol=6 * EPS)


@pytest.mark.parametrize("gap", [17.0, 40.0, 80.0])
@pytest.mark.parametrize("loss", [x for x in SOFTMAX if x is not squentropy and "smooth" not in x.name], ids=name)
def test_gradients_of_a_confident_output_are_there_and_sum_to_zero(loss, gap):
    z = jnp.array([gap, 0.0, 0.25], jnp.float32)
    for label in range(3):
        grad = np.asarray(loss.gradient(z, jnp.array(label)), np.float64)
        with jax.enable_x64():
            exact = np.abs(loss.gradient(z.astype(jnp.float64), jnp.array(label)))
        assert np.all(grad[exact >= np.finfo(np.float32).tiny] != 0)
        assert abs(grad.sum()) <= 4 * EPS * np.abs(grad).sum()


def test_equation_11_and_12_of_the_paper():
    with jax.enable_x64():
        z, labels, _ = draw()
        z = z.astype(jnp.float64)
        y, hot = np.asarray(softmax(z)), np.eye(5)[np.asarray(labels)]
        yn, square = (y * hot).sum(1, keepdims=True), (y**2).sum(1, keepdims=True)
        eq11 = np.where(hot == 1, y - 1, y)
        eq12 = np.where(hot == 1, 4 * y**2 - 2 * y * (1 + square), 2 * y**2 - 2 * y * (-yn + square))
        np.testing.assert_allclose(softmax_cross_entropy.gradient(z, labels), eq11, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(softmax_squared_error.gradient(z, labels), eq12, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_squared_error_starts_with_two_over_c_of_the_cross_entropy_gradient(classes):
    z = jnp.zeros(classes)
    se, ce = (loss.gradient(z, jnp.array(0)) for loss in (softmax_squared_error, softmax_cross_entropy))
    np.testing.assert_allclose(se, 2 / classes * ce, rtol=4 * EPS)


def test_members_of_families_are_their_relatives():
    z, labels, _ = draw()
    hot = jax.nn.one_hot(labels, 5)
    wrong = jnp.where(hot == 1, 0, z)
    ce = softmax_cross_entropy(z, labels)
    pairs = [
        (softmax_focal(0.0), ce),
        (poly1(0.0), ce),
        (generalized_cross_entropy(1.0), softmax_absolute_error(z, labels) / 2),
        (squentropy, ce + jnp.sum(wrong**2, -1) / 4),
        (rescaled_squared_error(1.0, 1.0), one_hot_squared_error(z, labels) / 5),
        (correct_class_quadratic(0.0), one_hot_squared_error(z, labels) / 2),
    ]
    for loss, want in pairs:
        np.testing.assert_allclose(loss(z, labels), want, rtol=20 * EPS, err_msg=name(loss))


def test_generalized_cross_entropy_tends_to_cross_entropy():
    with jax.enable_x64():
        z, labels, _ = draw()
        z = z.astype(jnp.float64)
        ce = softmax_cross_entropy(z, labels)
        for q in (1e-3, 1e-6):
            np.testing.assert_allclose(generalized_cross_entropy(q)(z, labels), ce - q / 2 * ce**2, rtol=q * 30 * q)


def test_divergence_is_cross_entropy_less_entropy():
    with jax.enable_x64():
        z, _, t = draw()
        t = jnp.asarray(t)
        z = z.astype(jnp.float64)
        entropy = -np.sum(t * np.log(t), axis=-1)
        np.testing.assert_allclose(kl_divergence(z, t), softmax_cross_entropy(z, t) - entropy, atol=1e-14, rtol=1e-12)
        np.testing.assert_array_equal(kl_divergence.gradient(z, t), softmax_cross_entropy.gradient(z, t))
        np.testing.assert_allclose(kl_divergence(jnp.log(t), t), 0, atol=1e-15)


def test_hinges_of_two_classes_are_one():
    z, labels, _ = draw((40, 2))
    margin = jnp.where(labels == 1, 1.0, -1.0)
    want = hinge(z[:, 1] - z[:, 0], margin)
    np.testing.assert_allclose(crammer_singer(z, labels), want, atol=4 * EPS)
    np.testing.assert_allclose(weston_watkins(z, labels), want, atol=4 * EPS)


def test_hinges_are_ordered():
    z, labels, _ = draw()
    best, every, none = (loss(z, labels) for loss in (crammer_singer, weston_watkins, multiclass_perceptron))
    assert jnp.all(every >= best)
    assert jnp.all(best >= none)
    assert jnp.all(best <= none + 1)


# Rounded, 1 + 0 - x is positive for the first, and of the wrong size for the last (optax 0.2.8 returns -1 there).
@pytest.mark.parametrize(("x", "slope"), [(0.99999994, -1.0), (1.0, 0.0), (1.0000001, 0.0), (16777216.0, 0.0)])
def test_the_margin_is_decided_exactly(x, slope):
    for loss in (crammer_singer, weston_watkins):
        value, grad = both(loss, jnp.array([x, 0.0], jnp.float32), jnp.array(0))
        np.testing.assert_array_equal(grad, [slope, -slope])
        assert value == max(0.0, 1 - float(np.float32(x)))
    below = jnp.array([1.0, 1e-9], jnp.float32)  # 1 - z_0 + z_1 = 1e-9, although 1 - 1e-9 rounds to 1
    assert crammer_singer.gradient(below, jnp.array(0))[0] == -1


@pytest.mark.parametrize("gap", [17.0, 30.0, 60.0, 87.0, 88.0])
def test_tails_of_the_squared_error(gap):
    """Confidently right the gradient is -4 m^2, confidently wrong -4 m, m = exp(-gap): no term of order m is left over."""
    right, wrong = (
        softmax_squared_error.gradient(jnp.array([z, 0.0], jnp.float32), jnp.array(0))[0] for z in (gap, -gap)
    )
    m = np.exp(-gap)
    np.testing.assert_allclose(wrong, -4 * m, rtol=100 * EPS)
    if 4 * m * m > np.finfo(np.float32).tiny:
        np.testing.assert_allclose(right, -4 * m * m, rtol=200 * EPS)


@pytest.mark.parametrize("loss", SOFTMAX, ids=name)
def test_a_masked_class_is_no_class(loss):
    if loss is squentropy or "smooth" in loss.name:
        pytest.skip("their value depends on every logit, or gives every class a target")
    z, labels, _ = draw((8, 3))
    masked = jnp.concatenate([z, jnp.full((8, 1), -jnp.inf)], axis=1)
    np.testing.assert_allclose(loss(masked, labels), loss(z, labels), rtol=4 * EPS)
    grad, hess = loss.gradient(masked, labels), loss.hessian(masked, labels)
    np.testing.assert_allclose(grad[:, :3], loss.gradient(z, labels), rtol=4 * EPS)
    np.testing.assert_array_equal(grad[:, 3], 0)
    np.testing.assert_allclose(hess[:, :3, :3], loss.hessian(z, labels), rtol=8 * EPS)
    np.testing.assert_array_equal(hess[:, 3], 0)


def test_infinite_logits():
    inf = jnp.inf
    assert softmax_cross_entropy(jnp.array([inf, 0.0]), jnp.array(0)) == 0
    assert softmax_cross_entropy(jnp.array([inf, 0.0]), jnp.array(1)) == inf
    assert softmax_cross_entropy(jnp.array([0.0, -inf]), jnp.array(1)) == inf
    assert softmax_squared_error(jnp.array([inf, 0.0]), jnp.array(1)) == 2
    for z in ([inf, inf], [-inf, -inf]):
        assert jnp.isnan(softmax_cross_entropy(jnp.array(z), jnp.array(0)))
        assert jnp.all(jnp.isnan(softmax_squared_error.gradient(jnp.array(z), jnp.array(0))))


@pytest.mark.parametrize("loss", SOFTMAX, ids=name)
def test_nan_is_never_hidden(loss):
    z = jnp.array([0.0, jnp.nan, 1.0])
    for label in range(3):
        value, grad = both(loss, z, jnp.array(label))
        assert jnp.isnan(value)
        assert jnp.all(jnp.isnan(grad))
        assert jnp.all(jnp.isnan(loss.hessian(z, jnp.array(label))))


@pytest.mark.parametrize("loss", [softmax_cross_entropy, softmax_squared_error], ids=name)
@pytest.mark.parametrize("classes", [10, 1000, 1009])
@pytest.mark.parametrize("bad", [[jnp.nan], [jnp.nan, jnp.inf], [jnp.inf, jnp.inf]], ids=str)
def test_nan_and_several_infinities_show_under_jit(loss, classes, bad):
    # XLA's maximum of 1000 numbers on a CPU leaves a NaN out.
    z = np.zeros((3, classes), np.float32)
    z[0, : len(bad)] = z[1, -len(bad) :] = bad
    labels = jnp.array([0, 0, 0])
    values, gradients = jax.jit(loss)(z, labels), jax.jit(loss.gradient)(z, labels)
    for out in (values, gradients):
        assert jnp.all(jnp.isnan(out[:2]))
        assert jnp.all(jnp.isfinite(out[2]))


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_the_root_at_equal_logits_is_exact(classes):
    t = jnp.full(classes, 1 / classes, jnp.float32)
    assert jnp.all(softmax_cross_entropy.gradient(jnp.full(classes, 3.0), t) == 0)


@pytest.mark.parametrize("loss", ONE_HOT, ids=name)
def test_a_derivative_in_a_one_hot_target_raises(loss):
    if "smooth" in loss.name:
        pytest.skip("a transform decides by itself")
    z, t = jnp.array([0.3, -1.0, 2.0]), jnp.array([0.0, 1.0, 0.0])
    with pytest.raises(TypeError, match="choice of a class"):
        jax.grad(loss, argnums=1)(z, t)


def test_derivatives_in_a_soft_target():
    z = jnp.array([0.3, -1.0, 2.0])
    for t in ([0.2, 0.3, 0.5], [0.0, 0.4, 0.6], [0.0, 1.0, 0.0]):
        t = jnp.array(t)
        log_p = jax.nn.log_softmax(z)
        np.testing.assert_allclose(jax.grad(softmax_cross_entropy, argnums=1)(z, t), -log_p, rtol=1e-6)
        cross = jax.jacobian(softmax_cross_entropy.gradient, argnums=1)(z, t)
        np.testing.assert_allclose(cross, softmax(z)[:, None] - jnp.eye(3), atol=1e-6)
    t = jnp.array([0.2, 0.3, 0.5])
    np.testing.assert_allclose(jax.grad(kl_divergence, argnums=1)(z, t), jnp.log(t) - log_p + 1, rtol=1e-5)
    np.testing.assert_allclose(jax.grad(softmax_squared_error, argnums=1)(z, t), -2 * (softmax(z) - t), atol=1e-6)


@pytest.mark.parametrize("loss", FAMILIES, ids=name)
def test_derivatives_in_parameters(loss):
    with jax.enable_x64():
        z, t = jnp.array([0.3, -1.0, 2.0]), jnp.array([0.0, 1.0, 0.0])
        for key, at in loss.params.items():
            for quantity in ("__call__", "gradient", "hessian"):

                def f(x, q=quantity, k=key):
                    return jnp.sum(getattr(loss.replace(params={**loss.params, k: x}), q)(z, t) ** 2)

                h = 1e-5
                want = (f(at + h) - f(at - h)) / (2 * h)
                np.testing.assert_allclose(jax.grad(f)(jnp.float64(at)), want, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("bad", [lambda: softmax_focal(-1.0), lambda: poly1(-2.0), lambda: generalized_cross_entropy(0.0),
                                 lambda: generalized_cross_entropy(1.5), lambda: rescaled_squared_error(0.0, 1.0),
                                 lambda: correct_class_quadratic(-1.0)])  # fmt: skip
def test_parameters_out_of_range_raise(bad):
    with pytest.raises(ValueError, match="must"):
        bad()


def test_sparsemax_projects_onto_the_simplex():
    z, _, _ = draw((60, 6), scale=1.0)
    p = jax.vmap(sparsemax_loss.output)(z)
    np.testing.assert_allclose(p.sum(-1), 1, rtol=4 * EPS)
    # The projection is characterised by (z - p) . (x - p) <= 0 for every x of the simplex: its corners suffice.
    slack = (z - p)[:, None, :] @ (jnp.eye(6)[None] - p[:, None, :]).transpose(0, 2, 1)
    assert slack.max() <= 20 * EPS
    np.testing.assert_array_equal(sparsemax_loss.output(jnp.array([3.0, 1.0, 0.0])), [1, 0, 0])
    assert sparsemax_loss(jnp.array([3.0, 1.0, 0.0]), jnp.array(0)) == 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("derivative", [jax.grad, jax.jacfwd])
def test_the_derivative_in_a_target_of_zero_has_no_bound_and_leaves_the_others_alone(derivative, dtype):
    """The derivative of t log(t / p) is -inf at 0; along a face of the simplex it is a number."""
    z, t = jnp.array([1.0, 2.0, 0.5], dtype), jnp.array([0.0, 0.4, 0.6], dtype)
    along = np.asarray(derivative(kl_divergence, 1)(z, t), np.float64)
    assert along[0] <= -float(jnp.finfo(dtype).max)
    log_p = np.asarray(z, np.float64) - np.log(np.exp(np.asarray(z, np.float64)).sum())
    want = np.log(np.asarray(t, np.float64)[1:]) - log_p[1:] + 1
    np.testing.assert_allclose(along[1:], want, rtol=4 * float(jnp.finfo(dtype).eps))
    slope = jax.jvp(lambda t: kl_divergence(z, t), (t,), (jnp.array([0.0, 1.0, -1.0], dtype),))[1]
    np.testing.assert_allclose(float(slope), want[0] - want[1], rtol=8 * float(jnp.finfo(dtype).eps))
    masked = jax.grad(lambda t: kl_divergence(z[None], t, where=jnp.array([False])).sum())(t[None])
    np.testing.assert_array_equal(np.asarray(masked, np.float64), 0)
