"""Squared error behind a tanh, summed, without a factor 1/2; targets in [-1, 1].

L       = (y - t)^2,   y = tanh z
dL/dz   = 2 (y - t) (1 - y^2)
d2L/dz2 = 2 (1 - y^2) [1 - y^2 - 2 y (y - t)]
        = 16 e [4 e - c - (2 - c) e^2] / (1 + e)^4,   e = exp(-2 |z|),   c = 1 - t for z >= 0, 1 + t for z < 0

Four times `sigmoid_squared_error` at 2 z and (1 + t) / 2, but that target would be rounded. As there, the powers
of 2 have to be there before e is flushed to 0.
"""

import jax.numpy as jnp

from .claims import Claims, zero
from .domain import TANH
from .elementary import NEAR, magnitude, tanh, tanh_beyond
from .loss import Loss
from .pair import Pair, difference, exp_minus, less, one, one_plus, over, over_square, times, total
from .sigmoid_squared_error import SMOOTH


def formula(z, t):
    return (jnp.tanh(z) - t) ** 2


def _parts(z, t, doublings=0):
    """2^doublings e, e, c and 2 - c as pairs."""
    sign = jnp.where(z < 0, -1, 1)
    scaled = exp_minus(2 * magnitude(z), doublings)
    return scaled, times(0.5**doublings, scaled), difference(one(t), sign * t), total(one(t), sign * t)


def _minus(z, t, e, c, rest):
    """The difference tanh z - t: (c - (2 - c) e) / (1 + e) for z >= 0, the negative for z < 0; near 0 by series."""
    close = jnp.abs(z) < NEAR / 2
    start = difference(z, t)
    near = total(start.hi, start.lo + tanh_beyond(jnp.where(close, z, 0)))
    far = times(jnp.where(z < 0, -1, 1), over(less(c, rest, e), one_plus(e)))
    return Pair(jnp.where(close, near.hi, far.hi), jnp.where(close, near.lo, far.lo))


def value(z, t):
    _, *parts = _parts(z, t)
    d = _minus(z, t, *parts)
    return d.hi * d.hi + 2 * d.hi * d.lo


def grad(z, t):
    scaled, e, *parts = _parts(z, t, doublings=4)
    return 0.5 * over_square(scaled, _minus(z, t, e, *parts), one_plus(e))


def hess(z, t):
    scaled, e, c, rest = _parts(z, t, doublings=5)
    bracket = less(c, less(Pair(jnp.full_like(t, 4), jnp.zeros_like(t)), rest, e), e)
    d = one_plus(e)
    return -0.5 * over_square(scaled, bracket, d) / (d.hi * d.hi) * (1 - 2 * d.lo / d.hi)


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
        smooth=16 * SMOOTH,
        bound=4.0,
        perfect=zero,
        calibrated=True,
    ),
    source="LeCun et al. 1998, Efficient BackProp, section 4.4",
)
