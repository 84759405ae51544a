"""Where a derivative jumps, rounding takes one side or the other, and what lies between them is right."""

import functools

import ml_dtypes
import numpy as np

from .compare import flushed
from .condition import flat
from .exact import EXACT, KINK, Truth, truth
from .subject import FOREIGN_BOUND, derivative
from .ulp import ulp

_ULPS = 2.5  # of the numbers from which z - t, or 1 - t z, is made; not a whole number, so that no end falls on a float
_REGRESSIONS = ("real", "count")  # no margin, no 1 - t z
_HALVINGS = 10
_KEPT, _GROWN = 0.8, 1.25  # of a jump, when looked at from a thousandth of the distance; a slope or a root loses more


def either_side(quantity, got: np.ndarray, failed: np.ndarray) -> Truth | None:
    """The truth, widened to what was given wherever that lies between the sides of a jump close by; None if nowhere.

    quantity: of a loss of a number. Derivatives are piecewise, and on which piece a point lies a code decides by numbers that
    it has rounded: where z - t, or 1 - t z, rounds to the kink, it is the neighbour's, and JAX
    halves ties, also those within ties.
    """
    rows = np.flatnonzero((failed & np.isfinite(got)).any(axis=1))
    if not len(rows):
        return None
    dtype = quantity.dtype
    q = derivative(quantity.subject.truth(dtype), quantity.name, 0, False)
    trace_dtype = dtype if quantity.subject.as_traced else None
    exactly = functools.partial(_exactly, q, dtype, trace_dtype)
    z, t = (x[rows].astype(np.float64) for x in (quantity.points.z, quantity.points.t))
    step = _step(z, t, quantity.subject.targets, dtype)
    with np.errstate(over="ignore"):
        left, right = z - step, z + step
    near = _Interval(left, right, exactly(left, t), exactly(right, t))
    some = near.holds(got[rows, 0], dtype)
    rows, t, near = rows[some], t[some], near.at(some)
    size = near.difference
    for _ in range(_HALVINGS if len(rows) else 0):
        near = near.halved(lambda z: exactly(z, t))
    with np.errstate(invalid="ignore"):
        jump = (near.difference >= _KEPT * size) & (near.difference <= _GROWN * size)
    settled = np.zeros(got.shape, bool)
    settled[rows, 0] = failed[rows, 0] & jump & near.holds(got[rows, 0], dtype)
    want = quantity.want
    with np.errstate(invalid="ignore"):  # a signalling NaN
        low, high = np.fmin(want.low, got), np.fmax(want.high, got)
    return want._replace(
        low=np.where(settled, low, want.low),
        high=np.where(settled, high, want.high),
        status=np.where(settled, KINK, want.status),
    )


def _step(z, t, targets: str, dtype) -> np.ndarray:
    """How far rounding may move the point where a branch is taken; a product below the least normal number is read as 0."""
    scale = np.maximum(np.abs(z), np.abs(t))
    scale = scale if targets in _REGRESSIONS else np.maximum(scale, 1)
    return np.maximum(_ULPS * ulp(scale, dtype), flushed(ml_dtypes.finfo(dtype), 1))


def _exactly(q, dtype, trace_dtype, z, t) -> np.ndarray:
    """The quantity, NaN at a kink itself."""
    with np.errstate(all="ignore"):
        found = truth(q, z, t, dtype=dtype, trace_dtype=trace_dtype)
    return flat(np.where(found.status == EXACT, found.hi, np.nan))[:, 0]


class _Interval:
    """Intervals of z and the exact quantity at both of their ends."""

    def __init__(self, left, right, at_left, at_right):
        self.left, self.right, self.at_left, self.at_right = left, right, at_left, at_right
        with np.errstate(invalid="ignore"):
            self.difference = np.abs(at_right - at_left)

    def at(self, some) -> "_Interval":
        return _Interval(*(x[some] for x in (self.left, self.right, self.at_left, self.at_right)))

    def halved(self, exactly) -> "_Interval":
        """The half over which the quantity changes more."""
        middle = self.left / 2 + self.right / 2
        at = exactly(middle)
        at = np.where(np.isnan(at), self.at_left, at)  # the kink itself: all of the jump is on its right
        with np.errstate(invalid="ignore"):
            first = np.abs(at - self.at_left) >= np.abs(self.at_right - at)
        return _Interval(
            np.where(first, self.left, middle),
            np.where(first, middle, self.right),
            np.where(first, self.at_left, at),
            np.where(first, at, self.at_right),
        )

    def holds(self, got, dtype) -> np.ndarray:
        """Does it lie between both ends, and do they differ?"""
        low, high = np.minimum(self.at_left, self.at_right), np.maximum(self.at_left, self.at_right)
        within = (got >= low - _slack(low, dtype)) & (got <= high + _slack(high, dtype))
        return within & (self.difference > 0)


def _slack(size, dtype) -> np.ndarray:
    return FOREIGN_BOUND * ulp(size, dtype)
