"""Absolute error behind a sigmoid.

L       = |s - t|,   s = s(z) = 1 / (1 + exp(-z))
dL/dz   = sign(s - t) s (1 - s)
d2L/dz2 = sign(s - t) s (1 - s) (1 - 2 s)

Not a proper score: its minimiser is the majority class with certainty, whatever the probability.
"""

import math

import jax.numpy as jnp

from . import sigmoid
from .claims import Claims, zero
from .domain import UNIT
from .loss import Loss


def formula(z, t):
    return jnp.abs(1 / (1 + jnp.exp(-z)) - t)


def value(z, t):
    return jnp.abs(sigmoid.minus(z, t))


def _sign(z, t):
    # At t = 1/2 the root is 0 and z tells the sign even where the difference, z / 4, is flushed.
    return jnp.sign(jnp.where(t == 0.5, z, sigmoid.minus(z, t)))


def grad(z, t):
    return _sign(z, t) * sigmoid.slope(z)


def hess(z, t):
    return _sign(z, t) * sigmoid.curvature(z)


sigmoid_absolute_error = Loss(
    name="sigmoid_absolute_error",
    event_ndim=0,
    targets=UNIT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=sigmoid.sigmoid,
    claims=Claims(
        convex=False,
        lipschitz=0.25,
        smooth=math.sqrt(3) / 18,
        bound=1.0,
        perfect=zero,
        proper=False,
        calibrated=True,
        kinks="s(z) = t: the derivative there is 0",
    ),
    source="Golik et al. 2013, the absolute counterpart of eq. 12",
)
