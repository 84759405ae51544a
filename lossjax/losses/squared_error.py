"""Squared error of a linear output, summed, without a factor 1/2.

L       = (z - t)^2
dL/dz   = 2 (z - t)
d2L/dz2 = 2

The Gaussian negative log-likelihood of variance 1/2; a learning rate carried over from `half_squared_error` doubles.
"""

import jax.numpy as jnp
import jax.scipy.stats

from .claims import INF, Claims, zero
from .domain import REAL
from .loss import Loss, identity


def formula(z, t):
    return (z - t) ** 2


def value(z, t):
    return (z - t) * (z - t)


def grad(z, t):
    return 2 * (z - t)


def hess(z, t):
    return jnp.full_like(z, 2)


def likelihood(z, t):
    return jax.scipy.stats.norm.logpdf(t, z, 0.5**0.5)


squared_error = Loss(
    name="squared_error",
    event_ndim=0,
    targets=REAL,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=INF, smooth=2.0, bound=INF, perfect=zero),
    likelihood=likelihood,
    source="Bishop 2006, eq. 1.2 without the 1/2",
)
