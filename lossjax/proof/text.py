"""A report as a page: what was compared, a table, each finding so that it needs no manual, and when to believe a clean one."""

from .codes import CODES
from .findings import Report, Row
from .lesson import blame, effect, title, witnesses
from .page import Column, Page, Section
from .ulp import DTYPES, digits

QUANTITY = {"value": "value", "grad": "gradient", "hess": "Hessian"}
_COLUMNS = (
    Column("loss", wrap=True),
    Column("dtype"),
    Column("witness"),
    *(Column(q, number=True) for q in QUANTITY.values()),
    Column("max ulp", number=True, detail=True),
    Column("entries", number=True, detail=True),
    Column("lost", number=True, detail=True),
    Column("NaN/inf", number=True, detail=True),
    Column("verdict", wrap=True),
)
_CAPTION = (
    "numbers: the least B with |got - want| <= B (ulp(want) + eps |z dq/dz|): the error in units of the rounding that "
    "nobody can avoid"
)


def page_of(report: Report) -> Page:
    """The page of a report."""
    found = report.findings()
    bad = len(found) + sum(not s["ok"] for s in report.sweeps)
    losses = len({r.loss for r in report.rows} | {s["loss"] for s in report.sweeps})
    verdict = "clean" if report.ok else f"{bad} finding{'s' * (bad != 1)}"
    return Page(
        verdict=f"{verdict}: {losses} loss{'es' * (losses != 1)} in {report.seconds:.1f} s",
        ok=report.ok,
        lead=_lead(report.rows) + [("all floats", _sweep(s)) for s in report.sweeps],
        columns=_COLUMNS,
        rows=_table(report.rows),
        sections=[_section(r, report.rows) for r in found],
        closing=_closing(report.rows),
        caption=_CAPTION,
    )


def _lead(rows: list[Row]) -> list[tuple[str, str]]:
    """What was compared with what."""
    if not rows:
        return []
    truths = list(dict.fromkeys(r.truth for r in rows))
    truth = truths[0] if len(truths) == 1 else "the printed formula of each loss and its exact derivatives"
    bounds = {QUANTITY[r.quantity]: f"{r.bound:g}" for r in rows}
    same = len(set(bounds.values())) == 1
    allowed = next(iter(bounds.values())) if same else ", ".join(f"{b} for a {q}" for q, b in bounds.items())
    seen = {r.witness for r in rows}
    told = {
        "derived": "the code as written" + (", and the derivatives written by hand" if _by_hand(rows) else ""),
        "autodiff": "jax.grad and jax.hessian of it, as users call them",
        "plain": "the same without custom rules and stop_gradient (for information)",
        "own": "its own formula in exact arithmetic",
    }
    return [("truth", truth), *((w, told[w]) for w in told if w in seen), ("allowed", f"B = {allowed}")]


def _by_hand(rows) -> bool:
    return any(r.witness == "derived" and r.quantity != "value" for r in rows)


def _table(rows: list[Row]) -> list[tuple[list[str], str]]:
    found = []
    for key in dict.fromkeys((r.loss, r.dtype, r.witness) for r in rows):
        mine = {r.quantity: r for r in rows if (r.loss, r.dtype, r.witness) == key}
        ok = all(r.ok for r in mine.values())
        counts = [sum(getattr(r, f) for r in mine.values()) for f in ("checked", "lost", "wrong_nonfinite")]
        cells = [
            *key,
            *(number(mine[q].max_excess) if q in mine else "" for q in QUANTITY),
            number(max(r.max_ulp for r in mine.values())),
            *(f"{c:,}" for c in counts),
            "ok" if ok else " ".join(dict.fromkeys(r.code for r in mine.values() if r.code)),
        ]
        found.append((cells, "" if ok else "dim" if key[2] == "plain" else "bad"))
    return found


def number(x: float) -> str:
    """An excess or an error in ulps, short."""
    return "-" if x != x else f"{x:.2f}" if x < 1000 else f"{x:.1e}"


def _section(r: Row, rows: list[Row]) -> Section:
    mine = {o.witness: o for o in rows if (o.loss, o.dtype, o.quantity) == (r.loss, r.dtype, r.quantity)}
    share = f" ({100 * r.failures / r.checked:.3g} %)" if r.checked else ""
    counts = f"{r.failures:,} of {r.checked:,} entries{share}; {r.lost:,} false zeros, {r.wrong_nonfinite:,} wrong NaN or inf"
    if r.code == "LJ013":
        told = (("wrong", blame(r, mine)), ("cause", r.cause), ("training", effect(r)), ("instead", _fix(r)), _more(r))
        return Section(r.code, f"{r.loss}, {r.dtype}: {CODES[r.code].title}", list(told), [])
    items = [
        ("wrong", blame(r, mine)),
        ("said by", f"{title(r.witness, r.quantity)} ({r.mode})"),
        ("witness", witnesses(mine, r.quantity)),
        ("cause", r.cause),
    ]
    items += [(_SINCE[kind], f"since |z| = {w['size']:.6g}: {place(w, r.dtype)}") for kind, w in r.since.items()]
    if r.failures and r.worst:
        items.append(("worst", place(r.worst, r.dtype)))
    items += [
        ("extent", f"{counts}; B = {number(r.max_excess)} where {r.bound:g} is allowed"),
        ("training", effect(r)),
        ("instead", _fix(r)),
        _more(r),
    ]
    lines = [("again", r.reproducer)] if r.reproducer else []
    if r.failures and not r.reproducer:
        items.insert(-1, ("again", _NO_LINE))
        lines = [("here", r.here)] if r.here else []
    return Section(r.code, f"{QUANTITY[r.quantity]} of {r.loss}, {r.dtype}: {CODES[r.code].title}", items, lines)


def _fix(r: Row) -> str:
    return " ".join(CODES[r.code].fix.split())


def _more(r: Row) -> tuple[str, str]:
    return "more", f"lossjax explain {r.code}"


_SINCE = {"digits": "digits", "false zero": "zeros", "NaN or inf": "NaN/inf"}
_NO_LINE = (
    "no command can show it: the function has no name that a shell could import (a lambda, a closure, a function of a notebook). "
    "Put it at the top level of a module, or repeat the call here, f being the function that was checked."
)


def place(w: dict, dtype: str) -> str:
    """Input, result and truth at one point."""
    entry, n = f" (entry {w['entry']})" if w["classes"] else "", digits(DTYPES[dtype])
    low, high = w.get("between", (w["want"], w["want"]))
    want = f"{w['want']:.{n}g}" if low == high else f"a number within [{low:.{n}g}, {high:.{n}g}]"
    z, t = (short(w[x], w["classes"], n) for x in "zt")
    return f"z = {z}, t = {t}{entry}: got {w['got']:.{n}g}, want {want}"


def short(x, classes: int, n: int) -> str:
    """A number to n digits, or a vector: which class it is of, or its entries as far as they are known."""
    if not isinstance(x, list):
        return f"{x:.{n}g}"
    if len(x) > _FEW and sorted(x) == [0.0] * (len(x) - 1) + [1.0]:
        return f"one-hot {x.index(1.0)}"
    return f"[{', '.join(f'{v:.{n}g}' for v in x)}{', ...' if classes > len(x) else ''}]"


_FEW = 6  # entries of a one-hot vector that fit a line


def _sweep(s: dict) -> str:
    above = ", ".join(f"{n:,} above {k}" for k, n in s["above"].items())
    return (
        f"{s['loss']} {s['quantity']} t={s['t']:g}: all {s['points']:,} float32 patterns, max {s['max_ulp']:.3f} ulp at "
        f"z = {s['worst']['z']:.9g} ({s['worst']['z_bits']}); {above}{_near(s)}; lost {s['lost']:,}, "
        f"wrong NaN/inf {s['wrong_nonfinite']:,}, "
        f"subnormal {s['subnormal']:,}; {s['points_per_second'] / 1e6:.0f} million points/s"
    )


def _near(s: dict) -> str:
    """What the counts may be off by."""
    if not s["near_wrong"]:
        return ""
    return f" (of {s['near_checked']:,} errors next to one of these, {s['near_wrong']:,} lie on its other side in exact arithmetic)"


def drawn(targets: list[str], classes: set[int]) -> str:
    """From where targets and classes were drawn: what lies outside was not looked at."""
    sizes = f", in {', '.join(map(str, sorted(classes)))} classes" if classes else ""
    return f"Targets: {', '.join(dict.fromkeys(targets))}{sizes} (--targets)."


def _closing(rows: list[Row]) -> str:
    counted = [r for r in rows if r.witness != "plain"]
    if not counted:
        return ""
    total = [sum(getattr(r, f) for r in counted) for f in ("eligible", "checked", "undecided", "skipped")]
    return (
        f"{total[0]:,} eligible = {total[1]:,} checked + {total[2]:,} undecided + {total[3]:,} skipped (subnormal inputs, which "
        "XLA reads as 0, and NaN given to code that is not of the catalogue). "
        f"{drawn([r.targets for r in counted], {k for r in counted for k in r.classes})} It holds for these "
        "points, this jaxlib and this device; between the points it is evidence, not proof."
    )
