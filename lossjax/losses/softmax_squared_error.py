"""Squared error of the softmax outputs: the paper's SE, summed over classes, without 1/2.

L            = sum_k (p_k - t_k)^2,   p_k = exp(z_k) / sum_j exp(z_j)
dL/dz_k      = 2 p_k q_k,   q_k = r_k - sum_j p_j r_j,   r = p - t   (Golik et al. 2013, eq. 12, at a one-hot t)
d2L/dz_k dz_j = -2 p_k p_j (q_k + q_j + p_k + p_j - sum_i p_i^2)   for j other than k
d2L/dz_k2    = 2 p_k (q_k (1 - 2 p_k) + p_k d_k),   d_k = (1 - p_k)^2 + sum of the other p_i^2

At a confident output, right or wrong, q and 1 - p_a are products and sums of small numbers; as differences of numbers
near 1 they are noise. At the class of a one-hot target, q_y = -L and d2L/dz_y2 = 2 p_y L (3 p_y - 1).
"""

import jax.numpy as jnp

from . import softmax
from .claims import Claims, zero
from .domain import SIMPLEX
from .loss import Loss


def formula(z, t):
    p = jnp.exp(z) / jnp.sum(jnp.exp(z))
    return jnp.sum((p - t) ** 2)


def residual(w, t):
    """p - t."""
    return softmax.bilinear(w, t, lambda p, t, one: one * p - t * jnp.sum(p))


def value(z, t):
    return jnp.sum(residual(softmax.weights(z), t) ** 2)


def _spread(w, t):
    """p_k - sum p^2, and q = r - sum p r, each in the form that cancels least."""
    gain = jnp.sum(w.p * _below(w)) - _below(w)
    mean = softmax.bilinear(w, t, lambda p, t, one: t * jnp.sum(p) - jnp.sum(p * t))
    r = residual(w, t)
    lead = jnp.sum(jnp.where(w.top, r, 0))
    d = r - lead
    tail = jnp.sum(w.p * d)
    pivoted = jnp.abs(d) + jnp.sum(w.p * jnp.abs(d)) < jnp.abs(gain) + jnp.abs(mean)
    return gain, jnp.where(pivoted, d - tail, gain - mean)


def _below(w):
    """p_a - p_k, a the largest class."""
    return softmax.linear(w, lambda p: jnp.sum(jnp.where(w.top, p, 0)) - p)


def grad(z, t):
    w = softmax.weights(z)
    return 2 * w.p * _spread(w, t)[1]


def hess(z, t, v):
    w = softmax.weights(z)
    gain, q = _spread(w, t)
    p, c = w.p, softmax.others(w)
    pv = p * v
    # p_k + p_j - sum p^2 is taken with the difference at the larger of both, the largest class if it is one of them.
    large = (q + gain) * (jnp.sum(pv) - pv) + (jnp.sum(pv * (q + p)) - pv * (q + p))
    small = (q + p) * (jnp.sum(pv) - pv) + (jnp.sum(pv * (q + gain)) - pv * (q + gain))
    off = -p * jnp.where(w.top, large, small)
    d = c * c + (jnp.sum(jnp.where(w.top, 0, p) ** 2) - jnp.where(w.top, 0, p) ** 2) + jnp.where(w.top, 0, jnp.max(p) ** 2)
    first = (q * softmax.linear(w, lambda p: jnp.sum(p) - 2 * p), p * d)
    second = (_left(w, t) * softmax.linear(w, lambda p: jnp.sum(p) - 2 * p), d * softmax.linear(w, lambda p: 3 * p - jnp.sum(p)))
    smaller = jnp.abs(first[0]) + jnp.abs(first[1]) <= jnp.abs(second[0]) + jnp.abs(second[1])
    return 2 * (off + pv * jnp.where(smaller, first[0] + first[1], second[0] + second[1]))


def _left(w, t):
    """1 - p_k - t_k + sum p t = q_k + d_k: 0 at the class of a one-hot target."""
    return softmax.bilinear(w, t, lambda p, t, one: one * (jnp.sum(p) - p) - t * jnp.sum(p) + jnp.sum(p * t))


softmax_squared_error = Loss(
    name="softmax_squared_error",
    event_ndim=1,
    targets=SIMPLEX,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=softmax.softmax,
    claims=Claims(
        convex=False, lipschitz=0.838, smooth=1.0, bound=2.0, perfect=zero, proper=True, calibrated=True
    ),
    source="Golik et al. 2013, eq. 12; Brier 1950",
)
