"""Proofs of the value of a perfect prediction: that L is never below it; and how it is reached."""

import dataclasses

import numpy as np

from ...losses.loss import Loss
from .exact import Exact
from .shapes import convex, positive


def perfect(exact: Exact, loss: Loss) -> str:
    """L is never below it and reaches it; or L is convex or monotone, and has that value at its lowest."""
    for t, _, found in exact.cases:
        targets = np.array([float(t)]) if t.is_number else np.array([0.0, 0.25, 0.5, 1.0])
        claimed = {float(loss.claims.perfect(x)) for x in targets}
        if len(claimed) > 1:
            return ""
        (least,) = claimed
        if t.free_symbols and exact.span and not _matched(exact, t, found, least):
            return ""
        if not (_never_below(exact, found, least) or _reaches(exact, loss, t, found, least)):
            return ""
    return "SymPy: L is never below it; reached or approached"


def _matched(exact, t, found, least) -> bool:
    """Does L have this value where the output is the target, for every target inside the span?"""
    sp = exact.sp
    odds = {(0, 1): t / (1 - t), (-1, 1): sp.sqrt((1 + t) / (1 - t))}[exact.span]  # exp(z) there
    (piece,) = found
    return sp.simplify(piece.expr.subs(sp.exp(exact.u), odds).subs(exact.u, sp.log(odds))) == sp.Rational(least)


def _never_below(exact, found, least):
    for p in found:
        gap = p.expr - exact.sp.Rational(least)
        try:
            if not (_nonnegative(exact.sp, gap) or exact.nonnegative(exact.rational(gap, p))):
                return False
        except exact.failures:
            return False
    return True


def _nonnegative(sp, expr) -> bool:
    """Is expr a sum of products whose signs are known, with every logarithm of known sign?"""
    size = sp.Symbol("l", nonnegative=True)
    if expr.is_nonnegative:
        return True
    expr = expr.replace(
        sp.log, lambda x: -size if positive(sp, 1 / x - 1) else size if positive(sp, x - 1) else sp.log(x)
    )
    return bool(expr.replace(lambda x: x.is_Add, lambda x: sp.factor(sp.together(x))).is_nonnegative)


def _reaches(exact, loss, t, found, least):
    sp, u = exact.sp, exact.u
    if not exact.continuous():
        return False
    if loss.targets.name == "real" and convex(exact, loss):
        at = [p for p in found if p.low < 0 < p.high]
        if at and sp.simplify(sp.diff(at[0].expr, u).subs(u, 0)) == 0:
            return abs(float(at[0].expr.subs(u, 0)) - least) <= 1e-15 * (1 + abs(least))
        return False
    if not t.is_number:
        return False
    for sign, end in ((-1, sp.oo), (1, -sp.oo)):
        slopes = [exact.derivative(p, 1) for p in found]
        if all(exact.nonnegative(dataclasses.replace(r, expr=sign * r.expr)) for r in slopes):
            piece = found[-1] if end == sp.oo else found[0]
            return sp.limit(piece.expr, u, end) == least
    return False
