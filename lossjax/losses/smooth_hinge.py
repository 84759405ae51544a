"""Smooth hinge loss of a margin m = t z, t in {-1, +1}.

L       = 1/2 - m        for m <= 0
          (1 - m)^2 / 2  for 0 < m < 1
          0              for m >= 1
dL/dz   = -t min(max(1 - m, 0), 1)
d2L/dz2 = t^2 for 0 < m < 1, 0 elsewhere
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import MARGIN
from .loss import Loss, identity


def formula(z, t):
    m = t * z
    return jnp.where(m <= 0, 0.5 - m, jnp.where(m < 1, (1 - m) ** 2 / 2, 0))


def value(z, t):
    m = t * z
    slack = jnp.where(m < 1, 1 - m, 0)
    return jnp.where(m <= 0, 0.5 - m, (0.5 * jnp.where(m <= 0, 0, slack)) * slack)


def grad(z, t):
    m = t * z
    return -t * jnp.where(m <= 0, 1, jnp.where(m < 1, 1 - m, 0))


def hess(z, t):
    m = t * z
    return jnp.where((m > 0) & (m < 1), t * t, 0)


smooth_hinge = Loss(
    name="smooth_hinge",
    event_ndim=0,
    targets=MARGIN,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=1.0, smooth=1.0, bound=INF, perfect=zero, calibrated=True),
    source="Rennie and Srebro 2005, eq. 6",
)
