"""A scalar loss in exact terms: its derivatives as rational functions, their signs by Sturm's theorem.

With v = exp(z) (or v = z where no exponential occurs) gradient and Hessian of most losses are rational in v, with
rational coefficients: whether one has a sign on an interval is decided by counting the real roots of numerator and
denominator. Targets between two ends enter affinely, concavely or not at all, so that the ends decide.
"""

import dataclasses
import itertools
from typing import Any

import numpy as np

from ...extras import MissingExtraError, need
from ...losses.loss import Loss
from .symbols import NotSymbolic, Piece, readings

SPANS = {"unit": (0, 1), "tanh": (-1, 1)}
FINITE = {"binary": (0, 1), "margin": (-1, 1)}


@dataclasses.dataclass(frozen=True)
class Rational:
    """A rational function of v on an open interval of v > 0 or of the real line."""

    expr: Any
    low: Any
    high: Any


class Exact:
    """The exact pieces of one loss for each of its targets (a target that ranges over an interval stays a symbol)."""

    def __init__(self, loss: Loss):
        """Read the formula.

        Raises: NotSymbolic where it cannot be read or is not rational after v = exp(z).
        """
        self.sp = sp = need("sympy", "reference", "a symbolic proof")
        # What SymPy cannot do is no proof, and no error of ours.
        self.failures = (
            NotSymbolic,
            MissingExtraError,
            sp.polys.polyerrors.BasePolynomialError,
            ArithmeticError,
            NotImplementedError,
            TypeError,
            ValueError,
        )
        self.loss, kind = loss, loss.targets.name
        if loss.event_ndim:
            raise NotSymbolic("a vector event")
        self.u, self.v = sp.Symbol("u", real=True), sp.Symbol("v", positive=True)
        if kind in FINITE:
            targets = [(sp.Integer(t), 0) for t in FINITE[kind]]
        else:
            t = sp.Symbol("t", real=True, nonnegative=True if kind in ("unit", "count") else None)
            targets = [(t, t if kind == "real" else 0)]
        self.span = SPANS.get(kind)
        params = {k: np.asarray(p, np.float64).tolist() for k, p in loss.params.items()}
        self.params = params
        self.cases = []
        for t, shift in targets:
            found = readings(lambda z, t: loss.formula(z, t, **params), t, self.u, shift)
            # More readings than one cover more than the loss: good for upper bounds only.
            self.forked = len(found) > 1
            self.cases += [(t, shift, reading) for reading in found]

    def derivative(self, piece: Piece, order: int) -> Rational:
        """The derivative of a piece, rational in v."""
        return self.rational(self.sp.diff(piece.expr, self.u, order), piece)

    def rational(self, expr, piece: Piece) -> Rational:
        """An expression in u as a rational function of v = exp(u), or of u itself where it holds no exponential."""
        sp = self.sp
        if not expr.has(sp.exp):
            expr = sp.cancel(sp.together(expr))
            out = Rational(expr.subs(self.u, sp.Symbol("w")), piece.low, piece.high)
            free = {sp.Symbol("w")}
        else:
            whole = sp.expand(expr) if expr.is_Add else expr
            expr = sp.cancel(sp.together(whole.subs(sp.exp(self.u), self.v)))
            if expr.has(self.u):
                raise NotSymbolic("exponentials and powers mixed")
            ends = []
            for end in (piece.low, piece.high):
                known = {-sp.oo: sp.Integer(0), sp.Integer(0): sp.Integer(1), sp.oo: sp.oo}
                if end not in known:
                    raise NotSymbolic("a piece that ends at an irrational power")
                ends.append(known[end])
            out = Rational(expr, *ends)
            free = {self.v}
        if not out.expr.is_rational_function(*free):
            raise NotSymbolic("not rational")
        return out

    # Signs

    def nonnegative(self, r: Rational, strict=False) -> bool:
        """Is r >= 0 (r > 0) on its open interval, for every target?"""
        targets = [s for s in r.expr.free_symbols if s.name == "t"]
        if not targets:
            return self._sign(r, strict)
        (t,) = targets
        numerator, denominator = self.sp.fraction(r.expr)
        if denominator.has(t) or self.sp.degree(numerator, t) > 2 or self.span is None:
            raise NotSymbolic("not affine in the target")
        if self.sp.degree(numerator, t) == 2:
            # Concave in the target: its least value is at an end.
            bend = dataclasses.replace(r, expr=-self.sp.diff(r.expr, t, 2))
            if not self._sign(bend, strict=False):
                raise NotSymbolic("not concave in the target")
        return all(
            self._sign(dataclasses.replace(r, expr=self.sp.cancel(r.expr.subs(t, end))), strict) for end in self.span
        )

    def _sign(self, r, strict):
        sp = self.sp
        expr = sp.cancel(sp.together(r.expr))
        if expr.is_number:
            return bool(expr > 0) if strict else bool(expr >= 0)
        (v,) = expr.free_symbols
        numerator, denominator = (sp.Poly(p, v) for p in sp.fraction(expr))
        # A root of even multiplicity touches 0 and does not cross it.
        crossing = [p for p, m in numerator.sqf_list()[1] if strict or m % 2]
        if any(self.roots(p, r) for p in [*crossing, denominator]):
            return False
        inside = self._sample(numerator * denominator, r)
        return bool((numerator * denominator).eval(inside) > 0)

    def roots(self, poly, r):
        """Roots strictly inside the interval."""
        if poly.degree() < 1:
            return 0
        low, high = (None if not e.is_finite else e for e in map(self.sp.sympify, (r.low, r.high)))
        count = poly.count_roots(low, high)
        return count - sum(1 for e in (low, high) if e is not None and poly.eval(e) == 0)

    def _sample(self, poly, r):
        """A point inside the interval where the polynomial is not 0."""
        sp = self.sp
        low, high = map(sp.sympify, (r.low, r.high))
        k = 1
        while True:
            share = sp.Rational(k, 2 * k + 1)
            if low.is_finite and high.is_finite:
                x = low + share * (high - low)
            else:
                x = low + k if low.is_finite else high - k if high.is_finite else sp.Integer(k)
            if poly.eval(x) != 0:
                return x
            k += 1

    # Whole lines

    def breaks(self):
        """(left piece, right piece, place) at every end between two pieces."""
        for _, _, found in self.cases:
            for left, right in itertools.pairwise(found):
                yield left, right, left.high

    def jump(self, left, right, place, order):
        """The jump of a derivative at a break, exact."""
        gap = self.sp.diff(right.expr, self.u, order) - self.sp.diff(left.expr, self.u, order)
        return self.sp.simplify(gap.subs(self.u, place))

    def all_pieces(self):
        """Every piece of every target."""
        return [p for _, _, found in self.cases for p in found]

    def continuous(self, order=0) -> bool:
        """Do the pieces meet, with `order` derivatives?"""
        return all(self.jump(*b, order) == 0 for b in self.breaks())

    def limit(self, r: Rational, side: str):
        """The limit of r at its "low" or "high" end."""
        if not r.expr.free_symbols:
            return r.expr
        (v,) = r.expr.free_symbols
        return self.sp.limit(r.expr, v, getattr(r, side), "+" if side == "low" else "-")


def read(loss: Loss) -> Exact | None:
    """The exact pieces of a loss, or None where its formula cannot be read or SymPy is not installed."""
    try:
        return Exact(loss)
    except (NotSymbolic, MissingExtraError):
        return None
