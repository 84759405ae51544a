"""Proof of an upper bound by balls over boxes: the whole line is covered, and on every box the bound holds.

Between -REACH and REACH boxes are bisected until a Taylor ball stays below the bound: the midpoint's value and slope,
and a ball of the curvature over the whole box. Beyond, with w = exp(-|u|) in (0, exp(-REACH)], the expression is
rewritten in r = w^(1/2) and m = w log w, both of them balls around nearly nothing: one ball covers each tail.
"""

import contextlib

from ...extras import need
from .symbols import NotSymbolic

REACH = 24
SLACK = 1e-6  # relative, on the claimed bound
_BITS = 128
_MOST = 4000


def below(expr, u, top: float) -> int:
    """In how many boxes |expr| <= top (1 + SLACK) is proved for all real u; 0 where it is not.

    expr: a SymPy expression of u in sums, products, powers, exp and log.
    """
    flint = need("flint", "reference", "balls over boxes")
    with _precision(flint):
        try:
            limit = flint.arb(top) * (1 + flint.arb(SLACK))
            if not all(abs(_tail(flint, expr, u, side)) <= limit for side in (1, -1)):
                return 0
            return _middle(flint, expr, u, limit)
        except NotSymbolic:
            return 0


def tail(expr, u, side: int) -> tuple[float, float]:
    """Bounds of expr over all u >= REACH (side 1) or u <= -REACH (side -1).

    Raises: NotSymbolic where no ball holds them.
    """
    flint = need("flint", "reference", "a tail argument")
    with _precision(flint):
        ball = _tail(flint, expr, u, side)
        if not ball.is_finite():
            raise NotSymbolic("unbounded on a tail")
        return float(ball.lower()), float(ball.upper())


@contextlib.contextmanager
def _precision(flint):
    before, flint.ctx.prec = flint.ctx.prec, _BITS
    try:
        yield
    finally:
        flint.ctx.prec = before


def _middle(flint, expr, u, limit):
    boxes, waiting = 2, [(-REACH, REACH)]  # the tails are two
    while waiting:
        low, high = waiting.pop()
        boxes += 1
        if boxes > _MOST:
            return 0
        if not _box(flint, expr, u, low, high, limit):
            middle = (low + high) / 2
            waiting += [(low, middle), (middle, high)]
    return boxes


def _box(flint, expr, u, low, high, limit) -> bool:
    """|expr| <= limit on the box, by a ball or by a Taylor ball."""
    middle, half = flint.arb((low + high) / 2), flint.arb((high - low) / 2)
    whole = flint.arb(middle, half)
    try:
        c = evaluate(flint, expr, {u: flint.arb_series([whole, 1], prec=3)})
        if abs(_at(flint, c, 0)) <= limit:
            return True
        a = evaluate(flint, expr, {u: flint.arb_series([middle, 1], prec=2)})
    except ValueError:  # a wide ball over a pole that is not there
        return False
    step = whole - middle
    return bool(abs(_at(flint, a, 0) + _at(flint, a, 1) * step + _at(flint, c, 2) * step * step) <= limit)


def _at(flint, series, k):
    return series[k] if isinstance(series, flint.arb_series) else flint.arb(series) if k == 0 else flint.arb(0)


def _tail(flint, expr, u, side):
    """One ball for expr over a whole tail; not finite where the rewriting does not come out."""
    sp = need("sympy", "reference", "a tail argument")
    r, m = sp.Symbol("r", positive=True), sp.Symbol("m", negative=True)
    outer = _rewrite(sp, expr, u, side, r, m)

    def at(reach):
        root = (flint.arb(-reach) / 2).exp()
        return {r: root, m: root * root * -reach}

    # The rewriting is held to the expression at one place.
    place = REACH + 1
    if not flint.arb(evaluate(flint, outer, at(place))).overlaps(evaluate(flint, expr, {u: flint.arb(side * place)})):
        return flint.arb.nan()
    ends = {x: flint.arb(0).union(end) for x, end in at(REACH).items()}  # both are monotone in |u|
    return flint.arb(evaluate(flint, outer, ends))


def _rewrite(sp, expr, u, side, r, m):
    """The expression for u > 0 or for u < 0 in r = exp(-|u|/2) and m = r^2 log r^2."""
    w = sp.Symbol("w", positive=True)
    expr = expr.subs(sp.exp(-u), w if side > 0 else 1 / w).subs(sp.exp(u), 1 / w if side > 0 else w)
    expr = expr.subs(u, -sp.log(w) * side)
    # 1 - 1/(1 + w) is w/(1 + w), and its powers and logarithms are those of w and of 1 + w, all positive.
    expr = expr.replace(lambda x: x.is_Add, lambda x: sp.factor(sp.together(x)) if not x.has(sp.log) else x)
    expr = sp.expand_log(sp.expand_power_base(expr, force=True), force=True)
    expr = sp.expand(expr).subs(sp.log(w), m / w)
    return sp.Add(*(sp.cancel(term) for term in sp.Add.make_args(sp.expand(expr.subs(w, r**2)))))


def evaluate(flint, expr, known):
    """The ball (or truncated Taylor series of balls) of a SymPy expression."""
    if expr in known:
        return known[expr]
    if expr.is_Rational:
        return flint.arb(int(expr.p)) / flint.arb(int(expr.q))
    parts = [evaluate(flint, a, known) for a in expr.args]
    name = expr.func.__name__
    if name == "Add":
        return _fold(parts, lambda a, b: a + b)
    if name == "Mul":
        return _fold(parts, lambda a, b: a * b)
    if name in ("exp", "log") and len(parts) == 1:
        return getattr(parts[0], name)()
    if name == "Pow":
        base, power = parts
        if expr.exp.is_Integer:
            n = int(expr.exp)
            whole = _fold([base] * abs(n), lambda a, b: a * b)
            return whole if n > 0 else 1 / whole
        if expr.exp.is_Rational and isinstance(base, flint.arb):
            return _root(flint, base, expr.exp)
        if expr.exp.is_Rational:
            return (base.log() * power).exp()
    raise NotSymbolic(f"{name} has no ball")


def _root(flint, base, exponent):
    """The power of a ball that may touch 0, by monotony."""
    power = flint.arb(int(exponent.p)) / flint.arb(int(exponent.q))
    high = flint.arb(base.upper())
    if exponent > 0 and base.lower() <= 0 < high:
        return flint.arb(0).union((high.log() * power).exp())
    return (base.log() * power).exp()


def _fold(parts, op):
    out = parts[0]
    for part in parts[1:]:
        out = op(out, part)
    return out
