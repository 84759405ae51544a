"""The shortest of several ways to write an expression, signs as on paper: y - t, 1 - y."""

import sympy as sp

# Beyond this size sympy.simplify takes longer than what it finds is worth.
_LARGE = 80
# Beyond this one, nothing is tried.
_HUGE = 250


def tidy(expr, known: tuple = (), also=None):
    """The expression, simplified.

    known: expressions that are 0, linear in every symbol with factor 1. also: a substitution that holds, such as t^2 = 1.
    """
    forms = [expr, *_forms(expr)]
    if also:
        forms += _forms(sp.expand(expr).subs(also))
    for choice in _eliminations(known):
        shorter = _forms(sp.sympify(expr).subs(choice, simultaneous=True))
        forms += [_restored(f, choice) for f in shorter]
    return min((oriented(f) for f in forms if not _combined(f)), key=_length, default=expr)


def _forms(e):
    if e.count_ops() > _HUGE:
        return
    yield sp.expand(e)
    factored = sp.factor(sp.together(e))
    yield factored
    yield sp.powsimp(factored)
    yield _collected(e)
    if e.count_ops() < _LARGE:
        yield sp.simplify(e)


def _collected(e):
    """Powers such as y^gamma, and logarithms, taken as variables of a polynomial in lowest terms, and collected."""
    names: dict = {}

    def power(b, n):
        fixed, free = n.as_coeff_Add()
        return b**fixed * names.setdefault(b**free, sp.Dummy(positive=True))

    e = e.replace(lambda x: x.is_Pow and not x.exp.is_number, lambda x: power(*x.as_base_exp()))
    e = e.replace(lambda x: isinstance(x, sp.log), lambda x: names.setdefault(x, sp.Dummy(real=True)))
    if not names:
        return e
    above, below = sp.fraction(sp.cancel(e))
    back = {v: k for k, v in names.items()}
    return sp.collect(above, list(back), sp.factor).xreplace(back) / sp.factor(below).xreplace(back)


def _combined(e) -> bool:
    """Has a factor been drawn into a logarithm, or a number rounded, as nobody writes it?"""
    return e.has(sp.Float) or any(a.args[0].is_Pow and not a.args[0].exp.is_number for a in e.atoms(sp.log))


def _eliminations(known):
    """For each class: its output and its target as what the others leave of 1."""
    if not known:
        return
    names = [sorted(k.free_symbols, key=lambda s: s.name) for k in known]
    for group in zip(*names):
        yield {s: sp.expand(s - k) for s, k in zip(group, known)}


def _restored(e, choice):
    """The eliminated symbols again, where what stands for them is left as a factor of its own."""
    back = {}
    for symbol, rest in choice.items():
        back |= {rest: symbol, sp.expand(-rest): -symbol}
    return e.xreplace(back)


def _length(e):
    turned = isinstance(e, sp.Add) and _backwards(e)
    return (e.count_ops(), isinstance(e, sp.Add), turned, len(str(e)), str(e))


def oriented(e):
    """Products with the signs of their factors as on paper, an even number of them turned or the sign in front."""
    if isinstance(e, sp.Add):
        return sp.Add(*(oriented(a) for a in e.args))
    if not isinstance(e, sp.Mul):
        return e
    sign, factors = 1, []
    for f in e.args:
        base, power = f.as_base_exp()
        if isinstance(base, sp.Add) and power.is_Integer and _backwards(base):
            factors.append((-base) ** power)
            sign = -sign if power.is_odd else sign
        else:
            factors.append(oriented(f) if isinstance(f, sp.Add) else f)
    if sign < 0:
        free = next((i for i, f in enumerate(factors) if isinstance(f, sp.Add) and not _moves(f)), None)
        if free is not None:
            sign, factors[free] = 1, -factors[free]
    return sp.Mul(sign, *factors)


def _moves(e) -> bool:
    return any(s.name[0] in "yz" for s in e.free_symbols)


def _backwards(total) -> bool:
    """Is the number, or else the first output or pre-activation, taken off?"""
    number = total.as_coeff_Add()[0]
    if number:
        return bool(number < 0)
    terms = sorted(total.args, key=lambda a: (not _moves(a), str(abs_of(a))))
    return terms[0].could_extract_minus_sign()


def abs_of(term):
    """A term without its sign."""
    return -term if term.could_extract_minus_sign() else term
