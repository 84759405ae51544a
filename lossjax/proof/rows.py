"""From verdicts to rows: count, name the cause, show the worst point."""

import dataclasses

import numpy as np

from .again import line
from .compare import Comparison, widened
from .diagnose import diagnose
from .exact import Truth
from .findings import Row
from .points import Points
from .subject import Subject
from .ulp import bits


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
    for quantity, witness in keys:
        same = [v for v in verdicts if (v.quantity, v.witness) == (quantity, witness)]
        modes = dict.fromkeys(v.mode for v in same)
        by_mode = [_row(subject, dtype, quantity, witness, [v for v in same if v.mode == m]) for m in modes]
        rows.append(max(by_mode, key=lambda r: (not r.ok, r.failures)))
    return _blame_rules(subject, rows)


def _row(subject, dtype, quantity, witness, verdicts) -> Row:
    count = lambda field: int(sum(getattr(v.comparison, field).sum() for v in verdicts))  # noqa: E731
    undecided, skipped, failures = count("undecided"), count("skipped"), count("failed")
    eligible = int(sum(v.comparison.failed.size for v in verdicts))
    worst = max(verdicts, key=lambda v: (_badness(v).max(), v.comparison.max_excess))
    code, cause = "", ""
    if failures:
        guilty = max(verdicts, key=lambda v: v.comparison.failed.sum())
        code, cause = diagnose(
            guilty.got,
            guilty.truth,
            guilty.comparison,
            guilty.points.z,
            guilty.points.t,
            guilty.points.classes,
            quantity,
        )
    elif undecided:
        code, cause = "LJ010", f"{undecided} entries undecided"
    place = _place(worst)
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
        reproducer=line(subject, dtype, quantity, witness, place) if failures else "",
        mode=verdicts[0].mode,
        targets=subject.targets,
        classes=tuple(sorted({v.points.classes for v in verdicts} - {0})),
    )


def _badness(v: Verdict):
    c = v.comparison
    return np.where(c.wrong_nonfinite, np.inf, np.where(c.failed, 1e30, 0) + c.excess)


def _place(v: Verdict) -> dict:
    """The worst point: inputs, result, truth, bits."""
    row, entry = np.unravel_index(np.argmax(_badness(v)), v.got.shape)
    z, t = v.points.z[row], v.points.t[row]
    got = v.got[row, entry]
    return {
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


_STOPS = "a stop_gradient holds a part of the derivative back; if that is meant, --keep-stop-gradient"


def _blame_rules(subject: Subject, rows: list[Row]) -> list[Row]:
    """Where plain autodiff of the same code has the right formula and jax.grad has not, a custom rule is wrong."""
    maths = ("LJ001", "LJ002", "LJ003", "LJ004", "LJ005")
    plain = {r.quantity: r for r in rows if r.witness == "plain"}
    out = []
    for r in rows:
        if r.witness == "autodiff" and r.code in maths and r.quantity in plain and plain[r.quantity].code not in maths:
            why = _STOPS if subject.stops() else f"a custom derivative rule is wrong: {r.cause}"
            r = dataclasses.replace(r, code="LJ012", cause=why)
        out.append(r)
    return out
