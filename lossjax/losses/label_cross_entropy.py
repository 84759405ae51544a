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
from .domain import CLASS
from .loss import Loss
from .one_hot import put
from .one_hot_weights import weights
from .softmax import LIFT


def formula(z, t):
    return -jnp.log(jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z)))


def value(z, t):
    w = weights(z, t)
    # Where the label's class is the largest, nothing but the others counts: -log p may be 1e-38.
    odds = w.wrong / LIFT
    small = elementary.log1p(jnp.minimum(odds, 1))
    return jnp.where((w.gap == 0) & (odds <= 1), small, w.gap + jnp.log((w.wrong + w.own) / LIFT))


def grad(z, t):
    w = weights(z, t)
    everything = w.wrong + w.own
    return put(t, w.others * (1 / everything), -w.wrong / everything)


def hess(z, t, v):
    return softmax.jacobian(softmax.weights(z), v)


label_cross_entropy = Loss(
    name="label_cross_entropy",
    event_ndim=1,
    targets=CLASS,
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
