"""The output y(z) found inside a formula: what equals it, or is proportional to it, is written with y."""

import numpy as np
import sympy as sp


class Outputs:
    """The output y as a function of z, and the symbols that stand for it."""

    def __init__(self, y: np.ndarray, of_z: np.ndarray):
        """Of one example: the symbols, and what they are, expressions in z."""
        self.y, self.of_z = y, of_z
        self.sums = {}  # factor of proportionality -> the sum it stands for
        self.printed = None  # the output as the formula writes it

    def found(self, x: np.ndarray) -> np.ndarray:
        """x written with y, if it is the output or a multiple of it."""
        if x.shape != self.y.shape:
            return self._total(x)
        if any(not isinstance(e, sp.Expr) or e.is_number or e.has(*self.y.flat) for e in x.flat):
            return x
        ratios = [a / b for a, b in zip(x.flat, self.of_z.flat)]
        if not all(same(r, ratios[0]) for r in ratios[1:]):
            return x
        if same(ratios[0], sp.Integer(1)):
            self.printed = x
            return self.y
        if x.ndim == 0:
            return x
        total = sum(x.flat)
        factor = next((s for s, e in self.sums.items() if e == total), sp.Dummy("S", positive=True))
        self.sums[factor] = total
        return np.array([factor * y for y in self.y], object)

    def _total(self, x):
        """The sum of all entries of a multiple of y, the factor itself: outputs sum to 1."""
        if x.ndim or not isinstance(x[()], sp.Expr):
            return x
        for factor in self.sums:
            if x[()] == sum(factor * y for y in self.y.flat):
                return np.array(factor, object)
        return x


def same(a, b) -> bool:
    """Are two expressions equal as rational functions of exp z?"""
    return zero_somewhere(a - b) and rational(a - b) == 0


def zero_somewhere(e) -> bool:
    """Is an expression 0 at one point in general position? If not, there is no need to simplify it."""
    names = sorted(e.free_symbols, key=lambda s: s.name)
    value = sp.N(e.xreplace({s: sp.Rational(7 + 4 * i, 19 + 6 * i) for i, s in enumerate(names)}), 30)
    return bool(value.is_number and abs(value) < 1e-20)


def rational(expr):
    """An expression in exp z as a quotient of two polynomials in lowest terms."""
    names = {s: sp.Dummy(positive=True) for s in expr.free_symbols}
    found = sp.cancel(in_powers(expr.rewrite(sp.exp), names))
    return found.xreplace({e: sp.exp(s) for s, e in names.items()})


def in_powers(expr, names: dict):
    """The expression with exp(n z) written as the n-th power of the name of z."""

    def power(e):
        n, s = e.args[0].as_coeff_Mul()
        return names[s] ** n if s in names and n.is_Integer else e

    powers = sp.expand(expr, power_exp=True, mul=False, multinomial=False, log=False, power_base=False, basic=False)
    return powers.replace(lambda e: isinstance(e, sp.exp), power)
