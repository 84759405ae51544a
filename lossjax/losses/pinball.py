"""Pinball loss of a linear output, whose minimiser is the tau-quantile of the target.

L       = tau (t - z)          for z <= t
          (1 - tau) (z - t)    for z > t
dL/dz   = -tau for z < t, 1 - tau for z > t
d2L/dz2 = 0

tau = 1/2 is half the absolute error.
"""

import jax.numpy as jnp

from . import parameter
from .claims import INF, Claims, zero
from .domain import REAL
from .elementary import times_difference
from .loss import Loss, identity


def formula(z, t, tau):
    return jnp.maximum(tau * (t - z), (tau - 1) * (t - z))


def value(z, t, tau):
    return jnp.where(z > t, times_difference(1 - tau, z, t), times_difference(tau, t, z))


def grad(z, t, tau):
    return jnp.where(z > t, 1 - tau, jnp.where(z < t, -tau, jnp.zeros_like(z)))


def hess(z, t, tau):
    return jnp.zeros_like(z)


def likelihood(z, t, tau):
    from scipy.stats import laplace_asymmetric

    kappa = (tau / (1 - tau)) ** 0.5
    return laplace_asymmetric.logpdf(t, kappa, loc=z, scale=kappa / tau)


def pinball(tau: parameter.Number = 0.5) -> Loss:
    """The pinball loss of the tau-quantile, 0 < tau < 1."""
    parameter.inside("tau", tau, 0, 1)
    return Loss(
        name="pinball",
        event_ndim=0,
        targets=REAL,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=identity,
        params={"tau": tau},
        claims=Claims(
            convex=True,
            lipschitz=0.5 + abs(tau - 0.5),
            smooth=0.0,
            bound=INF,
            perfect=zero,
            kinks="z = t: the derivative there is 0, between -tau and 1 - tau",
        ),
        likelihood=likelihood,
        source="Koenker and Bassett 1978, Econometrica 46, eq. 1.2",
    )
