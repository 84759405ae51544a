"""Gaussian negative log-likelihood of the mean z at a given variance, with every constant kept.

L       = log(2 pi variance) / 2 + (z - t)^2 / (2 variance)
dL/dz   = (z - t) / variance
d2L/dz2 = 1 / variance

Negative at a perfect prediction once the variance is below 1 / (2 pi) = 0.159: then L has roots, around which the two
terms cancel, and both are taken with their rounding errors.
"""

import math

import jax.numpy as jnp
import jax.scipy.stats
import numpy as np

from . import pair, parameter
from .claims import INF, Claims
from .domain import REAL
from .loss import Loss, identity


def formula(z, t, variance):
    return jnp.log(2 * jnp.pi * variance) / 2 + (z - t) ** 2 / (2 * variance)


# What the float nearest to 2 pi leaves over.
_TWO_PI_REST = {16: 0.0, 32: 2 * math.pi - float(np.float32(2 * math.pi)), 64: 2.4492935982947064e-16}


def value(z, t, variance):
    variance = jnp.asarray(variance, z.dtype)
    r = z - t
    near = r * r < 16 * variance
    d = pair.difference(jnp.where(near, z, 0), jnp.where(near, t, 0))
    square = pair.product(d.hi, d.hi)
    square = pair.Pair(square.hi, square.lo + 2 * d.hi * d.lo)
    ratio = pair.over(square, pair.Pair(variance, jnp.zeros_like(variance)))
    level = _log_two_pi(variance)
    close = 0.5 * ((ratio.hi + level.hi) + (ratio.lo + level.lo))
    return jnp.where(near, close, 0.5 * level.hi + (0.5 * r) * (r / variance))


def _log_two_pi(variance):
    """The logarithm of 2 pi variance."""
    x = pair.product(jnp.full_like(variance, 2 * math.pi), variance)
    return pair.log(pair.Pair(x.hi, x.lo + variance * _TWO_PI_REST[jnp.finfo(variance.dtype).bits]))


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
