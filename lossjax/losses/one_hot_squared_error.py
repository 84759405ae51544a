"""Squared error of linear outputs against a one-hot or soft target, summed over classes, without 1/2.

L             = sum_k (z_k - t_k)^2
dL/dz_k       = 2 (z_k - t_k)
d2L/dz_k dz_j = 2 delta_kj

The Gaussian negative log-likelihood of variance 1/2 a class, up to a constant.
"""

import jax.numpy as jnp
import jax.scipy.stats

from .claims import INF, Claims, zero
from .domain import SIMPLEX
from .loss import Loss, identity


def formula(z, t):
    return jnp.sum((z - t) ** 2)


def value(z, t):
    return jnp.sum((z - t) ** 2)


def grad(z, t):
    return 2 * (z - t)


def hess(z, t, v):
    return 2 * v


def likelihood(z, t):
    return jnp.sum(jax.scipy.stats.norm.logpdf(t, z, 0.5**0.5))


one_hot_squared_error = Loss(
    name="one_hot_squared_error",
    event_ndim=1,
    targets=SIMPLEX,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=INF, smooth=2.0, bound=INF, perfect=zero, calibrated=True),
    likelihood=likelihood,
    source="Bishop 2006, eq. 4.15, on single examples",
)
