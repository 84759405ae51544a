"""`assert_derivatives` where there are several limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossjax.testing import DerivativeError, assert_derivatives


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), np.float32)


def relu_net(p, x):
    for w in p:
        x = jax.nn.relu(x @ w)
    return jnp.sum(x**2)


@jax.custom_jvp
def steep_at_zero(x):
    return jax.nn.relu(x)


steep_at_zero.defjvp(lambda p, t: (steep_at_zero(*p), jnp.where(p[0] == 0, 1.7, (p[0] > 0) * 1.0) * t[0]))


@pytest.mark.parametrize("n", [8, 17, 30, 64])
def test_a_wrong_side_of_a_kink_is_held_to_the_limits_themselves(n):
    """All of them are looked at up to 64 numbers, whoever's rounding is granted."""
    with pytest.raises(DerivativeError, match=r"want within \[0, 1\], the limits beside a kink"):
        assert_derivatives(lambda x: steep_at_zero(x).sum(), jnp.zeros(n))


KINKED = {
    "layers": (relu_net, ([normal(0, 3, 4), normal(1, 4, 2)], jnp.zeros((2, 3)))),
    "products": (lambda w, x: jax.nn.relu(x @ w).sum(), (normal(3, 6, 6), jnp.zeros((2, 6)))),
    "maximum": (lambda x: jnp.max(x, axis=0).sum(), (jnp.ones((5, 6)),)),
    "differences": (lambda x: jnp.abs(x - x[::-1]).sum(), (jnp.ones(20),)),
}


@pytest.mark.parametrize("name", KINKED)
def test_what_jax_chooses_among_ties_lies_within_the_limits(name):
    f, args = KINKED[name]
    assert assert_derivatives(f, *args)


def test_between_a_limit_and_infinity_any_number_passes():
    assert assert_derivatives(lambda x: jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1.0)), 0.0), jnp.float32(0))


@jax.custom_jvp
def bent(x):
    return jnp.where(x > 0, 2 * x, x)


bent.defjvp(lambda p, t: (bent(*p), jnp.where(p[0] == 0, 0.0, jnp.where(p[0] > 0, 2.0, 1.0)) * t[0]))


def test_a_zero_outside_the_limits_is_no_lost_tail():
    with pytest.raises(DerivativeError, match="on no side of a kink"):
        assert_derivatives(bent, jnp.float32(0))
