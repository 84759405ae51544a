"""Squared error behind a tanh, summed, without a factor 1/2; targets in [-1, 1].

L       = (y - t)^2,   y = tanh z
dL/dz   = 2 (y - t) (1 - y^2)
d2L/dz2 = 2 (1 - y^2) [1 - y^2 - 2 y (y - t)]
        = 16 e [4 e - c - (2 - c) e^2] / (1 + e)^4,   e = exp(-2 |z|),   c = 1 - t for z >= 0, 1 + t for z < 0

Four times `sigmoid_squared_error` at 2 z and (1 + t) / 2, but that target would be rounded. As there, h^2 = e lets
every factor in before the product can be flushed.
"""

import jax.numpy as jnp

from .claims import Claims, zero
from .domain import TANH
from .elementary import expm1, magnitude, tanh
from .loss import Loss
from .sigmoid_squared_error import sigmoid_squared_error


def formula(z, t):
    return (jnp.tanh(z) - t) ** 2


def _minus(z, t):
    """With m = e - 1: (c - (2 - c) e) / (1 + e) far from z = 0, (2 c - 2 - (2 - c) m) / (1 + e) near it; odd."""
    u = magnitude(z)
    sign = jnp.where(z < 0, -1, 1)
    h = jnp.exp(-u)
    near = u < 0.5
    to, away = 1 - sign * t, 1 + sign * t
    d = jnp.where(near, -2 * sign * t - away * expm1(-2 * u), to - (away * h) * h)
    return sign * d / (1 + h * h)


def value(z, t):
    d = _minus(z, t)
    return d * d


def grad(z, t):
    h = jnp.exp(-magnitude(z))
    d = 1 + h * h
    return (8 * h) * _minus(z, t) * h / d / d


def hess(z, t):
    h = jnp.exp(-magnitude(z))
    e = h * h
    sign = jnp.where(z < 0, -1, 1)
    bracket = e * (4 - (1 + sign * t) * e) - (1 - sign * t)
    d = (1 + e) * (1 + e)
    return (16 * h) * bracket * h / d / d


tanh_squared_error = Loss(
    name="tanh_squared_error",
    event_ndim=0,
    targets=TANH,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=tanh,
    claims=Claims(
        convex=False,
        lipschitz=64 / 27,
        smooth=16 * sigmoid_squared_error.claims.smooth,
        bound=4.0,
        perfect=zero,
        calibrated=True,
    ),
    source="LeCun et al. 1998, Efficient BackProp, section 4.4",
)
