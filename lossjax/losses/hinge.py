"""Hinge loss of a margin m = t z, t in {-1, +1}.

L       = max(0, 1 - m)
dL/dz   = -t for m < 1, 0 for m > 1
d2L/dz2 = 0

At the kink m = 1 the derivative is 0: a margin that has been reached pulls no more.
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import MARGIN
from .loss import Loss, identity


def formula(z, t):
    return jnp.maximum(0, 1 - t * z)


def value(z, t):
    m = t * z
    return jnp.where(m < 1, 1 - m, 0)


def grad(z, t):
    return jnp.where(t * z < 1, -t, 0)


def hess(z, t):
    return jnp.zeros_like(z)


hinge = Loss(
    name="hinge",
    event_ndim=0,
    targets=MARGIN,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(
        convex=True,
        lipschitz=1.0,
        smooth=0.0,
        bound=INF,
        perfect=zero,
        calibrated=True,
        kinks="t z = 1: the derivative there is 0",
    ),
    source="Cortes and Vapnik 1995; Bartlett et al. 2006, example 4",
)
