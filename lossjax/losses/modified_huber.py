"""Modified Huber loss of a margin m = t z, t in {-1, +1}.

L       = max(0, 1 - m)^2  for m >= -1
          -4 m             for m < -1
dL/dz   = -2 t (1 - m) for -1 <= m < 1, -4 t for m < -1, 0 for m >= 1
d2L/dz2 = 2 t^2 for -1 < m < 1, 0 outside

Its minimiser 2 p - 1 is linear in the probability p of t = +1. The Hessian jumps at m = -1, where it is 2 here, and at
m = 1, where it is 0.
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import MARGIN
from .loss import Loss, identity


def formula(z, t):
    m = t * z
    return jnp.where(m >= -1, jnp.maximum(0, 1 - m) ** 2, -4 * m)


def value(z, t):
    m = t * z
    slack = jnp.where((m >= -1) & (m < 1), 1 - m, 0)
    return jnp.where(m < -1, -4 * m, slack * slack)


def grad(z, t):
    m = t * z
    return -2 * t * jnp.where(m < -1, 2, jnp.where(m < 1, 1 - m, 0))


def hess(z, t):
    m = t * z
    return jnp.where((m >= -1) & (m < 1), 2 * t * t, 0)


modified_huber = Loss(
    name="modified_huber",
    event_ndim=0,
    targets=MARGIN,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=4.0, smooth=2.0, bound=INF, perfect=zero, calibrated=True),
    source="Zhang 2004, Annals of Statistics 32, section 2",
)
