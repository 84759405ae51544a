"""From what was seen to findings: the class of each error, its severity, the worst and the smallest failing input."""

import dataclasses
import inspect
import textwrap

import numpy as np

from ...losses.loss import Loss
from ..codes import CODES
from ..compare import widened
from ..diagnose import diagnose
from ..exact import KINK
from ..primal import primal
from ..rows import Verdict
from ..subject import derivative
from ..ulp import digits, is_half
from ..unrounded import unrounded
from .case import Case, Library
from .invariants import promises
from .reproduce import numbers, reproducer
from .sweep import Against, Seen, as_documented

# Up to here a sigmoid is neither below 0.018 nor above 0.982: what fails below is seen by every training run.
_ORDINARY = 4.0
# Where runs can get to: what overflows only further out is a tail.
_REACHED = 1e3
# Beside 0: here a smooth quantity has not changed.
_NEAR = 1e-6
_FAR = 1e300  # how far out infinities are
_MATHS = ("LJ001", "LJ002", "LJ003", "LJ004", "LJ005")
# A formula that is wrong fails at more than a tenth of the ordinary points; a loss of digits at fewer.
_MANY, _MANY_OF_HALF = 0.1, 0.5
# Points at which a library's own formula is tried in exact arithmetic, and how many of them have to be wrong.
_TRIED, _MOST = 16, 0.5
# Of the numbers that fail in float64: are they float32?
_NEARLY_ALL = 0.99

CLASSES = {
    "wrong maths": "LJ005",
    "convention": "LJ005",
    "false zero": "LJ006",
    "cancellation": "LJ007",
    "false NaN/inf": "LJ008",
    "early overflow": "LJ008",
    "kink": "LJ009",
    "broken invariant": "LJ005",
}
SEVERITIES = {"O": "at ordinary pre-activations", "T": "in a saturated tail", "S": "a matter of convention"}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One way in which one quantity of one loss of a library is wrong, in one dtype and mode."""

    library: str
    version: str
    loss: str
    klass: str
    severity: str
    dtype: str
    mode: str
    quantity: str
    meant: str
    input: dict
    got: float | str
    want: float | str
    ulp: float
    smallest_failing: dict
    count: int
    checked: int
    cause: str
    reproducer: str
    better: str

    def as_dict(self) -> dict:
        """For JSON, where the class is called class."""
        found = dataclasses.asdict(self)
        return {{"klass": "class"}.get(k, k): v for k, v in found.items()}


def findings(seen: list[Seen], dtype: np.dtype) -> list[Finding]:
    """All findings about one quantity of one case in one mode; `seen` holds its sets of points."""
    library, case = seen[0].library, seen[0].case
    verdicts = [s.verdict for s in seen]
    if not any(v.comparison.failed.any() for v in verdicts):
        return []
    # A formula may be wrong for some numbers of classes only.
    guilty = sorted(verdicts, key=lambda v: v.comparison.failed.sum(), reverse=True)
    wrong, cause = next((told for v in guilty if (told := _maths(case, v, dtype))[0]), (None, ""))
    kinds = [_kinds(v, wrong) for v in verdicts]
    checked = sum(int((~(v.comparison.skipped | v.comparison.undecided)).sum()) for v in verdicts)
    found = []
    for klass in CLASSES:
        masks = [k == klass for k in kinds]
        if any(m.any() for m in masks):
            why = cause if klass == wrong else _narrow(verdicts, masks, dtype) or CODES[CLASSES[klass]].title
            found.append(_finding(library, case, dtype, klass, verdicts, masks, checked, why))
    return found


def by_invariants(against: list[Against], dtype: np.dtype, known: set[tuple]) -> list[Finding]:
    """Findings of broken invariants, where no truth has convicted the same quantity (library, loss, quantity) already."""
    found = {}
    for a in against:
        key = (a.library.name, a.case.name, a.broken.quantity, a.broken.mode, a.broken.rule)
        if key[:3] not in known and key not in found:
            found[key] = _of_invariant(a, dtype)
    return list(found.values())


def _of_invariant(a: Against, dtype) -> Finding:
    b, size = a.broken, _size(a.case, a.points.z)
    row, entry = np.unravel_index(np.argmin(np.where(b.mask, size[:, None], np.inf)), b.mask.shape)
    place = {
        "input": {"z": numbers(a.points.z[row]), "t": numbers(a.points.t[row])},
        "entry": int(entry),
        "got": float(b.got[row, entry]),
        "want": b.want,
        "ulp": 0.0,
    }
    return Finding(
        library=a.library.name,
        version=a.library.version,
        loss=a.case.name,
        klass="broken invariant",
        severity="O" if size[row] <= _ORDINARY else "S" if size[row] == _FAR else "T",
        dtype=dtype.name,
        mode=b.mode,
        quantity=b.quantity,
        meant=a.case.meaning,
        input=place["input"],
        got=place["got"],
        want=b.want,
        ulp=0.0,
        smallest_failing=place,
        count=int(b.mask.sum()),
        checked=b.mask.size,
        cause=f"an invariant does not hold: {b.rule}",
        reproducer=reproducer(a.library, a.case, dtype, b.quantity, b.mode, place),
        better=_better(a.case, "broken invariant", b.quantity),
    )


def _maths(case: Case, verdict: Verdict, dtype) -> tuple[str | None, str]:
    """Whether the formula itself is another one, and what is known about the difference."""
    p, c = verdict.points, verdict.comparison
    size = _size(case, p.z)
    tame = (size > 0.1) & (size < _ORDINARY)
    many = _MANY_OF_HALF if is_half(dtype) else _MANY
    failed = c.failed & ~c.lost & ~c.wrong_nonfinite & tame[:, None]
    if not tame.any() or failed[tame].mean() < many:
        return None, ""
    code, cause = diagnose(verdict.got, verdict.truth, c, p.z, p.t, p.classes, verdict.quantity)
    if code not in _MATHS:
        why = "in exact arithmetic, where nothing is rounded, its own formula is off as well"
        if not _errs_exactly(case, verdict, failed, dtype):
            return None, ""
        cause = why
    if as_documented(case, verdict, dtype):
        return "convention", f"it computes what its documentation prints, which is not {case.meant}"
    return "wrong maths", cause


def _errs_exactly(case: Case, v: Verdict, failed, dtype) -> bool:
    """Is its own formula, evaluated without rounding, as wrong where it failed?"""
    if case.call is None:
        return False
    p, rows = v.points, np.flatnonzero(failed.any(1))[:_TRIED]
    q = derivative(primal(case.of_one), v.quantity, case.event_ndim, False)
    own = unrounded(q, p.z, p.t, v.got, v.truth, failed, rows, dtype)
    return own is not None and bool(own.wrong[failed[rows]].mean() > _MOST)


def _kinds(v: Verdict, wrong: str | None) -> np.ndarray:
    """The class of every entry that failed."""
    c, want = v.comparison, v.truth.hi
    kinds = np.full(c.failed.shape, "", object)
    kinds[c.failed] = wrong or "cancellation"
    finite_z = np.isfinite(widened(v.points.z)).all(1, keepdims=True)
    kinds[c.failed & c.wrong_nonfinite] = "false NaN/inf"
    same_sign = np.signbit(v.got) == np.signbit(want)
    kinds[c.failed & c.wrong_nonfinite & np.isinf(v.got) & np.isfinite(want) & same_sign & finite_z] = "early overflow"
    if wrong is None:
        kinds[c.failed & c.lost] = "false zero"
        kinds[c.failed & ~c.wrong_nonfinite & ((v.truth.status == KINK) | _at_zero_only(v))] = "kink"
    return kinds


def _narrow(verdicts, masks, dtype) -> str:
    """Whether what failed in float64 has the digits of a float32, through which an intermediate must have gone."""
    got = np.concatenate([v.got[m] for v, m in zip(verdicts, masks)])
    got = got[np.isfinite(got) & (got != 0)]
    with np.errstate(over="ignore", under="ignore"):
        narrow = dtype == np.float64 and len(got) and np.mean(got.astype(np.float32) == got) > _NEARLY_ALL
    return "an intermediate is float32: the result has no more digits than that" if narrow else ""


def _at_zero_only(v: Verdict) -> np.ndarray:
    """Points z = 0 where this is wrong although it is right close by: a tie that was decided the wrong way."""
    failed, z, t = v.comparison.failed, widened(v.points.z), widened(v.points.t)
    size = np.abs(z).max(axis=1)
    zero = np.zeros(failed.shape, bool)
    for i in np.flatnonzero((size == 0) & failed.any(1)):
        near = (t == t[i]).all(1) & (size > 0) & (size < _NEAR) & ~v.comparison.skipped.any(1)
        zero[i] = failed[i] & ~failed[near].any(0) & near.any()
    return zero


def _size(case: Case, z) -> np.ndarray:
    """How far out a point is: the largest finite |z|, or the largest gap where a shift of all classes changes nothing."""
    wide = widened(z)
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.ptp(wide, axis=1) if z.ndim > 1 and "shift" in promises(case) else np.abs(wide).max(axis=1)
    # An infinity is further out than any number.
    return np.where(np.isfinite(wide).all(1), np.minimum(size, _FAR / 2), _FAR)


def _finding(library: Library, case: Case, dtype, klass, verdicts, masks, checked, cause) -> Finding:
    worst = max(zip(verdicts, masks), key=lambda vm: _badness(*vm).max())
    nearest = min(zip(verdicts, masks), key=lambda vm: _distance(case, *vm).min())
    place = _place(worst[0], np.unravel_index(np.argmax(_badness(*worst)), worst[1].shape))
    smallest = _place(nearest[0], np.unravel_index(np.argmin(_distance(case, *nearest)), nearest[1].shape))
    v = verdicts[0]
    return Finding(
        library=library.name,
        version=library.version,
        loss=case.name,
        klass=klass,
        severity=_severity(klass, float(_distance(case, *nearest).min())),
        dtype=dtype.name,
        mode=v.mode,
        quantity=v.quantity,
        meant=case.meaning,
        input=place["input"],
        got=place["got"],
        want=place["want"],
        ulp=place["ulp"],
        smallest_failing=smallest,
        count=int(sum(m.sum() for m in masks)),
        checked=checked,
        cause=cause,
        reproducer=reproducer(library, case, dtype, v.quantity, v.mode, smallest if "/" in klass else place),
        better=_better(case, klass, v.quantity),
    )


def _better(case: Case, klass: str, quantity: str) -> str:
    """What to write instead, and how the catalogue writes it."""
    fix = CODES[CLASSES[klass]].fix.replace("\n", " ")
    if not isinstance(case.formula, Loss):
        return fix
    source = textwrap.dedent(inspect.getsource(getattr(case.formula, quantity)))
    return f"{fix} lossjax.losses.{case.meant}, {quantity}:\n{source.rstrip()}"


def _severity(klass, distance) -> str:
    if klass == "convention" or distance >= _FAR:  # at infinities alone
        return "S"
    return "O" if distance <= (_REACHED if "/" in klass or "overflow" in klass else _ORDINARY) else "T"


def _badness(v: Verdict, mask) -> np.ndarray:
    c = v.comparison
    # Of zeros the one that hides most, of other errors the one that rounding explains least.
    bad = np.where(c.lost, np.abs(v.truth.hi), np.nan_to_num(c.excess) + 1)
    return np.where(mask, np.where(c.wrong_nonfinite, 1e300, bad), -1.0)


def _distance(case: Case, v: Verdict, mask) -> np.ndarray:
    return np.where(mask, np.broadcast_to(_size(case, v.points.z)[:, None], mask.shape), np.inf)


def _place(v: Verdict, where) -> dict:
    row, entry = where
    z, t = v.points.z[row], v.points.t[row]
    kink = v.truth.status[row, entry] == KINK
    want = float(v.truth.hi[row, entry])
    if kink:
        n = digits(v.points.z.dtype)
        want = f"[{float(v.truth.low[row, entry]):.{n}g}, {float(v.truth.high[row, entry]):.{n}g}]"
    return {
        "input": {"z": numbers(z), "t": numbers(t)},
        "entry": int(entry),
        "got": float(v.got[row, entry]),
        "want": want,
        "ulp": float(v.comparison.error_ulp[row, entry]),
    }
