"""Squared error behind a sigmoid, summed, without a factor 1/2: the Brier score of the logit.

L       = (s - t)^2,   s = s(z) = 1 / (1 + exp(-z))
dL/dz   = 2 (s - t) s (1 - s)
d2L/dz2 = 2 s (1 - s) [s (1 - s) + (s - t) (1 - 2 s)]
        = 2 e [2 e - c - (1 - c) e^2] / (1 + e)^4,   e = exp(-|z|),   c = 1 - t for z >= 0, t for z < 0

The derivative vanishes on confidently wrong outputs, but only as 2 e; that factor 2 has to be there before e is flushed
to 0. The last form of the Hessian cancels at its root alone.
"""

import math

import jax.numpy as jnp

from . import sigmoid
from .claims import Claims, zero
from .domain import UNIT
from .elementary import magnitude
from .loss import Loss
from .pair import Pair, exp_minus, less, one_plus, over_square, times


def formula(z, t):
    return (1 / (1 + jnp.exp(-z)) - t) ** 2


def value(z, t):
    d = sigmoid.minus_pair(z, t, exp_minus(magnitude(z)))
    return d.hi * d.hi + 2 * d.hi * d.lo


def grad(z, t):
    twice = exp_minus(magnitude(z), doublings=1)
    e = times(0.5, twice)
    return over_square(twice, sigmoid.minus_pair(z, t, e), one_plus(e))


def hess(z, t):
    twice = exp_minus(magnitude(z), doublings=1)
    e = times(0.5, twice)
    c, rest = sigmoid.complements(z, t)
    bracket = less(c, less(Pair(jnp.full_like(t, 2), jnp.zeros_like(t)), rest, e), e)
    d = one_plus(e)
    return -over_square(twice, bracket, d) / (d.hi * d.hi) * (1 - 2 * d.lo / d.hi)


# L is extreme at t = 0 and t = 1: |dL/dz| = 2 s^2 (1 - s) at s = 2/3, d2L/dz2 = 2 s^2 (1 - s) (2 - 3 s) at this s.
_STEEPEST = (15 - math.sqrt(33)) / 24
SMOOTH = 2 * _STEEPEST**2 * (1 - _STEEPEST) * (2 - 3 * _STEEPEST)

sigmoid_squared_error = Loss(
    name="sigmoid_squared_error",
    event_ndim=0,
    targets=UNIT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=sigmoid.sigmoid,
    claims=Claims(
        convex=False,
        lipschitz=8 / 27,
        smooth=SMOOTH,
        bound=1.0,
        perfect=zero,
        proper=True,
        calibrated=True,
    ),
    source="Golik et al. 2013, binary case of eq. 12; Brier 1950",
)
