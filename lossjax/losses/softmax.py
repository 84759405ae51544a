"""The softmax link, without false zeros and without lost differences.

p_k = exp(z_k) / sum_j exp(z_j),   dp_k/dz_j = p_k (delta_kj - p_j)

What a softmax loss needs is almost always linear in the weights e_k = exp(z_k - c): 1 - p_k, 1 - 2 p_k, p_k - t_k ...
Near equal pre-activations it is a small difference of large numbers. Therefore each weight is kept as an integer and
the rest, e = n + f with n = 1 and f = expm1(z - c) where z is near c. The linear function of n is exact; what is left
of it is added to the same function of f, whose rounding the conditioning in z explains.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import jax.scipy.stats
from jax import lax
from jaxtyping import Array, Bool, Float, Num

from . import elementary, pair
from .one_hot import at, chosen

# Quantities as small as p are carried times this power of 2 until their last product: on their own they may underflow
# where twice or four times them are normal numbers.
LIFT = 2.0**24


class Weights(NamedTuple):
    """The exponentials of one example of K classes, e = n + f + low, up to a common factor."""

    top: Bool[Array, " K"]  # the largest class
    mid: Bool[Array, " K"]  # the class whose weight is nearest to n
    gap: Float[Array, " K"]  # max z - z, not negative
    n: Float[Array, " K"]
    f: Float[Array, " K"]
    low: Float[Array, " K"]
    e: Float[Array, " K"]
    total: pair.Pair


def softmax(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """The probabilities p along the last axis, right to the last normal number."""
    e = jnp.exp(z - jnp.max(z, axis=-1, keepdims=True))
    return e / jnp.sum(e, axis=-1, keepdims=True)


def likelihood(z: Float[Array, " K"], t: Num[Array, " K"]) -> Float[Array, ""]:
    """The categorical log-likelihood of the class counts t, of which cross-entropy is the negative."""
    return jax.scipy.stats.multinomial.logpmf(t, 1, softmax(z))


def weights(z: Float[Array, " K"]) -> Weights:
    """The weights of z. One +inf is the limit p = 1 there; several of them, or -inf throughout, give NaN."""
    top = jnp.arange(z.shape[-1]) == jnp.argmax(z)
    # Not max z: where several are the largest, its derivative is that of no single one of them.
    peak = jnp.sum(jnp.where(top, z, 0))
    infinite = top & (z == jnp.inf)
    gap = jnp.where(infinite, 0, peak - z)
    centre = jnp.where(_small(z, peak, gap, top), 0, peak)
    x, error = (jnp.where(infinite, 0, x) for x in pair.difference(z, centre))
    n, f, low = lax.optimization_barrier(_exponential(x, error))
    total = pair.total(jnp.sum(n), jnp.sum(f))
    mid = jnp.arange(z.shape[-1]) == jnp.argmin(jnp.abs(x))
    return Weights(top, mid, gap, n, f, low, n + f, pair.Pair(total.hi, total.lo + jnp.sum(low)))


def _small(z, peak, gap, top):
    """Is 0 a better centre than the largest z? Not where a class has half of the output or more, nor where the largest are equal.

    exp(0) is exact, however many classes share it, and the rounding of the largest z is not explained by a p of 1/K.
    """
    flat = jnp.sum(jnp.where(top, 0, jnp.exp(-gap))) >= 1
    ties, zeros = jnp.sum(z == peak), jnp.sum(z == 0)
    return flat & (peak >= 0) & (peak <= 8) & ((ties == 1) | (zeros >= ties))


def _exponential(x, error):
    """scale exp(x + error) = n + f + low: n = scale where x is near 0, so that f keeps all digits, and 0 elsewhere.

    The scale lifts every weight that a sum or a product may bring back above the least normal number. low matters only
    at the floats next to a root, where it alone is left.
    """
    bits = jnp.finfo(x.dtype).nmant + 1
    e, close = pair.exp_minus(-x, bits), jnp.abs(x) < 1 / 16
    n = jnp.where(jnp.abs(x) < 0.7, 2.0**bits, 0).astype(x.dtype)
    f = jnp.where(close, 2.0**bits * elementary.expm1(x), e.hi - n)
    low = jnp.where(close, 0, e.lo) + jnp.where(jnp.isfinite(error), (n + f) * error, 0)
    return n, f, low


def quotient(a: pair.Pair, b: pair.Pair) -> pair.Pair:
    """a / b; where parts of it would underflow, without its rounding error."""
    q, lo = pair.over(a, b)
    info, number = jnp.finfo(q.dtype), q == q
    right = ((q == 0) | (jnp.abs(q) > info.tiny / info.eps**2)) & jnp.isfinite(lo)
    # A quotient by a common divisor is compiled as a product, and that contracted into a later sum, unless it is chosen.
    return pair.Pair(jnp.where(number, q, 0), jnp.where(right, lo, jnp.where(number, 0, jnp.nan)))


def pair_product(a: pair.Pair, b: pair.Pair) -> pair.Pair:
    """a b; where its parts would underflow, without its rounding error."""
    p = pair.product(a.hi, b.hi)
    info = jnp.finfo(p.hi.dtype)
    lo = p.lo + (a.hi * b.lo + a.lo * b.hi)
    return pair.Pair(p.hi, jnp.where((jnp.abs(p.hi) > info.tiny / info.eps**2) & jnp.isfinite(lo), lo, 0))


def linear_pair(w: Weights, function: Callable) -> pair.Pair:
    """function(p), for a function linear in p. A factor belongs inside, where nothing underflows."""
    whole = pair.total(function(w.n), function(w.f))
    return quotient(pair.Pair(whole.hi, whole.lo + function(w.low)), w.total)


def linear(w: Weights, function: Callable) -> Float[Array, "..."]:
    """The same, rounded."""
    return linear_pair(w, function).rounded()


def bilinear_pair(w: Weights, t: Float[Array, "..."], function: Callable) -> pair.Pair:
    """function(p, t, 1), for a function linear in p and linear in (t, 1), t in [0, 1].

    t is cut into short parts, whose sums over up to 4096 classes are exact: so is the function of n and t.
    """
    high, low, rest = cuts(t)
    exact = pair.total(function(w.n, high, 1), function(w.n, low, 0))
    whole = pair.total(exact.hi, function(w.f, t, 1))
    last = pair.total(whole.hi, exact.lo + function(w.n, rest, 0) + function(w.low, t, 1))
    return quotient(pair.Pair(last.hi, last.lo + whole.lo), w.total)


def bilinear(w: Weights, t: Float[Array, "..."], function: Callable) -> Float[Array, "..."]:
    """The same, rounded."""
    return bilinear_pair(w, t, function).rounded()


def probabilities(w: Weights) -> Float[Array, " K"]:
    """The probabilities p."""
    return linear(w, lambda p: p)


def times(w: Weights, x: Float[Array, "..."]) -> Float[Array, " K"]:
    """p x, normal wherever that is, also where p is not; linear in x for JAX too."""
    return w.e * x / w.total.hi


def cuts(t: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
    """t in [0, 1] as a sum of three: the first two of half the digits each, counted from 1, the last what is left."""
    digits = jnp.finfo(t.dtype).nmant // 2
    coarse, fine = 2.0**digits, 2.0 ** (2 * digits)
    high = jnp.round(t * coarse) / coarse
    low = jnp.round((t - high) * fine) / fine
    return high, low, (t - high) - low


def surplus(t: Float[Array, " K"]) -> Float[Array, ""]:
    """sum t - 1, exactly up to one rounding."""
    high, low, rest = cuts(t)
    return ((jnp.sum(high) - 1) + jnp.sum(low)) + jnp.sum(rest)


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


def surprise_pair(w: Weights, t: Float[Array, " K"]) -> pair.Pair:
    """-log p_y with its rounding error, from p_y exp(nats) = 1, where p_y is neither near 0 nor near 1."""
    nats, p = surprise(w, t), linear_pair(w, lambda p: at(t, p))
    e = pair.exp_minus(nats)
    moderate = (nats < 20) & (nats > 0.1)
    return pair.Pair(nats, jnp.where(moderate, ((e.hi - p.hi) + (e.lo - p.lo)) / e.hi, 0))


def surprise(w: Weights, t: Float[Array, " K"]) -> Float[Array, ""]:
    """-log p_y of the class y of a one-hot target: a sum of two terms that are not negative."""
    return at(t, w.gap) + log_total(w)


def but(w: Weights, x: Float[Array, " K"], v: Float[Array, " K"]) -> Float[Array, " K"]:
    """The sum of x v over all other classes; exactly 0 where v has no other, which a difference of roundings is not."""
    # Chosen, by a condition that does not look at v, so that no product is contracted into a sum (see pair.one).
    product = jnp.where(w.total.hi == w.total.hi, x * v, jnp.nan)
    return jnp.sum(product) - product


def jacobian(w: Weights, v: Float[Array, " K"]) -> Float[Array, " K"]:
    """dp/dz times v, p_k ((1 - p_k) v_k - sum_{j != k} p_j v_j)."""
    return times(w, others(w) * v - but(w, probabilities(w), v))


def target_gradient(w: Weights, t: Float[Array, " K"], d: Float[Array, ""] | float) -> Float[Array, " K"]:
    """dL/dz of a function of p_y alone, y the class of the one-hot t: d (delta_ky - p_k) with d = p_y dL/dp_y."""
    return linear(w, lambda p: jnp.where(chosen(t), jnp.sum(p) - p, -p) * d)


def target_product(
    w: Weights,
    t: Float[Array, " K"],
    v: Float[Array, " K"],
    cross: Float[Array, ""],
    pair: Float[Array, ""],
    diagonal: Float[Array, " K"],
) -> Float[Array, " K"]:
    """The Hessian of a function of p_y alone, times v; the three coefficients are given times LIFT.

    With d = p_y dL/dp_y, e = p_y dd/dp_y and c = 1 - p_y it is H_yy = c cross, H_iy = -p_i cross,
    H_ij = p_i p_j pair / c and H_ii = p_i diagonal_i for i, j other than y, where
    cross = e c - d p_y,   pair = (e + d) c,   diagonal_i = e p_i - d (1 - p_i).
    """
    y = chosen(t)
    wrong = jnp.where(y, 0, w.e)
    rest = jnp.sum(jnp.where(y, 0, w.n)) + jnp.sum(jnp.where(y, 0, w.f))
    share = wrong / jnp.where(rest > 0, rest, 1)  # p_i / c, also where c underflows
    off = times(w, but(w, share, v) * pair + diagonal * v - cross * at(t, v))
    right = (rest * at(t, v) - jnp.sum(wrong * v)) * cross / w.total.hi
    return jnp.where(y, right, off) / LIFT


def artanh_tail(s: Float[Array, "..."]) -> Float[Array, "..."]:
    """artanh(s) - s = s^3/3 + s^5/5 + ... for |s| <= 0.4."""
    s2 = s * s
    series = jnp.zeros_like(s)
    for k in range(22 if jnp.finfo(s.dtype).bits == 64 else 10, 0, -1):
        series = s2 * (1 / (2 * k + 1) + series)
    return s * series
