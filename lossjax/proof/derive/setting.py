"""The symbols of one derivation: pre-activations, targets, outputs and parameters of a loss, and what holds among them."""

import dataclasses
from typing import Any

import jax
import numpy as np
import sympy as sp

from ...losses.loss import Loss, identity
from ..subject import UsageError
from .cases import Ground, cases
from .outputs import Outputs, rational, same
from .reader import NotSymbolic, read

MOST_CLASSES = 4


@dataclasses.dataclass(frozen=True)
class Setting:
    """A loss of one example in symbols; arrays of shape () or (K,)."""

    loss: Loss
    z: np.ndarray
    t: np.ndarray
    y: np.ndarray
    params: Any  # the loss' parameters, a symbol in the place of each number
    values: dict  # parameter symbol -> its number, exactly
    of_z: np.ndarray | None  # the output, where it is an expression in exp z; None where it is z or of another kind

    @property
    def vector(self) -> bool:
        """Is an example a vector?"""
        return self.loss.event_ndim == 1

    @property
    def linear(self) -> bool:
        """Is the output z itself?"""
        return self.loss.output is identity

    @property
    def shares(self) -> bool:
        """Do the outputs sum to 1?"""
        return self.of_z is not None and self.vector and same(sum(self.of_z), sp.Integer(1))

    @property
    def known(self) -> tuple:
        """Expressions that are 0: what outputs and soft targets sum to, less 1."""
        sums = [self.y] if self.shares else []
        sums += [self.t] if self.loss.targets.name == "simplex" else []
        return tuple(sp.expand(sum(x) - 1) for x in sums)

    @property
    def ground(self) -> Ground:
        """What conditions are judged by."""
        return Ground(self.known, tuple(self.values.items()))

    def formula(self, outputs: Outputs | None = None) -> sp.Expr:
        """The printed formula, an expression in z, or in y as far as the outputs are found in it."""
        loss = self.loss
        return read(lambda z, t, p: loss.formula(z, t, **p), self.z, self.t, self.params, outputs=outputs).item()

    def targets(self) -> str:
        """What is assumed of the target, in words."""
        return {
            "one_hot": "The first class is the right one, t = (1, 0, ...).",
            "simplex": "The targets are positive and sum to 1.",
            "margin": "The target is -1 or 1.",
            "binary": "The target is 0 or 1.",
            "unit": "The target lies between 0 and 1.",
            "tanh": "The target lies between -1 and 1.",
            "count": "The target is a count, 0, 1, 2, ...",
        }.get(self.loss.targets.name.removesuffix("^K"), "")


def setting(loss: Loss, classes: int) -> Setting:
    """The symbols of a loss, for a vector of so many classes.

    Raises: UsageError for more classes than can be written out.
    """
    if not 2 <= classes <= MOST_CLASSES:
        raise UsageError(f"--classes is a number from 2 to {MOST_CLASSES}, to be written out in full, got {classes}")
    n = classes if loss.event_ndim else 0
    z = _symbols("z", n, real=True)
    of_z = _output(loss, z)
    above = of_z is not None and all(e.is_positive for e in of_z.flat)
    params, values = _parameters(loss, n)
    return Setting(
        loss, z, _targets(loss, n), _symbols("y", n, **({"positive": True} if above else {"real": True})),
        params, values, of_z,
    )  # fmt: skip


def _symbols(name, n, **assumptions):
    if n == 0:
        return np.array(sp.Symbol(name, **assumptions), object)
    return np.array([sp.Symbol(f"{name}{k + 1}", **assumptions) for k in range(n)], object)


def _targets(loss, n):
    name = loss.targets.name.removesuffix("^K")
    if name == "one_hot":
        return np.array([sp.Integer(int(k == 0)) for k in range(n)], object)
    kinds = {"simplex": {"positive": True}, "count": {"integer": True, "nonnegative": True}}
    return _symbols("t", n, **kinds.get(name, {"real": True}))


def _parameters(loss, n):
    """A symbol for each number among the parameters, and its value: as it is printed, not as a float rounds it."""
    values = {}

    def one(name, value):
        symbol = sp.Symbol(name, real=True) if float(value) <= 0 else sp.Symbol(name, positive=True)
        values[symbol] = sp.Rational(float(value))
        return symbol

    def named(name, value):
        if np.ndim(value) == 0:
            return one(name, value)
        _fits(loss, value, n)
        return tuple(one(f"{name[0]}{k + 1}", v) for k, v in enumerate(np.asarray(value)))

    return {k: named(k, jax.device_get(v)) for k, v in loss.params.items()}, values


def _fits(loss, value, n):
    if n and len(value) != n:
        raise UsageError(f"{loss.label} has {len(value)} weights: derive it with --classes {len(value)}")


def _output(loss, z):
    """The output as one expression in exp z; None if there is none.

    Near a point the code may evaluate it by a series; there the expression is held against it in numbers.
    """
    if loss.output is identity:
        return None
    try:
        found = read(loss.output, z)
    except NotSymbolic:
        return None
    entries = []
    for e in found.flat:
        closed = {c.expr for c in cases(e, tidy=rational) if c.expr.has(sp.exp)}
        if len(closed) != 1:
            return None
        entries += closed
    of_z = np.array(entries, object).reshape(z.shape)
    return of_z if _agrees(loss.output, z, of_z) else None


def _agrees(output, z, of_z) -> bool:
    """Does the code's output have these values at a few points?"""
    for seed in range(5):
        point = np.random.default_rng(seed).normal(size=z.shape) * 4.0 ** (seed - 3)
        with jax.enable_x64(True):
            got = np.asarray(output(jax.numpy.asarray(point)))
        want = [float(e.subs(dict(zip(z.flat, point.flat)))) for e in of_z.flat]
        if not np.allclose(got.ravel(), want, rtol=1e-12, atol=1e-14):
            return False
    return True
