"""Half the squared error of a linear output, the Gaussian negative log-likelihood of unit variance.

L       = (z - t)^2 / 2
dL/dz   = z - t
d2L/dz2 = 1

The link is canonical. Halving before squaring keeps values up to 3.4e38 that (z - t)^2 would lose to overflow.
"""

import jax.numpy as jnp
import jax.scipy.stats

from .claims import INF, Claims, zero
from .domain import REAL
from .loss import Loss, identity


def formula(z, t):
    return (z - t) ** 2 / 2


def value(z, t):
    return (0.5 * (z - t)) * (z - t)


def grad(z, t):
    return z - t


def hess(z, t):
    return jnp.ones_like(z)


def likelihood(z, t):
    return jax.scipy.stats.norm.logpdf(t, z, 1)


half_squared_error = Loss(
    name="half_squared_error",
    event_ndim=0,
    targets=REAL,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=INF, smooth=1.0, bound=INF, perfect=zero, canonical=True),
    likelihood=likelihood,
    source="Bishop 2006, eq. 1.2",
)
