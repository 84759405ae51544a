"""Kullback-Leibler divergence of the softmax of z from the target distribution t.

L            = sum_k t_k log(t_k / p_k),   p_k = exp(z_k) / sum_j exp(z_j),   0 log 0 = 0
dL/dz_k      = p_k T - t_k,   T = sum_j t_j
d2L/dz_k dz_j = T p_k (delta_kj - p_j)

Cross-entropy less the entropy of t: the same derivatives. The value is summed as t log(t/p) - t + p, which is never
negative, so that nothing cancels near t = p; T - 1, the rounding of the target, is added at the end. The
derivative in a target of 0, -inf, is given as the least number of the compute dtype.
"""

import jax.numpy as jnp

from . import pair, softmax
from .claims import INF, Claims, zero
from .domain import SIMPLEX
from .loss import Loss
from .softmax_cross_entropy import grad, hess


def formula(z, t):
    p = jnp.exp(z) / jnp.sum(jnp.exp(z))
    return jnp.sum(jnp.where(t > 0, t * jnp.log(t / p), 0))


def value(z, t):
    w, lift = softmax.weights(z), softmax.LIFT
    excess, error = softmax.bilinear_pair(w, t, lambda p, t, one: lift * (t * jnp.sum(p) - one * p))
    p = softmax.linear_pair(w, lambda p: lift * p)
    both = lift * t + p.hi
    # log(t / p) = 2 artanh s with s = (t - p) / (t + p).
    s = excess / jnp.where(both > 0, both, 1)
    near = jnp.abs(s) < 0.4
    s = jnp.where(near, s, 0)
    close = excess * s + (both * (1 + s) * softmax.artanh_tail(s) + 2 * s * error)
    deep, some = p.hi < 1, t > 0
    below = pair.Pair(jnp.where(deep, 1, p.hi), jnp.where(deep, 0, p.lo))
    ratio, more = pair.over(pair.Pair(lift * jnp.where(some, t, 1), jnp.zeros_like(t)), below)
    log = pair.Pair(jnp.log(ratio), jnp.where(some, more / ratio, 0))
    cost = softmax.pair_product(pair.Pair(lift * t, jnp.zeros_like(t)), log)
    far = (jnp.where(deep, 0, cost.hi) - excess) + (jnp.where(deep, 0, cost.lo) - error)
    # Where p is tiny, log(t / p) comes from the logits.
    tail = t * (jnp.log(jnp.where(some, t, 1)) + (jnp.where(some, w.gap, 0) + softmax.log_total(w)))
    main = jnp.sum(jnp.where(near, close, far)) / lift
    # The derivative in a target of 0 is -inf; so that it stays 0 along targets that do not move, the least number there is.
    edge = jnp.sum(jnp.where(some, 0, -jnp.finfo(t.dtype).max * t))
    return main + jnp.sum(jnp.where(deep & ~near & some, tail, 0)) + softmax.surplus(t) + edge


kl_divergence = Loss(
    name="kl_divergence",
    event_ndim=1,
    targets=SIMPLEX,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=softmax.softmax,
    claims=Claims(
        convex=True, lipschitz=2**0.5, smooth=0.5, bound=INF, perfect=zero, proper=True, calibrated=True, canonical=True
    ),
    likelihood=softmax.likelihood,
    source="Kullback and Leibler 1951; Bishop 2006, eq. 1.113",
)
