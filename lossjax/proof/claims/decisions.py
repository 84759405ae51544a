"""Proofs that a scalar loss is strictly proper or calibrated, by the derivative of its risk or by a theorem."""

from ...losses.loss import Loss
from .exact import FINITE, SPANS, Exact
from .shapes import convex
from .symbols import NotSymbolic, Piece, pieces


def _risk(exact):
    """(R'(z), y, place) on common pieces: p the posterior of the upper class, y the output as a probability."""
    sp, kind = exact.sp, exact.loss.targets.name
    p = sp.Symbol("p")
    ends = (SPANS | FINITE).get(kind)
    if ends is None:
        raise NotSymbolic("no classes")
    sides = [pieces(lambda z, t: exact.loss.formula(z, t, **exact.params), sp.Integer(e), exact.u) for e in ends]
    outputs = pieces(lambda z, t: exact.loss.output(z), sp.Integer(1), exact.u)
    for a in sides[0]:
        for b in sides[1]:
            for o in outputs:
                low, high = max(a.low, b.low, o.low), min(a.high, b.high, o.high)
                if low < high:
                    place = Piece(low, high, None)
                    y = (1 + o.expr) / 2 if kind == "tanh" else o.expr
                    risk = (1 - p) * sp.diff(a.expr, exact.u) + p * sp.diff(b.expr, exact.u)
                    yield risk, y, place


def _aligned(exact) -> bool:
    """Is R'(z) = w(z) (y - p) with w > 0, and does y rise from 0 to 1 with y(0) = 1/2?"""
    p, parts = exact.sp.Symbol("p"), []
    for risk, y, place in _risk(exact):
        weight, rise = exact.rational(risk / (y - p), place), exact.rational(exact.sp.diff(y, exact.u), place)
        if (
            p in weight.expr.free_symbols
            or not exact.nonnegative(weight, strict=True)
            or not exact.nonnegative(rise, strict=True)
        ):
            return False
        parts.append((exact.rational(y, place), place))
    first, last = parts[0][0], parts[-1][0]
    ends = exact.limit(first, "low"), exact.limit(last, "high")
    middle = {y.expr.subs(exact.v, 1) for y, place in parts if place.low <= 0 <= place.high}
    return ends == (0, 1) and middle == {exact.sp.Rational(1, 2)}


def _one_sided(exact) -> bool:
    """Is R'(z) = -w(z) (2 p - 1) with w > 0, so that the minimiser lies at the Bayes class' end of the line?"""
    p = exact.sp.Symbol("p")
    weights = [exact.rational(risk / (1 - 2 * p), place) for risk, _, place in _risk(exact)]
    return all(p not in w.expr.free_symbols and exact.nonnegative(w, strict=True) for w in weights)


def proper(exact: Exact, loss: Loss) -> str:
    """The risk falls before the posterior and rises after it: strictly proper."""
    if loss.claims.proper and _aligned(exact):
        return "SymPy: the risk at posterior p has R'(z) = w(z) (output - p), w > 0, and the output rises from 0 to 1"
    return ""


def calibrated(exact: Exact, loss: Loss) -> str:
    """A risk that rises with the distance from its minimiser, or Bartlett, Jordan and McAuliffe 2006, theorem 2."""
    sp = exact.sp
    if not loss.claims.calibrated:
        return ""
    try:
        if _one_sided(exact):
            return "SymPy: the risk at posterior p has R'(z) = -w(z) (2 p - 1), w > 0"
        if _aligned(exact):
            return "SymPy: the risk at posterior p has R'(z) = w(z) (y - p), w > 0, y rising with y(0) = 1/2"
    except exact.failures:
        pass  # the theorem may still apply
    if loss.targets.name != "margin" or not convex(exact, loss):
        return ""
    (_, _, minus), (_, _, plus) = exact.cases
    mirrored = [(-p.high, -p.low, p.expr.subs(exact.u, -exact.u)) for p in reversed(minus)]
    same = len(plus) == len(mirrored) and all(
        (p.low, p.high) == m[:2] and sp.simplify(p.expr - m[2]) == 0 for p, m in zip(plus, mirrored)
    )
    slopes = {sp.simplify(sp.diff(p.expr, exact.u).subs(exact.u, 0)) for p in plus if p.low <= 0 <= p.high}
    if same and len(slopes) == 1 and (slope := slopes.pop()) < 0:
        theorem = "theorem 2 of Bartlett, Jordan and McAuliffe 2006"
        return f"{theorem}: convex in the margin (proved), with derivative {slope} at 0"
    return ""
