"""The sigmoid link, without false zeros.

s(z) = 1 / (1 + exp(-z)),   s'(z) = s(z) s(-z),   s''(z) = s'(z) (1 - 2 s(z))

`jax.grad(jax.nn.sigmoid)(17.)` is 0 in float32 because 1 - s(z) rounds to 0; here every complement is s(-z).
"""

import functools

import jax.numpy as jnp
from jaxtyping import Array, Float

from .elementary import NEAR, decay, expm1, log1p, magnitude, tanh_beyond
from .pair import Pair, difference, exp_minus, less, one, one_plus, over, times, total


def sigmoid(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """s(z), exact in both tails."""
    e = jnp.exp(-magnitude(z))
    return jnp.where(z >= 0, 1, e) / (1 + e)


def softplus(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(1 + exp(z)) = -log s(-z)."""
    return jnp.where(z > 0, z, 0) + log1p(decay(magnitude(z)))


def slope(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """s'(z) = s(z) s(-z) = e / (1 + e)^2 with e = exp(-|z|)."""
    e = jnp.exp(-magnitude(z))
    return e / (1 + e) / (1 + e)


def curvature(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """s''(z) = s'(z) (e - 1) / (1 + e) for z >= 0, odd."""
    u = magnitude(z)
    e, m = jnp.exp(-u), expm1(-u)
    return e / (1 + e) / (1 + e) * (jnp.where(z < 0, -m, m) / (1 + e))


def minus(z: Float[Array, "..."], t: Float[Array, "..."]) -> Float[Array, "..."]:
    """s(z) - t for t in [0, 1], accurate in the tails and, to the last float, at the root."""
    return minus_pair(z, t, exp_minus(magnitude(z))).hi


def minus_pair(z: Float[Array, "..."], t: Float[Array, "..."], e: Pair) -> Pair:
    """s(z) - t as a pair, given e = exp(-|z|): (c - (1 - c) e) / (1 + e) for z >= 0, its negative for z < 0.

    Near z = 0, where e is near 1: (z / 4 - (t - 1/2)) + (tanh(z / 2) - z / 2) / 2.
    """
    close = jnp.abs(z) < NEAR
    start = difference(0.25 * z, t - 0.5)
    near = total(start.hi, start.lo + 0.5 * tanh_beyond(jnp.where(close, 0.5 * z, 0)))
    far = times(jnp.where(z < 0, -1.0, 1.0), over(less(*complements(z, t), e), one_plus(e)))
    return Pair(jnp.where(close, near.hi, far.hi), jnp.where(close, near.lo, far.lo))


def complements(z: Float[Array, "..."], t: Float[Array, "..."]) -> tuple[Pair, Pair]:
    """The pairs c and 1 - c: c = 1 - t for z >= 0, t for z < 0."""
    rest, whole = difference(one(t), t), Pair(t, jnp.zeros_like(t))
    pick = functools.partial(jnp.where, z >= 0)
    return Pair(*map(pick, rest, whole)), Pair(*map(pick, whole, rest))
