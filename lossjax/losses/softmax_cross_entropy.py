"""Softmax cross-entropy, the categorical negative log-likelihood of the logits z.

L            = -sum_k t_k log p_k,   p_k = exp(z_k) / sum_j exp(z_j)
dL/dz_k      = p_k T - t_k,   T = sum_j t_j (1 for a distribution; Golik et al. 2013, eq. 11)
d2L/dz_k dz_j = T p_k (delta_kj - p_j)

The link is canonical: the Jacobian of the softmax cancels. Written as a difference, p_y - 1 loses its tail from a gap of
16.6 in float32 on, and log p_y with it; here both are sums over the other classes. Labels are one-hot targets, where
p_k T - t_k never cancels at a root: that is all it takes then, and a training run calls it so.
"""

import jax.numpy as jnp
import jax.scipy.stats

from . import elementary, softmax
from .claims import INF, Claims, zero
from .domain import ONE_HOT, SIMPLEX
from .loss import Loss
from .one_hot import at, chosen


def formula(z, t):
    p = jnp.exp(z) / jnp.sum(jnp.exp(z))
    return -jnp.sum(jnp.where(t > 0, t * jnp.log(p), 0))


def value(z, t):
    w = softmax.weights(z)
    # A masked class, gap inf, costs nothing where its target is 0; its derivative in t stays as large as there are numbers.
    gap = jnp.where(t > 0, w.gap, jnp.minimum(w.gap, jnp.finfo(z.dtype).max))
    return jnp.sum(t) * softmax.log_total(w) + jnp.sum(t * gap)


def grad(z, t):
    return softmax.bilinear(softmax.weights(z), t, lambda p, t, one: p * jnp.sum(t) - t * jnp.sum(p))


def hess(z, t, v):
    return jnp.sum(t) * softmax.jacobian(softmax.weights(z), v)


def _odds(z, t):
    """The weights LIFT exp(-gap), gap the distance to the largest z; their sum over the other classes; gap and weight of the label."""
    peak = jnp.max(z)
    gap = jnp.where(z == peak, 0, peak - z)
    # As a square: exp(-gap) may be flushed where many of them together are a normal number.
    root = softmax.LIFT**0.5 * jnp.exp(-gap / 2)
    e = root * root
    wrong = jnp.where(chosen(t), 0, e)
    # The largest apart: beside it each of many small weights would be rounded away.
    others = jnp.sum(jnp.where(gap == 0, wrong, 0)) + jnp.sum(jnp.where(gap == 0, 0, wrong))
    return e, others, at(t, gap), at(t, e)


def labelled_value(z, t):
    _, others, gap, own = _odds(z, t)
    # Where the label's class is the largest, nothing but the others counts: -log p may be 1e-38.
    odds = others / softmax.LIFT
    small = elementary.log1p(jnp.minimum(odds, 1))
    return jnp.where((gap == 0) & (odds <= 1), small, gap + jnp.log((others + own) / softmax.LIFT))


def labelled_grad(z, t):
    e, others, _, own = _odds(z, t)
    return jnp.where(chosen(t), -others, e) / (others + own)


def likelihood(z, t):
    return jax.scipy.stats.multinomial.logpmf(t, 1, softmax.softmax(z))


def perfect(t):
    from scipy.special import entr

    return entr(t).sum()


softmax_cross_entropy = Loss(
    name="softmax_cross_entropy",
    event_ndim=1,
    targets=SIMPLEX,
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
        perfect=perfect,
        proper=True,
        calibrated=True,
        affine=True,
        canonical=True,
    ),
    likelihood=likelihood,
    source="Bishop 2006, eq. 4.108; Golik et al. 2013, eq. 11",
)

label_cross_entropy = softmax_cross_entropy.replace(
    name="label_cross_entropy",
    targets=ONE_HOT,
    value=labelled_value,
    grad=labelled_grad,
    claims=softmax_cross_entropy.claims.replace(perfect=zero, affine=False),
)
softmax_cross_entropy = softmax_cross_entropy.replace(labelled=label_cross_entropy)
