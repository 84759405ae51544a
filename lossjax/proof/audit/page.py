"""An audit as JSON, as a Markdown page ready to paste, and as tables for a terminal."""

import json

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..findings import plain
from ..ulp import DTYPES, digits
from .finding import SEVERITIES, Finding
from .run import Audit

_QUANTITIES = {"value": "value", "grad": "gradient", "hess": "second derivative"}


def as_json(audit: Audit) -> str:
    """One object: environment, findings, troubles, what was looked at and what was not."""
    found = {
        "environment": audit.environment,
        "points": audit.points,
        "seconds": round(audit.seconds, 1),
        "libraries": audit.looked_at,
        "skipped": audit.skipped,
        "findings": [f.as_dict() for f in audit.findings],
        "troubles": [vars(t) for t in audit.troubles],
    }
    return json.dumps(plain(found), indent=1, allow_nan=False)


def merged(audit: Audit) -> dict[tuple[str, str, str, str], list[Finding]]:
    """Findings about one quantity of one loss that are of one class, over dtypes and modes."""
    found: dict[tuple[str, str, str, str], list[Finding]] = {}
    for f in audit.findings:
        found.setdefault((f.library, f.loss, f.quantity, f.klass), []).append(f)
    return found


def by_mode(fs: list[Finding]) -> list[tuple[str, Finding]]:
    """The findings, those that only differ in the mode as one, with the modes named."""
    found: dict[tuple, list[Finding]] = {}
    for f in fs:
        found.setdefault((f.dtype, f.count, str(f.input), f.got), []).append(f)
    return [(" and ".join(f.mode for f in same), same[0]) for same in found.values()]


def table_rows(audit: Audit) -> list[tuple[str, str, str, str]]:
    """(library, loss, what it means, verdict) of every loss that was looked at."""
    rows = []
    for library, at in audit.looked_at.items():
        for loss, meant in zip(at["losses"], at["meant"]):
            mine = {key[2:]: fs for key, fs in merged(audit).items() if key[:2] == (library, loss)}
            words = [f"{_QUANTITIES[q]}: {klass} ({_letters(fs)})" for (q, klass), fs in mine.items()]
            trouble = [t for t in audit.troubles if (t.library, t.loss) == (library, loss)]
            for q in dict.fromkeys(t.quantity for t in trouble):
                dtypes = dict.fromkeys(_short(t.dtype) for t in trouble if t.quantity == q)
                words.append(f"{_QUANTITIES[q]}: raises ({', '.join(dtypes)})")
            rows.append((library, loss, meant, "; ".join(words) or "clean"))
    return rows


def _letters(fs: list[Finding]) -> str:
    """The dtypes of each severity: each counts by its gravest mode."""
    worst: dict[str, str] = {}
    for f in fs:
        worst[f.dtype] = min(worst.get(f.dtype, "S"), f.severity, key="OTS".index)
    groups = {s: [_short(d) for d in _DTYPES if worst.get(d) == s] for s in "OTS"}
    return "; ".join(f"{s}: {', '.join(dtypes)}" for s, dtypes in groups.items() if dtypes)


def _short(dtype: str) -> str:
    return {"float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16"}[dtype]


def as_markdown(audit: Audit) -> str:
    """The comparison table, then each finding with its reproducer."""
    versions = ", ".join(f"{name} {at['version']}" for name, at in audit.looked_at.items())
    env = audit.environment
    lines = [
        f"# Losses of {versions}",
        "",
        f"Held against exact arithmetic by lossjax {env['versions'].get('lossjax', '')} with jax {env['versions']['jax']}"
        f" on {env['device']}: value, gradient and second derivative, {audit.points} points. An error counts where it exceeds"
        " 8 (eps |truth| + eps conditioning) in the dtype of the call, so that none is reported that no algorithm could avoid;"
        " so does a 0 for a normal number that 2 of these roundings do not explain, and a NaN or infinity where the truth is a number."
        " Subnormal inputs and results"
        " are left out. jit and eager are of a batch, by jax.vmap; jacfwd is forward mode.",
        "",
        "Severity: " + ", ".join(f"{k} {v}" for k, v in SEVERITIES.items()) + ".",
        "",
        "| library | loss | means | verdict |",
        "|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(_cell(x) for x in row)} |" for row in table_rows(audit)]
    for (library, loss, quantity, klass), fs in merged(audit).items():
        lines += ["", *_section(library, loss, quantity, klass, fs)]
    lines += ["", "## Not looked at", ""]
    for library, at in audit.looked_at.items():
        lines += [f"- {library}: " + "; ".join(f"{name} ({why})" for name, why in at["left_out"].items())]
    lines += [f"- {why}" for why in audit.skipped.values()]
    if audit.troubles:
        lines += ["", "## What raises", ""]
    for t in audit.troubles:
        lines += [f"- {t.library} {t.loss}, {_QUANTITIES[t.quantity]}, {t.dtype}, {t.mode}: {t.why}", ""]
        lines += [f"  {line}" for line in ("```python", *t.reproducer.splitlines(), "```", "")]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _section(library, loss, quantity, klass, fs: list[Finding]) -> list[str]:
    first = min(fs, key=lambda f: ("OTS".index(f.severity), _DTYPES.index(f.dtype), f.mode))
    return [
        f"## {library} {first.version}: {loss}, {_QUANTITIES[quantity]}: {klass}",
        "",
        f"{first.cause[:1].upper()}{first.cause[1:]} ({first.severity}: {SEVERITIES[first.severity]}). It should be {first.meant}.",
        "",
        "| severity | dtype | mode | entries | worst input | got | truth | ulp | smallest failing input |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {f.severity} | {f.dtype} | {mode} | {f.count:,} of {f.checked:,} | {_at(f.input, f.dtype)} |"
            f" {_pair(f)[0]} | {_pair(f)[1]} | {_ulps(f)} | {_at(f.smallest_failing['input'], f.dtype)} |"
            for mode, f in by_mode(fs)
        ),
        "",
        "```python",
        first.reproducer,
        "```",
        "",
        *_better(first.better),
    ]


def _better(text: str) -> list[str]:
    advice, _, code = text.partition("\n")
    return [f"Better: {advice}", *(["", "```python", code, "```"] if code else [])]


_DTYPES = ("float32", "bfloat16", "float16", "float64")


def _pair(f: Finding) -> tuple[str, str]:
    """What was got and the truth, in as many digits as tell them apart."""
    return _number(f.got, f.dtype), _number(f.want, f.dtype)


def _ulps(f: Finding) -> str:
    return f"{f.ulp:.3g}" if 0 < f.ulp < 1e9 else "-"


def _at(x: dict, dtype: str) -> str:
    return f"z = {_values(x['z'], dtype)}, t = {_values(x['t'], dtype)}"


def _values(x, dtype: str) -> str:
    if not isinstance(x, list):
        return _number(x, dtype)
    return "[" + ", ".join(_number(v, dtype) for v in x[:4]) + (", ...]" if len(x) > 4 else "]")


def _number(x, dtype: str) -> str:
    return x if isinstance(x, str) else f"{x:.{digits(DTYPES[dtype])}g}"


def renderable(audit: Audit) -> Group:
    """The comparison table and one paragraph a finding, for a rich console."""
    table = Table(title="libraries, losses, verdicts", title_justify="left", box=None)
    for name in ("library", "loss", "verdict"):
        table.add_column(name, overflow="fold")
    for library, loss, _, verdict in table_rows(audit):
        table.add_row(escape(library), escape(loss), escape(verdict), style="" if verdict == "clean" else "red")
    parts: list = [table]
    parts += [_paragraph(*key, fs) for key, fs in merged(audit).items()]
    parts += [Text(why) for why in audit.skipped.values()]
    losses = sum(len(at["losses"]) for at in audit.looked_at.values())
    parts.append(
        Text(
            f"\n{len(merged(audit))} findings in {losses} losses of {len(audit.looked_at)} libraries, {audit.seconds:.0f} s."
        )
    )
    return Group(*parts)


def _paragraph(library, loss, quantity, klass, fs: list[Finding]) -> Text:
    text = Text(f"\n{library} {loss}: {_QUANTITIES[quantity]}, ")
    text.append(f"{klass}\n", style="bold red")
    for mode, f in by_mode(fs):
        text.append(
            f"  {f.severity} {f.dtype}, {mode}: {f.count:,} of {f.checked:,}; worst {_at(f.input, f.dtype)}: got {_pair(f)[0]}, "
            f"want {_pair(f)[1]}; from {_at(f.smallest_failing['input'], f.dtype)}\n"
        )
    text.append(f"  {fs[0].cause}")
    return text
