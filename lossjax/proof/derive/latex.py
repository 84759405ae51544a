"""Steps as LaTeX, for amsmath, and as Markdown with LaTeX between dollar signs."""

import sympy as sp
from sympy.printing.latex import LatexPrinter

from .steps import Equation, Facts, Rate, Rule, Step
from .text import Ordered


class _Latex(Ordered, LatexPrinter):
    pass


def as_latex(step: Step, number: int) -> str:
    """One numbered step."""
    return "\n".join([f"\\subsection*{{{number}. {_escaped(step.title)}}}", *_lines(step, "\\[ {} \\]", "\\(", "\\)")])


def as_markdown(step: Step, number: int) -> str:
    """One numbered step."""
    lines = _lines(step, "$$\n{}\n$$", "$", "$", plain=True)
    return "\n\n".join([f"### {number}. {step.title}", *lines])


def _lines(step, display, start, end, plain=False):
    for part in step.body:
        if isinstance(part, str):
            yield part if plain else _escaped(part) + "\\par"
        elif isinstance(part, Facts):
            yield (
                f"{part.lead} " + " and ".join(f"{start}{latex(a)} = {latex(b)}{end}" for a, b in part.equations) + "."
            )
        else:
            yield display.format(mathematics(part))


def _escaped(text):
    return "".join("\\" + c if c in "_%&#$" else c for c in text).replace("^", "\\^{}")


def latex(e) -> str:
    """An expression."""
    return _Latex().doprint(e)


def mathematics(part: Equation | Rule) -> str:
    """An equation or a chain rule."""
    if isinstance(part, Rule):
        terms = [" \\, ".join(map(name, term)) for term in part.terms]
        return f"{name(part.name)} = {' + '.join(terms) or '0'}"
    if isinstance(part.form, sp.Basic):
        return f"{name(part.name)} = {latex(part.form)}"
    if len(part.form) == 1:
        return f"{name(part.name)} = {latex(part.form[0].expr)}"
    rows = [latex(c.expr) + r" & \text{for } " + r",\; ".join(map(_range, c.ranges)) for c in part.form]
    return name(part.name) + r" = \begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"


def _range(r):
    low = "" if r.low == -sp.oo else f"{latex(r.low)} < "
    return f"{low}{latex(r.axis)}" + ("" if r.high == sp.oo else f" < {latex(r.high)}")


def name(of: Rate | sp.Symbol) -> str:
    r"""`\frac{\partial L}{\partial z_{1}}`."""
    if isinstance(of, sp.Symbol):
        return latex(of)
    d = "\\partial" if of.partial else "d"
    power = "^2" if len(of.by) == 2 else ""
    by = [latex(sp.Symbol(b)) for b in of.by]
    below = f"{d} {by[0]}^2" if len(set(by)) < len(by) else " \\, ".join(f"{d} {b}" for b in by)
    above = rf"\left({name(of.of)}\right)" if isinstance(of.of, Rate) else latex(sp.Symbol(of.of))
    whole = f"\\frac{{{d}{power} {above}}}{{{below}}}"
    return f"\\left. {whole} \\right|_{{{of.held}}}" if of.held else whole
