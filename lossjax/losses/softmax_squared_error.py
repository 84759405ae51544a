"""Squared error of the softmax outputs: the paper's SE, summed over classes, without 1/2.

L            = sum_k (p_k - t_k)^2,   p_k = exp(z_k) / sum_j exp(z_j)
dL/dz_k      = 2 p_k q_k,   q_k = r_k - sum_j p_j r_j,   r = p - t   (Golik et al. 2013, eq. 12, at a one-hot t)
d2L/dz_k dz_j = -2 p_k p_j (q_k + q_j + p_k + p_j - sum_i p_i^2)   for j other than k
d2L/dz_k2    = 2 p_k (q_k (1 - 2 p_k) + p_k d_k),   d_k = (1 - p_k)^2 + sum of the other p_i^2

At a confident output, right or wrong, q and 1 - p_a are products and sums of small numbers; as differences of numbers
near 1 they are noise. At the class of a one-hot target, q_y = -L and d2L/dz_y2 = 2 p_y L (3 p_y - 1).
"""

import jax.numpy as jnp

from . import pair, softmax
from .domain import SIMPLEX
from .label_squared_error import CLAIMS, label_squared_error
from .loss import Loss


def formula(z, t):
    p = jnp.exp(z) / jnp.sum(jnp.exp(z))
    return jnp.sum((p - t) ** 2)


def _difference(p, t, one):
    return one * p - t * jnp.sum(p)


def value(z, t):
    r = softmax.bilinear_pair(softmax.weights(z), t, _difference)
    return jnp.sum((softmax.LIFT * r.hi) * (r.hi + 2 * r.lo)) / softmax.LIFT


_TWICE = 2 * softmax.LIFT


def _lowered(w, p):
    return _TWICE * (p - jnp.sum(jnp.where(w.mid, p, 0)))


def _spread(w, t):
    """V = sum_j p_j (p_m - p_j), m the middle class, and q, both times 2 LIFT.

    q = V + (p - p_m) - (t - sum p t), or by differences of r to that of m, whichever cancels less.
    """
    below = softmax.linear(w, lambda p: _lowered(w, p))
    spread = softmax.linear(w, lambda p: -jnp.sum(p * below))
    level = softmax.bilinear_pair(
        w, t, lambda p, t, one: one * _lowered(w, p) - _TWICE * (t * jnp.sum(p) - jnp.sum(p * t))
    )
    plain = pair.total(spread, level.hi)
    r = softmax.bilinear(w, t, _difference)
    d = _TWICE * jnp.where(w.mid, 0, r - jnp.sum(jnp.where(w.mid, r, 0)))
    pivoted = 4 * (jnp.abs(d) + softmax.linear(w, lambda p: jnp.sum(p * jnp.abs(d)))) < jnp.abs(spread) + jnp.abs(
        level.hi
    )
    q = jnp.where(pivoted, d - softmax.linear(w, lambda p: jnp.sum(p * d)), plain.hi)
    return spread, pair.Pair(q, jnp.where(pivoted, 0, plain.lo + level.lo))


def grad(z, t):
    w = softmax.weights(z)
    return softmax.times(w, _spread(w, t)[1].rounded()) / softmax.LIFT


def hess(z, t, v):
    w = softmax.weights(z)
    spread, q = _spread(w, t)
    return softmax.times(w, _diagonal(w, t, spread, q) * v - _off_diagonal(w, t, v, spread)) / softmax.LIFT


def _off_diagonal(w, t, v, spread):
    """sum_{j != k} p_j v_j b_kj with the bracket b_kj = q_k + q_j + p_k + p_j - sum p^2, 2 LIFT times.

    b_kj = b_km + (b_jm - b_mm), m the middle class: b_km keeps its tail at a confident output, in the row of m as well.
    """
    level = softmax.bilinear_pair(w, t, lambda p, t, one: _level(w, p, t, one, _middle(w, p), _middle(w, t)))
    to_middle = pair.total(3 * spread, level.hi)
    to_middle = pair.Pair(to_middle.hi, to_middle.lo + level.lo)
    further = softmax.bilinear_pair(
        w, t, lambda p, t, one: _TWICE * (one * 2 * (p - _middle(w, p)) - (t - _middle(w, t)) * jnp.sum(p))
    )

    def rest(e, a, b):
        inside = a * softmax.but(w, e, v) + softmax.but(w, e * b, v)
        return jnp.where(w.mid, softmax.but(w, e * a, v), inside)

    whole = rest(w.n, to_middle.hi, further.hi) + rest(w.f, to_middle.hi, further.hi)
    return (whole + rest(w.n, to_middle.lo, further.lo)) / w.total.hi


def _middle(w, x):
    return jnp.sum(jnp.where(w.mid, x, 0))


def _level(w, p, t, one, p_m, t_m):
    """What is linear in p of b_km."""
    return _TWICE * (one * (2 * p - p_m) - (t + t_m) * jnp.sum(p) + 2 * jnp.sum(p * t))


def _diagonal(w, t, spread, q):
    """Twice LIFT times q (1 - 2 p) + p d, or (q + d)(1 - 2 p) + d (3 p - 1).

    d = (1 - p)^2 + the sum of the other p^2, and q + d = 1 - p - t + sum p t is 0 at the class of a one-hot t.
    """
    p = softmax.linear_pair(w, lambda p: p)
    half = softmax.linear_pair(w, lambda p: jnp.sum(p) - 2 * p)
    third = softmax.linear(w, lambda p: 3 * p - jnp.sum(p))
    d = _complement(w, p.hi, spread)
    qd = softmax.bilinear(w, t, lambda p, t, one: _TWICE * (one * (jnp.sum(p) - p) - t * jnp.sum(p) + jnp.sum(p * t)))
    first, second = softmax.pair_product(q, half), softmax.pair_product(p, d)
    smaller = jnp.abs(first.hi) + jnp.abs(second.hi) <= 8 * (jnp.abs(qd * half.hi) + jnp.abs(d.hi * third))
    near = (first.hi + second.hi) + (first.lo + second.lo)
    return jnp.where(smaller, near, qd * half.hi + d.hi * third)


def _complement(w, p, spread):
    """d: as a sum of squares, or as (1 - p) - (p - sum p^2) with its rounding error, where the difference is small."""
    c, low, high = softmax.others(w), jnp.where(w.top, 0, p), jnp.where(w.top, 0, jnp.max(p))
    square = low * (_TWICE * low)
    d = c * (_TWICE * c) + (jnp.sum(square) - square) + high * (_TWICE * high)
    whole = softmax.linear_pair(w, lambda p: _TWICE * (jnp.sum(p) - p) - _lowered(w, p))
    less = pair.difference(whole.hi, spread)
    flat = jnp.abs(spread) < 0.25 * whole.hi
    return pair.Pair(jnp.where(flat, less.hi, d), jnp.where(flat, less.lo + whole.lo, 0))


softmax_squared_error = Loss(
    name="softmax_squared_error",
    event_ndim=1,
    targets=SIMPLEX,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=softmax.softmax,
    claims=CLAIMS,
    labelled=label_squared_error,
    source="Golik et al. 2013, eq. 12; Brier 1950",
)
