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
    """The residual p - t."""
    return softmax.bilinear(w, t, _difference)


def _difference(p, t, one):
    return one * p - t * jnp.sum(p)


def value(z, t):
    r = softmax.bilinear_pair(softmax.weights(z), t, _difference)
    return jnp.sum(r.hi * r.hi + 2 * r.hi * r.lo)


def _spread(w, t):
    """2 (p_k - sum p^2), and 2 q = 2 (r - sum p r), each in the form that cancels least."""
    below = softmax.linear(w, lambda p: 2 * (jnp.sum(jnp.where(w.top, p, 0)) - p))  # 2 (p_a - p_k), a the largest class
    gain = softmax.linear(w, lambda p: jnp.sum(p * below)) - below
    mean = softmax.bilinear(w, t, lambda p, t, one: 2 * (t * jnp.sum(p) - jnp.sum(p * t)))
    r = 2 * residual(w, t)
    d = jnp.where(w.top, 0, r - jnp.sum(jnp.where(w.top, r, 0)))
    pivoted = jnp.abs(d) + softmax.linear(w, lambda p: jnp.sum(p * jnp.abs(d))) < jnp.abs(gain) + jnp.abs(mean)
    return gain, jnp.where(pivoted, d - softmax.linear(w, lambda p: jnp.sum(p * d)), gain - mean)


def grad(z, t):
    w = softmax.weights(z)
    return softmax.times(w, _spread(w, t)[1])


def hess(z, t, v):
    w = softmax.weights(z)
    gain, q = _spread(w, t)
    p = softmax.probabilities(w)
    # q_k + q_j + p_k + p_j - sum p^2, the difference p - sum p^2 being taken at the largest class if it is one of them.
    plain = softmax.linear(w, lambda p: softmax.but(p, v))
    with_p = softmax.linear(w, lambda e: softmax.but(e * (q + 2 * p), v))
    with_gain = softmax.linear(w, lambda e: softmax.but(e * (q + gain), v))
    off = jnp.where(w.top, (q + gain) * plain + with_p, (q + 2 * p) * plain + with_gain)
    return softmax.times(w, _diagonal(w, p, t, q) * v - off)


def _diagonal(w, p, t, q):
    """Twice q (1 - 2 p) + p d, or (q + d)(1 - 2 p) + d (3 p - 1), where q + d = 1 - p - t + sum p t is 0 at the class of t."""
    half = softmax.linear(w, lambda p: jnp.sum(p) - 2 * p)
    third = softmax.linear(w, lambda p: 3 * p - jnp.sum(p))
    square = jnp.where(w.top, 0, p * p)
    d = 2 * (softmax.others(w) ** 2 + jnp.sum(square) - square + jnp.where(w.top, 0, jnp.max(p) ** 2))
    qd = softmax.bilinear(w, t, lambda p, t, one: 2 * (one * (jnp.sum(p) - p) - t * jnp.sum(p) + jnp.sum(p * t)))
    smaller = jnp.abs(q * half) + p * d <= jnp.abs(qd * half) + jnp.abs(d * third)
    return jnp.where(smaller, q * half + p * d, qd * half + d * third)


_PEAK = (9 + 33**0.5) / 24

softmax_squared_error = Loss(
    name="softmax_squared_error",
    event_ndim=1,
    targets=SIMPLEX,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=softmax.softmax,
    # Slope and curvature are largest where the right class and one other share the output: 4 sqrt(2) p (1 - p)^2, and
    # 8 p (1 - p)^2 (3 p - 1), which is largest at _PEAK.
    claims=Claims(
        convex=False,
        lipschitz=16 * 2**0.5 / 27,
        smooth=8 * _PEAK * (1 - _PEAK) ** 2 * (3 * _PEAK - 1),
        bound=2.0,
        perfect=zero,
        proper=True,
        calibrated=True,
    ),
    source="Golik et al. 2013, eq. 12; Brier 1950",
)
