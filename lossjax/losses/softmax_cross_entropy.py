"""Softmax cross-entropy, the categorical negative log-likelihood of the logits z.

L            = -sum_k t_k log p_k,   p_k = exp(z_k) / sum_j exp(z_j)
dL/dz_k      = p_k T - t_k,   T = sum_j t_j (1 for a distribution; Golik et al. 2013, eq. 11)
d2L/dz_k dz_j = T p_k (delta_kj - p_j)

The link is canonical: the Jacobian of the softmax cancels. Written as a difference, p_y - 1 loses its tail from a gap of
16.6 in float32 on, and log p_y with it; here both are sums over the other classes. Integer labels call
`label_cross_entropy`, the same without the care that soft targets need.
"""

import jax.numpy as jnp

from . import softmax
from .claims import INF, Claims
from .domain import SIMPLEX
from .label_cross_entropy import label_cross_entropy
from .loss import Loss


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
    likelihood=softmax.likelihood,
    labelled=label_cross_entropy,
    source="Bishop 2006, eq. 4.108; Golik et al. 2013, eq. 11",
)
