"""The printed formula of a scalar loss as exact expressions, one for each interval on which it keeps its form."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.extend import core

from ...extras import need
from ..primal import primal
from ..symbolic import Elementary


class NotSymbolic(Exception):
    """The formula is beyond this reader: the claim stays without this proof."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """`expr` in u, on the open interval from `low` to `high`."""

    low: Any
    high: Any
    expr: Any


class _Fork(Exception):
    """The sign of an expression differs between targets."""


def pieces(f: Callable, t, u, shift=0) -> list[Piece]:
    """f(z, t) at z = u + shift as pieces in u that cover the real line; t a number or a symbol.

    f is one of a loss' functions with its parameters bound.
    Raises: NotSymbolic where comparisons are not decided by the sign of something affine in u and free of the target.
    """
    found = readings(f, t, u, shift)
    if len(found) > 1:
        raise NotSymbolic("comparisons depend on the target")
    return found[0]


def readings(f: Callable, t, u, shift=0) -> list[list[Piece]]:
    """The pieces of f, once for each way in which the comparisons that depend on a symbolic target may turn out."""
    sp = need("sympy", "reference", "a symbolic proof")
    with jax.enable_x64(True):
        closed = jax.make_jaxpr(primal(f))(0.5, 1.0)
    waiting, done = [{}], []
    while waiting:
        known = waiting.pop()
        try:
            done.append(_pieces(sp, closed, t, u, shift, known))
        except _Fork as fork:
            if len(known) > 3:
                raise NotSymbolic("too many comparisons depend on the target") from None
            waiting += [known | {fork.args[0]: sign} for sign in (1, -1)]
    return done


def _pieces(sp, closed, t, u, shift, known):
    waiting, done = [(-sp.oo, sp.oo)], []
    while waiting:
        low, high = waiting.pop()
        roots: set = set()
        expr = _Reader(sp, u, _inside(sp, low, high), roots, known).run(closed, [u + shift, t])
        cuts = sorted(r for r in roots if low < r < high)
        if not cuts:
            done.append(Piece(low, high, expr))
            continue
        if len(done) + len(waiting) > 20:
            raise NotSymbolic("too many pieces")
        waiting += zip([low, *cuts], [*cuts, high])
    return sorted(done, key=lambda p: p.low)


def _inside(sp, low, high):
    """A rational number strictly between."""
    if low == -sp.oo:
        return sp.Integer(0) if high == sp.oo else high - 1
    return low + 1 if high == sp.oo else (low + high) / 2


class _Reader(Elementary):
    """Evaluates a jaxpr on expressions; comparisons are decided at one sample point, their roots collected."""

    def __init__(self, sp, u, sample, roots, known):
        super().__init__(sp)
        self.u, self.sample, self.roots, self.known = u, sample, roots, known

    def run(self, closed, args):
        jaxpr = closed.jaxpr
        env = dict(zip(jaxpr.constvars, (self.constant(c) for c in closed.consts)))
        env |= dict(zip(jaxpr.invars, args))
        for eqn in jaxpr.eqns:
            inputs = [self.constant(v.val) if isinstance(v, core.Literal) else env[v] for v in eqn.invars]
            rule = getattr(self, "do_" + eqn.primitive.name, None)
            if rule is None:
                raise NotSymbolic(f"{eqn.primitive.name} has no exact form")
            env[eqn.outvars[0]] = rule(*inputs, **eqn.params)
        out = jaxpr.outvars[0]
        return self.constant(out.val) if isinstance(out, core.Literal) else env[out]

    def constant(self, value):
        if np.ndim(value) or not np.isfinite(value):
            raise NotSymbolic("a constant that is no finite number")
        return bool(value) if np.asarray(value).dtype == bool else self.sp.Rational(float(value))

    def sign(self, d) -> int:
        """The sign of d at the sample point."""
        d = self.sp.expand(d)
        settled = self.sp.factor(self.sp.together(d))
        if settled.is_positive or settled.is_negative:
            return 1 if settled.is_positive else -1
        if d.free_symbols - {self.u}:
            if d not in self.known:
                raise _Fork(d)
            return self.known[d]
        if self.u not in d.free_symbols:
            return int(self.sp.sign(d))
        a, b = d.coeff(self.u, 1), d.coeff(self.u, 0)
        if self.sp.expand(a * self.u + b - d) != 0:
            raise NotSymbolic(f"{d} decides and is not affine")
        self.roots.add(-b / a)
        # On a root the sample decides nothing: the next round has it as an end.
        return int(self.sp.sign(d.subs(self.u, self.sample)))

    def do_broadcast_in_dim(self, a, *, shape, **_):
        if shape:
            raise NotSymbolic("an array inside a scalar formula")
        return a

    def do_abs(self, a, **_):
        return a if self.sign(a) >= 0 else -a

    def do_sign(self, a, **_):
        return self.sp.Integer(self.sign(a))

    def do_max(self, a, b, **_):
        return a if self.sign(a - b) >= 0 else b

    def do_min(self, a, b, **_):
        return a if self.sign(a - b) <= 0 else b

    def do_lt(self, a, b, **_):
        return self.sign(a - b) < 0

    def do_le(self, a, b, **_):
        return self.sign(a - b) <= 0

    def do_gt(self, a, b, **_):
        return self.sign(a - b) > 0

    def do_ge(self, a, b, **_):
        return self.sign(a - b) >= 0

    def do_eq(self, a, b, **_):
        return self.sign(a - b) == 0

    def do_ne(self, a, b, **_):
        return self.sign(a - b) != 0

    def do_and(self, a, b, **_):
        return a and b

    def do_or(self, a, b, **_):
        return a or b

    def do_not(self, a, **_):
        return not a

    def do_select_n(self, which, *cases, **_):
        return cases[int(which)]
