"""A JAX function of one example as SymPy expressions: arrays of them, decisions kept as max, |.| and cases.

Where a value on the way equals the output y(z), or is proportional to it, it is written with y from there on.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import jax
import numpy as np
import sympy as sp
from jax.extend import core

from ..primal import primal
from ..symbolic import Elementary
from .cases import feasible
from .outputs import Outputs


class NotSymbolic(Exception):
    """The function has a step that is no expression: bit patterns, loops, a search for a place."""


def read(f: Callable, *args, outputs: Outputs | None = None) -> np.ndarray:
    """f(*args) for arrays (or trees of arrays) of expressions, as an array of expressions.

    Raises: NotSymbolic.
    """
    leaves, tree = jax.tree.flatten(args)
    with jax.enable_x64(True):
        shapes = [jax.ShapeDtypeStruct(np.shape(x), np.float64) for x in leaves]
        closed = jax.make_jaxpr(primal(lambda *x: f(*jax.tree.unflatten(tree, x))))(*shapes)
    arrays = [np.asarray(x, object) for x in leaves]
    try:
        return _Reader(outputs).run(closed, arrays)
    except _Sort:
        return _by_case(lambda facts: _Decided(outputs, facts).run(closed, arrays))


def _by_case(run: Callable) -> np.ndarray:
    """What run(facts) gives, by cases: facts are as many expressions > 0 as it needs to decide whatever it asks."""
    waiting, done = [()], []
    while waiting:
        facts = waiting.pop()
        try:
            done.append((facts, run(facts)))
        except _Fork as fork:
            waiting += [(*facts, d) for d in (-fork.args[0], fork.args[0]) if feasible((*facts, d), ())]
    *conditions, _ = [sp.And(*(d > 0 for d in facts)) for facts, _ in done]
    arrays = [x for _, x in done]
    return np.asarray(
        np.frompyfunc(lambda *e: sp.Piecewise(*zip(e, conditions), (e[-1], True)), len(arrays), 1)(*arrays), object
    )


class _Sort(Exception):
    """A sort has to know the order of its numbers."""


class _Fork(Exception):
    """The sign of an expression is open."""


def number(value) -> sp.Expr:
    """A constant as it is printed: a simple fraction, a simple multiple of pi, or its shortest decimals."""
    value = float(value)
    if math.isnan(value):
        return sp.nan
    if math.isinf(value):
        return sp.oo if value > 0 else -sp.oo
    for unit in (sp.Integer(1), sp.pi):
        near = Fraction(value / float(unit)).limit_denominator(1000)
        if float(near) * float(unit) == value:
            return sp.Rational(near.numerator, near.denominator) * unit
    return sp.Rational(repr(value))


def _truth(a):
    return a if isinstance(a, sp.logic.boolalg.Boolean) else sp.true if a else sp.false


class _Reader(Elementary):
    """`do_` rules take single expressions, `array_` rules whole arrays."""

    def __init__(self, outputs):
        super().__init__(sp)
        self.outputs = outputs

    def run(self, closed, args):
        jaxpr = closed.jaxpr
        env = dict(zip(jaxpr.constvars, (self.constant(c) for c in closed.consts)))
        env |= dict(zip(jaxpr.invars, args))

        def value(v):
            return self.constant(v.val) if isinstance(v, core.Literal) else env[v]

        for eqn in jaxpr.eqns:
            out = self.step(eqn, [value(v) for v in eqn.invars])
            env[eqn.outvars[0]] = self.outputs.found(out) if self.outputs else out
        return value(jaxpr.outvars[0])

    def step(self, eqn, inputs):
        name = eqn.primitive.name
        whole = getattr(self, "array_" + name, None)
        if whole is not None:
            return np.asarray(whole(*inputs, **eqn.params), object)
        rule = getattr(self, "do_" + name, None)
        if rule is None or len(eqn.outvars) > 1:
            raise NotSymbolic(f"{name} has no exact form")
        out = np.frompyfunc(lambda *a: rule(*a, **eqn.params), len(inputs), 1)(*inputs)
        return np.asarray(out, object)

    def constant(self, value):
        value = np.asarray(value)
        entry = _truth if value.dtype == bool else number
        return np.asarray(np.frompyfunc(entry, 1, 1)(value), object)

    def do_div(self, a, b, **_):
        sums = self.outputs.sums if self.outputs else {}
        return sp.expand(a / b) if b in sums else a / b

    def do_cosh(self, a, **_):
        return sp.cosh(a)

    def do_tanh(self, a, **_):
        return sp.tanh(a)

    def do_abs(self, a, **_):
        return sp.Abs(a)

    def do_sign(self, a, **_):
        return sp.sign(a)

    def do_max(self, a, b, **_):
        return sp.Max(a, b)

    def do_min(self, a, b, **_):
        return sp.Min(a, b)

    def do_lt(self, a, b, **_):
        return sp.Lt(a, b)

    def do_le(self, a, b, **_):
        return sp.Le(a, b)

    def do_gt(self, a, b, **_):
        return sp.Gt(a, b)

    def do_ge(self, a, b, **_):
        return sp.Ge(a, b)

    def do_eq(self, a, b, **_):
        return sp.Eq(a, b)

    def do_ne(self, a, b, **_):
        return sp.Ne(a, b)

    def do_and(self, a, b, **_):
        return sp.And(self._condition(a), self._condition(b))

    def do_or(self, a, b, **_):
        return sp.Or(self._condition(a), self._condition(b))

    def do_not(self, a, **_):
        return sp.Not(self._condition(a))

    def _condition(self, a):
        if not isinstance(a, sp.logic.boolalg.Boolean):
            raise NotSymbolic("bit patterns are no expressions")
        return a

    def do_is_finite(self, a, **_):
        return sp.true

    def do_select_n(self, which, *cases, **_):
        if not isinstance(which, sp.logic.boolalg.Boolean):
            raise NotSymbolic("a choice by a number")
        if which in (sp.true, sp.false) or cases[0] == cases[1]:
            return cases[which == sp.true]
        return sp.Piecewise((cases[1], which), (cases[0], True))

    def do_convert_element_type(self, a, *, new_dtype, **_):
        if not isinstance(a, sp.logic.boolalg.Boolean) or np.dtype(new_dtype).kind == "b":
            return a
        return sp.Piecewise((sp.Integer(1), a), (sp.Integer(0), True))

    def do_optimization_barrier(self, a, **_):
        return a

    def array_broadcast_in_dim(self, a, *, shape, broadcast_dimensions, **_):
        inner = [1] * len(shape)
        for axis, size in zip(broadcast_dimensions, a.shape):
            inner[axis] = size
        return np.broadcast_to(a.reshape(inner), shape)

    def array_reshape(self, a, *, new_sizes, **_):
        return a.reshape(new_sizes)

    def array_squeeze(self, a, *, dimensions, **_):
        return np.squeeze(a, dimensions)

    def array_slice(self, a, *, start_indices, limit_indices, strides, **_):
        strides = strides or (1,) * a.ndim
        return a[tuple(slice(*s) for s in zip(start_indices, limit_indices, strides))]

    def array_concatenate(self, *arrays, dimension, **_):
        return np.concatenate(arrays, dimension)

    def array_stack(self, *arrays, axis, **_):
        return np.stack(arrays, axis)

    def array_rev(self, a, *, dimensions, **_):
        return np.flip(a, dimensions)

    def array_iota(self, *, shape, dimension, **_):
        return np.frompyfunc(sp.Integer, 1, 1)(np.indices(shape)[dimension])

    def array_reduce_sum(self, a, *, axes, **_):
        return np.sum(a, axis=tuple(axes))

    def array_reduce_max(self, a, *, axes, **_):
        return np.frompyfunc(sp.Max, 2, 1).reduce(a, axis=axes[0])

    def array_reduce_or(self, a, *, axes, **_):
        return np.frompyfunc(sp.Or, 2, 1).reduce(a, axis=axes[0])

    def array_reduce_and(self, a, *, axes, **_):
        return np.frompyfunc(sp.And, 2, 1).reduce(a, axis=axes[0])

    def array_cumsum(self, a, *, axis, reverse, **_):
        return np.flip(np.cumsum(np.flip(a, axis), axis), axis) if reverse else np.cumsum(a, axis)

    def array_sort(self, a, *more, **_) -> np.ndarray:
        if more or a.ndim != 1:
            raise NotSymbolic("a sort of more than one vector")
        raise _Sort


class _Decided(_Reader):
    """Every comparison is true or false, by facts: expressions that are positive."""

    def __init__(self, outputs, facts):
        super().__init__(outputs)
        self.facts = facts

    def above(self, a, b) -> bool:
        d = sp.expand(a - b)
        if d.has(sp.zoo, sp.nan):
            where = " and ".join(f"{fact} > 0" for fact in self.facts)
            raise NotSymbolic(f"it divides by 0{where and ' where ' + where}")
        if d.is_number or not d.free_symbols:
            return bool(d > 0)
        can, cannot = (feasible((*self.facts, s * d), ()) for s in (1, -1))
        if can and cannot:
            raise _Fork(d)
        return can

    def do_abs(self, a, **_):
        return a if self.above(a, 0) else -a

    def do_max(self, a, b, **_):
        return a if a == b or self.above(a, b) else b

    def do_min(self, a, b, **_):
        return b if a == b or self.above(a, b) else a

    def do_lt(self, a, b, **_):
        return sp.true if a != b and self.above(b, a) else sp.false

    def do_gt(self, a, b, **_):
        return self.do_lt(b, a)

    def do_le(self, a, b, **_):
        return sp.Not(self.do_lt(b, a))

    def do_ge(self, a, b, **_):
        return sp.Not(self.do_lt(a, b))

    def do_eq(self, a, b, **_):
        return sp.true if sp.expand(a - b) == 0 else sp.false

    def do_ne(self, a, b, **_):
        return sp.Not(self.do_eq(a, b))

    def array_reduce_max(self, a, *, axes, **_):
        return np.frompyfunc(self.do_max, 2, 1).reduce(a, axis=axes[0])

    def array_sort(self, a, *more, **_) -> np.ndarray:
        if more or a.ndim != 1:
            raise NotSymbolic("a sort of more than one vector")
        a = list(a)
        for last in range(len(a) - 1, 0, -1):
            for i in range(last):
                a[i], a[i + 1] = self.do_min(a[i], a[i + 1]), self.do_max(a[i], a[i + 1])
        return np.array(a, object)
