"""When an enclosure is tight enough, and the sheet on which the truth of every point is written."""

import dataclasses

import ml_dtypes
import numpy as np

EXACT, KINK, NAN, UNDECIDED = 0, 1, 2, 3
_SLACK_BITS = 10
_ZERO_BITS = 64


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """The floating dtype whose ulp decides."""

    digits: int  # stored bits of the mantissa
    least_exponent: int  # of a normal number

    @classmethod
    def of(cls, dtype):
        info = ml_dtypes.finfo(dtype)
        return cls(int(info.nmant), int(info.minexp))

    @property
    def zero_exponent(self):
        """A ball inside +-2^this is zero."""
        return self.least_exponent - self.digits - _ZERO_BITS

    def ulp_exponent(self, hi):
        _, e = np.frexp(hi)
        return np.maximum(e - 1, self.least_exponent) - self.digits

    def ulp(self, hi):
        """The ulp of hi, never below the least subnormal."""
        return np.ldexp(1.0, np.clip(self.ulp_exponent(np.where(np.isfinite(hi), hi, 1.0)), -1074, 1000))

    def small(self, hi, r):
        """Is it zero, as far as the dtype can tell?"""
        zero = np.ldexp(
            1.0, self.zero_exponent
        )  # for float64 below its range: then only exact zeros, or underflowed ones
        return np.abs(hi) + r <= zero

    def close(self, hi, r):
        """Entry by entry: is the enclosure tight?"""
        with np.errstate(invalid="ignore", over="ignore"):
            fits = r <= np.ldexp(1.0, np.clip(self.ulp_exponent(hi) - _SLACK_BITS, -1074, 1000))
            sure = (np.abs(hi) > r) | (r == 0)
            finite = np.isfinite(hi) & np.isfinite(r)
            return (finite & fits & sure) | self.small(hi, r) | (np.isinf(hi) & (r == 0))

    def tight(self, hi, lo, r):
        """Point by point: are all entries tight?"""
        return self.close(hi, r).reshape(len(hi), -1).all(1)

    def settled(self, hi, lo, r):
        """Hi and lo, with zero where the ball is zero."""
        zero = self.small(hi, r) & (r > 0)
        return np.where(zero, 0.0, hi), np.where(zero, 0.0, lo)


class Sheet:
    """Truth, as far as it is known."""

    def __init__(self, n, shape):
        self.hi, self.lo, self.low, self.high = (np.full((n, *shape), np.nan) for _ in range(4))
        self.status = np.full((n, *shape), UNDECIDED, np.uint8)
        self.special = np.zeros(n, bool)  # to be found as a limit
        self.infinite = np.zeros(n, bool)  # an argument is infinite

    def set(self, index, hi, lo):
        self.hi[index], self.lo[index], self.low[index], self.high[index] = hi, lo, hi, hi
        self.status[index] = EXACT

    def set_nan(self, index, where=True):
        """NaN is right at these points, in the entries `where`."""
        self.status[index] = np.where(where, NAN, self.status[index])
        self.blank_nan(index)

    def blank_nan(self, index):
        """No numbers where there is no truth."""
        none = self.status[index] >= NAN
        for column in (self.hi, self.low, self.high):
            column[index] = np.where(none, np.nan, column[index])

    def columns(self):
        return self.hi, self.lo, self.low, self.high, self.status
