"""From verdicts to rows: count, name the cause, show the worst point."""

import dataclasses

import numpy as np

from .again import here, line
from .compare import Comparison, widened
from .diagnose import Source, diagnose
from .exact import KINK, Truth
from .findings import Row
from .points import Points
from .primal import primal
from .subject import COLUMNS_FROM, Subject, derivative
from .ulp import bits
from .unrounded import Unrounded, spread, unrounded

KINDS = ("digits", "false zero", "NaN or inf")  # of failures


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One witness at one set of points."""

    quantity: str
    witness: str
    mode: str
    points: Points
    got: np.ndarray
    truth: Truth
    comparison: Comparison


def rows_of(subject: Subject, dtype, verdicts: list[Verdict]) -> list[Row]:
    """One row a quantity and witness: the worst mode over all sizes."""
    rows = []
    keys = dict.fromkeys((v.quantity, v.witness) for v in verdicts)
    seen = {quantity: [] for quantity, _ in keys}
    for quantity, witness in keys:
        same = [v for v in verdicts if (v.quantity, v.witness) == (quantity, witness)]
        modes = dict.fromkeys(v.mode for v in same)
        by_mode = [
            _row(subject, dtype, quantity, witness, [v for v in same if v.mode == m], seen[quantity]) for m in modes
        ]
        rows.append(max(by_mode, key=lambda r: (not r.ok, r.failures)))
    return _blame_leaks(_blame_rules(subject, rows), verdicts)


def _row(subject, dtype, quantity, witness, verdicts, seen) -> Row:
    count = lambda field: int(sum(getattr(v.comparison, field).sum() for v in verdicts))  # noqa: E731
    undecided, skipped, failures = count("undecided"), count("skipped"), count("failed")
    eligible = int(sum(v.comparison.failed.size for v in verdicts))
    code, cause, itself = "", "", None
    if failures:
        guilty, itself = _guilty(subject, dtype, verdicts)
        code, cause = diagnose(
            guilty.got,
            guilty.truth,
            guilty.comparison,
            guilty.points.z,
            guilty.points.t,
            guilty.points.classes,
            quantity,
            _source(subject, dtype, quantity, witness, seen),
            itself,
        )
    elif undecided:
        code, cause = "LJ010", f"{undecided} entries undecided"
    worst = max(verdicts, key=lambda v: (_badness(v, code).max(), v.comparison.max_excess))
    place = place_at(worst, *_top(_badness(worst, code)))
    return Row(
        loss=subject.label,
        dtype=dtype.name,
        quantity=quantity,
        witness=witness,
        eligible=eligible,
        checked=eligible - undecided - skipped,
        undecided=undecided,
        skipped=skipped,
        max_ulp=float(max(v.comparison.error_ulp.max() for v in verdicts)),
        max_excess=float(max(v.comparison.max_excess for v in verdicts)),
        bound=subject.bounds[quantity],
        lost=count("lost"),
        wrong_nonfinite=count("wrong_nonfinite"),
        subnormal=count("subnormal"),
        failures=failures,
        ok=not failures and not undecided and eligible > undecided + skipped,
        code=code,
        cause=cause,
        worst=place,
        since=_since(verdicts),
        reproducer=line(subject, dtype, quantity, witness, place) if failures else "",
        here=here(subject, dtype, quantity, witness, place) if failures else "",
        truth=subject.means,
        mode=verdicts[0].mode,
        targets=subject.drawn,
        classes=() if subject.batch else tuple(sorted({v.points.classes for v in verdicts} - {0})),
        itself=itself.word if itself else "",
    )


def _guilty(subject: Subject, dtype, verdicts) -> tuple[Verdict, Unrounded | None]:
    """The set of points that tells most about the cause, and what the formula itself gives there.

    In two classes much is alike that is not in three; but a formula may be wrong in two alone.
    """
    failing = [v for v in verdicts if v.comparison.failed.any()]
    failing.sort(key=lambda v: (v.points.classes != 2, v.comparison.failed.sum()), reverse=True)
    first, *others = failing
    found = _itself(subject, dtype, first)
    for v in others if found is None or not found.wrong.any() else ():
        also = _itself(subject, dtype, v)
        if also is not None and also.wrong.any():
            return v, also
    return first, found


def _itself(subject: Subject, dtype, v: Verdict) -> Unrounded | None:
    """What the formula of a witness gives in exact arithmetic where its evaluation failed."""
    # What is printed is naive on purpose; of the catalogue's own nobody asks why.
    known = v.witness == "own" or (v.witness == "plain" and not subject.foreign)
    if known or (v.quantity == "hess" and v.points.classes >= COLUMNS_FROM):
        return None
    q, failed, z, t = subject.witnesses(v.quantity, False)[v.witness], v.comparison.failed, v.points.z, v.points.t
    return unrounded(q, z, t, v.got, v.truth, failed, spread(failed, distance(v)[:, 0], failed.shape[1]), dtype)


def _source(subject: Subject, dtype, quantity, witness, seen) -> Source:
    """The programs behind the numbers: the formula, and the code as far as it is written down for this quantity."""
    code = subject.own
    if subject.foreign and witness == "derived" and quantity != "value":
        code = primal(subject.witnesses(quantity, False)[witness])
    return Source(
        formula=subject.truth(dtype),
        code=code,
        derive=lambda f: derivative(f, quantity, subject.event_ndim, False),
        derive_code=lambda f: f if code is not subject.own else derivative(f, quantity, subject.event_ndim, False),
        exact=witness == "own",
        batch=subject.batch,
        seen=seen,
    )


def _badness(v: Verdict, code: str = ""):
    """How bad each entry is; of a lost tail only what is lost counts, the more the larger what it hides."""
    c = v.comparison
    if code == "LJ006":
        return np.where(c.lost, np.abs(v.truth.hi), -1.0)
    return np.where(c.wrong_nonfinite, np.inf, np.where(c.failed, 1e30, 0) + c.excess)


def distance(v: Verdict) -> np.ndarray:
    """How far out each point is: the largest |z_k|; beyond all numbers where one is not finite."""
    size = np.abs(widened(v.points.z)).max(axis=1, keepdims=True)
    return np.where(np.isfinite(size), size, np.inf)


def _since(verdicts: list[Verdict]) -> dict:
    """Of each kind of failure the one nearest to zero, the worst of several; a kind that only infinities have has none."""
    found = {}
    for kind in KINDS:
        masks = [of_kind(v.comparison, kind) for v in verdicts]
        nearest = [np.where(m, distance(v), np.inf).min() for v, m in zip(verdicts, masks)]
        size, at = min(nearest), int(np.argmin(nearest))
        if np.isfinite(size):
            there = masks[at] & (distance(verdicts[at]) == size)
            place = place_at(verdicts[at], *_top(np.where(there, _badness(verdicts[at]), -1.0)))
            found[kind] = place | {"size": float(size)}
    return found


def of_kind(c: Comparison, kind: str) -> np.ndarray:
    """The entries that failed in this way."""
    if kind == "digits":
        return c.failed & ~c.lost & ~c.wrong_nonfinite
    return c.failed & (c.lost if kind == "false zero" else c.wrong_nonfinite)


def _top(badness):
    return np.unravel_index(np.argmax(badness), badness.shape)


def place_at(v: Verdict, row, entry) -> dict:
    """One entry: inputs, result, truth, bits."""
    z, t = v.points.z[row], v.points.t[row]
    got = v.got[row, entry]
    kink = v.truth.status[row, entry] == KINK
    limits = {"between": [float(v.truth.low[row, entry]), float(v.truth.high[row, entry])]} if kink else {}
    return limits | {
        "z": _shown(z),
        "t": _shown(t),
        "entry": int(entry),
        "classes": v.points.classes,
        "got": float(got),
        "want": float(v.truth.hi[row, entry]),
        "z_bits": bits(z),
        "t_bits": bits(t),
        "got_bits": bits(np.asarray(got)),
    }


def _shown(x):
    wide = widened(np.atleast_1d(x))[:, 0]
    return float(wide[0]) if x.ndim == 0 else wide[:16].tolist()


_LEAK = (
    "a NaN leaks: the value is a number where its derivative is none; 0 * inf in the chain rule, as of the side of a where that is "
    "not selected, or of an intermediate that leaves the range"
)
_LEAKS = 0.98  # of such NaN derivatives stand beside a finite value
_STOPS = "a stop_gradient holds a part of the derivative back; if that is meant, --keep-stop-gradient"


def _blame_rules(subject: Subject, rows: list[Row]) -> list[Row]:
    """Where plain autodiff of the same code has the right formula and jax.grad has not, a custom rule is wrong."""
    maths = ("LJ001", "LJ002", "LJ003", "LJ004", "LJ005")
    plain = {r.quantity: r for r in rows if r.witness == "plain"}
    out = []
    for r in rows:
        if r.witness == "autodiff" and r.code in maths and r.quantity in plain and plain[r.quantity].code not in maths:
            why = f"{_STOPS if subject.stops() else 'a custom derivative rule is wrong'}: {r.cause}"
            r = dataclasses.replace(r, code="LJ012", cause=why)
        out.append(r)
    return out


def _blame_leaks(rows: list[Row], verdicts: list[Verdict]) -> list[Row]:
    """Where the value is finite and the derivative NaN, something leaks that the value does not need."""
    values = {(v.mode, v.points.classes): v.got for v in verdicts if (v.quantity, v.witness) == ("value", "derived")}
    out = []
    for r in rows:
        if r.code == "LJ008" and r.quantity != "value" and r.witness in ("autodiff", "plain"):
            mine = [v for v in verdicts if (v.quantity, v.witness) == (r.quantity, r.witness)]
            if _leaks([(v, values[key]) for v in mine if (key := (v.mode, v.points.classes)) in values]):
                r = dataclasses.replace(r, cause=_LEAK)
        out.append(r)
    return out


def _leaks(beside: list[tuple[Verdict, np.ndarray]]) -> bool:
    """Are some of the wrong results NaN, and nearly all of these beside a finite value?"""
    nan = [(v.comparison.wrong_nonfinite & np.isnan(widened(v.got)), np.isfinite(widened(x))) for v, x in beside]
    count = sum(int(n.sum()) for n, _ in nan)
    return count > 0 and sum(int((n & finite).sum()) for n, finite in nan) >= _LEAKS * count
