"""Ball arithmetic on whole arrays: a midpoint in float64 or in 113 bits and a rigorous float64 radius.

A pair (m, r) holds every number within r of m; r is None where m is exact. Each operation propagates the radii and adds
the rounding of its own midpoint. The radii themselves are rounded: `SLACK` covers that wherever a radius is used.
What cannot be enclosed becomes NaN, which sends the point on to the next kind of arithmetic.
"""

import numpy as np

SLACK = 1.001
_SMALL = 1e-280  # below, the relative error bound no longer holds (underflow)
_TINY = 1e-319


def _total(*radii):
    radii = [r for r in radii if r is not None]
    return sum(radii[1:], radii[0]) if radii else None


class Arrays:
    """Arithmetic on pairs. `unit` is the unit roundoff of the midpoint's dtype."""

    def __init__(self, dtype, unit):
        self.dtype, self.unit = dtype, unit
        self.steep = 16 * unit  # four ulp, what we grant a transcendental function, twice

    def lift(self, x):
        return np.asarray(x, np.float64).astype(self.dtype, copy=False), None

    def float(self, m):
        return m.astype(np.float64, copy=False)

    def size(self, m):
        return np.abs(m).astype(np.float64, copy=False)

    def finite(self, a):
        ok = np.isfinite(a[0])
        return ok if a[1] is None else ok & np.isfinite(a[1])

    def spoil(self, a, bad):
        if not np.any(bad):
            return a
        return np.where(bad, np.asarray(np.nan).astype(self.dtype), a[0]), a[1]

    def hull(self, bad, one, other):
        """Where bad, NaN: a ball that holds both would seldom be of use here."""
        return self.spoil(one, bad)

    def _rounded(self, m, unit, zero):
        """Bound of the rounding of m; `zero()` says where m is exactly right although it is tiny."""
        size = self.size(m)
        r = size * unit
        small = size < _SMALL
        if small.any():
            r = r + np.where(small & ~zero(), _TINY, 0.0)
        return r

    def neg(self, a):
        return -a[0], a[1]

    def add(self, a, b):
        s = a[0] + b[0]
        exact = a[1] is None and b[1] is None
        r = self._two_sum(a[0], b[0], s) if exact else self.size(s) * self.unit
        if r is not None and not np.isfinite(s).all():
            known = np.isinf(s) & (np.isinf(a[0]) | np.isinf(b[0]))  # an infinity that came in, not an overflow
            r = np.where(known, 0.0, np.where(np.isfinite(s), r, np.nan))
        return s, _total(r, a[1], b[1])

    def _two_sum(self, a, b, s):
        """The exact error of a + b; None where all of it is zero (the sum is exact)."""
        bb = s - a
        e = self.size((a - (s - bb)) + (b - bb))
        return e if np.any(e != 0) else None

    def mul(self, a, b):
        (x, rx), (y, ry) = a, b
        m = x * y

        def zero():
            return self._zero(a) | self._zero(b)

        parts = [self._rounded(m, self.unit, zero)]
        if ry is not None:
            parts.append(self.size(x) * ry)
        if rx is not None:
            parts.append(self.size(y) * rx)
        if rx is not None and ry is not None:
            parts.append(rx * ry)
        return m, _total(*parts)

    def scale(self, a, x):
        """A times an exact float64 array x of which it is known that no product rounds."""
        y = x.astype(self.dtype, copy=False)
        return a[0] * y, None if a[1] is None else a[1] * np.abs(x)

    def _zero(self, a):
        zero = a[0] == 0
        return zero if a[1] is None else zero & (a[1] == 0)

    def div(self, a, b):
        (x, rx), (y, ry) = a, b
        q = x / y
        r = self._rounded(q, self.unit, lambda: self._zero(a))
        low = self.size(y)
        if ry is not None:
            low = low - ry * SLACK
        if rx is not None or ry is not None:
            spread = _total(rx, None if ry is None else self.size(q) * ry)
            r = r + spread / low
        r = np.where(low > 0, r, np.nan)
        return q, r

    def exp(self, a):
        m = np.exp(a[0])
        r = self._rounded(m, self.steep, lambda: np.isneginf(a[0]))
        return m, r if a[1] is None else r + self.size(m) * np.expm1(a[1])

    def expm1(self, a):
        m = np.expm1(a[0])
        r = self._rounded(m, self.steep, lambda: self._zero(a))
        return m, r if a[1] is None else r + (self.size(m) + 1) * np.expm1(a[1])

    def _log(self, function, a, argument):
        """Log or log1p: the slope is one over the argument."""
        m = function(a[0])
        r = self._rounded(m, self.steep, lambda: self._zero((m, None)) & (a[1] is None))
        if a[1] is not None:
            low = self.float(argument) - a[1] * SLACK
            r = np.where(low > 0, r + a[1] / low, np.nan)
        return m, r

    def log(self, a):
        return self._log(np.log, a, a[0])

    def log1p(self, a):
        return self._log(np.log1p, a, 1 + a[0])

    def sqrt(self, a):
        m = np.sqrt(a[0])
        r = self._rounded(m, self.unit, lambda: self._zero(a))
        if a[1] is not None:
            low = self.float(a[0]) - a[1] * SLACK
            r = np.where(low > 0, r + a[1] / self.float(m), np.where((a[0] == 0) & (a[1] == 0), 0.0, np.nan))
        return m, r

    def _bounded(self, function, a):
        """A function whose slope never exceeds one."""
        m = function(a[0])
        return m, _total(self._rounded(m, self.steep, lambda: self._zero(a)), a[1])

    def sin(self, a):
        return self._bounded(np.sin, a)

    def cos(self, a):
        m, r = self._bounded(np.cos, a)
        return m, r

    def atan(self, a):
        return self._bounded(np.arctan, a)

    def asinh(self, a):
        return self._bounded(np.arcsinh, a)

    def special(self, name, a):
        """A function this arithmetic does not bound."""
        return np.full(a[0].shape, np.nan).astype(self.dtype), None

    def special2(self, name, a, b):
        shape = np.broadcast_shapes(a[0].shape, b[0].shape)
        return np.full(shape, np.nan).astype(self.dtype), None

    def whole(self, name, a):
        """floor, ceil or round: exact where the whole ball rounds alike; else NaN."""
        function = {"floor": np.floor, "ceil": np.ceil, "round": np.rint}[name]
        m = function(a[0])
        if a[1] is None:
            return m, None
        r = a[1] * SLACK
        alike = (function(a[0] - r) == m) & (function(a[0] + r) == m)
        return self.spoil((m, None), ~alike)

    def sign(self, a):
        """-1, 0, 1 and where it is not known (None: nowhere)."""
        m, r = a
        sign = np.sign(m).astype(np.int8) if m.dtype != np.float64 else (m > 0).astype(np.int8) - (m < 0)
        unknown = np.isnan(m) if r is None else ~((self.size(m) > r * SLACK) | ((m == 0) & (r == 0)))
        return sign, unknown if unknown.any() else None

    def output(self, a):
        """hi, lo, radius in float64."""
        hi = self.float(a[0])
        lo = self.float(a[0] - hi.astype(self.dtype, copy=False))
        r = np.zeros(hi.shape) if a[1] is None else a[1] * SLACK
        return hi, np.where(np.isfinite(hi), lo, 0.0), r


def float64():
    """Midpoints in float64."""
    return Arrays(np.dtype(np.float64), 2.0**-53)


def quad():
    """113-bit midpoints, or None where numpy-quaddtype is not installed."""
    try:
        from numpy_quaddtype import QuadPrecDType
    except ImportError:
        return None
    return Arrays(QuadPrecDType(), 2.0**-112)
