"""The sigmoid link, without false zeros.

s(z) = 1 / (1 + exp(-z)),   s'(z) = s(z) s(-z),   s''(z) = s'(z) (1 - 2 s(z))

`jax.grad(jax.nn.sigmoid)(17.)` is 0 in float32 because 1 - s(z) rounds to 0; here every complement is s(-z).
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from .elementary import expm1, log1p, magnitude


def sigmoid(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """s(z), exact in both tails."""
    e = jnp.exp(-magnitude(z))
    return jnp.where(z >= 0, 1, e) / (1 + e)


def softplus(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(1 + exp(z)) = -log s(-z)."""
    return jnp.where(z > 0, z, 0) + log1p(jnp.exp(-magnitude(z)))


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
    """s(z) - t for t in [0, 1], accurate at the root and in the tails.

    With m = expm1(-|z|): (1 - t) - t e = (1 - 2t) - t m for z >= 0, over 1 + e; mirrored for z < 0. Near the root the
    right-hand form has no rounding left but that of m; far from it the left-hand form has no cancellation.
    """
    u = magnitude(z)
    e, m, near = jnp.exp(-u), expm1(-u), u < 1
    right = jnp.where(near, (1 - 2 * t) - t * m, (1 - t) - t * e)
    left = jnp.where(near, (1 - 2 * t) + (1 - t) * m, (1 - t) * e - t)
    return jnp.where(z >= 0, right, left) / (1 + e)
