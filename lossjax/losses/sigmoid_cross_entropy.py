"""Sigmoid cross-entropy, the Bernoulli negative log-likelihood of the logit z.

L       = -t log s(z) - (1 - t) log(1 - s(z)),   s(z) = 1 / (1 + exp(-z))
dL/dz   = s(z) - t
d2L/dz2 = s(z) s(-z)

The link is canonical: s'(z) cancels. Written as a difference, s(z) - t loses its last digits at the root and its tail
at t = 1; `sigmoid.minus` keeps both.
"""

import jax.numpy as jnp
import jax.scipy.stats

from . import sigmoid
from .claims import INF, Claims
from .domain import UNIT
from .elementary import decay, log1p, magnitude
from .loss import Loss


def formula(z, t):
    s = 1 / (1 + jnp.exp(-z))
    return -t * jnp.log(s) - (1 - t) * jnp.log(1 - s)


def value(z, t):
    u, wrong = magnitude(z), jnp.where(z >= 0, 1 - t, t)
    # max(z, 0) - z t without cancellation on either side; an infinite logit on the right side of its target costs 0.
    return wrong * jnp.where(jnp.isinf(z) & (wrong == 0), 0, u) + log1p(decay(u))


def grad(z, t):
    return sigmoid.minus(z, t)


def hess(z, t):
    return sigmoid.slope(z)


def likelihood(z, t):
    return jax.scipy.stats.bernoulli.logpmf(t, sigmoid.sigmoid(z))


def perfect(t):
    from scipy.special import entr

    return entr(t) + entr(1 - t)


sigmoid_cross_entropy = Loss(
    name="sigmoid_cross_entropy",
    event_ndim=0,
    targets=UNIT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=sigmoid.sigmoid,
    claims=Claims(
        convex=True,
        lipschitz=1.0,
        smooth=0.25,
        bound=INF,
        perfect=perfect,
        proper=True,
        calibrated=True,
        affine=True,
        canonical=True,
    ),
    likelihood=likelihood,
    source="Bishop 2006, eq. 4.90; Golik et al. 2013, binary case of eq. 11",
)
