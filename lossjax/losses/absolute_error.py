"""Absolute error of a linear output, the Laplace negative log-likelihood of unit scale.

L       = |z - t|
dL/dz   = sign(z - t)
d2L/dz2 = 0

The sign comes from comparing z with t, not from their difference, which flushes to 0 between close small numbers.
"""

import jax.numpy as jnp
import jax.scipy.stats

from .claims import INF, Claims, zero
from .domain import REAL
from .loss import Loss, identity


def formula(z, t):
    return jnp.abs(z - t)


def value(z, t):
    return jnp.abs(z - t)


def grad(z, t):
    return jnp.where(z > t, 1, jnp.where(z < t, -1, jnp.zeros_like(z)))


def hess(z, t):
    return jnp.zeros_like(z)


def likelihood(z, t):
    return jax.scipy.stats.laplace.logpdf(t, z)


absolute_error = Loss(
    name="absolute_error",
    event_ndim=0,
    targets=REAL,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(
        convex=True, lipschitz=1.0, smooth=0.0, bound=INF, perfect=zero, kinks="z = t: the derivative there is 0"
    ),
    likelihood=likelihood,
    source="Bishop 2006, eq. 1.91 with q = 1",
)
