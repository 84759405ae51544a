"""Numbers as unevaluated sums of two floats, for the few places where one float is not enough.

At the float next to the root of s(z) - t, the truth may be 1000 times smaller than the rounding of exp(-z). A squared
or an absolute error has its minimum there, so no conditioning in z excuses that rounding.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Num


class Pair(NamedTuple):
    """hi + lo, with |lo| at most half an ulp of hi."""

    hi: Float[Array, "..."]
    lo: Float[Array, "..."]

    def rounded(self) -> Float[Array, "..."]:
        """The sum as one float."""
        return self.hi + self.lo


def one(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """A 1 that the compiler does not know: XLA rewrites (1 + x) - 1, which recovers a rounding error, to x."""
    return jnp.where(x == x, 1, x)


def total(a: Float[Array, "..."], b: Float[Array, "..."]) -> Pair:
    """The sum a + b exactly (Knuth 1969)."""
    s = a + b
    v = s - a
    return Pair(s, (a - (s - v)) + (b - v))


def difference(a: Float[Array, "..."], b: Float[Array, "..."]) -> Pair:
    """The difference a - b exactly."""
    return total(a, -b)


def product(a: Float[Array, "..."], b: Float[Array, "..."]) -> Pair:
    """The product a b exactly, where no part of it is subnormal (Dekker 1971)."""
    p, (a, x), (b, y) = _rounded(a * b), _halves(a), _halves(b)
    return Pair(p, ((a * b - p) + a * y + x * b) + x * y)


def _rounded(p):
    # A product that is added somewhere may be contracted into a fused multiply-add, which leaves its rounding out.
    return jnp.where(p == p, p, 0)


def _halves(a):
    """The number as a sum of two floats of half its digits, cut in the bit pattern: no compiler can contract that."""
    bits = jnp.finfo(a.dtype).bits
    whole = lax.bitcast_convert_type(a, jnp.dtype(f"int{bits}"))
    top = lax.bitcast_convert_type(whole & (-1 << (jnp.finfo(a.dtype).nmant + 2) // 2), a.dtype)
    return top, a - top


# log 2 in three parts, the first two so short that k times each is exact.
_LOG2 = {
    32: (1419 / 2**11, 1157 / 2**22, 2.3651392480160474e-07),
    64: (762123384785 / 2**40, 891099531747 / 2**80, 5.8029889835956905e-25),
}


def exp_minus(u: Float[Array, "..."], doublings: int = 0) -> Pair:
    """2^doublings exp(-u) to 1/50 ulp: 2^-k (1 + f + f^2 / 2 + ...), f = k log 2 - u, the terms shown as pairs.

    For u >= 0, and down to -88 (-709 in float64). The powers of 2 are one factor: nothing is flushed before it.
    """
    info = jnp.finfo(u.dtype)
    if info.bits == 16:
        # A call never comes here in half precision; who asks for it gets what half precision has.
        return Pair(2.0**doublings * jnp.exp(-u), jnp.zeros_like(u))
    long, short, rest = _LOG2[info.bits]
    u = jnp.minimum(u, (1 + doublings - info.minexp) * math.log(2))
    k = jnp.round(u * (1 / math.log(2)))
    f, error = total(k * long - u, k * short)
    f, error = total(f, error + k * rest)
    tail = jnp.zeros_like(u)
    for n in range(16 if info.bits == 64 else 10, 2, -1):
        tail = (1 + tail) * (f * (1 / n))
    square = product(f, 0.5 * f)
    e, lost = total(one(f), f)
    e, more = total(e, square.hi)
    e, small = total(e, more + (lost + (square.lo + (square.hi * tail + error * e))))
    power = _power_of_two(doublings - k)
    return Pair(e * power, small * power)


def _power_of_two(k):
    """2^k for whole k of normal results, 0 below."""
    info = jnp.finfo(k.dtype)
    integer = jnp.dtype(f"int{info.bits}")
    return lax.bitcast_convert_type(jnp.maximum(k.astype(integer) + (1 - info.minexp), 0) << info.nmant, k.dtype)


def log(a: Pair) -> Pair:
    """The logarithm of a > 0, corrected by a exp(-log a) - 1."""
    hi = jnp.log(a.hi)
    e = exp_minus(hi)
    p = product(a.hi, e.hi)
    return Pair(hi, (p.hi - 1) + (p.lo + (a.hi * e.lo + a.lo * e.hi)))


def one_plus(e: Pair) -> Pair:
    """The sum 1 + e."""
    s = total(one(e.hi), e.hi)
    return Pair(s.hi, s.lo + e.lo)


def times(factor: Num[Array, "..."] | float, a: Pair) -> Pair:
    """The pair times a sign or a power of 2."""
    return Pair(factor * a.hi, factor * a.lo)


def less(a: Pair, b: Pair, e: Pair) -> Pair:
    """The difference a - b e."""
    p = product(b.hi, e.hi)
    d = difference(a.hi, p.hi)
    return total(d.hi, d.lo + ((a.lo - p.lo) - (b.hi * e.lo + b.lo * e.hi)))


def over(a: Pair, b: Pair) -> Pair:
    """The quotient a / b."""
    q = a.hi / b.hi
    p = product(q, b.hi)
    return Pair(q, (((a.hi - p.hi) - p.lo) + (a.lo - q * b.lo)) / b.hi)


def over_square(a: Pair, b: Pair, d: Pair) -> Float[Array, "..."]:
    """The rounded a b / d^2."""
    square = d.hi * d.hi
    q = a.hi * b.hi / square
    return q + ((a.hi * b.lo + a.lo * b.hi) / square - 2 * q * (d.lo / d.hi))
