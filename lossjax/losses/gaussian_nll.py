"""Gaussian negative log-likelihood of the mean z at a given variance, with every constant kept.

L       = log(2 pi variance) / 2 + (z - t)^2 / (2 variance)
dL/dz   = (z - t) / variance
d2L/dz2 = 1 / variance

Negative at a perfect prediction once the variance is below 1 / (2 pi) = 0.159.
"""

import math

import jax.numpy as jnp
import jax.scipy.stats

from . import parameter
from .claims import INF, Claims
from .domain import REAL
from .loss import Loss, identity


def formula(z, t, variance):
    return jnp.log(2 * jnp.pi * variance) / 2 + (z - t) ** 2 / (2 * variance)


def value(z, t, variance):
    r = z - t
    return 0.5 * jnp.log(2 * jnp.pi * variance) + (0.5 * r) * (r / variance)


def grad(z, t, variance):
    return (z - t) / variance


def hess(z, t, variance):
    return jnp.full_like(z, 1) / variance


def likelihood(z, t, variance):
    return jax.scipy.stats.norm.logpdf(t, z, variance**0.5)


def gaussian_nll(variance: parameter.Number = 1.0) -> Loss:
    """The Gaussian negative log-likelihood at a given variance > 0 (units of z squared)."""
    parameter.positive("variance", variance)

    def perfect(t):
        return 0.5 * math.log(2 * math.pi * variance)

    return Loss(
        name="gaussian_nll",
        event_ndim=0,
        targets=REAL,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=identity,
        params={"variance": variance},
        claims=Claims(
            convex=True, lipschitz=INF, smooth=1 / variance, bound=INF, perfect=perfect, canonical=variance == 1
        ),
        likelihood=likelihood,
        source="Bishop 2006, eq. 1.46",
    )
