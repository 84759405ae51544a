"""The derivation: the printed formula in terms of the output, the chain rule, gradient and Hessian in cases."""

import dataclasses

import numpy as np
import sympy as sp

from ...losses.loss import Loss
from .cases import Case, cases, piecewise
from .outputs import Outputs, in_powers
from .setting import Setting, setting
from .tidy import tidy

Cases = tuple[Case, ...]
# Nested decisions of this size are taken apart before anything is differentiated.
_LARGE = 60


@dataclasses.dataclass(frozen=True)
class Chain:
    """What the chain rule is made of, where the formula depends on z through the output."""

    output: np.ndarray  # as the formula writes it
    outer: list[Cases]  # dL/dy
    slope: list[list]  # dy/dz in y, by rows of y
    direct: list[Cases] | None  # dL/dz where y is held, if z stands beside it


@dataclasses.dataclass(frozen=True)
class Derivation:
    """Every quantity as cases; lists run over the entries of z, the Hessian is a list of rows.

    Without a chain the formula is a function of z alone, and is differentiated directly.
    """

    at: Setting
    printed: sp.Expr  # as the formula says
    value: Cases
    chain: Chain | None
    product: list[Cases]  # the gradient before it is simplified
    gradient: list[Cases]
    second: Cases  # the first entry of the Hessian before it is simplified
    hessian: list[list[Cases]]


def derive(loss: Loss, classes: int = 2) -> Derivation:
    """Derive a loss from its formula and its output, a vector event for so many classes.

    Raises: UsageError for a number of classes that cannot be written out; NotSymbolic for a formula that cannot be read.
    """
    at = setting(loss, classes)
    printed = at.formula()
    outputs, formula = _in_outputs(at)
    value = piecewise(printed if outputs is None else formula)
    slope = None if outputs is None else _slope(at, outputs.of_z)
    if slope is None:
        outputs, value = None, piecewise(printed)
    z, y = list(at.z.flat), list(at.y.flat)

    def through(e):
        """The derivatives of an expression in y and z, by the chain rule, not simplified."""
        if slope is None:
            return [sp.diff(e, a) for a in z]
        chained = [sum(sp.diff(e, b) * slope[k][j] for k, b in enumerate(y)) for j in range(len(z))]
        return [c + sp.diff(e, a) for c, a in zip(chained, z)]

    def short(e):
        return _short(at, e)

    def in_cases(e, how=lambda e: e):
        return cases(e, at.ground, how)

    if value.count_ops() > _LARGE:
        value = whole(in_cases(value))
    raw = through(value)
    chain = None
    if outputs is not None and slope is not None:
        direct = [in_cases(sp.diff(value, a)) for a in z] if value.has(*z) else None
        output = outputs.of_z if outputs.printed is None else outputs.printed
        # Simplified without what is known of y, to show where it comes from.
        chain = Chain(output, [in_cases(sp.diff(value, b), tidy) for b in y], slope, direct)
    gradient = [in_cases(g, short) for g in raw]
    second = [through(whole(g)) for g in gradient]
    return Derivation(
        at=at,
        printed=printed,
        value=in_cases(value),
        chain=chain,
        product=[in_cases(g) for g in raw],
        gradient=gradient,
        second=in_cases(second[0][0]),
        hessian=[[in_cases(h, short) for h in row] for row in second],
    )


def whole(found: Cases) -> sp.Expr:
    """Cases as one expression again."""
    if len(found) == 1:
        return found[0].expr
    pairs = [(c.expr, sp.And(*(x for r in c.ranges for x in (r.low < r.axis, r.axis < r.high)))) for c in found]
    return sp.Piecewise(*pairs[:-1], (pairs[-1][0], True))


def _short(at, e):
    margin = at.loss.targets.name == "margin"
    return tidy(e, at.known, {at.t[()] ** 2: 1} if margin else None)


def _in_outputs(at):
    """The formula in y, if it can be written so."""
    if at.of_z is None:
        return None, None
    outputs = Outputs(at.y, at.of_z)
    formula = at.formula(outputs)
    found = formula.has(*at.y.flat) and not formula.has(*outputs.sums)
    return (outputs, formula) if found else (None, None)


def _slope(at: Setting, of_z: np.ndarray) -> list[list] | None:
    """dy_k/dz_j written in y; None if it cannot be."""
    rows = [[sp.diff(e, b) for b in at.z.flat] for e in of_z.flat]
    back = _shares(at) if at.shares else _inverse(at)
    return None if back is None else [[tidy(back(e)) for e in row] for row in rows]


def _shares(at):
    """Outputs exp(z_k) / sum: a common factor of the exponentials changes nothing, so that they may sum to 1."""
    total = sum(sp.exp(a) for a in at.z.flat)
    names = dict(zip(at.z.flat, at.y.flat))
    if any(sp.simplify(e - sp.exp(a) / total) != 0 for e, a in zip(at.of_z, at.z)):
        return None
    return lambda e: in_powers(e.xreplace({total: sp.Integer(1)}), names)


def _inverse(at):
    """exp z as a function of y, each output a function of its own z."""
    names = {}
    for e, a, b in zip(at.of_z.flat, at.z.flat, at.y.flat):
        power = sp.Dummy(positive=True)
        place = sp.Rational(3, 10)
        known = {b: e.subs(a, place)}
        found = [s for s in sp.solve(e.subs(sp.exp(a), power) - b, power) if _near(s.subs(known), sp.exp(place))]
        if len(found) != 1:
            return None
        names[a] = found[0]
    return lambda e: in_powers(e, names)


def _near(a, b) -> bool:
    return bool(abs(sp.N(a - b)) < 1e-9)
