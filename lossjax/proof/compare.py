"""Hold computed numbers against the truth: errors in ulps, excess over conditioning, lost tails, wrong NaN and inf."""

import dataclasses

import ml_dtypes
import numpy as np

from .condition import Condition
from .exact import EXACT, KINK, NAN, UNDECIDED, Truth
from .ulp import ulp

_CHUNK = 16
_ENOUGH = 2048  # entries evaluated, once some are far beyond the bound
_NEVER_FLUSHED = 1e-30  # subnormals of float16 are numbers like others
_LARGE = 1.0  # an excess whose upper bound is worth a better one
_EXPLAINED = 2.0  # ulps of the result and of every input that explain a zero


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Every mask and number has the shape (points, entries) of the quantity."""

    error_ulp: np.ndarray  # in ulps of the swept dtype; 0 where not judged
    excess: (
        np.ndarray
    )  # the least B that fits, where it was evaluated; else an upper bound that does not exceed the maximum
    failed: np.ndarray
    lost: np.ndarray
    wrong_nonfinite: np.ndarray
    subnormal: np.ndarray
    undecided: np.ndarray
    skipped: np.ndarray
    max_excess: float
    truth: Truth  # what it was held against


def compare(
    got,
    truth: Truth,
    z,
    t,
    dtype,
    bound: float,
    condition: Condition,
    *,
    foreign: bool = False,
    audited: bool = False,
) -> Comparison:
    """Judge `got` (points, entries), computed in `dtype`, at the inputs z, t.

    condition: eps sum_k |z_k dq/dz_k|, asked for only where it can matter.
    foreign: the unit is eps |want| instead of ulp(want), so that a conviction does not hinge on where want lies in its
    binade; a NaN input, which must give NaN elsewhere, is skipped; and what is left of a sum whose terms XLA flushed to 0 is
    an answer.
    audited: a zero that the rounding of the inputs explains is an answer as well.
    """
    info = ml_dtypes.finfo(dtype)
    tiny, top = float(info.tiny), float(info.max)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        got = np.asarray(got).astype(np.float64)
    hi, lo, status = truth.hi, truth.lo, truth.status
    inputs = np.concatenate([widened(z), widened(t)], axis=1)
    no_number = np.isnan(inputs).any(axis=1, keepdims=True)
    # XLA on a CPU reads a subnormal input as 0: not judged, but counted.
    skipped = np.broadcast_to(((inputs != 0) & (np.abs(inputs) < tiny)).any(axis=1, keepdims=True), got.shape)
    if foreign:
        skipped = skipped | no_number
    undecided = (status == UNDECIDED) & ~skipped
    nan_right = (status == NAN) & ~skipped
    judged = ~skipped & ~undecided & ~nan_right

    with np.errstate(invalid="ignore", over="ignore"):
        wrong_nonfinite = nan_right & no_number & ~np.isnan(got)
        between = judged & (status == KINK) & (truth.low <= got) & (got <= truth.high)  # one limit may be infinite
        beyond = judged & (np.abs(hi) > top) & ~between
        # Within a few ulps of the largest float, a finite number and inf are the same answer.
        edge = judged & (np.abs(hi) > top * (1 - 16 * float(info.eps)))
        wrong_nonfinite |= judged & np.isnan(got)
        wrong_nonfinite |= judged & np.isinf(got) & ~between & ~(edge & (np.sign(got) == np.sign(hi)))
        wrong_nonfinite |= beyond & np.isfinite(got) & (np.abs(got) < top * (1 - 16 * float(info.eps)))
        finite = judged & ~beyond & np.isfinite(got) & ~wrong_nonfinite

        error = np.where(finite, np.abs((got - hi) - lo), 0.0)
        kink = finite & (status == KINK)
        error = np.where(kink, np.maximum(np.maximum(truth.low - got, got - truth.high), 0), error)
        subnormal = finite & (np.abs(hi) < tiny) & (hi != 0) & (error <= tiny)
        error = np.where(subnormal, 0.0, error)
        lost = finite & (got == 0) & (np.abs(hi) >= tiny) & (status == EXACT)

        if foreign:
            gone = flushed(info, z.shape[1] if z.ndim > 1 else 1)
            error, lost = np.maximum(error - gone, 0.0), lost & (np.abs(hi) > gone)
        error_ulp = error / ulp(hi, dtype)
        working = condition.working
        over = error if working == dtype else np.maximum(error - 0.5 * ulp(hi, dtype), 0.0)
        unit = ulp(hi, working)
        if foreign:
            unit = np.where(np.isfinite(hi), np.maximum(unit, float(ml_dtypes.finfo(working).eps) * np.abs(hi)), unit)
        excess = over / unit
    if not audited:
        largest = _condition_where_it_matters(excess, over, unit, np.full(got.shape, bound), condition, _LARGE)
    else:
        settled = np.where(lost, _EXPLAINED, bound)
        largest = _condition_where_it_matters(excess, over, unit, settled, condition, settled)
        lost = lost & (excess > _EXPLAINED)
    failed = (excess > bound) | lost | wrong_nonfinite
    return Comparison(error_ulp, excess, failed, lost, wrong_nonfinite, subnormal, undecided, skipped, largest, truth)


def flushed(info, entries: int) -> float:
    """What can be missing where every input has its term, the terms are subnormal, and a factor follows, as that of a square."""
    return 0.0 if float(info.tiny) > _NEVER_FLUSHED else 4 * float(info.tiny) * entries


def widened(x) -> np.ndarray:
    """(points, entries) in float64; NaN patterns of every kind pass quietly."""
    with np.errstate(invalid="ignore"):
        return x.reshape(len(x), -1).astype(np.float64)


def _condition_where_it_matters(excess, over, unit, bound, condition, worth) -> float:
    """Replace err / ulp by err / (ulp + eps cond), from the largest down, until no other can be the maximum or fail.

    bound: of every entry, what it fails beyond.
    """
    if not excess.any():
        return 0.0
    unit = np.broadcast_to(unit, excess.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        least = condition.at_least(lambda bounds: (over / (unit + bounds) > worth).any(axis=1))
        excess[:] = over / (unit + least)
    flat, over, unit, bound = (a.reshape(-1) for a in (excess, over, unit, bound))
    order = np.argsort(-flat / bound, kind="stable")
    highest = np.maximum.accumulate(flat[order][::-1])[::-1]  # from here on
    entries = excess.shape[1]
    largest, start, size = 0.0, 0, _CHUNK
    while start < len(order):
        index = order[start : start + size]
        if flat[index[0]] <= bound[index[0]] and highest[start] <= largest:
            break
        # Far beyond the bound the verdict is settled; what is left stays an upper bound.
        if largest > 1e3 * bound.max() and start >= _ENOUGH:
            break
        cond = condition(index // entries, index % entries)
        with np.errstate(over="ignore", invalid="ignore"):
            flat[index] = over[index] / (unit[index] + np.nan_to_num(cond, nan=0.0, posinf=0.0))
        largest = max(largest, float(flat[index].max()))
        start, size = start + size, min(2 * size, 512)
    return largest
