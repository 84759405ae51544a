"""Steps as text: unicode for a terminal of 80 columns."""

import re
import textwrap
from typing import Any

import sympy as sp
from sympy.printing.pretty.pretty import PrettyPrinter
from sympy.printing.pretty.pretty_symbology import pretty_symbol, pretty_use_unicode
from sympy.printing.str import StrPrinter

from .steps import Equation, Facts, Part, Rate, Rule, Step

WIDTH = 80
_INDENT = 4
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _symbol(of: str) -> str:
    return pretty_symbol(of) or of


class Ordered:
    """Sums with a positive term first: y - t, not -t + y."""

    def _as_ordered_terms(self, expr, order=None):
        terms = super()._as_ordered_terms(expr, order)  # type: ignore[misc]
        return sorted(terms, key=lambda e: (e.could_extract_minus_sign(), not e.is_number))


class _Pretty(Ordered, PrettyPrinter):
    def _print_Max(self, expr):
        return self._print_Function(expr, func_name="max")

    def _print_Min(self, expr):
        return self._print_Function(expr, func_name="min")


class _Line(Ordered, StrPrinter):
    def _print_Symbol(self, expr):
        return _symbol(expr.name)

    def _print_Max(self, expr):
        return f"max({self.stringify(expr.args, ', ')})"

    def _print_Min(self, expr):
        return f"min({self.stringify(expr.args, ', ')})"

    def _print_Abs(self, expr):
        return f"|{self._print(expr.args[0])}|"

    def _print_Pow(self, expr, rational=False):
        return super()._print_Pow(expr, rational).replace("**", "^")


def as_text(step: Step, number: int, width: int = WIDTH) -> str:
    """One numbered step."""
    lines = [f"{number}. {step.title}", ""]
    for part in step.body:
        lines += [*part_lines(part, width - _INDENT), ""]
    return "\n".join(line if i == 0 or not line else " " * _INDENT + line for i, line in enumerate(lines)).rstrip()


def part_lines(part: Part, width: int) -> list[str]:
    """One part of a step."""
    if isinstance(part, str):
        return textwrap.wrap(part, width)
    if isinstance(part, Facts):
        return textwrap.wrap(_facts(part), width)
    if isinstance(part, Rule):
        return wrapped(f"{name(part.name)} = ", rule(part), width)
    return equation(part, width)


def _facts(part):
    return f"{part.lead} " + " and ".join(f"{line(a)} = {line(b)}" for a, b in part.equations) + "."


def equation(part: Equation, width: int) -> list[str]:
    """An equation over as many lines as it needs, cases below one another."""
    head = f"{name(part.name)} = "
    if isinstance(part.form, sp.Basic):
        return expression(head, part.form, width)
    if len(part.form) == 1:
        return expression(head, part.form[0].expr, width)
    short = [line(c.expr) for c in part.form]
    room = max(map(len, short)) + 3
    if len(head) + room + max(len(condition(c)) for c in part.form) + 4 <= width:
        rows = [f"{e:{room}}for {condition(c)}" for e, c in zip(short, part.form)]
        return [(" " * len(head) if i else head) + row for i, row in enumerate(rows)]
    lines = [head.rstrip()]
    for case in part.form:
        lines += [f"  for {condition(case)}:", *(" " * 6 + row for row in expression("", case.expr, width - 6))]
    return lines


def condition(case) -> str:
    """`-1 < z - t < 1`."""
    return " and ".join(_range(r) for r in case.ranges)


def _range(r):
    low = "" if r.low == -sp.oo else f"{line(r.low)} < "
    if low and r.high == sp.oo:
        return f"{line(r.axis)} > {line(r.low)}"
    return f"{low}{line(r.axis)}" + ("" if r.high == sp.oo else f" < {line(r.high)}")


def line(e) -> str:
    """An expression on one line."""
    raised = re.sub(r"\^(\d+)", lambda m: m[1].translate(_RAISED), _Line().doprint(e))
    return raised.replace("*", "⋅")


def expression(head: str, e, width: int) -> list[str]:
    """As on paper, fractions and powers raised; on one long line, broken at its signs, where that is too wide."""
    before = pretty_use_unicode(True)
    try:
        printer = _Pretty({"use_unicode": True, "wrap_line": False})
        form: Any = printer._print(e)
        picture, baseline = form.render(wrap_line=False).split("\n"), form.baseline
    finally:
        pretty_use_unicode(before)
    if max(map(len, picture)) + len(head) > width or len(picture) > 9:
        return wrapped(head, line(e), width)
    return [(head if i == baseline else " " * len(head)) + row.rstrip() for i, row in enumerate(picture)]


def wrapped(head: str, text: str, width: int) -> list[str]:
    """Broken before signs, inside as few brackets as will do, and continued under the first line."""
    room = width - len(head)
    trials = [_pieces(text, depth) for depth in range(10)]
    pieces = next((p for p in trials if max(map(len, p)) <= room), trials[-1])
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + 1 + len(piece) > room:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + piece
    return [(" " * len(head) if i else head) + row for i, row in enumerate(lines)]


def _pieces(text, depth) -> list[str]:
    """The text cut before every sign that stands inside at most so many brackets."""
    cuts, level = [0], 0
    for i, c in enumerate(text):
        level += (c == "(") - (c == ")")
        if level <= depth and c == " " and text[i + 1] in "+-":
            cuts.append(i)
    return [text[a:b].strip() for a, b in zip(cuts, [*cuts[1:], len(text)])]


def name(of: Rate | sp.Symbol) -> str:
    """`dL/dz`, `∂²L/∂z₁∂z₂`."""
    if isinstance(of, sp.Symbol):
        return _symbol(of.name)
    d = "∂" if of.partial else "d"
    power = "²" if len(of.by) == 2 else ""
    below = f"{d}{_symbol(of.by[0])}²" if len(set(of.by)) < len(of.by) else "".join(d + _symbol(b) for b in of.by)
    above = f"({name(of.of)})" if isinstance(of.of, Rate) else _symbol(of.of)
    return f"{d}{power}{above}/{below}" + (f"|{of.held}" if of.held else "")


def rule(part: Rule) -> str:
    """The right-hand side of a chain rule."""
    return " + ".join(" · ".join(name(r) for r in term) for term in part.terms) or "0"
