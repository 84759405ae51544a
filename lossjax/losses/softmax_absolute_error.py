"""Absolute error of the softmax outputs, the expectation loss.

L            = sum_k |p_k - t_k|,   p_k = exp(z_k) / sum_j exp(z_j)
dL/dz_k      = p_k q_k,   q_k = s_k - sum_j p_j s_j,   s = sign(p - t)
d2L/dz_k dz_j = -p_k p_j (q_k + q_j)   for j other than k,   d2L/dz_k2 = p_k q_k (1 - 2 p_k)

At a one-hot target L = 2 (1 - p_y). q is a sum over the classes on the other side of their target. At the kink p_k = t_k
the choice is s_k = 0.
"""

import jax.numpy as jnp

from . import softmax
from .claims import Claims, zero
from .domain import SIMPLEX
from .loss import Loss


def formula(z, t):
    p = jnp.exp(z) / jnp.sum(jnp.exp(z))
    return jnp.sum(jnp.abs(p - t))


def _side(w, t):
    """The side of its target on which each p lies, sign(p - t)."""
    return jnp.sign(softmax.bilinear(w, t, lambda p, t, one: softmax.LIFT * (one * p - t * jnp.sum(p))))


def value(z, t):
    w = softmax.weights(z)
    s = _side(w, t)
    return softmax.bilinear(w, t, lambda p, t, one: jnp.sum(s * (one * p - t * jnp.sum(p))))


def _means(w, s):
    """The mean sum_j p_j s_j, and q for each side: a sum over the classes of the other sides. All times LIFT."""
    p = {side: softmax.linear(w, lambda p: softmax.LIFT * jnp.sum(jnp.where(s == side, p, 0))) for side in (1, 0, -1)}  # noqa: B023
    mean = softmax.linear(w, lambda p: softmax.LIFT * jnp.sum(p * s))
    return mean, {1: 2 * p[-1] + p[0], 0: -mean, -1: -(2 * p[1] + p[0])}


def _pick(s, q):
    return jnp.where(s > 0, q[1], jnp.where(s < 0, q[-1], q[0] + 0 * s))


def grad(z, t):
    w = softmax.weights(z)
    s = _side(w, t)
    return softmax.times(w, _pick(s, _means(w, s)[1])) / softmax.LIFT


def hess(z, t, v):
    w = softmax.weights(z)
    s = _side(w, t)
    mean, q = _means(w, s)
    off = jnp.zeros_like(z)
    for side in (1, 0, -1):
        both = {k: -2 * mean if k + side == 0 else q[k] + q[side] for k in (1, 0, -1)}
        mine = jnp.where(s == side, v, 0)
        off += softmax.but(w, w.e, mine) * _pick(s, both) / w.total.hi
    return softmax.times(w, softmax.linear(w, lambda p: jnp.sum(p) - 2 * p) * _pick(s, q) * v - off) / softmax.LIFT


softmax_absolute_error = Loss(
    name="softmax_absolute_error",
    event_ndim=1,
    targets=SIMPLEX,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=softmax.softmax,
    claims=Claims(
        convex=False,
        lipschitz=0.5**0.5,
        smooth=2 * 3**0.5 / 9,
        bound=2.0,
        perfect=zero,
        proper=False,
        calibrated=True,
        kinks="p_k = t_k for any class; sign(0) = 0",
    ),
    source="Janocha and Czarnecki 2016, the L1 expectation loss",
)
