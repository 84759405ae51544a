"""A report as a person reads it: a table, each finding in words, and when to believe a clean one."""

import io

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .codes import CODES
from .findings import Report, Row

_QUANTITIES = {"value": "value", "grad": "gradient", "hess": "Hessian"}
_WITNESSES = {
    "derived": "the code as written",
    "autodiff": "jax.grad of it, as users call it",
    "plain": "jax.grad without its custom rules (for information)",
    "own": "its own formula in exact arithmetic",
}


def as_text(report: Report, width: int = 150) -> str:
    """The report without colour."""
    out = io.StringIO()
    Console(file=out, width=width, no_color=True, highlight=False).print(renderable(report))
    return out.getvalue().rstrip()


def renderable(report: Report) -> Group:
    """The report for a rich console."""
    parts = [_table(report)] if report.rows else []
    parts += [Text(_sweep(s)) for s in report.sweeps]
    parts += [_finding(r) for r in report.findings()]
    parts.append(_closing(report))
    return Group(*parts)


def _table(report: Report) -> Table:
    table = Table(title="largest excess B in |got - want| <= B (ulp + eps conditioning)", title_justify="left")
    for name in ("loss", "dtype", "witness"):
        table.add_column(name, no_wrap=True)
    for name in (*_QUANTITIES, "max ulp", "entries", "lost", "NaN/inf", "subnormal"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    keys = dict.fromkeys((r.loss, r.dtype, r.witness) for r in report.rows)
    for key in keys:
        rows = {r.quantity: r for r in report.rows if (r.loss, r.dtype, r.witness) == key}
        ok = all(r.ok for r in rows.values())
        counts = [
            sum(getattr(r, f) for r in rows.values()) for f in ("checked", "lost", "wrong_nonfinite", "subnormal")
        ]
        verdict = "ok" if ok else " ".join(dict.fromkeys(r.code for r in rows.values() if r.code))
        style = "" if ok else "dim" if key[2] == "plain" else "bold red"
        table.add_row(
            *(escape(part) for part in key),
            *(_number(rows[q].max_excess) if q in rows else "" for q in _QUANTITIES),
            _number(max(r.max_ulp for r in rows.values())),
            *(f"{c:,}" for c in counts),
            verdict,
            style=style,
        )
    return table


def _number(x: float) -> str:
    return f"{x:.2f}" if x < 1000 else f"{x:.1e}"


def _finding(r: Row) -> Text:
    w = r.worst or {}
    text = Text()
    text.append(f"\n{r.code} ", style="bold red")
    text.append(f"{r.loss}: {_QUANTITIES[r.quantity]}, {r.dtype}, {r.mode}: {CODES[r.code].title}\n")
    text.append(f"  who:    {_WITNESSES[r.witness]}\n")
    text.append(f"  cause:  {r.cause}\n")
    if w:
        entry = f" entry {w['entry']}" if w["classes"] else ""
        text.append(
            f"  worst:  z = {_short(w['z'])}, t = {_short(w['t'])}{entry}: got {w['got']:.9g}, want {w['want']:.9g}\n"
        )
    text.append(
        f"  extent: {r.failures:,} of {r.checked:,} entries; {r.lost:,} false zeros, {r.wrong_nonfinite:,} wrong NaN or inf\n"
    )
    if r.reproducer:
        text.append(f"  again:  {r.reproducer}\n")
    text.append(f"  more:   lossjax explain {r.code}")
    return text


def _short(x) -> str:
    if not isinstance(x, list):
        return f"{x:.9g}"
    shown = ", ".join(f"{v:.9g}" for v in x[:6])
    return f"[{shown}{', ...' if len(x) > 6 else ''}]"


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


def _drawn(rows: list[Row]) -> str:
    """From where targets and classes were drawn: what lies outside was not looked at."""
    targets = ", ".join(dict.fromkeys(r.targets for r in rows))
    classes = sorted({k for r in rows for k in r.classes})
    sizes = f", in {', '.join(map(str, classes))} classes" if classes else ""
    return f"Targets: {targets}{sizes} (--targets)."


def _closing(report: Report) -> Text:
    counted = [r for r in report.rows if r.witness != "plain"]
    total = [sum(getattr(r, f) for r in counted) for f in ("eligible", "checked", "undecided", "skipped")]
    losses = len({r.loss for r in report.rows} | {s["loss"] for s in report.sweeps})
    words = "clean" if report.ok else f"{len(report.findings())} findings"
    text = Text(f"\n{words}: {losses} losses in {report.seconds:.1f} s. ")
    if counted:
        text.append(
            f"{total[0]:,} eligible = {total[1]:,} checked + {total[2]:,} undecided + {total[3]:,} skipped (subnormal inputs, "
            "which XLA reads as 0). "
        )
        text.append(f"{_drawn(counted)} ")
        text.append(
            "It holds for these points, this jaxlib and this device; between the points it is evidence, not proof."
        )
    return text
