"""A loss as a landscape: value, gradient, Hessian and output at float64 points, and the charts that are searched."""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ...losses.loss import Loss

_BLOCK = 512  # every call is padded to blocks of this size, so that one compilation serves all

_NUMBERS = {
    "real": (0.0, 1.0, -2.5, 1000.0),
    "unit": tuple(np.linspace(0, 1, 11)),
    "binary": (0.0, 1.0),
    "margin": (-1.0, 1.0),
    "tanh": tuple(np.linspace(-1, 1, 9)),
    "count": (0.0, 1.0, 2.0, 5.0, 40.0),
}
_RANGES = {"unit": (0.0, 1.0), "tanh": (-1.0, 1.0)}
_SOFT = ((0.6, 0.3, 0.1), (1 / 3, 1 / 3, 1 / 3), (0.1, 0.0, 0.9))
_LEVELS = (-30.0, -8.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 30.0)
_FAR = (1e2, 1e4, 1e6, 1e8)


@dataclasses.dataclass(frozen=True)
class Sample:
    """Value [N], gradient, Hessian and output at N points; `slope` is |gradient|, `low` the least curvature."""

    value: np.ndarray
    grad: np.ndarray
    hess: np.ndarray
    output: np.ndarray

    @functools.cached_property
    def slope(self):
        return np.abs(self.grad) if self.grad.ndim == 1 else np.sqrt(np.sum(self.grad**2, axis=-1))

    @functools.cached_property
    def _curvatures(self):
        if self.hess.ndim == 1:
            return self.hess, self.hess
        good = np.asarray(np.isfinite(self.hess).all(axis=(1, 2)))
        eigen = np.linalg.eigvalsh(np.where(good[:, None, None], self.hess, 0.0))
        return tuple(np.where(good, eigen[:, i], np.nan) for i in (0, -1))

    @property
    def low(self):
        return self._curvatures[0]

    @property
    def curvature(self):
        return np.maximum(np.abs(self._curvatures[0]), np.abs(self._curvatures[1]))


@dataclasses.dataclass(frozen=True)
class Chart:
    """Points given by few coordinates: z_k = x[groups[c, k]] and t = targets[c] in configuration c.

    A scalar event has groups of one entry; where `span` is set, its target is a second coordinate, clipped to the span.
    """

    groups: np.ndarray
    targets: np.ndarray
    span: tuple[float, float] | None = None

    @property
    def classes(self) -> int:
        return self.groups.shape[1] if self.targets.ndim == 2 else 0

    @property
    def dimensions(self) -> int:
        return int(self.groups.max()) + 1 + (self.span is not None)

    def place(self, x, c):
        """The points z, t at coordinates x [N, D] of configurations c [N]."""
        z = np.take_along_axis(x, self.groups[c], axis=1)
        if self.targets.ndim == 2:
            return z, self.targets[c]
        return z[:, 0], self.targets[c] if self.span is None else np.clip(x[:, 1], *self.span)

    def grid(self, levels):
        """Coordinates of every combination of levels in every configuration."""
        used = int(self.groups.max()) + 1
        lattice = np.array(list(itertools.product(levels, repeat=used)), float)
        c = np.repeat(np.arange(len(self.targets)), len(lattice))
        x = np.tile(lattice, (len(self.targets), 1))
        if self.targets.ndim == 1:
            # Regression losses live around their target, margin losses around theirs.
            x = x + np.where(np.abs(self.targets) > 100, self.targets, 0.0)[c][:, None]
        return (x if self.span is None else np.column_stack([x, self.targets[c]])), c


class Landscape:
    """A loss in float64, without its claims."""

    def __init__(self, loss: Loss):
        """Bind the functions; nothing is compiled before it is needed."""
        self.loss, self.scalar = loss, loss.event_ndim == 0
        self.evaluated = 0
        kind = loss.targets.name
        self.product = kind.endswith("^K")  # independent outputs, each with a target of its own
        self.kind = kind.removesuffix("^K")

    @functools.cached_property
    def _params(self):
        return {k: np.asarray(v, np.float64) for k, v in self.loss.params.items()}

    @functools.cached_property
    def _kernel(self):
        loss = self.loss

        def one(z, t):
            params = {k: jnp.asarray(v, z.dtype) for k, v in self._params.items()}
            if self.scalar:
                h = loss.hess(z, t, **params)
            else:
                h = jax.vmap(lambda v: loss.hess(z, t, v, **params))(jnp.eye(z.shape[-1], dtype=z.dtype))
            return loss.value(z, t, **params), loss.grad(z, t, **params), h, loss.output(z)

        # The programs run for milliseconds: time goes into compiling them.
        return jax.jit(jax.vmap(one), compiler_options={"xla_backend_optimization_level": 0})

    def at(self, z: Float[np.ndarray, "n ..."], t: Float[np.ndarray, "n ..."]) -> Sample:
        """The loss at n points z with targets t of the same shape."""
        n = len(z)
        self.evaluated += n
        parts = []
        with jax.enable_x64(True):
            for start in range(0, n, _BLOCK):
                pair = (_padded(a[start : start + _BLOCK]) for a in (z, t))
                parts.append([np.asarray(part) for part in self._kernel(*pair)])
        return Sample(*(np.concatenate([p[i] for p in parts])[:n] for i in range(4)))

    @functools.cached_property
    def numbers(self) -> tuple[float, ...]:
        """Places where something may happen: the family's parameters."""
        flat = np.concatenate([np.ravel(v) for v in self._params.values()]) if self._params else np.zeros(0)
        return tuple(float(v) for v in flat if np.isfinite(v) and abs(v) < 1e6)

    @functools.cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The charts on which claims are searched."""
        if self.scalar:
            targets = np.array(_NUMBERS[self.kind])
            return (Chart(np.zeros((len(targets), 1), int), targets, _RANGES.get(self.kind)),)
        return tuple(self._raw(k) if k <= 3 else self._grouped(k) for k in self.sizes)

    @functools.cached_property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of classes that the loss accepts (class weights fix it)."""
        given = sorted({np.size(v) for v in self._params.values() if np.ndim(v) == 1})
        return tuple(given) if given else (2, 3, 10)

    def _raw(self, k):
        targets = [self.corner(i, k) for i in range(k)]
        if self.product:
            targets += [np.array([row[i % len(row)] for i in range(k)]) for row in (_NUMBERS[self.kind],)]
        elif self.kind == "simplex":
            targets += [np.array(s[:k]) / sum(s[:k]) for s in _SOFT]
        return Chart(np.tile(np.arange(k), (len(targets), 1)), np.array(targets))

    def _grouped(self, k):
        """The target at one level, some of the others at a second, the rest at a third."""
        groups, targets = [], []
        for m in (1, k // 2, k - 1):
            groups.append([0] + [1] * m + [2] * (k - 1 - m))
            targets.append(self.corner(0, k))
        return Chart(np.array(groups), np.array(targets))

    def corner(self, i, k) -> np.ndarray:
        """The target that says class i of k."""
        e = np.eye(k)[i]
        return 2 * e - 1 if self.kind in ("margin", "tanh") and self.product else e

    @functools.cached_property
    def levels(self) -> np.ndarray:
        """Coordinates from which a search starts."""
        extra = [s * p for p in self.numbers for s in (1, -1)]
        if not self.scalar:
            return np.unique([*_LEVELS, *extra])
        near = np.concatenate([np.geomspace(1e-6, 1e3, 91), np.linspace(0, 30, 601), extra, _FAR])
        return np.unique(np.concatenate([near, -near, [0.0]]))

    @functools.cached_property
    def field(self) -> tuple:
        """(chart, x, c, sample) for every chart, on its whole grid and, for vectors, far out along it."""
        out = []
        for chart in self.charts:
            x, c = chart.grid(self.levels if chart.classes <= 3 else self.levels[::2])
            if not self.scalar:
                rays, rc = chart.grid((-1.0, 0.0, 1.0))
                x = np.concatenate([x, *(s * rays for s in _FAR)])
                c = np.concatenate([c, *(rc for _ in _FAR)])
            out.append((chart, x, c, self.at(*chart.place(x, c))))
        return tuple(out)


def _padded(a):
    if len(a) == _BLOCK:
        return a
    return np.concatenate([a, np.broadcast_to(a[:1], (_BLOCK - len(a), *a.shape[1:]))])
