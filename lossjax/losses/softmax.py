"""The softmax link, without false zeros and without lost differences.

p_k = exp(z_k) / sum_j exp(z_j),   dp_k/dz_j = p_k (delta_kj - p_j)

What a softmax loss needs is almost always linear in the weights e_k = exp(z_k - c): 1 - p_k, 1 - 2 p_k, p_k - t_k, ...
Near equal pre-activations it is a small difference of large numbers. Therefore each weight is kept as an integer and the
rest, e = n + f with n = 1 and f = expm1(z - c) where z is near c. The linear function of n is exact; what is left of it
is added to the same function of f, whose rounding the conditioning in z explains.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from . import elementary
from .one_hot import at, chosen


class Weights(NamedTuple):
    """The exponentials of one example of K classes, e = n + lead + rest, up to a common factor.

    The largest class stands apart in `lead`, so that a sum over the others is never the difference of two large sums.
    """

    top: Bool[Array, " K"]
    gap: Float[Array, " K"]  # max z - z, not negative
    e: Float[Array, " K"]
    n: Float[Array, " K"]
    lead: Float[Array, " K"]
    rest: Float[Array, " K"]
    total: Float[Array, ""]
    p: Float[Array, " K"]


def softmax(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """p along the last axis, right to the last normal number."""
    e = jnp.exp(z - jnp.max(z, axis=-1, keepdims=True))
    return e / jnp.sum(e, axis=-1, keepdims=True)


def weights(z: Float[Array, " K"]) -> Weights:
    """The weights of z. One +inf is the limit p = 1 there; several of them, or -inf throughout, give NaN."""
    peak = jnp.max(z)
    top = jnp.arange(z.shape[-1]) == jnp.argmax(z)
    infinite = top & (z == jnp.inf)
    # exp(0) is exact, however many classes share it: small logits are best taken as they are.
    centre = jnp.where((peak >= 0) & (peak <= 8), 0, peak)
    x = jnp.where(infinite, 0, z - centre)
    near = jnp.abs(x) < 0.7
    n, f = near.astype(z.dtype), jnp.where(near, elementary.expm1(x), jnp.exp(x))
    lead, rest = jnp.where(top, f, 0), jnp.where(top, 0, f)
    total = jnp.sum(n) + jnp.sum(lead) + jnp.sum(rest)
    return Weights(top, jnp.where(infinite, 0, peak - z), n + f, n, lead, rest, total, (n + f) / total)


def linear(w: Weights, function: Callable) -> Float[Array, "..."]:
    """function(p), for a function linear in p."""
    return (function(w.n) + function(w.lead) + function(w.rest)) / w.total


def bilinear(w: Weights, t: Float[Array, " K"], function: Callable) -> Float[Array, "..."]:
    """function(p, t, 1), for a function linear in p and linear in (t, 1), t in [0, 1].

    t = coarse + fine, and every sum of the coarse parts is exact: so is the function of n and t as far as it matters.
    """
    coarse, fine = halves(t)
    exact = function(w.n, coarse, 1) + function(w.n, fine, 0)
    return (exact + function(w.lead, t, 1) + function(w.rest, t, 1)) / w.total


def halves(t: Float[Array, " K"]) -> tuple[Float[Array, " K"], Float[Array, " K"]]:
    """t = coarse + fine, coarse on a grid so wide that sums of it up to 2 are exact."""
    grid = 2 * jnp.finfo(t.dtype).eps
    coarse = jnp.round(t / grid) * grid
    return coarse, t - coarse


def others(w: Weights) -> Float[Array, " K"]:
    """1 - p."""
    return linear(w, lambda e: jnp.sum(e) - e)


def odds_against_top(w: Weights) -> Float[Array, ""]:
    """(1 - p_a) / p_a for the largest class a."""
    return jnp.sum(jnp.where(w.top, 0, w.e)) / jnp.sum(jnp.where(w.top, w.e, 0))


def log_total(w: Weights) -> Float[Array, ""]:
    """log sum_j exp(z_j - max z) = -log p_a for the largest class a."""
    m = odds_against_top(w)
    return jnp.where(m <= 1, elementary.log1p(jnp.minimum(m, 1)), jnp.log(1 + m))


def surprise(w: Weights, t: Float[Array, " K"]) -> Float[Array, ""]:
    """-log p_y of the class y of a one-hot target: a sum of two terms that are not negative."""
    return at(t, w.gap) + log_total(w)


def centred(w: Weights, g: Float[Array, " K"]) -> Float[Array, " K"]:
    """g - sum_j p_j g_j: by differences to the largest class or directly, whichever cancels less."""
    lead = jnp.sum(jnp.where(w.top, g, 0))
    d = g - lead
    mean, tail = jnp.sum(w.p * g), jnp.sum(w.p * d)
    direct = jnp.abs(g) + jnp.sum(w.p * jnp.abs(g))
    pivoted = jnp.abs(d) + jnp.sum(w.p * jnp.abs(d))
    return jnp.where(pivoted < direct, d - tail, g - mean)


def jacobian(w: Weights, v: Float[Array, " K"]) -> Float[Array, " K"]:
    """dp/dz times v: p_k (v_k - sum_j p_j v_j)."""
    return w.p * centred(w, v)


def target_gradient(w: Weights, t: Float[Array, " K"], d: Float[Array, ""]) -> Float[Array, " K"]:
    """dL/dz of a function of p_y alone, y the class of the one-hot t: d (delta_ky - p_k) with d = p_y dL/dp_y."""
    return d * jnp.where(chosen(t), others(w), -w.p)


def target_product(
    w: Weights,
    t: Float[Array, " K"],
    v: Float[Array, " K"],
    cross: Float[Array, ""],
    pair: Float[Array, ""],
    diagonal: Float[Array, " K"],
) -> Float[Array, " K"]:
    """The Hessian of a function of p_y alone, times v.

    With d = p_y dL/dp_y, e = p_y dd/dp_y and c = 1 - p_y it is H_yy = c cross, H_iy = -p_i cross,
    H_ij = p_i p_j pair / c and H_ii = p_i diagonal_i for i, j other than y, where
    cross = e c - d p_y,   pair = (e + d) c,   diagonal_i = e p_i - d (1 - p_i).
    """
    wrong = jnp.where(chosen(t), 0, w.p)
    rest = jnp.sum(jnp.where(chosen(t), 0, w.e))
    share = jnp.where(chosen(t), 0, w.e) / jnp.where(rest > 0, rest, 1)  # p_i / c, also where c underflows
    vy, sv = at(t, v), share * v
    off = wrong * ((jnp.sum(sv) - sv) * pair + diagonal * v - cross * vy)
    return jnp.where(chosen(t), cross * (at(t, others(w)) * vy - jnp.sum(wrong * v)), off)


def artanh_tail(s: Float[Array, "..."]) -> Float[Array, "..."]:
    """artanh(s) - s = s^3/3 + s^5/5 + ... for |s| <= 0.4."""
    s2 = s * s
    series = jnp.zeros_like(s)
    for k in range(21 if jnp.finfo(s.dtype).bits == 64 else 9, 0, -1):
        series = s2 * (1 / (2 * k + 1) + series)
    return s * series
