"""Poisson negative log-likelihood of a count at rate exp(z), with every constant kept.

L       = exp(z) - t z + log t!
dL/dz   = exp(z) - t
d2L/dz2 = exp(z)

The link is canonical. At t = 1000 and the best z the three terms of L are 1000 - 6908 + 5912; it is evaluated as
t (exp(u) - 1 - u) + floor(t) with u = z - log t and floor(t) = t - t log t + log t!, which nothing cancels in.
"""

import math

import jax
import jax.numpy as jnp
import jax.scipy.special
import jax.scipy.stats

from .claims import INF, Claims
from .domain import COUNT
from .elementary import expm1
from .loss import Loss
from .pair import exp_minus

# floor(t) for t < 16, where Stirling's series is not yet exact; the quotient of integers is rounded once.
_FLOOR = tuple(math.log(math.factorial(t) / t**t * math.exp(t)) for t in range(16))


def formula(z, t):
    return jnp.exp(z) - t * z + jax.scipy.special.gammaln(t + 1)


def _floor(t):
    """It is t - t log t + log t! for a count t >= 1; Stirling's series from 16 on (Abramowitz and Stegun, 6.1.41)."""
    x = 1 / (t * t)
    tail = (1 / 12 - x * (1 / 360 - x * (1 / 1260 - x * (1 / 1680 - x / 1188)))) / t
    small = jnp.asarray(_FLOOR, t.dtype)[jnp.clip(t, 0, 15).astype(jnp.int32)]
    return jnp.where(t < 16, small, 0.5 * (math.log(2 * math.pi) + jnp.log(t)) + tail)


@jax.custom_jvp
def value(z, t):
    count = jnp.where(t > 0, t, 1)
    u = z - jnp.log(count)
    # exp(u) is infinite long before the bound on u counts: inf - inf never arises.
    excess = jnp.where(u < 1, expm1(u) - u, jnp.exp(u) - (1 + jnp.minimum(u, 1e4)))
    return jnp.where(t > 0, count * excess + _floor(count), jnp.exp(z))


@value.defjvp
def _(primals, tangents):
    z, t = primals
    dz, dt = tangents
    # The table of floor(t) has no derivative in t; L has: digamma(t + 1) - z.
    return value(z, t), grad(z, t) * dz + (jax.scipy.special.digamma(t + 1) - z) * dt


def grad(z, t):
    # Below the overflow of its power of 2, exp(z) as a pair, whose rest is all there is left at the root.
    e = exp_minus(-jnp.where(z < 88, z, 0))
    return jnp.where(z < 88, (e.hi - t) + e.lo, jnp.exp(z) - t)


def hess(z, t):
    return jnp.exp(z)


def likelihood(z, t):
    return jax.scipy.stats.poisson.logpmf(t, jnp.exp(z))


def perfect(t):
    from scipy.special import gammaln, xlogy

    return t - xlogy(t, t) + gammaln(t + 1)


poisson = Loss(
    name="poisson",
    event_ndim=0,
    targets=COUNT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=jnp.exp,
    claims=Claims(convex=True, lipschitz=INF, smooth=INF, bound=INF, perfect=perfect, canonical=True),
    likelihood=likelihood,
    source="McCullagh and Nelder 1989, section 2.1",
)
