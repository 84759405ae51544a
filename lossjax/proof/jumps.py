"""Where a derivative jumps, rounding takes one side or the other, and each is right."""

from collections.abc import Iterator

import ml_dtypes
import numpy as np

from .compare import Comparison, flushed_below
from .condition import flat
from .exact import KINK, Truth, truth
from .subject import FOREIGN_BOUND, derivative
from .ulp import ulp

_ENTRIES = 2048  # what fails more often does not fail beside jumps only
_MOST = 0.5  # of the points, likewise


def either_side(quantity, got: np.ndarray, comparison: Comparison) -> Truth | None:
    """The truth, widened to what was given wherever that lies between the limits on the sides that rounding may take.

    quantity: a derivative of foreign code that jumps where z - t does, as Huber's second one; None where there is none such.
    """
    rows = _jumping(quantity, comparison.failed & np.isfinite(got))
    if not len(rows):
        return None
    want, dtype = quantity.want, quantity.dtype
    q = derivative(quantity.subject.truth(dtype), quantity.name, quantity.subject.event_ndim, False)
    beside = _neighbours(quantity.points.z[rows], quantity.points.t[rows], flushed_below(ml_dtypes.finfo(dtype), 1))
    with np.errstate(all="ignore"):
        sides = [truth(q, *at, dtype=dtype, trace_dtype=dtype if quantity.subject.as_traced else None) for at in beside]
        low = np.minimum.reduce([want.low[rows], *(flat(s.low) for s in sides)])
        high = np.maximum.reduce([want.high[rows], *(flat(s.high) for s in sides)])
        least, most = low - FOREIGN_BOUND * ulp(low, dtype), high + FOREIGN_BOUND * ulp(high, dtype)
    between = np.zeros(got.shape, bool)
    between[rows] = comparison.failed[rows] & (got[rows] >= least) & (got[rows] <= most)
    return want._replace(
        low=np.where(between, np.fmin(want.low, got), want.low),
        high=np.where(between, np.fmax(want.high, got), want.high),
        status=np.where(between, KINK, want.status),
    )


def _jumping(quantity, failed: np.ndarray) -> np.ndarray:
    """Points that failed where the quantity may jump: a second derivative, or a gradient that does not vary.

    Of an audited library classes are exact, and z - t rounds in a regression only.
    """
    scalar = quantity.subject.event_ndim == 0
    kind = quantity.subject.targets == "real" if quantity.subject.audited else quantity.subject.foreign and scalar
    if quantity.name == "value" or not kind or not failed.any() or failed.any(1).mean() > _MOST:
        return np.zeros(0, int)
    if quantity.name == "hess":
        return np.flatnonzero(failed.any(1))
    rows, entries = (index[:_ENTRIES] for index in np.nonzero(failed))
    return np.unique(rows[quantity.condition(rows, entries) == 0])


def _neighbours(z, t, tiny: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One entry of z, or t, moved to the next float on either side; and to 0, where its product with a number is flushed."""
    for to in (-np.inf, np.inf):
        for k in np.ndindex(z.shape[1:]):
            moved = z.copy()
            moved[(slice(None), *k)] = _beside(z[(slice(None), *k)], to)
            yield moved, t
        yield z, _beside(t, to)
    small = np.abs(z) <= tiny
    if (small & (z != 0)).any():
        yield np.where(small, 0, z).astype(z.dtype), np.where(np.abs(t) <= tiny, 0, t).astype(t.dtype)


def _beside(x, to):
    with np.errstate(over="ignore"):  # beside the largest float lies infinity
        return np.nextafter(x, x.dtype.type(to))
