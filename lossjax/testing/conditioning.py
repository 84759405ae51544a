"""How far rounding moves a derivative: that of what it is computed from, or that of the code's own results."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from .modes import Mode
from .reference import Referee, traced
from .widen import floating, widened

FEW = 16  # up to so many, the sum is taken coordinate by coordinate
_LIMIT = 4  # its square root: the sum is never more than so often the root of the sum of squares
_DRAWS = (8, 64)
_FLIPS = 8
_PROGRAMS = (8, 40)  # evaluations of the code with its numbers moved at random
_AT_ONCE = 2**26


class Conditioning:
    """eps sum_k |x_k dq/dx_k| of single entries, asked for only where an error might otherwise be a failure.

    The x_k are the arguments and the arrays that the function closes over. Of more than 16, whose roundings are
    independent, 4 sqrt(sum_k (x_k dq/dx_k)^2) is taken, which is no less than the sum where they are 16; it is estimated by
    the derivatives along x times 8 normal draws, 64 where it matters.
    Along a random direction, q is a sum of elements, each with a rounding of its own: eps sqrt(sum_j q_j^2) is added.
    """

    def __init__(self, referee: Referee):
        self.mode, self.work, self.along = referee.mode, referee.work, referee.wide
        closed = referee.closed
        given = [np.asarray(c, np.float64) for c in closed.consts if floating(c)]
        self.at = np.concatenate([self.mode.flat.x.astype(np.float64), *(c.ravel() for c in given)])
        self.at = np.where(np.isfinite(self.at), self.at, 0.0)  # at an infinity nothing rounds
        self._slope = _slope(closed, given, len(self.mode.flat.inputs))

    @property
    def stages(self) -> tuple[int, ...]:
        """Numbers of draws worth trying, the last of them the best."""
        return _DRAWS if len(self.at) > FEW else _DRAWS[:1]

    def __call__(self, rows, keep, draws: int) -> np.ndarray:
        """The sum for the entries `keep` (a mask) along these directions."""
        few = len(self.at) <= FEW
        rng, count = np.random.default_rng(draws), len(self.at) if few else draws
        slopes = np.empty((count, int(keep.sum())))
        for i in range(count):
            c = np.eye(count)[i] if few else rng.standard_normal(len(self.at))
            slopes[i] = self._everywhere(lambda part, c=c: self._slope(self.mode.flat.x, part, c * self.at), rows)[keep]
        total = np.abs(slopes).sum(axis=0) if few else _LIMIT * np.sqrt(np.mean(slopes**2, axis=0))
        return self.mode.flat.eps * (np.where(np.isfinite(total), total, 0.0) + self._of_the_sum(rows, keep))

    def _of_the_sum(self, rows, keep):
        """What the elements that a direction adds up amount to, root mean square; 0 for a single element."""
        total = np.zeros(keep.shape)
        several = np.count_nonzero(rows, axis=1) > len(self.mode.along)
        if several.any():
            rng = np.random.default_rng(0)
            flips = [rows[several] * rng.choice([-1.0, 1.0], rows.shape[1]) for _ in range(_FLIPS)]
            squares = [self._everywhere(lambda part: self.along(self.mode.flat.x, part), r) ** 2 for r in flips]
            total[several] = np.sqrt(np.mean(squares, axis=0))
        return np.nan_to_num(total[keep], nan=0.0, posinf=0.0)

    def _everywhere(self, run, rows):
        size = max(1, _AT_ONCE // (3 * self.work))
        return np.concatenate([run(rows[i : i + size]) for i in range(0, len(rows), size)])


def _slope(closed, given, n):
    """call(x, rows, v) -> the derivative along v, a change of x and of the arrays closed over, a row for each direction."""
    cuts = np.cumsum([n, *(c.size for c in given)])[:-1]

    def slope(x, a, v):
        def q(moved):
            head, *rest = jnp.split(moved, cuts)
            consts = iter([r.reshape(c.shape) for r, c in zip(rest, given, strict=True)])
            used = [next(consts) if floating(c) else c for c in closed.consts]
            return widened(closed, used)(head, a)[0]

        point = jnp.concatenate([x, *(c.ravel() for c in given)])
        return jax.jvp(q, (point,), (v,))[1]

    batched = jax.jit(jax.vmap(slope, (None, 0, None)))

    def call(x, rows, v):
        with jax.enable_x64(True):
            return np.asarray(batched(np.asarray(x, np.float64), np.asarray(rows, np.float64), v))

    return call


class OwnRounding:
    """How far an entry moves when all that comes in, and every result of the code as called, moves by eps at random."""

    def __init__(self, mode: Mode, work: int):
        self.mode, self.size = mode, max(1, _AT_ONCE // (3 * work))

    stages = _PROGRAMS

    def __call__(self, rows, programs: int = _PROGRAMS[-1]) -> np.ndarray:
        """Root mean square over a few programs, for each entry along these directions."""
        parts = [rows[i : i + self.size] for i in range(0, len(rows), self.size)]
        return np.concatenate([self._spread(part, programs) for part in parts])

    def _spread(self, rows, programs):
        still, total = self._run(rows, 0.0, 0.0), 0.0
        for phase in range(programs):
            total += (self._run(rows, float(phase), self.mode.flat.eps) - still) ** 2
        return np.nan_to_num(np.sqrt(total / programs), nan=0.0, posinf=0.0)

    @functools.cached_property
    def _run(self):
        closed = traced(self.mode.call, self.mode.flat, sum(len(v) for v in self.mode.along))
        run, x = widened(closed), self.mode.flat.x.astype(np.float64)
        floor = self.mode.flat.floor

        def moved(x, a, phase, size):
            return run(x, a, phase=phase, size=size, floor=floor)[0]

        program = jax.jit(jax.vmap(moved, (None, 0, None, None)))

        def call(rows, phase, size):
            with jax.enable_x64(True):
                return np.asarray(program(x, np.asarray(rows, np.float64), phase, size))

        return call
