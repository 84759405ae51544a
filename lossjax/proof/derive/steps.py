"""The derivation as steps, each a sentence and its equations, as a person would write them on paper."""

import dataclasses
from typing import Any

import sympy as sp

from .cases import Case, cases
from .derivation import Cases, Chain, Derivation
from .reader import number

# A formula in cases of this size is not what anybody printed.
_TANGLE = 40


@dataclasses.dataclass(frozen=True)
class Rate:
    """The derivative of one thing in others, `Rate("L", ("z1", "z2"))`; partial where there are several variables."""

    of: "str | Rate"
    by: tuple[str, ...]
    partial: bool = False
    held: str = ""  # what does not move with z


@dataclasses.dataclass(frozen=True)
class Equation:
    """`name` = `form`, an expression, cases, or several forms one after another."""

    name: Rate | sp.Symbol
    form: sp.Expr | Cases


@dataclasses.dataclass(frozen=True)
class Rule:
    """A chain rule in words of rates: name = sum of products."""

    name: Rate
    terms: tuple[tuple[Rate, ...], ...]


@dataclasses.dataclass(frozen=True)
class Facts:
    """A lead, such as "Using", and equations between expressions."""

    lead: str
    equations: tuple[tuple[sp.Expr, sp.Expr], ...]


Part = str | Equation | Rule | Facts


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a derivation."""

    title: str
    body: tuple[Part, ...]


def steps(found: Derivation) -> list[Step]:
    """All steps up to the Hessian; the confirmation is not one of them."""
    written = [_printed(found)]
    if found.chain is not None:
        written += [part(found, found.chain) for part in (_in_output, _chain, _outer, _output, _substituted)]
    else:
        written += _direct(found)
    return [*written, _gradient(found), _hessian(found)]


def _printed(found):
    at = found.at
    body: list[Part] = [Equation(sp.Symbol("L"), _settled(found))]
    if at.values:
        body.append(Facts("Parameters:", tuple((s, number(v)) for s, v in at.values.items())))
    body += [at.targets()] if at.targets() else []
    return Step("The loss as printed" + (", its decisions as cases" if _tangled(found) else ""), tuple(body))


def _settled(found):
    """The formula, without cases that are never met; a tangle of them, as a sort makes, as one list."""
    if _tangled(found):
        return found.value
    pieces = cases(found.printed, found.at.ground)
    return pieces[0].expr if len(pieces) == 1 else found.printed


def _tangled(found) -> bool:
    return isinstance(found.printed, sp.Piecewise) and found.printed.count_ops() > _TANGLE


def _in_output(found, chain):
    at = found.at
    outputs = [Equation(y, e) for y, e in zip(at.y.flat, chain.output.flat)]
    body = ["With the output", *outputs, "the loss is", Equation(sp.Symbol("L"), found.value)]
    return Step("In terms of the output", tuple(body))


def rate(found: Derivation, of: str | Rate, *by) -> Rate:
    """A derivative, partial for vectors."""
    return Rate(of, tuple(str(b) for b in by), found.at.vector)


def _held(found, of, by):
    return dataclasses.replace(rate(found, of, by), partial=True, held="y")


def _chain(found, chain):
    at = found.at
    rules: list[Part] = []
    for j, a in enumerate(at.z.flat):
        terms: list[tuple[Rate, ...]] = [
            (rate(found, "L", b), rate(found, str(b), a)) for k, b in enumerate(at.y.flat) if chain.slope[k][j] != 0
        ]
        if chain.direct:
            terms.append((_held(found, "L", a),))
        rules.append(Rule(rate(found, "L", a), tuple(terms)))
    return Step("Chain rule", tuple(rules))


def _outer(found, chain):
    at = found.at
    body: list[Part] = [Equation(rate(found, "L", b), e) for b, e in zip(at.y.flat, chain.outer)]
    if chain.direct:
        body.append("and, with y held fixed,")
        body += [Equation(_held(found, "L", a), e) for a, e in zip(at.z.flat, chain.direct)]
    return Step("The derivative in the output", tuple(body))


def _output(found, chain):
    at = found.at
    body = ["Written in y again,"] if not at.shares else ["Written in y again, outputs summing to 1,"]
    for k, b in enumerate(at.y.flat):
        body += [Equation(rate(found, str(b), a), chain.slope[k][j]) for j, a in enumerate(at.z.flat)]
    return Step("The output's derivative", tuple(body))


def _substituted(found, chain):
    at = found.at
    return Step(
        "Substitute",
        tuple(Equation(rate(found, "L", a), product(found, chain, j)) for j, a in enumerate(at.z.flat)),
    )


def product(found: Derivation, chain: Chain, j: int) -> sp.Expr | Cases:
    """The chain rule for z_j with everything put in, nothing multiplied out."""
    if any(len(e) > 1 for e in chain.outer):
        return tuple(Case(c.ranges, _factors(found, chain, c)) for c in found.product[j])
    terms = [_times(e[0].expr, chain.slope[k][j]) for k, e in enumerate(chain.outer) if _counts(chain, k, j)]
    terms += [chain.direct[j][0].expr] if chain.direct and chain.direct[j][0].expr != 0 else []
    return sp.Add(*terms, evaluate=False) if len(terms) > 1 else terms[0] if terms else sp.Integer(0)


def _times(outer: Any, slope: Any) -> sp.Expr:
    """Both factors as they are, a sign of the slope taken to the other one."""
    if isinstance(slope, sp.Mul) and slope.could_extract_minus_sign():
        outer, slope = -outer, -slope
    return sp.Mul(outer, *(slope.args if isinstance(slope, sp.Mul) else (slope,)), evaluate=False)


def _counts(chain, k, j):
    return chain.slope[k][j] != 0 and chain.outer[k][0].expr != 0


def _factors(found, chain, case):
    """One case of a number's output: its own outer derivative times the slope; of vectors, the sum as it is."""
    same = [c.expr for c in chain.outer[0] if c.ranges == case.ranges]
    return _times(same[0], chain.slope[0][0]) if same and not found.at.vector else case.expr


def _direct(found):
    at, value = found.at, found.value
    body = ["The output is y = z, so dy/dz = 1 and the chain rule adds no factor."] if at.linear else [
        "The formula is written in z itself, not in the output: it is differentiated directly."
    ]  # fmt: skip
    written = []
    if len(value) > 1 and not _tangled(found):
        written.append(Step("Case by case", (*body, Equation(sp.Symbol("L"), value))))
        body = []
    body += [Equation(rate(found, "L", a), e) for a, e in zip(at.z.flat, found.product)]
    return [*written, Step("Differentiate", tuple(body))]


def _gradient(found):
    z = found.at.z.flat
    return Step(
        "The gradient, simplified",
        (*_using(found), *(Equation(rate(found, "L", a), g) for a, g in zip(z, found.gradient))),
    )


def _hessian(found):
    at, z = found.at, list(found.at.z.flat)
    body: list[Part] = []
    if found.chain is not None:
        body.append("The chain rule once more, on the gradient:")
        inner = rate(found, "L", z[0])
        terms = [(rate(found, inner, y), rate(found, str(y), z[0])) for y in at.y.flat]
        terms += (
            [(dataclasses.replace(rate(found, inner, z[0]), held="y", partial=True),)] if found.chain.direct else []
        )
        body.append(Rule(rate(found, "L", z[0], z[0]), tuple(terms)))
        if found.second != found.hessian[0][0]:
            body.append(_again(found))
    body += _using(found)
    for i, a in enumerate(z):
        body += [Equation(rate(found, "L", a, b), found.hessian[i][j]) for j, b in enumerate(z) if j >= i]
    if at.vector:
        body.append("The Hessian is symmetric.")
    return Step("The Hessian", tuple(body))


def _again(found):
    """What the chain rule makes of the first entry, before it is simplified."""
    z = found.at.z.flat[0]
    return Equation(rate(found, "L", z, z), found.second)


def _using(found) -> list[Part]:
    at, facts = found.at, []
    if at.shares:
        facts.append((sp.Add(*at.y), sp.Integer(1)))
    if at.loss.targets.name == "simplex":
        facts.append((sp.Add(*at.t), sp.Integer(1)))
    if at.loss.targets.name == "margin":
        facts.append((at.t[()] ** 2, sp.Integer(1)))
    return [Facts("Using", tuple(facts))] if facts else []
