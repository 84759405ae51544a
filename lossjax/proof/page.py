"""What a report says, apart from how it looks; and the page in a terminal, as Markdown and as HTML."""

import dataclasses
import html
import io
import re
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 120  # of text that no window has to hold
_NARROW = 110  # a window with fewer columns is spared the columns of details


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of the table; `detail` columns are left out where there is no room, and only those that `wrap` are broken."""

    title: str
    number: bool = False
    detail: bool = False
    wrap: bool = False


@dataclasses.dataclass(frozen=True)
class Section:
    """One finding: (label, text) items; `lines` are code, one line each, never wrapped."""

    code: str
    title: str
    items: Sequence[tuple[str, str]]
    lines: Sequence[tuple[str, str]] = ()


@dataclasses.dataclass(frozen=True)
class Page:
    """A verdict; what was compared, in paragraphs; a table, each row with a mood ("", "bad" or "dim"); findings; the small print."""

    verdict: str
    ok: bool
    lead: Sequence[tuple[str, str]]
    columns: Sequence[Column]
    rows: Sequence[tuple[Sequence[str], str]]
    sections: Sequence[Section]
    closing: str
    caption: str = ""


def show(page: Page, console: Console) -> None:
    """Print the page; the verdict last, where a terminal leaves the eye."""
    console.print(_grid(page.lead), highlight=False)
    if page.rows:
        console.print(_table(page, console.width < _NARROW), highlight=False)
        console.print(Text(page.caption, style="dim"), highlight=False)
    for s in page.sections:
        console.print(Text.assemble("\n", (s.code, "bold red"), " ", (s.title, "bold")), highlight=False)
        console.print(Padding(_grid(s.items), (0, 0, 0, 2)), highlight=False)
        for label, line in s.lines:
            # In one piece, whatever the width: a line that is broken cannot be pasted.
            console.print(Text.assemble((f"  {label}\n", "cyan"), f"  {line}"), soft_wrap=True, highlight=False)
    console.print(Text.assemble("\n", (page.verdict, "bold green" if page.ok else "bold red")), highlight=False)
    console.print(Text(page.closing, style="dim"), highlight=False)


def _grid(items) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in items:
        grid.add_row(Text(label), Text(text))
    return grid


def _table(page, narrow) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False)
    kept = [i for i, c in enumerate(page.columns) if not (narrow and c.detail)]
    for i in kept:
        column = page.columns[i]
        table.add_column(
            column.title, justify="right" if column.number else "left", overflow="fold", no_wrap=not column.wrap
        )
    for cells, mood in page.rows:
        table.add_row(*(Text(cells[i]) for i in kept), style={"bad": "bold red", "dim": "dim"}.get(mood, ""))
    return table


def as_text(page: Page, width: int = WIDTH) -> str:
    """The page without colour."""
    out = io.StringIO()
    show(page, Console(file=out, width=width, no_color=True, highlight=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n")


def as_markdown(page: Page) -> str:
    """The page for an issue or a README."""
    parts = [f"## {_md(page.verdict)}", "\n".join(f"- **{_md(a)}**: {_md(b)}" for a, b in page.lead)]
    if page.rows:
        bar = "|".join("---:" if c.number else "---" for c in page.columns)
        rows = [[c.title for c in page.columns], *(cells for cells, _ in page.rows)]
        lines = [f"| {' | '.join(_md(x) for x in cells)} |" for cells in rows]
        parts.append("\n".join([lines[0], f"|{bar}|", *lines[1:]]))
        parts.append(_md(page.caption))
    for s in page.sections:
        parts.append(f"### {_md(s.code)} {_md(s.title)}")
        parts.append("\n".join(f"- **{_md(a)}**: {_md(b)}" for a, b in s.items))
        parts += [f"{_md(a)}:\n\n{_fenced(b)}" for a, b in s.lines]
    return "\n\n".join([*parts, _md(page.closing)])


def _md(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#~$])", r"\\\1", text).replace("\n", " ")


def _fenced(code: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
    return f"{fence}\n{code}\n{fence}"


# Colours of the page it stands on, in light and dark alike: only what carries meaning has one of its own, in the middle of the scale.
_CSS = """
.lossjax{font:14px/1.45 system-ui,sans-serif;color:inherit;max-width:70em}
.lossjax table{border-collapse:collapse;margin:.6em 0;background:none;color:inherit}
.lossjax th,.lossjax td{padding:.15em .7em;text-align:left;border-bottom:1px solid rgba(128,128,128,.4);background:none;color:inherit}
.lossjax .n{text-align:right;font-variant-numeric:tabular-nums}
.lossjax .bad{color:#d9403a;font-weight:600}.lossjax .good{color:#2a9d4a;font-weight:600}.lossjax .dim{opacity:.65}
.lossjax dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em;margin:.3em 0}
.lossjax dt{opacity:.65}.lossjax dd{margin:0;overflow-wrap:anywhere}
.lossjax pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2em 0;padding:.4em .6em;background:rgba(128,128,128,.15);color:inherit}
"""


def as_html(page: Page) -> str:
    """The page for a notebook: everything escaped, nothing fetched from elsewhere."""
    style = " ".join(_CSS.split("\n")).strip()
    parts = [f'<div class="lossjax"><style>{style}</style>']
    parts.append(_tag("div", page.verdict, "good" if page.ok else "bad"))
    parts.append(_list(page.lead))
    if page.rows:
        head = "".join(_tag("th", c.title, "n" if c.number else "") for c in page.columns)
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>")
        for cells, mood in page.rows:
            inside = "".join(_tag("td", x, "n" if c.number else "") for x, c in zip(cells, page.columns))
            parts.append(f'<tr class="{mood}">{inside}</tr>')
        parts.append(f"</tbody></table>{_tag('div', page.caption, 'dim')}")
    for s in page.sections:
        parts.append(f'<h4><span class="bad">{html.escape(s.code)}</span> {html.escape(s.title)}</h4>{_list(s.items)}')
        parts += [f"{_tag('div', a, 'dim')}{_tag('pre', b)}" for a, b in s.lines]
    return "\n".join([*parts, _tag("div", page.closing, "dim"), "</div>"])


def _list(items) -> str:
    return f"<dl>{''.join(_tag('dt', a) + _tag('dd', b) for a, b in items)}</dl>"


def _tag(name, text, kind="") -> str:
    return f"<{name}{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{html.escape(text)}</{name}>"
