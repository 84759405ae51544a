"""Logistic loss of a margin m = t z, t in {-1, +1}: the Bernoulli negative log-likelihood of the logit z.

L       = log(1 + exp(-m))
dL/dz   = -t s(-m),   s(x) = 1 / (1 + exp(-x))
d2L/dz2 = t^2 s(m) s(-m)

The same number as `sigmoid_cross_entropy` at (1 + t) / 2.
"""

import jax.numpy as jnp
import jax.scipy.stats

from . import sigmoid
from .claims import INF, Claims, zero
from .domain import MARGIN
from .loss import Loss


def formula(z, t):
    return jnp.log(1 + jnp.exp(-t * z))


def value(z, t):
    return sigmoid.softplus(-t * z)


def grad(z, t):
    return -t * sigmoid.sigmoid(-t * z)


def hess(z, t):
    return t * t * sigmoid.slope(t * z)


def likelihood(z, t):
    return jax.scipy.stats.bernoulli.logpmf((1 + t) / 2, sigmoid.sigmoid(z))


logistic = Loss(
    name="logistic",
    event_ndim=0,
    targets=MARGIN,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=sigmoid.sigmoid,
    claims=Claims(convex=True, lipschitz=1.0, smooth=0.25, bound=INF, perfect=zero, proper=True, calibrated=True),
    likelihood=likelihood,
    source="Friedman et al. 2000, section 3.2; Bartlett et al. 2006, example 3",
)
