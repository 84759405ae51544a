"""A piecewise expression as a list of smooth ones, each with the conditions under which it holds.

Conditions are linear in their monomials, of which a linear program decides whether they can hold together.
"""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import linprog
from sympy.core.relational import Relational

_DECISIONS = (sp.Abs, sp.Max, sp.Min, sp.sign, sp.Piecewise)


@dataclasses.dataclass(frozen=True)
class Range:
    """The condition low < axis < high, either end infinite."""

    axis: sp.Expr
    low: sp.Expr
    high: sp.Expr

    def holds(self, value) -> bool:
        """At a point; value: expression -> number."""
        return bool(value(self.low - self.axis) < 0) and bool(value(self.axis - self.high) < 0)


@dataclasses.dataclass(frozen=True)
class Case:
    """`expr`, smooth, where every one of the ranges holds."""

    ranges: tuple[Range, ...]
    expr: sp.Expr

    def holds(self, value) -> bool:
        """At a point; value: expression -> number."""
        return all(r.holds(value) for r in self.ranges)


@dataclasses.dataclass(frozen=True)
class Ground:
    """What conditions are judged by: expressions that are 0, such as what outputs sum to less 1; and parameter values."""

    known: tuple[sp.Expr, ...] = ()
    values: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()

    def feasible(self, positive) -> bool:
        """Can these expressions all be positive, for these parameters?"""
        return feasible(tuple(d.subs(self.values) for d in positive), self.known)


def cases(expr, ground: Ground = Ground(), tidy=lambda e: e) -> tuple[Case, ...]:
    """The smooth pieces of an expression; tidy: what is done to a piece before equal ones are merged."""
    found = [Case(_ranges(facts, ground), tidy(e)) for facts, e in _split(sp.sympify(expr), (), ground)]
    return tuple(sorted(_merged(found), key=_place))


def piecewise(expr):
    """The expression with every max, min and absolute value written as cases, which SymPy differentiates as such."""
    expr = sp.sympify(expr)
    return expr.replace(lambda e: isinstance(e, (sp.Abs, sp.Max, sp.Min)), _as_cases)


def _as_cases(node):
    if isinstance(node, sp.Abs):
        (a,) = node.args
        return sp.Piecewise((a, a > 0), (-a, True))
    first, *rest = sorted(node.args, key=sp.default_sort_key)
    other = node.func(*rest) if len(rest) > 1 else rest[0]
    if len(rest) > 1:
        other = _as_cases(other)
    above = first > other
    return sp.Piecewise((first, above if isinstance(node, sp.Max) else sp.Not(above)), (other, True))


def _split(expr, facts, ground) -> Iterator:
    node = next((e for e in sp.postorder_traversal(expr) if isinstance(e, _DECISIONS)), None)
    if node is None:
        yield facts, expr
        return
    d, *outcomes = _decision(node)
    if d is None:
        yield from _split(expr.xreplace({node: outcomes[0]}), facts, ground)
        return
    possible = [ground.feasible((*facts, s * d)) for s in (1, -1)]
    for s, outcome, can in zip((1, -1), outcomes, possible):
        if can:
            more = (*facts, s * d) if all(possible) else facts
            yield from _split(expr.xreplace({node: outcome}), more, ground)


def _decision(node: Any):
    """What decides, and the node where that is positive and where it is negative."""
    if isinstance(node, sp.Abs):
        (a,) = node.args
        return sp.expand(a), a, -a
    if isinstance(node, sp.sign):
        return sp.expand(node.args[0]), sp.Integer(1), sp.Integer(-1)
    if isinstance(node, (sp.Max, sp.Min)):
        ordered: list[Any] = sorted(node.args, key=sp.default_sort_key)
        a, b, *rest = ordered
        larger, smaller = node.func(a, *rest), node.func(b, *rest)
        return (sp.expand(a - b), larger, smaller) if isinstance(node, sp.Max) else (sp.expand(a - b), smaller, larger)
    condition = node.args[0][1]
    relation: Any = next(iter(sorted(condition.atoms(Relational), key=sp.default_sort_key)))
    yes, no = (node.xreplace({relation: x}) for x in (sp.true, sp.false))
    if isinstance(relation, (sp.Eq, sp.Ne)):  # no point of interest lies on a tie
        return None, no if isinstance(relation, sp.Eq) else yes
    d = sp.expand(relation.lhs - relation.rhs)
    return (d, yes, no) if isinstance(relation, (sp.Gt, sp.Ge)) else (d, no, yes)


@functools.lru_cache(maxsize=4096)
def feasible(positive: tuple, known: tuple) -> bool:
    """Can these expressions all be positive, and the known ones 0, each monomial taken as a variable of its own?"""
    if any(d.is_negative or d == 0 for d in positive):
        return False
    positive = tuple(d for d in positive if not d.has(sp.oo, -sp.oo, sp.zoo, sp.nan))
    columns: dict = {}
    rows = [_coefficients(d, columns) for d in (*positive, *known)]
    matrix, constant = np.zeros((len(rows), len(columns))), np.array([r.get(None, 0.0) for r in rows])
    for i, row in enumerate(rows):
        for monomial, c in row.items():
            if monomial is not None:
                matrix[i, columns[monomial]] = c
    n, k = len(positive), len(columns)
    # The largest e <= 1 with every expression, and every monomial that is positive by itself, at least e.
    a = np.hstack([-matrix[:n], np.ones((n, 1))])
    own = [i for m, i in columns.items() if m.is_positive]
    a = np.vstack([a, np.hstack([-np.eye(k)[own], np.ones((len(own), 1))])])
    b = np.concatenate([constant[:n], np.zeros(len(own))])
    equal = np.hstack([matrix[n:], np.zeros((len(rows) - n, 1))]) if known else None
    bounds = [(None, None)] * k + [(None, 1)]
    found = linprog(
        [0.0] * k + [-1.0], A_ub=a, b_ub=b, A_eq=equal, b_eq=-constant[n:] if known else None, bounds=bounds
    )
    return bool(found.status == 3 or (found.status == 0 and -found.fun > 1e-9))


def _coefficients(d, columns) -> dict:
    """Monomial -> coefficient, None for the constant; new monomials get a column."""
    row: dict = {}
    for term in sp.Add.make_args(sp.expand(d)):
        c, monomial = term.as_coeff_Mul()
        key = None if monomial == 1 else monomial
        if key is not None:
            columns.setdefault(key, len(columns))
        row[key] = row.get(key, 0.0) + float(c)
    return row


def _ranges(facts, ground) -> tuple[Range, ...]:
    """The conditions as ranges, those left out that the others imply."""
    facts = list(dict.fromkeys(facts))
    for d in tuple(facts):
        others = tuple(f for f in facts if f != d)
        if not ground.feasible((*others, -d)):
            facts = list(others)
    ends: dict = {}
    for d in facts:
        axis, end, above = _solved(d, {s for s, _ in ground.values})
        low, high = ends.get(axis, (-sp.oo, sp.oo))
        ends[axis] = (end, high) if above else (low, end)
    return tuple(Range(axis, *ends[axis]) for axis in sorted(ends, key=sp.default_sort_key))


def _solved(d, parameters):
    """d > 0 as axis > end or axis < end; z, or the outputs, lead the axis with a factor 1."""
    terms = sp.Add.make_args(sp.expand(d))
    inside = sorted((e for e in terms if e.free_symbols - parameters), key=_leading)
    c = inside[0].as_coeff_Mul()[0] if inside else sp.Integer(1)
    axis = sp.Add(*inside) / c
    return sp.expand(axis), sp.expand(-(d - sp.Add(*inside)) / c), bool(c > 0)


def _leading(term):
    names = sorted(s.name for s in term.free_symbols)
    return (not any(n[0] in "zy" for n in names), min((n for n in names if n[0] in "zy"), default=""), str(term))


def _merged(found: list[Case]) -> list[Case]:
    """Neighbouring cases with equal expressions as one, until none are left."""
    for i, a in enumerate(found):
        for j, b in enumerate(found[i + 1 :], i + 1):
            union = _union(a, b) if a.expr == b.expr else None
            if union is not None:
                rest = [c for k, c in enumerate(found) if k not in (i, j)]
                return _merged([*rest, Case(union, a.expr)])
    return found


def _union(a: Case, b: Case) -> tuple[Range, ...] | None:
    """The ranges of both together, where they differ along one axis only and meet there."""
    one, other = ({r.axis: r for r in c.ranges} for c in (a, b))
    apart = [x for x in one.keys() | other.keys() if one.get(x) != other.get(x)]
    if len(apart) > 1:
        return None
    if not apart:
        return a.ranges
    (axis,) = apart
    if axis not in one or axis not in other:
        return tuple(r for r in a.ranges if r.axis != axis)
    p, q = one[axis], other[axis]
    if p.low == q.high:
        p, q = q, p
    if p.high != q.low:
        return None
    joined = Range(axis, p.low, q.high)
    whole = (joined.low, joined.high) == (-sp.oo, sp.oo)
    return tuple(r for r in (joined if r.axis == axis else r for r in a.ranges) if not (whole and r.axis == axis))


def _place(case: Case):
    """Cases in the order of their ranges, parameters taken as 1."""
    return [(str(r.axis), float(r.low.subs({s: 1 for s in r.low.free_symbols}))) for r in case.ranges]
