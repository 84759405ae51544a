"""Derivatives of every order, in the target and in family parameters: those of the printed formula, in float64."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from loss_examples import example, kind

from lossjax.losses import ALL, gaussian_nll, huber, pinball, scaled, sigmoid_focal, squared_error

each_loss = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)
families = pytest.mark.parametrize("loss", [x for x in ALL if x.params], ids=lambda loss: loss.label)


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def formula(loss):
    """The formula of a batch, parameters given."""

    def batched(z, t, params):
        return jax.vmap(lambda z, t: loss.formula(z, t, **params))(z, t)

    return batched


def called(loss):
    """The same through the call."""
    return lambda z, t, params: loss.replace(params=params)(z, t)


def agree(loss, quantity, rtol=1e-8):
    """quantity(f) of the call is that of the formula; both compiled, f(z, t, params)."""
    got, want = (jax.jit(lambda f=f: quantity(f))() for f in (called(loss), formula(loss)))
    assert jax.tree.structure(got) == jax.tree.structure(want)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(want)):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-9)


def slopes(f, v, orders):
    """The derivatives of these orders at s = 0 of s -> sum f(s v)."""
    out, g = [], lambda s: f(s * v).sum()
    for _ in range(orders):
        g = jax.grad(g)
        out.append(g(0.0))
    return out


def parameters(loss):
    return {name: jnp.asarray(x, jnp.float64) for name, x in loss.params.items()}


@each_loss
def test_derivatives_in_z_to_fourth_order(loss):
    z, t = example(loss, dtype=jnp.float64)
    v, params = jnp.cos(3 * z), parameters(loss)
    agree(loss, lambda f: slopes(lambda d: f(z + d, t, params), v, 4), rtol=1e-7)


@each_loss
def test_derivatives_at_equal_and_zero_pre_activations(loss):
    # Where |z| and max have their ties, though most losses have no kink there.
    if loss.claims.kinks or loss.name in ("smooth_hinge", "huber", "absolute_error"):
        pytest.skip("a kink at z = 0, or a jump of the Hessian")
    _, t = example(loss, dtype=jnp.float64)
    z, params = jnp.zeros_like(t), parameters(loss)
    v = jnp.cos(3 * jnp.arange(t.size, dtype=t.dtype)).reshape(t.shape)
    agree(loss, lambda f: slopes(lambda d: f(z + d, t, params), v, 4), rtol=1e-7)


@each_loss
def test_derivatives_in_the_target(loss):
    z, t = example(loss, dtype=jnp.float64)
    v, params = jnp.sin(2 * z), parameters(loss)
    if kind(loss) == "one_hot":
        with pytest.raises(TypeError, match="no derivative in it"):
            jax.grad(lambda t: loss(z, t).sum())(t)
        return

    def value(f, d):
        return f(z, t + d, params)

    def gradient(f, d):
        return jax.grad(lambda z: f(z, t + d, params).sum())(z)

    def both(f):
        forward = [jax.jvp(lambda d, q=q: q(f, d), (0 * t,), (v,))[1] for q in (value, gradient)]
        return forward, [jax.grad(lambda d, q=q: (q(f, d) ** 2).sum())(0 * t) for q in (value, gradient)]

    agree(loss, both)


@families
def test_derivatives_in_the_parameters(loss):
    z, t = example(loss, dtype=jnp.float64)

    def both(f):
        def value(p):
            return f(z, t, p).sum()

        def gradient(p):
            return (jax.grad(lambda z: f(z, t, p).sum())(z) ** 2).sum()

        return jax.grad(value)(parameters(loss)), jax.grad(gradient)(parameters(loss))

    agree(loss, both)


@each_loss
def test_derivatives_in_target_and_parameters_far_out_are_no_nan(loss):
    z, t = example(loss, dtype=jnp.float64)
    arguments = (1, 2) if kind(loss) != "one_hot" else (2,)
    gradient = jax.jit(jax.grad(lambda z, t, p: called(loss)(z, t, p).sum(), arguments))
    for far in (-1e30, -200.0, -40.0, 40.0, 200.0, 1e30):
        moved = z.at[..., 0].set(far) if loss.event_ndim else z + far
        for g in jax.tree.leaves(gradient(moved, t, parameters(loss))):
            assert not jnp.isnan(g).any(), far


MAKERS = [
    (huber, (0.7,)),
    (pinball, (0.3,)),
    (gaussian_nll, (0.4,)),
    (sigmoid_focal, (1.5, 0.3)),
    (functools.partial(scaled, squared_error), (2.5,)),
]


@pytest.mark.parametrize(("make", "at"), MAKERS, ids=["huber", "pinball", "gaussian_nll", "sigmoid_focal", "scaled"])
def test_a_family_is_made_of_traced_parameters(make, at):
    loss = make(*at)
    z, t = example(loss, dtype=jnp.float64)
    got = jax.jit(jax.grad(lambda p: make(*p)(z, t).sum()))(at)
    want = jax.grad(lambda p: formula(loss)(z, t, dict(zip(loss.params, p))).sum())(at)
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "bad"),
    [
        (huber, (0.0,)),
        (huber, (-1.0,)),
        (pinball, (1.5,)),
        (gaussian_nll, (-0.1,)),
        (sigmoid_focal, (2.0, 1.1)),
        (sigmoid_focal, (float("inf"), 0.5)),
    ],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_a_parameter_outside_its_range_raises(make, bad):
    with pytest.raises(ValueError, match="must"):
        make(*bad)
