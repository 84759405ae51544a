"""Log-cosh of a linear output, the negative log-likelihood of the hyperbolic secant distribution.

L       = log cosh r,   r = z - t
dL/dz   = tanh r
d2L/dz2 = sech^2 r = 4 e^2 / (1 + e^2)^2,   e = exp(-|r|)

Not strongly convex: the curvature goes to 0. It is so steep in r (halved every 0.35) that the rounding of z - t has to
be carried along; and e^2 alone would be flushed to 0 where 4 e^2 is a normal number.
"""

import math

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import REAL
from .elementary import cosh_minus_one, log1p, magnitude, tanh
from .loss import Loss, identity
from .pair import difference


def formula(z, t):
    return jnp.log(jnp.cosh(z - t))


def value(z, t):
    r = magnitude(z - t)
    near = r < 1
    close = log1p(cosh_minus_one(jnp.where(near, r, 0)))
    return jnp.where(near, close, (r - math.log(2)) + log1p(jnp.exp(-2 * r)))


def grad(z, t):
    return tanh(z - t)


def hess(z, t):
    r, error = difference(z, t)
    e = jnp.exp(-magnitude(r))
    sech = 2 * e / (1 + e * e)
    correction = jnp.where(jnp.isfinite(r), 2 * tanh(r) * error, 0)
    return sech * sech * (1 - correction)


def likelihood(z, t):
    from scipy.stats import hypsecant

    return hypsecant.logpdf(t - z)


log_cosh = Loss(
    name="log_cosh",
    event_ndim=0,
    targets=REAL,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=1.0, smooth=1.0, bound=INF, perfect=zero),
    likelihood=likelihood,
    source="Green 1990, IEEE Transactions on Medical Imaging 9, p. 84",
)
