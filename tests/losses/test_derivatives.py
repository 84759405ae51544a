"""Derivatives of every order, in the target and in family parameters: those of the printed formula, in float64."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from loss_examples import example

from lossjax.losses import ALL, gaussian_nll, huber, pinball, scaled, sigmoid_focal, squared_error

each_loss = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)
families = pytest.mark.parametrize("loss", [x for x in ALL if x.params], ids=lambda loss: loss.label)
close = functools.partial(np.testing.assert_allclose, rtol=1e-8, atol=1e-9)


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


def along(f, v, order):
    """The order-th derivative at s = 0 of s -> sum f(s v)."""

    def g(s):
        return f(s * v).sum()

    for _ in range(order):
        g = jax.grad(g)
    return g(0.0)


def parameters(loss):
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), dict(loss.params))


@each_loss
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_derivatives_in_z_to_fourth_order(loss, order, seed):
    z, t = example(loss, dtype=jnp.float64, seed=seed)
    v, params = jnp.cos(3 * z), parameters(loss)
    got, want = (along(lambda d: f(loss)(z + d, t, params), v, order) for f in (called, formula))
    close(got, want, rtol=1e-7)


@each_loss
@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_at_equal_and_zero_pre_activations(loss, order):
    # Where |z| and max have their ties, though most losses have no kink there.
    if loss.claims.kinks or "hinge" in loss.label or "crammer" in loss.label:
        pytest.skip("a kink at z = 0")
    _, t = example(loss, dtype=jnp.float64)
    z, params = jnp.zeros_like(t), parameters(loss)
    v = jnp.cos(3 * jnp.arange(t.size, dtype=t.dtype)).reshape(t.shape)
    got, want = (along(lambda d: f(loss)(z + d, t, params), v, order) for f in (called, formula))
    close(got, want, rtol=1e-7)


@each_loss
def test_derivatives_in_the_target(loss):
    z, t = example(loss, dtype=jnp.float64)
    v, params = jnp.sin(2 * z), parameters(loss)
    for argument in (
        lambda f, d: f(z, t + d, params),
        lambda f, d: jax.grad(lambda z: f(z, t + d, params).sum())(z),
    ):
        # By forward and by reverse mode.
        got, want = (jax.jvp(lambda d: argument(f(loss), d), (0 * t,), (v,))[1] for f in (called, formula))
        close(got, want)
        got, want = (jax.grad(lambda d: (argument(f(loss), d) ** 2).sum())(0 * t) for f in (called, formula))
        close(got, want)


@families
def test_derivatives_in_the_parameters(loss):
    z, t = example(loss, dtype=jnp.float64)
    params = parameters(loss)
    for quantity in (
        lambda f, p: f(z, t, p).sum(),
        lambda f, p: (jax.grad(lambda z: f(z, t, p).sum())(z) ** 2).sum(),
    ):
        got, want = (jax.grad(lambda p: quantity(f(loss), p))(params) for f in (called, formula))
        assert got.keys() == want.keys()
        for name in got:
            close(got[name], want[name])


@pytest.mark.parametrize("far", [-1e30, -200.0, -40.0, 40.0, 200.0, 1e30])
@each_loss
def test_derivatives_in_target_and_parameters_stay_finite_far_out(loss, far):
    z, t = example(loss, dtype=jnp.float64)
    z = z.at[..., 0].set(far) if loss.event_ndim else z + far
    if loss.name in ("poisson", "squared_error", "half_squared_error", "gaussian_nll") and abs(far) > 1e4:
        pytest.skip("the loss itself overflows or its derivative is beyond 1e30")
    gradients = jax.grad(lambda t, p: called(loss)(z, t, p).sum(), (0, 1))(t, parameters(loss))
    for g in jax.tree.leaves(gradients):
        assert not jnp.isnan(g).any()


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
    close(got, want)


@pytest.mark.parametrize(
    ("make", "bad"),
    [(huber, (0.0,)), (huber, (-1.0,)), (pinball, (1.5,)), (gaussian_nll, (-0.1,)), (sigmoid_focal, (2.0, 1.1))],
    ids=str,
)
def test_a_parameter_outside_its_range_raises(make, bad):
    with pytest.raises(ValueError, match="must"):
        make(*bad)
