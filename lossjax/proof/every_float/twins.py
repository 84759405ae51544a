"""The float64 twin of a loss: the reference that a sweep can afford at every float.

By default a loss is its own twin, called on float64 arguments. Losses whose float32 code carries its rounding errors along
have a plain one here: float64 has 29 digits to spare, and one exponential and one division are all that a sigmoid needs.
Written apart from the losses, these twins also vouch for their formulas at every pattern, not at samples alone.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...losses import sigmoid_cross_entropy, sigmoid_squared_error
from ...losses.loss import Loss

Numbers = Float[Array, "..."]


def quantity_of(loss: Loss, quantity: str) -> Callable:
    """Value, gradient or Hessian as users call it, on arrays."""
    return {"value": loss, "grad": loss.gradient, "hess": loss.hessian}[quantity]


def twin_of(loss: Loss, quantity: str) -> Callable:
    """The same for float64 arrays; parameters as float32 holds them, so that no result is blamed for their rounding."""
    if loss in _PLAIN:
        return _PLAIN[loss][quantity]
    return quantity_of(loss.replace(params={k: np.asarray(v, np.float32) for k, v in loss.params.items()}), quantity)


def _parts(z, t):
    """The sign of z, e = exp(-|z|), c, 1 - c, with s - t = sign (c - (1 - c) e) / (1 + e)."""
    right = z >= 0
    return jnp.where(right, 1.0, -1.0), jnp.exp(-jnp.abs(z)), jnp.where(right, 1 - t, t), jnp.where(right, t, 1 - t)


def _log1p(e):
    """log(1 + e) = 2 artanh(e / (2 + e)), 0 <= e <= 1: XLA's own costs three times as much (and has jax issue 39707)."""
    s = e / (2 + e)
    square = s * s
    series = jnp.full_like(e, 1 / 35)
    for n in range(33, 1, -2):  # square <= 1/9: what follows is below 2^-60
        series = series * square + 1 / n
    return e - s * (e - 2 * square * series)


def cross_entropy(z: Numbers, t: Numbers) -> Numbers:
    """The sum c |z| + log(1 + e)."""
    _, e, c, _ = _parts(z, t)
    return jnp.where(c == 0, 0, c * jnp.abs(z)) + _log1p(e)


def cross_entropy_gradient(z: Numbers, t: Numbers) -> Numbers:
    """The difference s - t."""
    sign, e, c, rest = _parts(z, t)
    return sign * (c - rest * e) / (1 + e)


def cross_entropy_hessian(z: Numbers, t: Numbers) -> Numbers:
    """The product e / (1 + e)^2."""
    e = jnp.exp(-jnp.abs(z))
    return e / ((1 + e) * (1 + e))


def squared_error(z: Numbers, t: Numbers) -> Numbers:
    """(s - t)^2."""
    gap = cross_entropy_gradient(z, t)
    return gap * gap


def squared_error_gradient(z: Numbers, t: Numbers) -> Numbers:
    """2 (s - t) e / (1 + e)^2, over one denominator."""
    sign, e, c, rest = _parts(z, t)
    d = 1 + e
    return sign * (2 * e) * (c - rest * e) / (d * d * d)


def squared_error_hessian(z: Numbers, t: Numbers) -> Numbers:
    """2 e (2 e - c - (1 - c) e^2) / (1 + e)^4."""
    _, e, c, rest = _parts(z, t)
    square = (1 + e) * (1 + e)
    return (2 * e) * (2 * e - c - rest * e * e) / (square * square)


_PLAIN = {
    sigmoid_cross_entropy: {
        "value": cross_entropy,
        "grad": cross_entropy_gradient,
        "hess": cross_entropy_hessian,
    },
    sigmoid_squared_error: {
        "value": squared_error,
        "grad": squared_error_gradient,
        "hess": squared_error_hessian,
    },
}
