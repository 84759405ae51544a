"""Two derivations side by side, and where the derivative of the output cancels."""

import itertools

import sympy as sp

from .derivation import Derivation
from .steps import Equation, Part, Step, rate, steps
from .text import WIDTH, part_lines
from .tidy import oriented, tidy

_GAP = " │ "


def columns(one: Derivation, other: Derivation) -> str:
    """The steps of both, beside one another where they are the same steps."""
    width = (WIDTH - len(_GAP)) // 2
    found = [{s.title: s for s in steps(d)} for d in (one, other)]
    titles = [t for t in found[0] if t in found[1]]
    alone = [(i, s) for i in (0, 1) for t, s in found[i].items() if t not in titles]
    lines = [_row(width, one.at.loss.label, other.at.loss.label), _row(width, "─" * width, "─" * width)]
    order = sorted({*titles, *(s.title for _, s in alone)}, key=[t for f in found for t in f].index)
    for title in order:
        lines += [_row(width, "", ""), _row(width, *(title if title in f else "" for f in found))]
        halves = [_body(f.get(title), width - 1) for f in found]
        lines += [_row(width, " " + a, " " + b) for a, b in itertools.zip_longest(*halves, fillvalue="")]
    return "\n".join(lines)


def _body(step, width):
    return [] if step is None else [line for part in step.body for line in part_lines(part, width)]


def _row(width, a, b):
    return f"{a:{width}}{_GAP}{b}".rstrip()


def cancellation(one: Derivation, other: Derivation) -> Step:
    """Where the derivative of the output cancels, and what the gradients of the two differ by."""
    body: list[Part] = [p for d in (one, other) for p in _slopes(d)]
    return Step("Where the output's derivative cancels", (*body, *_ratio(one, other)))


def _slopes(found: Derivation) -> list[Part]:
    label = found.at.loss.label
    chain = found.chain
    if chain is None:
        return [f"{label} is written in z itself: no derivative of an output enters."]
    if any(len(e) > 1 for e in chain.outer):
        return [f"{label} has cases: in each, the output's derivative stays a factor of the gradient."]
    places = [k for k, e in enumerate(chain.outer) if e[0].expr != 0]
    verdicts = {_verdict(found.at, chain, k, chain.outer[k][0].expr) for k in places}
    k = places[0]
    y, z = found.at.y.flat[k], found.at.z.flat[k]
    zero = "one output is 1" if found.at.vector else "dy/dz is"
    factor = "the factor y_k of every dy_k/dz_j" if found.at.vector else "dy/dz"
    says = {
        frozenset({"cancels"}): f"{label}: the denominator of dL/dy holds {factor}. It cancels.",
        frozenset({"stays"}): f"{label}: nothing in dL/dy cancels {factor}. It stays: the gradient is 0 where {zero}, "
        "however wrong the output.",
    }
    return [
        says.get(frozenset(verdicts), f"{label}: {factor} cancels in part."),
        Equation(rate(found, "L", y), oriented(sp.factor(sp.together(chain.outer[k][0].expr)))),
        Equation(rate(found, str(y), z), chain.slope[k][k]),
        Equation(rate(found, "L", z), found.gradient[k]),
    ]


def _verdict(at, chain, k, outer) -> str:
    """Does dL/dy_k have what every dy_k/dz_j has, as a denominator?"""
    slope = at.y[k] if at.shares else chain.slope[k][k]
    denominator = sp.fraction(sp.factor(sp.together(outer)))[1]
    if sp.fraction(sp.cancel(slope / denominator))[0].is_number:
        return "cancels"
    return "" if denominator.has(*at.y.flat) else "stays"


def _ratio(one, other) -> list[Part]:
    """The quotient of the gradients, entry by entry, where both are a single expression in the same symbols."""
    if one.at.loss.output is not other.at.loss.output or one.at.t.tolist() != other.at.t.tolist():
        return []
    found: list[Part] = []
    for z, a, b in zip(one.at.z.flat, one.gradient, other.gradient):
        if len(a) > 1 or len(b) > 1 or 0 in (a[0].expr, b[0].expr):
            return []
        name = "ratio" if not one.at.vector else f"ratio{str(z)[1:]}"
        found.append(Equation(sp.Symbol(name), tidy(a[0].expr / b[0].expr, one.at.known)))
    return [f"The gradient of {one.at.loss.label}, divided by that of {other.at.loss.label}:", *found]
