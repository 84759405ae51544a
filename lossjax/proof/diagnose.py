"""The likely cause of a failure, read from how got and want relate, and from which one slip would give got."""

import dataclasses
from collections.abc import Callable

import jax
import ml_dtypes
import numpy as np

from . import causes, parts
from .compare import Comparison, widened
from .exact import EXACT, KINK, Truth
from .primal import NoTruth
from .relation import MOST, WRONG, Relation, same
from .slips import slips
from .ulp import is_half
from .unrounded import Unrounded

# Rounding rarely explains a difference of one part in a hundred, and never at a third of the ordinary points.
_SMALL, _TAME, _MANY = 1e-3, 6.0, 0.3
# Nor at any, in float32 and float64, where z is not small and the result not near a root.
_SOLID_Z, _SOLID = 0.1, 1e-3
_POINTS = 48  # at which a slip is tried
_FLOAT64 = 30.0  # within this |z| a formula as printed can be evaluated in float64
_HALF = 0.5  # of what failed: the formula's own fault, more than that of its floating point


@dataclasses.dataclass(frozen=True)
class Source:
    """What is known beside the numbers: functions of one example (z, t).

    want(z, t), got(z, t): the formula and the code, both of this quantity, from `formula` and `code` by `derive`. exact: got is
    the code's own formula in exact arithmetic, which does not round. batch: rows and classes of one example, where it is a batch.
    """

    formula: Callable | None = None
    derive: Callable[[Callable], Callable] = lambda f: f
    code: Callable | None = None
    derive_code: Callable[[Callable], Callable] = lambda f: f
    exact: bool = False
    batch: tuple[int, int] | None = None
    # What was found for the same numbers, which several witnesses give: the search takes seconds.
    seen: list[tuple[Relation, str | None]] = dataclasses.field(default_factory=list)


_NUMBERS_ONLY = Source()


def diagnose(
    got,
    truth: Truth,
    comparison: Comparison,
    z,
    t,
    classes: int,
    quantity: str,
    source: Source = _NUMBERS_ONLY,
    itself: Unrounded | None = None,
) -> tuple[str, str]:
    """(code, cause) of a failed comparison; `itself`, what the formula gives without rounding, overrules all guesses."""
    got, want = widened(np.asarray(got)), truth.hi
    size = np.abs(widened(z)).max(axis=1)
    tame, solid_z = ((size > _SMALL) & (size < _TAME))[:, None], (size > _SOLID_Z)[:, None]
    precise = not is_half(z.dtype)
    with np.errstate(all="ignore"):
        finite = tame & np.isfinite(got) & (truth.status == EXACT) & ~comparison.skipped
        usable, idle = finite & (np.abs(want) > 1e-6), finite & (want == 0) & precise
        wrong = (usable & (np.abs(got - want) > WRONG * np.abs(want))) | (idle & (np.abs(got) > _SOLID) & solid_z)
        r = Relation(got, want, widened(z), widened(t), usable, idle, wrong, classes, quantity, source.batch)
        judged = usable | idle
        if itself is None or not itself.right:
            if judged.any() and wrong.sum() > _MANY * judged.sum():
                return _wrong_maths(r, source)
            gross = wrong & comparison.failed & (idle | (np.abs(want) > _SOLID)) & solid_z
            if gross.any() and precise:
                return _wrong_maths(r, source, " in a part of its domain")
        far = comparison.failed & (truth.status == EXACT) & np.isfinite(got) & np.isfinite(want)
        at_infinity = np.isinf(r.z).any(axis=1, keepdims=True)
        if source.exact and far.any() and not np.any(comparison.wrong_nonfinite & ~at_infinity):
            return "LJ005", _elsewhere(r, far, source, _reach(r, comparison, far.any(axis=1)))
        code, cause = _lost_precision(r, truth, comparison, z.dtype)
        if itself is None or not itself.wrong.any():
            return code, cause
        reach = _reach(r, comparison, itself.rows[itself.wrong.any(axis=1)])
        apart = _elsewhere(_without_rounding(r, itself), itself.wrong, source, reach)
        if itself.wrong.sum() > _HALF * itself.known.sum():
            return "LJ005", apart
    return code, f"{cause}; and {apart}"


# From the simplest on; the first that accounts for all the numbers is named.
_WHOLE = (causes.constant, causes.dropped_cross_terms, causes.zero, causes.slope, causes.wrong_axis, causes.permuted)
_LATER = (
    causes.another_loss,
    causes.factor,
    causes.shifted,
    parts.clipped,
    parts.detached,
    parts.each_example,
    parts.part,
)


def _wrong_maths(r: Relation, source: Source, where=""):
    told = next((found for cause in _WHOLE if (found := cause(r))), None)
    # Of a factor, and of a zero, it is worth to know where it was lost.
    slip = _slip(r, source) if told is None or told[0] == "LJ001" or told[1].startswith("zero") else None
    if told:
        return told[0], told[1] + (f"; {slip}" if slip else "")
    if slip:
        return "LJ005", f"a wrong formula{where}: {slip}"
    told = next((found for cause in _LATER if (found := cause(r))), None)
    if told:
        return told
    off, judged = r.wrong.sum(), (r.usable | r.idle).sum()
    return "LJ005", f"a wrong formula{where}: {off} of {judged} entries at |z| < {_TAME:g} are off by more than 1 %"


def _slip(r: Relation, source: Source) -> str | None:
    """The one slip in the formula that gives what the code gives, or in the code without which it would be right."""
    if r.quantity == "hess" or not r.wrong.any():
        return None
    for other, found in source.seen:
        if other.got.shape == r.got.shape and np.mean(np.isclose(other.got, r.got, rtol=WRONG)[r.usable]) > MOST:
            return found
    rows = _chosen(r)
    text = source.formula and _found(source.formula, source.derive, r, rows, r.got)
    text = f"as if {text}" if text else _in_code(r, source)
    source.seen.append((r, text))
    return text


def _in_code(r: Relation, source: Source) -> str | None:
    text = source.code and _found(source.code, source.derive_code, r, _chosen(r), r.want)
    return f"it would be right if in the code {text}" if text else None


def _found(f, derive, r: Relation, rows, held) -> str | None:
    """The first slip of f that gives the numbers held."""
    z, t = (x[rows] if r.classes else x[rows, 0] for x in (r.z, r.t))
    with jax.enable_x64(True):
        try:
            for slip in slips(f, z[0], t[0]):
                if _gives(derive(slip.function), z, t, held[rows], (r.usable | r.idle)[rows], r.wrong[rows]):
                    return slip.text
        except (NoTruth, TypeError, ValueError, NotImplementedError):  # a program that cannot be taken apart
            return None
    return None


def _gives(f, z, t, held, usable, wrong) -> bool:
    try:
        x = np.asarray(jax.vmap(f)(z, t), np.float64).reshape(len(z), -1)
    except (TypeError, ValueError, NotImplementedError):  # the change has no derivative
        return False
    if x.shape != held.shape:
        return False
    close = np.isclose(x, held, rtol=WRONG, atol=1e-4 * np.median(np.abs(held[usable])))
    return bool(close[usable].mean() > MOST and close[wrong].mean() > MOST)


def _chosen(r: Relation) -> np.ndarray:
    """Points to try slips at, half of them wrong; always as many, so that nothing is compiled anew."""
    wrong, seen = r.wrong.any(axis=1), (r.usable | r.idle).any(axis=1)
    bad, good = np.flatnonzero(wrong), np.flatnonzero(seen & ~wrong)
    good = good if len(good) else bad
    return np.concatenate([x[np.linspace(0, len(x) - 1, _POINTS // 2).astype(int)] for x in (bad, good)])


def _without_rounding(r: Relation, itself: Unrounded) -> Relation:
    """The same relation of what the formula itself gives, at the points where it was tried."""
    kept = {name: getattr(r, name)[itself.rows] for name in ("want", "z", "t", "usable", "idle", "wrong")}
    return dataclasses.replace(r, got=itself.own.hi, **kept)


def _reach(r: Relation, comparison: Comparison, off) -> str:
    """At which |z| these rows lie, and whether what lies further out is right."""
    size, right = np.abs(r.z).max(axis=1), ~(comparison.failed | comparison.skipped).any(axis=1)
    low, high = size[off].min(), size[off].max()
    return (
        f"at |z| = {low:.4g} to {high:.4g}"
        if (np.isfinite(size) & right & (size > high)).any()
        else f"from |z| = {low:.4g} on"
    )


def _elsewhere(r: Relation, off, source: Source, where: str) -> str:
    """How a formula is another one where no ordinary point shows it: a constant in the code, as a clip, or a factor."""
    size = np.abs(r.z).max(axis=1)
    near = off & (size < _FLOAT64)[:, None] & np.isfinite(r.got) & np.isfinite(r.want)
    r = dataclasses.replace(r, usable=near, idle=near & False, wrong=near)
    slip = near.any() and r.quantity != "hess" and _in_code(r, source)
    factor = same(r.got[off] / r.want[off])
    cause = slip or (
        "a clip: it is flat there"
        if np.mean(r.got[off] == 0) > MOST
        else "a small number that is added, as in log(p + 1e-8)"
        if source.exact and factor is None
        else ""
        if factor is None
        else f"got = {factor:.4g} * want there"
    )
    return f"the formula is another one {where}{cause and ': '}{cause}"


def _lost_precision(r: Relation, truth: Truth, comparison: Comparison, dtype):
    failed = comparison.failed
    # A NaN lies on no side of anything: it is no choice of a side, whatever is there. Of one side the limit may be infinite.
    if np.any(failed & (truth.status == KINK) & np.isfinite(r.got)):
        return "LJ009", "outside the interval of one-sided limits at a kink"
    far = np.isinf(r.z).any(axis=1, keepdims=True)
    # What is no number at infinite z alone tells less than what else is wrong.
    if (comparison.wrong_nonfinite & ~far).any() or not (failed & ~comparison.wrong_nonfinite).any():
        return "LJ008", _nonfinite(r, comparison, dtype)
    if _tie(r, failed):
        return "LJ009", "wrong at a tie only: a derivative rule picked the wrong side of max, abs or select at z = 0"
    if comparison.lost.any():
        return "LJ006", "a lost tail: exactly 0 where the true result is a normal number"
    return "LJ007", "cancellation: digits are lost that the conditioning of the quantity does not explain"


def _tie(r: Relation, failed) -> bool:
    """Is it grossly wrong at z = 0, and close to that nowhere?"""
    size = np.abs(r.z).max(axis=1)
    at_zero, near = (size == 0)[:, None], ((size > 0) & (size < _SMALL))[:, None] & np.isfinite(r.want)
    if not near.any():
        return bool(np.any(failed) and np.all(~failed | at_zero))
    with np.errstate(invalid="ignore"):
        gross = failed & (np.abs(r.got - r.want) > WRONG * np.abs(np.where(near, r.want, 0)).max())
    return bool(np.any(gross & at_zero) and not np.any(gross & near))


def _nonfinite(r: Relation, comparison: Comparison, dtype) -> str:
    """Where NaN or inf is wrong says why."""
    nan = (comparison.wrong_nonfinite & np.isnan(r.got)).any(axis=1)
    bad = nan if nan.any() else comparison.wrong_nonfinite.any(axis=1)
    z, t = r.z[bad], r.t[bad]
    reach = float(np.log(float(ml_dtypes.finfo(dtype).max)))
    with np.errstate(invalid="ignore"):
        top = z.max(axis=1, keepdims=True)
        faded = r.classes > 0 and z.shape == t.shape and ((z - top < -reach) & (t == 0)).any(axis=1).all()
    if faded and (top < reach).any():
        return "0 * log 0: a class whose target is 0 has no probability left, masked or far below; mask before the log, not after it"
    wrong, far = comparison.wrong_nonfinite.any(axis=1), np.isinf(r.z).any(axis=1)
    if not (wrong & ~far).any():
        return "NaN or inf only at an infinite z: inf - inf, or 0 * inf"
    also = "; and at an infinite z: inf - inf, or 0 * inf" if (wrong & far).any() else ""
    near = nan & ~far if (nan & ~far).any() else wrong & ~far
    return _at_numbers(r.z[near], r.t[near], np.unique(r.t), bool((near & nan).any())) + also


def _at_numbers(z, t, targets, nan: bool) -> str:
    """Why finite z give no number: a division by 0, exact or underflowed, or an overflow."""
    quotient = "0 / 0" if nan else "1 / 0"
    if z.shape == t.shape and np.all(z == t) and len(targets) > 1:
        return f"NaN or inf only at z = t: {quotient} at the root, as of a square root or a norm"
    if np.all(z == 0):
        return f"{quotient} at z = 0, where the true result is a limit, as of sin(z) / z"
    if np.all(np.abs(z) < _SMALL):
        return f"an intermediate underflows: {quotient} beside z = 0"
    return "an intermediate overflows: NaN or inf where the true result is an ordinary number, or the reverse"
