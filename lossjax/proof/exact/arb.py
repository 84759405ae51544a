"""Arb balls (python-flint) in numpy object arrays: the arithmetic that decides when no array arithmetic can.

A pair (m, None) here: the radius lives inside each ball. The precision is the context's.
"""

import numpy as np

from ...extras import need
from .special import Special


def _each(function, outputs=1):
    return np.frompyfunc(function, 1, outputs)


class Balls(Special):
    """Arithmetic on object arrays of arb, at whatever precision `flint.ctx.prec` holds."""

    def __init__(self, flint):
        arb = flint.arb
        self.arb, self.nan = arb, arb.nan()
        self._lift = _each(arb)
        self._finite = _each(arb.is_finite)
        names = "exp expm1 log log1p sqrt sin cos tan asin acos atan sinh cosh asinh acosh atanh"
        names += " erf erfc lgamma digamma"
        self._special = {name: _each(getattr(arb, name)) for name in names.split()}
        self._special["erf_inv"] = _each(arb.erfinv)
        self._special["bessel_i0e"] = _each(lambda x: x.bessel_i(0) * (-abs(x)).exp())
        self._special["bessel_i1e"] = _each(lambda x: x.bessel_i(1) * (-abs(x)).exp())
        self._special2 = {
            "atan2": np.frompyfunc(lambda y, x: arb.atan2(y, x), 2, 1),
            "polygamma": np.frompyfunc(self._polygamma, 2, 1),
            "igamma": np.frompyfunc(lambda a, x: a.gamma_lower(x, regularized=1), 2, 1),
            "igammac": np.frompyfunc(lambda a, x: x.gamma_upper(a, regularized=1), 2, 1),
        }
        self._union = np.frompyfunc(arb.union, 2, 1)
        self._size = _each(arb.abs_upper)
        self._whole = {"floor": _each(arb.floor), "ceil": _each(arb.ceil), "round": _each(self._round)}

    def _polygamma(self, n, x):
        """psi^(n)(x) = (-1)^(n+1) n! zeta(n+1, x), for whole n >= 1."""
        order = int(float(n))
        if order == 0:
            return x.digamma()
        return (-1) ** (order + 1) * self.arb.fac_ui(order) * self.arb(order + 1).zeta(x)

    def _round(self, x):
        """To the nearest whole number, ties to even."""
        low = x.floor()
        gap = x - low - self.arb(0.5)
        if gap == 0:
            return 2 * (x / 2 + self.arb(0.25)).floor()
        if gap < 0:
            return low
        return low + 1 if gap > 0 else self.nan

    def lift(self, x):
        return self._lift(np.asarray(x, np.float64).astype(object)), None

    def finite(self, a):
        return self._finite(a[0]).astype(bool)

    def size(self, m):
        return self._size(m).astype(np.float64)

    def float(self, m):
        return m.astype(np.float64)

    def spoil(self, a, bad):
        return (np.where(bad, self.nan, a[0]), None) if np.any(bad) else a

    def hull(self, bad, one, other):
        """Where bad, a ball that holds both."""
        m = np.array(np.broadcast_to(one[0], bad.shape))
        m[bad] = self._union(np.broadcast_to(one[0], bad.shape)[bad], np.broadcast_to(other[0], bad.shape)[bad])
        return m, None

    def neg(self, a):
        return np.negative(a[0]), None

    def add(self, a, b):
        return np.add(a[0], b[0]), None

    def mul(self, a, b):
        return np.multiply(a[0], b[0]), None

    def scale(self, a, x):
        return np.multiply(a[0], x.astype(object)), None

    def div(self, a, b):
        return np.true_divide(a[0], b[0]), None

    def exp(self, a):
        return self.special("exp", a)

    def expm1(self, a):
        return self.special("expm1", a)

    def log(self, a):
        return self.special("log", a)

    def log1p(self, a):
        return self.special("log1p", a)

    def sqrt(self, a):
        return self.special("sqrt", a)

    def special(self, name, a):
        return self._special[name](a[0]), None

    def special2(self, name, a, b):
        return self._special2[name](a[0], b[0]), None

    def whole(self, name, a):
        m = self._whole[name](a[0])
        exact = _each(self.arb.is_exact)(m).astype(bool)
        return self.spoil((m, None), ~exact)

    def sign(self, a):
        m = a[0]
        plus, minus, zero = (np.asarray(x, bool) for x in (m > 0, m < 0, m == 0))
        unknown = ~(plus | minus | zero)
        return plus.astype(np.int8) - minus, unknown if unknown.any() else None

    def output(self, a):
        """hi, lo, radius in float64; the radius is 0 at an infinity, be it exact or only beyond float64's range."""
        mid = _each(self.arb.mid)(a[0])
        hi = mid.astype(np.float64)
        lo = (mid - np.where(np.isfinite(hi), hi, 0.0).astype(object)).astype(np.float64)
        radius = _each(self.arb.rad)(a[0]).astype(np.float64)
        if np.isfinite(hi).all() and np.isfinite(radius).all():
            return hi, lo, radius
        huge = self.finite(a) & (_each(self.arb.abs_lower)(a[0]).astype(np.float64) == np.inf)
        known = huge | (np.isinf(hi) & _each(self.arb.is_exact)(a[0]).astype(bool))
        radius = np.where(known, 0.0, np.where(np.isfinite(hi), radius, np.nan))
        return hi, np.where(np.isfinite(hi), lo, 0.0), radius


def balls():
    """The arithmetic of python-flint, which is an extra."""
    return Balls(need("flint", "reference", "exact arithmetic"))
