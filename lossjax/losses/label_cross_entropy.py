"""Softmax cross-entropy of labels: what `softmax_cross_entropy` is where every target is one-hot, in fewer operations.

L            = -log p_y,   p_k = exp(z_k) / sum_j exp(z_j),   y the class of a one-hot target t
dL/dz_k      = p_k - t_k
d2L/dz_k dz_j = p_k (delta_kj - p_j)

p_k - t_k is p_k or the sum of the other classes: it has no root, and takes none of the care that soft targets need near
theirs.
"""

import jax.numpy as jnp

from . import elementary, softmax
from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss
from .one_hot import at, chosen


def formula(z, t):
    return -jnp.log(jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z)))


def _odds(z, t):
    """The weights LIFT exp(-gap), gap the distance to the largest z; their sum over the other classes; gap and weight of the label."""
    peak = jnp.max(z)
    gap = jnp.where(z == peak, 0, peak - z)
    # As a square: exp(-gap) may be flushed where many of them together are a normal number.
    root = softmax.LIFT**0.5 * jnp.exp(-gap / 2)
    e = root * root
    wrong = jnp.where(chosen(t), 0, e)
    # The largest apart: beside it each of many small weights would be rounded away.
    equal, own = jnp.sum(jnp.where(gap == 0, wrong, 0)), at(t, e)
    others = equal + jnp.sum(jnp.where(gap == 0, 0, wrong))
    # Of several infinities no limit is unique.
    several = jnp.isinf(peak) & (equal + jnp.where(at(t, gap) == 0, own, 0) > softmax.LIFT)
    return e, jnp.where(several, jnp.nan, others), at(t, gap), own


def value(z, t):
    _, others, gap, own = _odds(z, t)
    # Where the label's class is the largest, nothing but the others counts: -log p may be 1e-38.
    odds = others / softmax.LIFT
    small = elementary.log1p(jnp.minimum(odds, 1))
    return jnp.where((gap == 0) & (odds <= 1), small, gap + jnp.log((others + own) / softmax.LIFT))


def grad(z, t):
    e, others, _, own = _odds(z, t)
    return jnp.where(chosen(t), -others, e) / (others + own)


def hess(z, t, v):
    return softmax.jacobian(softmax.weights(z), v)


label_cross_entropy = Loss(
    name="label_cross_entropy",
    event_ndim=1,
    targets=ONE_HOT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=softmax.softmax,
    claims=Claims(
        convex=True,
        lipschitz=2**0.5,
        smooth=0.5,
        bound=INF,
        perfect=zero,
        proper=True,
        calibrated=True,
        canonical=True,
    ),
    likelihood=softmax.likelihood,
    source="Bishop 2006, eq. 4.108; Golik et al. 2013, eq. 11",
)
