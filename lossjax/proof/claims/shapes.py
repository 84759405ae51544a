"""Proofs about the shape of a scalar loss: convex, its suprema, where it is smooth."""

import dataclasses

import numpy as np

from ...losses.loss import Loss
from . import boxes as claims_boxes
from .exact import Exact
from .symbols import NotSymbolic

_SLACK = 1e-9  # a claimed supremum is a rounded number


def convex(exact: Exact, loss: Loss) -> str:
    """Convex on every piece, the derivative falling at no break."""
    if not exact.continuous():
        return ""
    if not all(exact.nonnegative(exact.derivative(p, 2)) for p in exact.all_pieces()):
        return ""
    jumps = [exact.jump(*b, 1) for b in exact.breaks()]
    if not all(j.is_number and j >= 0 for j in jumps):
        return ""
    return "SymPy: d2L/dz2 >= 0 on every piece (Sturm), and the derivative falls at no break"


def supremum(claim, order):
    """The proof that |d^order L| never exceeds the claimed constant, or is unbounded as claimed."""

    def proof(exact, loss):
        c = getattr(loss.claims, claim)
        if c is None:
            return ""
        if c == np.inf:
            return _unbounded(exact, order)
        if order == 1 and not exact.forked and not exact.continuous():
            return ""
        try:
            return _never_above(exact, order, c)
        except exact.failures:
            return _boxes(exact, order, c)

    return proof


def _never_above(exact, order, c):
    top = exact.sp.Rational(c) * (1 + exact.sp.Rational(_SLACK))
    for piece in exact.all_pieces():
        d = exact.derivative(piece, order)
        for sign in (1, -1) if order else (1,):
            if not exact.nonnegative(dataclasses.replace(d, expr=exact.sp.together(top - sign * d.expr))):
                return ""
    return "SymPy: exceeded on no piece (Sturm); reached"


def _boxes(exact, order, c):
    """Balls over boxes, for targets that are numbers and formulas of one piece."""
    if order == 0 or any(t.free_symbols or len(found) > 1 for t, _, found in exact.cases):
        return ""
    boxes = 0
    for piece in exact.all_pieces():
        n = claims_boxes.below(exact.sp.diff(piece.expr, exact.u, order), exact.u, c)
        if n == 0:
            return ""
        boxes += n
    reach, slack = claims_boxes.REACH, claims_boxes.SLACK
    within = f"exceeded by no more than {slack:g} of it; reached"
    return f"balls over {boxes} boxes of |z| <= {reach} and, beyond, over exp(-|z|): {within}"


def _unbounded(exact, order):
    """A derivative is unbounded towards an end of the line, or a slope that stays off 0 there makes L so."""
    for _, _, found in exact.cases:
        for piece, end in ((found[0], "low"), (found[-1], "high")):
            outward = 1 if end == "high" else -1
            for limit in _limits(exact, piece, max(order, 1), end):
                if order and abs(limit) == exact.sp.oo:
                    return f"SymPy: {'dL/dz' if order == 1 else 'd2L/dz2'} has no finite limit at one end"
                if order == 0 and limit * outward > 0:
                    return f"SymPy: dL/dz tends to {float(limit):g} at one end, so that L grows without bound"
            if order == 0 and (slope := _outer_slope(exact, piece, outward)) > 0:
                tail = f"|z| >= {claims_boxes.REACH}"
                return f"a ball over {tail}: |dL/dz| > {0.9 * slope:.2g} there, so that L grows without bound"
    return ""


def _limits(exact, piece, order, end):
    """Limits of a rational derivative at an end of the line, at the ends of the target's span."""
    try:
        d = exact.derivative(piece, order)
    except NotSymbolic:
        return []
    symbols = [s for s in d.expr.free_symbols if s.name == "t"]
    ends = (exact.span or (0,)) if symbols else (0,)
    at = [dataclasses.replace(d, expr=d.expr.subs(symbols[0], e) if symbols else d.expr) for e in ends]
    return [exact.limit(r, end) for r in at]


def _outer_slope(exact, piece, outward):
    """The least outward slope on the whole tail; 0 where that is not known."""
    if piece.expr.free_symbols - {exact.u}:
        return 0.0
    try:
        low, high = claims_boxes.tail(exact.sp.diff(piece.expr, exact.u), exact.u, outward)
    except NotSymbolic:
        return 0.0
    return low if outward > 0 else -high


def kinks(exact: Exact, loss: Loss) -> str:
    """A loss that claims no kink is smooth where it is used."""
    if loss.claims.kinks:
        return ""
    if _analytic(exact):
        return "SymPy: one piece, composed of functions that are smooth where they are used"
    if not exact.continuous() or not exact.continuous(1):
        return ""
    for piece in exact.all_pieces():
        d = exact.derivative(piece, 1)
        _, denominator = exact.sp.fraction(d.expr)
        if denominator.free_symbols and exact.roots(exact.sp.Poly(denominator), d):
            return ""
    return "SymPy: dL/dz is a rational function without poles on every piece, and agrees at every break"


def _analytic(exact) -> bool:
    """Is every formula one piece whose logarithms, divisors and broken powers have positive arguments?"""
    sp = exact.sp

    def delicate(x):
        return x.func is sp.log or (x.is_Pow and x.base != sp.E and not (x.exp.is_Integer and x.exp > 0))

    for _, _, found in exact.cases:
        parts = [x.args[0] for x in sp.preorder_traversal(found[0].expr) if delicate(x)]
        if len(found) > 1 or not all(positive(sp, part) for part in parts):
            return False
    return True


def positive(sp, x) -> bool:
    """Is x positive for all values of its symbols?"""
    return bool(sp.factor(sp.together(x)).is_positive)
