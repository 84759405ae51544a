"""Calling a loss: shapes, labels, masks, bad input, transforms, precision; one table, the catalogue."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec
from loss_examples import OUTSIDE, example, kind

from lossjax.losses import ALL, absolute_error, crammer_singer, hinge, sigmoid_cross_entropy, softmax_cross_entropy

each_loss = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)
each_label_loss = pytest.mark.parametrize("loss", [x for x in ALL if x.targets.labels], ids=lambda loss: loss.label)
each_half = pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16], ids=lambda d: d.__name__)


def quantities(loss):
    return loss, loss.gradient, loss.hessian


@each_loss
@pytest.mark.parametrize(("dtype", "batch"), [(jnp.float32, ()), (jnp.bfloat16, (3,)), (jnp.float16, (2, 0))], ids=str)
def test_one_number_per_example_of_the_dtype_of_z(loss, dtype, batch):
    z, t = example(loss, batch, dtype=dtype)
    event = z.shape[len(batch) :]
    shapes = [jax.eval_shape(f, z, t) for f in quantities(loss)]
    assert [s.shape for s in shapes] == [batch, batch + event, batch + event + event]
    assert {s.dtype for s in shapes} == {jnp.dtype(dtype)}


@each_loss
def test_a_batch_is_its_examples(loss):
    z, t = example(loss, (2, 3))
    for f in (*quantities(loss), lambda z, t: loss.hvp(z, t, 0.5 * z)):
        whole = f(z, t)
        for i in np.ndindex(2, 3):
            np.testing.assert_allclose(whole[i], f(z[i], t[i]), rtol=1e-5, atol=1e-6)


@each_loss
def test_integer_and_bool_targets_are_numbers(loss):
    z, t = example(loss)
    if kind(loss) in ("unit", "tanh", "real", "simplex"):
        t = jnp.zeros_like(t)
    if kind(loss) == "simplex":
        t = t.at[..., 0].set(1)
    np.testing.assert_array_equal(loss(z, t.astype(jnp.int32)), loss(z, t))
    if kind(loss) not in ("margin", "count"):
        np.testing.assert_array_equal(loss(z, t.astype(bool)), loss(z, t))


@each_label_loss
@pytest.mark.parametrize("dtype", [jnp.int32, jnp.int8, jnp.uint8], ids=lambda d: d.__name__)
def test_labels_are_told_by_rank(loss, dtype):
    z, _ = example(loss, (5,))
    labels = jnp.array([0, 1, 3, 3, 2], dtype)
    for f in quantities(loss):
        np.testing.assert_array_equal(f(z, labels), f(z, jax.nn.one_hot(labels, 4)))


@each_label_loss
def test_a_label_out_of_range_is_nan(loss):
    z, _ = example(loss, (3,))
    for f in quantities(loss):
        out = f(z, jnp.array([-1, 4, 0]))
        assert jnp.isnan(out[:2]).all()
        assert jnp.isfinite(out[2]).all()


@each_loss
def test_a_target_outside_the_set_is_nan_in_every_quantity(loss):
    z, t = example(loss, (2,))
    first = (0, 0) if loss.event_ndim else (0,)
    for bad in (OUTSIDE[kind(loss)], np.nan):
        wrong = t.at[first].set(bad)
        for f in (*quantities(loss), jax.grad(lambda z, t: loss(z, t).sum()), lambda z, t: loss.hvp(z, t, z)):
            out = f(z, wrong)
            assert jnp.isnan(out[0]).all()
            assert jnp.isfinite(out[1]).all()


@each_loss
def test_a_nan_in_z_is_nan_in_every_quantity(loss):
    z, t = example(loss, (2,))
    z = z.at[(0, 1) if loss.event_ndim else (0,)].set(jnp.nan)
    for f in (*quantities(loss), jax.grad(lambda z, t: loss(z, t).sum())):
        out = f(z, t)
        assert jnp.isnan(out[0]).all()
        assert jnp.isfinite(out[1]).all()


@each_loss
@pytest.mark.parametrize("junk", [np.nan, np.inf, 3e38], ids=str)
def test_where_gives_exact_zeros_whatever_lies_under_it(loss, junk):
    z, t = example(loss, (6,))
    mask = jnp.array([True, False, True, True, False, True])
    event = jnp.expand_dims(mask, tuple(range(1, z.ndim)))
    dirty_z, dirty_t = jnp.where(event, z, junk), jnp.where(event, t, jnp.nan)
    for f in (*quantities(loss), lambda z, t, where: loss.hvp(z, t, jnp.ones_like(z), where=where)):
        masked, clean = f(dirty_z, dirty_t, where=mask), f(z, t)
        np.testing.assert_array_equal(masked[~mask], 0)
        np.testing.assert_array_equal(masked[mask], clean[mask])
    for argnum in (0, 1):
        g = jax.grad(lambda z, t: loss(z, t, where=mask).sum(), argnum)(dirty_z, dirty_t)
        np.testing.assert_array_equal(g[~mask], 0)
        assert jnp.isfinite(g[mask]).all()


@each_label_loss
def test_padding_labels_may_be_anything(loss):
    z, _ = example(loss, (4,))
    labels, mask = jnp.array([1, -100, 0, 10**6]), jnp.array([True, False, True, False])
    out, g = jax.value_and_grad(lambda z: loss(z, labels, where=mask).sum())(z)
    assert jnp.isfinite(out)
    np.testing.assert_array_equal(g[~mask], 0)


ONE, TWO = jnp.zeros(3), jnp.zeros((3, 4))
MISTAKES = [
    ("column against row", hinge, jnp.zeros((3, 1)), jnp.ones(3), ValueError, "never broadcast"),
    ("scalar target", hinge, ONE, jnp.ones(()), ValueError, "never broadcast"),
    ("one target too few", absolute_error, ONE, jnp.ones(2), ValueError, "never broadcast"),
    ("integer z", absolute_error, jnp.zeros(3, int), ONE, TypeError, "floating|Float"),
    ("complex z", absolute_error, jnp.zeros(3, complex), ONE, TypeError, "floating|Float"),
    ("float labels", softmax_cross_entropy, TWO, ONE, TypeError, "integers"),
    ("bool labels", softmax_cross_entropy, TWO, ONE == 0, TypeError, "integers"),
    ("too few labels", softmax_cross_entropy, TWO, jnp.zeros(2, int), ValueError, "labels"),
    ("labels with a column", crammer_singer, TWO, jnp.zeros((3, 1), int), ValueError, "labels"),
    ("two axes missing", softmax_cross_entropy, TWO, jnp.zeros((), int), ValueError, "labels"),
    ("no class axis", softmax_cross_entropy, jnp.zeros(()), jnp.zeros(()), ValueError, "classes"),
    ("no classes", softmax_cross_entropy, jnp.zeros((3, 0)), jnp.zeros((3, 0)), ValueError, "classes"),
    ("labels of a scalar event", sigmoid_cross_entropy, TWO, jnp.zeros(3, int), ValueError, "never broadcast"),
]


@pytest.mark.parametrize(("loss", "z", "t", "error", "words"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes_raise(loss, z, t, error, words):
    for f in (*quantities(loss), jax.jit(loss)):
        with pytest.raises(error, match=words):
            f(z, t)


@pytest.mark.parametrize(
    "mask", [jnp.ones(3), jnp.ones((3, 4), bool), jnp.ones((), bool)], ids=["float", "rank", "scalar"]
)
def test_a_mask_of_wrong_kind_raises(mask):
    with pytest.raises(ValueError, match="bool mask of the batch shape"):
        softmax_cross_entropy(TWO, jnp.zeros(3, int), where=mask)


@each_loss
def test_transforms_agree_with_the_derived_derivatives(loss):
    z, t = example(loss, (4,))

    def total(z, t):
        return loss(z, t).sum()

    close = functools.partial(np.testing.assert_allclose, rtol=2e-5, atol=2e-6)
    want = loss.gradient(z, t)
    close(jax.jit(loss)(z, t), loss(z, t))
    close(jax.vmap(loss)(z, t), loss(z, t))
    for g in (jax.grad(total), jax.jit(jax.grad(total)), jax.grad(jax.checkpoint(total)), jax.vmap(jax.grad(loss))):
        close(g(z, t), want)
    close(jax.vmap(jax.jacfwd(loss))(z, t), want)
    close(jax.vmap(jax.jacrev(loss))(z, t), want)
    second = loss.hessian(z, t)
    for h in (
        jax.hessian(loss),
        jax.jacfwd(jax.jacfwd(loss)),
        jax.jacrev(jax.jacrev(loss)),
        jax.jacrev(jax.jacfwd(loss)),
    ):
        close(jax.vmap(h)(z, t), second)
    v = jnp.cos(z)
    close(jax.jvp(lambda z: loss.gradient(z, t), (z,), (v,))[1], loss.hvp(z, t, v))


@each_loss
def test_shard_map(loss):
    z, t = example(loss, (4,))
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(AxisType.Auto,))
    spec = PartitionSpec("batch")

    @functools.partial(jax.shard_map, mesh=mesh, in_specs=(spec, spec), out_specs=(spec, spec))
    def both(z, t):
        return loss(z, t), jax.grad(lambda z: loss(z, t).sum())(z)

    value, gradient = both(z, t)
    np.testing.assert_allclose(value, loss(z, t), rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(gradient, loss.gradient(z, t), rtol=2e-5, atol=2e-6)


@each_loss
def test_gauss_newton_is_the_product_with_the_full_matrices(loss):
    z, t = example(loss, (3,))
    x = jax.random.normal(jax.random.key(0), z.shape)

    def net(w):
        return z + w[0] * x + w[1] * x**2

    w, v = jnp.array([0.1, -0.2]), jnp.array([0.3, 0.7])
    j = jax.jacobian(net)(w).reshape(3, -1, 2)
    h = loss.hessian(net(w), t).reshape(3, j.shape[1], j.shape[1])
    want = jnp.einsum("nka,nkl,nlb,b->a", j, h, j, v)
    np.testing.assert_allclose(loss.gauss_newton(net, w, t, v), want, rtol=1e-4, atol=1e-5)


@each_loss
@each_half
def test_half_precision_is_float32_rounded_once(loss, dtype):
    z, t = example(loss, (50,), dtype=dtype)
    wide = z.astype(jnp.float32), t.astype(jnp.float32)
    for f in quantities(loss):
        np.testing.assert_array_equal(f(z, t), f(*wide).astype(dtype))


@each_loss
@each_half
def test_the_cotangent_meets_the_gradient_in_float32(loss, dtype):
    z, t = example(loss, (50,), dtype=dtype)
    cotangent = jnp.linspace(0.1, 3, 50, dtype=dtype)
    (got,) = jax.vjp(lambda z: loss(z, t), z)[1](cotangent)
    gradient = loss.gradient(z.astype(jnp.float32), t.astype(jnp.float32))
    scale = jnp.expand_dims(cotangent.astype(jnp.float32), tuple(range(1, z.ndim)))
    np.testing.assert_array_equal(got, (gradient * scale).astype(dtype))


@each_loss
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=lambda d: d.__name__)
def test_a_mean_adds_only_the_rounding_of_one_over_n(loss, dtype):
    z, t = example(loss, (50,), dtype=dtype)
    got = jax.grad(lambda z: loss(z, t).mean())(z)
    share = jnp.asarray(1 / 50, dtype).astype(jnp.float32)
    gradient = loss.gradient(z.astype(jnp.float32), t.astype(jnp.float32))
    np.testing.assert_allclose(got.astype(jnp.float32), gradient * share, rtol=2 * float(jnp.finfo(dtype).eps))
