"""Elementary functions where XLA's own lose digits: its expm1 and tanh err by 5 ulp, its log1p by 2.4, on a CPU."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def magnitude(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """|x|, with derivative 1 at 0: even functions written with it keep right derivatives of every order there."""
    return jnp.where(x < 0, -x, x)


def expm1(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """exp(x) - 1: its series x + x^2 (1/2 + x/6 + ...) for |x| < 1, the difference elsewhere."""
    near = jnp.abs(x) < 1
    small = jnp.where(near, x, 0)
    series = jnp.zeros_like(small)
    for k in range(_terms(x, 11, 19), 1, -1):
        series = (series * small + 1) / k
    return jnp.where(near, small + small * small * series, jnp.exp(x) - 1)


def log1p(e: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(1 + e) for 0 <= e <= 1: 2 artanh(s) with s = e / (2 + e), as e - s (e - 2 s^2/3 - 2 s^4/5 - ...)."""
    s = e / (2 + e)
    s2 = s * s
    series = jnp.zeros_like(e)
    for k in range(_terms(e, 8, 17), 0, -1):
        series = s2 * (2 / (2 * k + 1) + series)
    return e - s * (e - series)


def tanh(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """The tangent -m / (2 + m) with m = expm1(-2 |x|), odd."""
    m = expm1(-2 * magnitude(x))
    return jnp.where(x < 0, m, -m) / (2 + m)


def difference(a: Float[Array, "..."], b: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """The rounded a - b and its rounding error: their sum is a - b exactly (Knuth 1969)."""
    d = a - b
    v = d - a
    return d, (a - (d - v)) - (b + v)


def above(z: Float[Array, "..."], t: Float[Array, "..."], level: Float[Array, ""]) -> Float[Array, "..."]:
    """Is z - t > level, as real numbers? Where the rounded z - t equals the level, its rounding error decides."""
    d, error = difference(z, t)
    return (d > level) | ((d == level) & (error > 0))


def _terms(x, single: int, double: int) -> int:
    return double if jnp.finfo(x.dtype).bits == 64 else single
