"""Ball arithmetic on whole arrays beyond the range of floats: exp(1e30) and exp(-1e30) are numbers like others.

A number is m 2^e 2^d with |d| <= r: m in float64, 1/2 <= |m| < 1, and e a whole number in float64, far beyond the exponents that
a float has. m = 0 stands for all numbers up to 2^e in size, and for 0 alone where e is -inf; a NaN for what was not enclosed. A
pair here is (an array of such numbers, None). The digits are those of float64; but beyond the range of exp, where a naive
formula overflows, lie nearly half of all patterns of a float32, and there balls of Arb are a hundred times slower.
"""

import numpy as np

from .special import Special

_KIND = np.dtype([("m", np.float64), ("e", np.float64), ("r", np.float64)])
_LN2 = float(np.log(2.0))
# 1 / log 2 in parts of 26 bits: times half the digits of a float, each product is exact.
_LOG2E = tuple(k * 2.0**-p for k, p in ((48408812, 25), (43368831, 51), (3076001, 77), (67031145, 103)))
_UNIT = 2.0**-51  # more than one rounding, as a part or as a binary logarithm
_STEEP = 2.0**-48  # the same of what we grant a transcendental function
_WHOLE = 2.0**52  # beyond, exponents are rounded
_FAR = 1e300  # further down all exponents count as this one
_GONE = 1000  # places below the larger summand at which a summand is no longer added, only bounded
_LEAST = 1e-200
_NEAR = 0.1  # radii up to which expm1 and log1p are bounded


def _made(m, e, r):
    """M 2^e within 2^+-r, normalised."""
    m, e, r = np.broadcast_arrays(m, e, r)
    out = np.empty(m.shape, _KIND)
    part, shift = np.frexp(m)
    none = m == 0
    # A bound has a rounded exponent, and a radius is a rounded sum: a rounding more holds what these lose.
    e = np.where(none, np.where(np.isfinite(e), e + _UNIT * (2 + np.abs(e)), e), e + shift)
    r = np.where(none, 0.0, r * (1 + _UNIT) + np.where(np.abs(e) > _WHOLE, _UNIT * np.abs(e), 0.0))
    deep = (e < -_FAR) & ~(none & (e == -np.inf)) & ~np.isnan(m)
    known = (e < _FAR) & (r < np.inf) | deep
    out["m"] = np.where(known, np.where(deep, 0.0, part), np.nan)
    out["e"], out["r"] = np.where(deep, -_FAR, e), np.where(deep, 0.0, r)
    return out, None


def _off(y, off):
    """The floats within `off` of y."""
    part = off / np.abs(y)
    near = (part <= 0.5) | (off == 0)
    size = np.abs(y) + off
    bound = np.where(size == 0, -np.inf, np.log2(size) + _STEEP)
    return _made(np.where(near | np.isnan(size), y, 0.0), np.where(near & (y != 0), 0.0, bound), 2 * part)


def _float(x):
    return np.ldexp(x["m"], np.clip(np.nan_to_num(x["e"]), -3000, 3000).astype(np.int32))


def _orders(v):
    """The binary logarithm of exp(v): whole, rest, and by how much they may be off."""
    high = v * (2.0**27 + 1)
    high = high - (high - v)
    terms = [part * c for c in _LOG2E for part in (high, v - high)]
    wholes = [np.rint(t) for t in terms]
    whole, rest = sum(wholes), sum(t - w for t, w in zip(terms, wholes))
    size = np.abs(whole)
    return whole, rest, size * 2.0**-100 + 16 * _UNIT + np.where(size < _WHOLE / 2, 0.0, 8 * _UNIT * size)


def _slack(r):
    """By which part of itself a number is off whose binary logarithm is off by r."""
    return np.expm1(r * _LN2)


class Wide(Special):
    """Arithmetic on arrays of wide numbers, in the words of the other kernels."""

    def lift(self, x):
        x = np.asarray(x, np.float64)
        return _made(np.where(np.isinf(x), np.nan, x), np.where(x == 0, -np.inf, 0.0), 0.0)

    def float(self, m):
        return _float(m)

    def size(self, m):
        return np.where((m["m"] != 0) & (m["r"] < 1), np.abs(_float(m)), np.exp2(m["e"] + m["r"]))

    def finite(self, a):
        return ~np.isnan(a[0]["m"])

    def spoil(self, a, bad):
        if not np.any(bad):
            return a
        out = np.array(np.broadcast_to(a[0], np.broadcast_shapes(a[0].shape, np.shape(bad))))
        out["m"][np.broadcast_to(bad, out.shape)] = np.nan
        return out, None

    def hull(self, bad, one, other):
        """Where bad, NaN: a ball that holds both would seldom be of use here."""
        return self.spoil(one, bad)

    def neg(self, a):
        out = a[0].copy()
        out["m"] *= -1
        return out, None

    def add(self, a, b):
        x, y = np.broadcast_arrays(a[0], b[0])
        level = np.maximum(x["e"], y["e"])
        level = np.where(np.isfinite(level), level, 0.0)
        (s, no_x), (t, no_y) = _beside(x, level), _beside(y, level)
        total, alike = s + t, s * t > 0
        off = np.abs(s) * _slack(x["r"]) + np.abs(t) * _slack(y["r"]) + _UNIT * np.abs(total)
        part = off / np.abs(total)
        r = np.where(alike, np.maximum(x["r"], y["r"]) + _UNIT, np.where(part <= 0.5, 2 * part, np.inf))
        r = np.where(no_y, _over(x, y), np.where(no_x, _over(y, x), r))
        small = (no_x & no_y) | ((r == np.inf) & ~np.isnan(total))
        bound = np.maximum(x["e"] + x["r"], y["e"] + y["r"]) + 1
        bound = np.where(no_x | no_y, bound, np.minimum(bound, level + np.log2(np.abs(total) + off) + _STEEP))
        return _made(np.where(small, 0.0, total), np.where(small, bound, level), np.where(small, 0.0, r))

    def mul(self, a, b):
        x, y = a[0], b[0]
        m, e, r = x["m"] * y["m"], x["e"] + y["e"], x["r"] + y["r"]
        return _made(m, np.where(m == 0, e + r, e), r + _UNIT)

    def scale(self, a, x):
        """A times an exact float64 array x of 0, 1 and -1."""
        m = a[0]["m"] * x
        return _made(m, np.where(x == 0, -np.inf, a[0]["e"]), a[0]["r"])

    def div(self, a, b):
        x, y = a[0], b[0]
        m = x["m"] / np.where(y["m"] == 0, np.nan, y["m"])
        e, r = x["e"] - np.where(y["m"] == 0, 0.0, y["e"]), x["r"] + y["r"]
        return _made(m, np.where(m == 0, e + r + 1, e), r + _UNIT)

    def exp(self, a):
        x = a[0]
        v = _float(x)
        inside, under = np.abs(v) < 700, (v == -np.inf) & (x["e"] - x["r"] > _GONE)
        whole, rest, error = _orders(np.where(inside, 0.0, v))
        m, e = np.where(inside, np.exp(v), np.exp2(rest)), np.where(under, -np.inf, whole)
        r = error + _STEEP + np.where(x["m"] == 0, 2 * np.exp2(x["e"]), 2 * np.abs(v) * _slack(x["r"]))
        return _made(np.where(under, 1.0, m), e, np.where(under, 0.0, r))

    def expm1(self, a):
        one = self.lift(np.ones((1,) * a[0].ndim))
        return self._beside_zero(np.expm1, a, lambda: self.add(self.exp(a), self.neg(one)))

    def log1p(self, a):
        one = self.lift(np.ones((1,) * a[0].ndim))
        return self._beside_zero(np.log1p, a, lambda: self.log(self.add(one, a)))

    def _beside_zero(self, function, a, rest):
        """A function that is x (1 + O(x)), and less than twice as steep as x within 1/2; further out it is rest()."""
        x = a[0]
        v = _float(x)
        near, tiny = (np.abs(v) < 0.5) & (x["r"] < _NEAR), x["e"] < -60
        bounded = ((x["m"] == 0) | ~(x["r"] < _NEAR)) & (x["e"] + x["r"] < -2)
        m = np.where(tiny, x["m"], function(np.where(near, v, 0.0)))
        r = np.where(tiny, x["r"] + np.exp2(x["e"] + 1), 2 * x["r"] + _STEEP)
        e = np.where(bounded, x["e"] + x["r"] + 1, np.where(tiny, x["e"], 0.0))
        mine = _made(np.where(bounded, 0.0 * x["m"], m), e, r)
        close = bounded | (near & (x["m"] != 0))
        return mine if close.all() else (np.where(close, mine[0], rest()[0]), None)

    def log(self, a):
        x = a[0]
        m = np.where(x["m"] > 0, x["m"], np.nan)
        e = x["e"]
        beside = np.abs(e) <= 1
        y = np.where(beside, np.log(np.where(beside, _float(x), 1.0)), e * _LN2 + np.log(m))
        return _off(np.where(np.isnan(m), np.nan, y), x["r"] * _LN2 * (1 + _UNIT) + _STEEP * np.abs(y))

    def sqrt(self, a):
        x = a[0]
        half = np.where(x["m"] == 0, -np.inf, np.floor(x["e"] / 2))
        rest = np.where(x["m"] == 0, 0.0, x["e"] - 2 * half)
        zero = (x["m"] == 0) & (x["e"] == -np.inf)
        m = np.sqrt(np.where((x["m"] > 0) & (rest >= 0) & (rest <= 1), x["m"] * np.exp2(rest), np.nan))
        return _made(np.where(zero, 0.0, m), half, x["r"] / 2 + _UNIT)

    def special(self, name, a):
        """A function this arithmetic does not bound."""
        return _made(np.full(a[0].shape, np.nan), 0.0, 0.0)

    def special2(self, name, a, b):
        return _made(np.full(np.broadcast_shapes(a[0].shape, b[0].shape), np.nan), 0.0, 0.0)

    def whole(self, name, a):
        return self.special(name, a)

    def sign(self, a):
        """-1, 0, 1 and where it is not known (None: nowhere)."""
        m, e = a[0]["m"], a[0]["e"]
        unknown = np.isnan(m) | ((m == 0) & (e > -np.inf))
        return (m > 0).astype(np.int8) - (m < 0), unknown if unknown.any() else None

    def output(self, a):
        """hi, lo, radius in float64; the radius is 0 at an infinity that is only beyond float64's range.

        Near the lower end of float64 nothing is settled here: a radius is rounded there, and a bound says nothing of the number.
        """
        x = a[0]
        hi = _float(x)
        size = np.abs(hi)
        r = np.where(
            x["m"] == 0, np.where(x["e"] < -1100, 0.0, np.nan), size * (_slack(x["r"]) + _UNIT) * (1 + 4 * _UNIT)
        )
        r = np.where((size > 0) & (size < _LEAST), np.nan, r)
        r = np.where((size == 0) & (x["e"] + x["r"] > -1100) & (x["e"] > -np.inf), np.nan, r)
        r = np.where(np.isinf(hi), np.where(x["e"] - x["r"] > 1026, 0.0, np.nan), r)
        return hi, np.zeros(hi.shape), np.where(np.isnan(hi), np.nan, r)


def _beside(x, level):
    """X in units of 2^level, and where it is nothing, or so little that it is only bounded."""
    gone = (x["m"] == 0) | ((x["e"] - level < -_GONE) & ~np.isnan(x["m"]))
    return np.where(gone, 0.0, np.ldexp(x["m"], np.clip(x["e"] - level, -_GONE - 1, 0).astype(np.int32))), gone


def _over(x, y):
    """The radius of x + y where y is far smaller than x; infinite where it is not."""
    q = np.exp2(np.minimum(1 + y["e"] + y["r"] - x["e"] + x["r"], 2))
    q = np.where(y["e"] == -np.inf, 0.0, np.maximum(q, 2.0**-_GONE))
    return np.where(q <= 0.25, x["r"] + 2 * q, np.inf)
