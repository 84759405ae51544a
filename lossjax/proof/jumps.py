"""Where a derivative jumps, rounding takes one side or the other, and each is right."""

import numpy as np

from .condition import flat
from .exact import KINK, Truth, truth
from .subject import FOREIGN_BOUND, derivative
from .ulp import ulp

_NEAR = 2  # ulps of the largest of z, t and 1, from which intermediates such as z - t and 1 - t z are made
_FAR = (
    16  # times as far away, the difference of the two sides of a jump is still about the same, that of a slope is not
)


def either_side(quantity, got: np.ndarray, failed: np.ndarray) -> Truth | None:
    """The truth, widened to what was given wherever that lies between the two sides of a jump; None where it does so nowhere.

    quantity: of a loss of a number. Derivatives are piecewise, and on which piece a point lies a code decides by numbers that
    it has rounded: where z - t, or 1 - t z, rounds to the kink, it is the neighbour's.
    """
    rows = np.flatnonzero((failed & np.isfinite(got)).any(axis=1))
    if not len(rows):
        return None
    low, high = _sides(quantity, rows, _NEAR)
    within = _slack(low, -1, quantity.dtype) <= got[rows]
    within &= got[rows] <= _slack(high, 1, quantity.dtype)
    found = (within & failed[rows]).any(axis=1)
    rows, low, high, within = rows[found], low[found], high[found], within[found]
    if not len(rows):
        return None
    far_low, far_high = _sides(quantity, rows, _NEAR * _FAR)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (far_high - far_low) / (high - low)
    between = np.zeros(got.shape, bool)
    between[rows] = failed[rows] & within & (ratio > 0.5) & (ratio < 2)
    want = quantity.want
    return want._replace(
        low=np.where(between, np.fmin(want.low, got), want.low),
        high=np.where(between, np.fmax(want.high, got), want.high),
        status=np.where(between, KINK, want.status),
    )


def _sides(quantity, rows: np.ndarray, ulps: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest of the exact quantity so far to the left and to the right."""
    q, dtype = derivative(quantity.subject.truth(quantity.dtype), quantity.name, 0, False), quantity.dtype
    z, t = (x[rows].astype(np.float64) for x in (quantity.points.z, quantity.points.t))
    step = ulps * ulp(np.maximum(1, np.maximum(np.abs(z), np.abs(t))), dtype)
    trace_dtype = dtype if quantity.subject.as_traced else None
    with np.errstate(all="ignore"):
        sides = [truth(q, at, t, dtype=dtype, trace_dtype=trace_dtype) for at in (z - step, z + step)]
    return np.minimum(*(flat(s.low) for s in sides)), np.maximum(*(flat(s.high) for s in sides))


def _slack(limit, sign: int, dtype) -> np.ndarray:
    return limit + sign * FOREIGN_BOUND * ulp(limit, dtype)
