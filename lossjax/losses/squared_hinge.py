"""Squared hinge loss of a margin m = t z, t in {-1, +1}.

L       = max(0, 1 - m)^2
dL/dz   = -2 t (1 - m) for m < 1, 0 for m >= 1
d2L/dz2 = 2 t^2 for m < 1, 0 for m > 1

The Hessian jumps at m = 1, where it is 0 here.
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import MARGIN
from .loss import Loss, identity


def formula(z, t):
    return jnp.maximum(0, 1 - t * z) ** 2


def value(z, t):
    slack = jnp.where(t * z < 1, 1 - t * z, 0)
    return slack * slack


def grad(z, t):
    return -2 * t * jnp.where(t * z < 1, 1 - t * z, 0)


def hess(z, t):
    return jnp.where(t * z < 1, 2 * t * t, 0)


squared_hinge = Loss(
    name="squared_hinge",
    event_ndim=0,
    targets=MARGIN,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=INF, smooth=2.0, bound=INF, perfect=zero, calibrated=True),
    source="Lee and Mangasarian 2001; Bartlett et al. 2006, example 2",
)
