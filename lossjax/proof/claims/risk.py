"""Minimisers of the conditional risk R(z) = sum_k p_k L(z, class k), which properness and calibration are about."""

import dataclasses
import functools
import itertools

import numpy as np

from .landscape import Landscape
from .search import climb

_BINARY = (0.02, 0.1, 0.3, 0.42, 0.47, 0.53, 0.55, 0.61, 0.75, 0.97)
_TERNARY = (
    (0.4, 0.35, 0.25),  # no class has the majority
    (0.35, 0.25, 0.4),
    (0.34, 0.4, 0.26),
    (0.47, 0.43, 0.1),
    (0.36, 0.33, 0.31),
    (0.52, 0.3, 0.18),
    (0.1, 0.65, 0.25),
    (0.05, 0.05, 0.9),
    (0.2, 0.45, 0.35),
    (0.48, 0.26, 0.26),
)
_RISK_LEVELS = (
    -40.0,
    -12.0,
    -5.0,
    -3.0,
    -2.0,
    -1.5,
    -1.0,
    -2 / 3,
    -0.5,
    -1 / 3,
    0.0,
    1 / 3,
    0.5,
    2 / 3,
    1.0,
    1.5,
    2.0,
    3.0,
    5.0,
    12.0,
    40.0,
)
SAME = 1e-8  # risks this close, relative to 1 + |R|, are one


@dataclasses.dataclass(frozen=True)
class Minimum:
    """The least risk found at one posterior, where, and the least one at which the Bayes class is not the decision."""

    posterior: np.ndarray
    z: np.ndarray
    risk: float
    wrong_z: np.ndarray
    wrong_risk: float

    @property
    def misled(self) -> bool:
        """Is deciding wrongly no worse than the minimum?"""
        return bool(self.wrong_risk <= self.risk + SAME * (1 + abs(self.risk)))


class Risks:
    """Conditional risks of a loss with 2 or 3 classes (a scalar event has 2)."""

    def __init__(self, land: Landscape, classes: int):
        """Bind the landscape; `classes` is 2 for a scalar event."""
        self.land, self.k = land, classes
        if land.scalar:
            low = -1.0 if land.kind in ("margin", "tanh") else 0.0
            self.corners = np.array([low, 1.0])
            given = [(1 - p, p) for p in _BINARY]
        else:
            self.corners = np.array([land.corner(i, classes) for i in range(classes)])
            given = [(1 - p, p) for p in _BINARY] if classes == 2 else _TERNARY
        self.posteriors = np.array(given)

    def of_classes(self, z):
        """L(z, class k) [N, k] at points z [N, D]."""
        n = len(z)
        points = np.repeat(z[:, 0] if self.land.scalar else z, len(self.corners), axis=0)
        targets = np.tile(self.corners, n if self.land.scalar else (n, 1))
        return self.land.at(points, targets).value.reshape(n, -1)

    def at(self, z, p):
        """R(z) [N] at points z [N, D] and posteriors p [N, k]; an event that never happens costs nothing."""
        return _expected(self.of_classes(z), p)

    def decides(self, z, bayes):
        """Does z [N, D] decide for class `bayes` [N], and for no other?"""
        if self.land.scalar:
            return np.where(bayes == 1, z[:, 0] > 0, z[:, 0] < 0)
        own = np.take_along_axis(z, bayes[:, None], axis=1)[:, 0]
        others = np.where(np.arange(self.k) == bayes[:, None], -np.inf, z).max(axis=1)
        return own > others

    @functools.cached_property
    def minima(self) -> list[Minimum]:
        """One Minimum for each posterior."""
        p = self.posteriors
        bayes = np.argmax(p, axis=1)
        right, risk = self._search(p, None)
        wrong, wrong_risk = self._search(p, bayes)
        return [Minimum(*row) for row in zip(p, right, risk, wrong, wrong_risk)]

    @functools.cached_property
    def _grid(self):
        dims = 1 if self.land.scalar else self.k
        levels = np.unique([*_RISK_LEVELS, *self.land.numbers, *(-v for v in self.land.numbers)])
        if self.land.scalar:
            levels = np.unique([*self.land.levels, *levels])
        z = np.array(list(itertools.product(levels, repeat=dims)))
        return z, self.of_classes(z)

    def _search(self, p, avoid):
        """Minimise over z, or over those z that do not decide for class `avoid`."""
        z, table = self._grid
        starts = []
        for i in range(len(p)):
            risk = _expected(table, np.broadcast_to(p[i], table.shape))
            if avoid is not None:
                risk = np.where(self.decides(z, np.full(len(z), avoid[i])), np.inf, risk)
            starts.append(z[np.nanargmin(risk)])

        def f(near):
            flat = near.reshape(-1, near.shape[-1])
            rows = np.repeat(np.arange(len(p)), near.shape[1])
            risk = self.at(flat, p[rows])
            if avoid is not None:
                risk = np.where(self.decides(flat, avoid[rows]), np.inf, risk)
            return -risk.reshape(near.shape[:2])

        best, height = climb(f, np.array(starts))
        return best, -height

    def outputs(self, z):
        """The probabilities [N, k] that the outputs at z [N, D] state."""
        points = z[:, 0] if self.land.scalar else z
        y = self.land.at(points, np.broadcast_to(self.corners[1], points.shape)).output
        return np.column_stack([1 - y, y]) if self.land.scalar else y

    def truthful(self, p):
        """A z whose output is the posterior p, or None."""
        tries = [p, np.log(p)] if not self.land.scalar else [p[1:], np.log(p[1:] / p[:1])]
        for z in tries:
            if np.allclose(self.outputs(z[None])[0], p, atol=1e-9):
                return z
        return None


def _expected(table, p):
    return np.sum(np.where(p == 0, 0.0, table * p), axis=1)


def states_probabilities(land: Landscape) -> bool:
    """Are outputs probabilities of classes, and targets classes?"""
    if land.kind not in ("unit", "binary", "margin", "one_hot", "simplex"):
        return False
    _, x, _, sample = land.field[0]
    near = np.abs(x).max(axis=1) < 1e3
    y = sample.output[near]
    inside = bool(np.all((y >= 0) & (y <= 1)))
    return inside and (land.scalar or land.product or bool(np.allclose(y.sum(axis=-1), 1)))


def infimum(land: Landscape, t, classes: int):
    """The least L(z, t) found over z at targets t [P] or [P, K], the places, and the number of points."""
    before = land.evaluated
    dims = max(classes, 1)
    if land.scalar:
        base = np.where(np.abs(t) > 100, t, 0.0)
        lattice = land.levels[None, :, None] + base[:, None, None]
    else:
        lattice = np.array(list(itertools.product(land.levels, repeat=dims)))
        lattice = np.broadcast_to(lattice, (len(t), *lattice.shape))
        # Where a softmax says the target, and where a linear output does.
        with np.errstate(divide="ignore"):
            likely = np.stack([np.maximum(np.log(np.maximum(t, 0)), -60.0), t], axis=1)
        lattice = np.concatenate([lattice, likely], axis=1)

    def f(near):
        flat = near.reshape(-1, dims)
        rows = np.repeat(np.arange(len(t)), near.shape[1])
        values = land.at(flat[:, 0] if land.scalar else flat, t[rows]).value
        return -values.reshape(near.shape[:2])

    table = f(lattice)
    start = lattice[np.arange(len(t)), np.nanargmax(table, axis=1)]
    best, height = climb(f, start)
    return -height, best, land.evaluated - before
