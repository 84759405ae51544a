"""Is a derivative right, entry by entry? |got - want| <= B (ulp(want) + eps sum_k |x_k dq/dx_k|)."""

import dataclasses

import numpy as np

from ..proof.exact import EXACT, KINK, NAN, UNDECIDED, Truth
from .conditioning import Conditioning
from .reference import Reference

_MANY = 64


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Arrays of the shape (directions, entries)."""

    got: np.ndarray
    truth: Truth
    error: np.ndarray  # 0 where it is not judged
    ulps: np.ndarray
    excess: np.ndarray  # the least B that fits, or an upper bound of it below the bound asked for
    wrong: np.ndarray  # NaN or an infinity where a number is right, or the reverse
    failed: np.ndarray

    @property
    def worst(self) -> tuple[int, int]:
        """Row and entry of the worst failure."""
        badness = np.where(self.failed, np.where(self.wrong, np.inf, self.excess), -1.0)
        row, entry = np.unravel_index(np.argmax(badness), badness.shape)
        return int(row), int(entry)


def judge(trial, rows, got, reference: Reference) -> Verdict:
    """The verdict on `got` along the directions `rows` of a trial."""
    truth = reference.truth
    mode, (atol, rtol) = trial.mode, trial.request.loosen
    tiny, top = mode.out.tiny, mode.out.top
    with np.errstate(all="ignore"):
        judged = (truth.status == EXACT) | (truth.status == KINK)
        want = np.where(judged, truth.hi, 0.0)
        edge = np.abs(want) > top * (1 - 16 * mode.flat.eps)
        between = (
            judged & (truth.status == KINK) & (truth.low <= got) & (got <= truth.high)
        )  # one limit may be infinite
        beyond = judged & (np.abs(want) > top) & ~between
        wrong = judged & np.isnan(got)
        wrong |= judged & np.isinf(got) & ~between & ~(edge & (np.sign(got) == np.sign(want)))
        wrong |= beyond & np.isfinite(got) & (np.abs(got) < top * (1 - 16 * mode.flat.eps))
        usual = judged & ~wrong & ~beyond & np.isfinite(got)
        error = np.where(usual, np.abs((got - want) - truth.lo), 0.0)
        # Where many numbers are tied at once, only some of the limits were looked at: as far again on both sides passes.
        lenient = trial.rounding == "intermediates"
        margin = np.where(reference.loose & lenient, truth.high - truth.low, 0.0)
        hull = np.maximum(np.maximum(truth.low - margin - got, got - truth.high - margin), 0.0)
        error = np.where(usual & (truth.status == KINK), hull, error)
        error = np.where(between, 0.0, error)
        error = np.where((np.abs(want) < tiny) & (error <= tiny), 0.0, error)  # XLA may flush a subnormal result
        error = np.where(error <= atol + rtol * np.abs(want), 0.0, error)
        ulp = mode.out.ulp(want)
    # A zero is right only where one rounding of the arguments may make it so; any other is a lost tail.
    zero = (got == 0) & (error > 0)
    if (doubtful := (zero & ~reference.exact[:, None]).any(axis=1)).any():
        # Float64 rounds as well: what should be 0 by structure it may give as the rounding of something else.
        unsure = limit_of_float64(trial, rows[doubtful])
        error[doubtful] = np.where(zero[doubtful] & (error[doubtful] <= unsure), 0.0, error[doubtful])
        zero &= error > 0
    limit = np.where(zero, 1.0, trial.request.bound)
    excess = _excess(rows, error, ulp, limit, trial.conditioning, zero if lenient else np.ones_like(zero))
    for programs in trial.own.stages if lenient else ():
        open_ = _worst(excess, (excess > limit) & ~zero, programs > trial.own.stages[0])
        if len(open_):
            fair = error[open_] / (ulp[open_] + trial.own(rows[open_], programs))
            excess[open_] = np.where(zero[open_], excess[open_], fair)
    return Verdict(got, truth, error, error / ulp, excess, wrong, (excess > limit) | wrong)


def limit_of_float64(trial, rows):
    """How well float64 knows an entry: the code's own rounding, at the digits of float64."""
    return trial.request.bound * trial.own(rows) * float(np.finfo(np.float64).eps) / trial.mode.flat.eps


def _excess(rows, error, ulp, limit, conditioning: Conditioning, held):
    """Error over ulp, and over ulp and conditioning where that may decide; `held` are the entries that are so judged."""
    excess = error / ulp
    for draws in conditioning.stages:
        beyond = (excess > limit) & held
        open_ = _worst(excess, beyond, draws > conditioning.stages[0])
        if len(open_):
            keep = np.zeros_like(beyond)
            keep[open_] = beyond[open_]
            excess[keep] = error[keep] / (ulp[keep] + conditioning(rows[open_], beyond[open_], draws))
    return excess


def _worst(excess, beyond, few):
    """The rows with an entry beyond its limit; the worst of them where a few will do."""
    open_ = np.flatnonzero(beyond.any(axis=1))
    return np.sort(open_[np.argsort(-excess[open_].max(axis=1))[:_MANY]]) if few else open_


def undecided(truth: Truth) -> int:
    """Entries without a verdict because the truth was not found."""
    return int((truth.status == UNDECIDED).sum())


def without(truth: Truth) -> int:
    """Entries at which no derivative exists: NaN, or anything else, is right."""
    return int((truth.status == NAN).sum())
