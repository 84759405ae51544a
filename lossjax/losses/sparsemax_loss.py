"""Sparsemax loss, the Fenchel-Young loss of the projection onto the simplex.

L             = -t . z + sum_{k in S} (z_k^2 - tau^2) / 2 + |t|^2 / 2
dL/dz_k       = p_k - t_k,   p = sparsemax(z) = max(0, z - tau)
d2L/dz_k dz_j = delta_kj - 1/|S| for k, j in S, else 0

S = {k : z_k > tau} is the support and tau = (sum_{k in S} z_k - 1) / |S|. The value is summed as
|p - t|^2 / 2 + sum_{k not in S} t_k (tau - z_k) + tau (1 - sum_k t_k), of which only the last, the rounding of t, can be
negative.
"""

import functools

import jax.numpy as jnp

from . import pair, softmax
from .claims import INF, Claims, zero
from .domain import SIMPLEX
from .loss import Loss


def formula(z, t):
    s = jnp.sort(z)[::-1]
    rank = jnp.arange(1, z.shape[-1] + 1)
    size = jnp.sum(1 + rank * s > jnp.cumsum(s))
    tau = (jnp.sum(jnp.where(rank <= size, s, 0)) - 1) / size
    return -jnp.sum(t * z) + jnp.sum(jnp.where(z > tau, z**2 - tau**2, 0)) / 2 + jnp.sum(t**2) / 2


def _support(z):
    """x = z - max z, the support, the threshold of x, and the size of the support."""
    x = jnp.where(z == jnp.max(z), 0, z - jnp.max(z))
    s = -jnp.sort(-x)
    rank = jnp.arange(1, z.shape[-1] + 1)
    # Classes more than 1 below the largest are out; what they hold must not reach the sums.
    inside = s > -1
    size = jnp.sum(inside & (1 + rank * s > jnp.cumsum(jnp.where(inside, s, 0))))
    mask = x >= jnp.sum(jnp.where(rank == size, s, 0))
    size = size.astype(z.dtype)
    return x, mask, (jnp.sum(jnp.where(mask, x, 0)) - 1) / size, size


@functools.partial(jnp.vectorize, signature="(k)->(k)")
def sparsemax(z):
    """The projection of z onto the simplex, along the last axis."""
    x, mask, tau, _ = _support(z)
    return jnp.where(mask, x - tau, 0)


def _residual(x, mask, size, t):
    """p - t = (x - mean x) + (1/|S| - t) inside the support, -t outside, with its rounding error."""
    high, low, rest = softmax.cuts(t)
    level = pair.total(1 - size * high, -size * low)
    level = softmax.quotient(pair.Pair(level.hi, level.lo - size * rest), pair.Pair(size, jnp.zeros_like(size)))
    whole = pair.total(level.hi, x - jnp.sum(jnp.where(mask, x, 0)) / size)
    return pair.Pair(jnp.where(mask, whole.hi, -t), jnp.where(mask, whole.lo + level.lo, 0))


def value(z, t):
    x, mask, tau, size = _support(z)
    r = _residual(x, mask, size, t)
    # What a target of 0 multiplies must be finite, but not 0: it is the derivative in the target.
    gap = jnp.where(mask, 0, tau - x)
    gap = jnp.where(t > 0, gap, jnp.minimum(gap, jnp.finfo(z.dtype).max))
    surplus = softmax.surplus(t)
    far, height = jnp.sum(t * gap), tau + jnp.max(z)
    level = jnp.where((height == jnp.inf) & ((surplus == 0) | (far == jnp.inf)), 0, height * surplus)
    return jnp.sum(r.hi * (r.hi + 2 * r.lo)) / 2 + (far - level)


def grad(z, t):
    x, mask, _, size = _support(z)
    return jnp.where(jnp.isnan(jnp.max(z)), jnp.nan, sum(_residual(x, mask, size, t)))


def hess(z, t, v):
    _, mask, tau, size = _support(z)
    return jnp.where(mask, v - jnp.sum(jnp.where(mask, v, 0)) / size, 0 * tau)


sparsemax_loss = Loss(
    name="sparsemax_loss",
    event_ndim=1,
    targets=SIMPLEX,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=sparsemax,
    claims=Claims(
        convex=True,
        lipschitz=2**0.5,
        smooth=1.0,
        bound=INF,
        perfect=zero,
        proper=True,
        calibrated=True,
        canonical=True,
    ),
    source="Martins and Astudillo 2016, eq. 21",
)
