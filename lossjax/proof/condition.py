"""How far the rounding of z alone moves a quantity q: eps sum_k |z_k dq/dz_k|, what no algorithm can be blamed for."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from .exact import UNDECIDED, glance, truth

_PATTERNS = 4
_TIGHT = 2.0**-7
_FEW = 6
_COORDINATES = 10  # up to so many, each coordinate's own derivative is as cheap as a few patterns
# exp(-4096) is nothing beside 1 in any dtype: an infinite pre-activation counts as one of this size that is known exactly.
_FAR = 4096.0
_ANYWHERE = 1e300


class Condition:
    """The sum of single entries of q, each evaluated once, and a lower bound of it for all entries at once.

    Where targets are measured, they are inputs that are rounded as z is, and the sum runs over them as well.
    """

    def __init__(self, q, args, want, shape, trace_dtype, working, measured=None, beside=True):
        """Of q(z, t, *rest) = q(*args) at points where it is `want`, of `shape` at each.

        eps is that of `working`. measured: the targets that count as rounded, or None. beside: look beside ties, which among
        many classes takes minutes; if not, rounding counts as free to move q anywhere there.
        """
        self.count = count = 1 if measured is None or not measured.any() else 2
        with np.errstate(invalid="ignore"):  # a signalling NaN
            self.free = [np.isfinite(x) for x in args[:count]]
            if count == 2:
                self.free[1] &= measured
            z = np.where(np.isinf(args[0]), np.copysign(_FAR, args[0]), args[0]).astype(args[0].dtype)
        self.args = (z, *args[1:])
        self.beside = beside
        self.widths = [flat(x).shape[1] for x in args[:count]]
        self.want, self.shape, self.trace_dtype = want, shape, trace_dtype

        def push(*args):
            xs, signs, rest = args[:count], args[count : 2 * count], args[2 * count :]
            steps = tuple(s * x for s, x in zip(signs, xs))  # s is 0 where x is exact
            return jax.jvp(lambda *xs: q(*xs, *rest), xs, steps)[1]

        def pull(*args):
            xs, free, (w, *rest) = args[:count], args[count : 2 * count], args[2 * count :]

            def entry(*ys):  # selected, not multiplied by 0: what is exact may lie at a pole
                return jnp.vdot(w, q(*(jnp.where(f, y, x) for f, y, x in zip(free, ys, xs)), *rest))

            return jnp.concatenate([jnp.ravel(g) for g in jax.grad(entry, argnums=tuple(range(count)))(*xs)])

        self.push, self.pull = push, pull
        self.working = np.dtype(working)
        self.eps = float(ml_dtypes.finfo(self.working).eps)
        self.along: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.lower, self.summed = np.zeros(want.shape), np.zeros(len(want), bool)
        self.known, self.asked = np.full(want.shape, np.nan), np.zeros(want.shape, bool)

    def at_least(self, needed) -> np.ndarray:
        """Lower bounds: eps |sum_k s_k x_k dq/dx_k| for a few choices of signs s, one derivative along s x each.

        needed(bounds) -> the rows that want a better one.
        """
        bound = np.zeros(self.want.shape)
        inputs = sum(self.widths)
        # Of few inputs the sum itself, in one go, costs no more than choices of signs one after another.
        for i, signs in enumerate(self._signs() if inputs > _FEW else ()):
            rows = np.flatnonzero(needed(bound))
            if len(rows):
                bound[rows] = np.fmax(bound[rows], self._along(i, rows, signs))
        if inputs <= 2 * _COORDINATES:
            rows = np.flatnonzero(needed(bound))
            if len(rows):
                bound[rows] = np.fmax(bound[rows], self._sum(rows))
        return np.maximum(bound, 0)

    def _sum(self, rows):
        """A lower bound of the sum itself, coordinate by coordinate; where it is tight, it is the sum."""
        new = rows[~self.summed[rows]]
        if len(new):
            inputs = sum(self.widths)
            terms = self._slope(np.tile(new, inputs), np.repeat(np.eye(inputs), len(new), axis=0))
            size, radius = (x.reshape(inputs, len(new), -1) for x in terms)
            self.lower[new], self.summed[new] = np.maximum(size - radius, 0).sum(0), True
            size, radius = size.sum(0), radius.sum(0)
            tight = radius <= _TIGHT * (self.eps * np.abs(self.want[new]) + size)
            self.known[new] = np.where(tight, size, self.known[new])
            self.asked[new] |= tight
        return self.lower[rows]

    def _along(self, name: int, rows, signs):
        """A lower bound of eps |sum_k s_k x_k dq/dx_k|; kept, as several functions are judged at the same points."""
        if name not in self.along:
            self.along[name] = np.zeros(self.want.shape), np.zeros(len(self.want), bool)
        least, asked = self.along[name]
        new = rows[~asked[rows]]
        if len(new):
            least[new], asked[new] = np.subtract(*self._slope(new, signs[new])), True
        return least[rows]

    def _slope(self, rows, signs):
        """Eps |sum_k s_k x_k dq/dx_k| and its radius, at these rows of the points."""
        split = np.split(signs, np.cumsum(self.widths)[:-1], axis=1)
        xs, rest = [x[rows] for x in self.args[: self.count]], [x[rows] for x in self.args[self.count :]]
        steps = [np.where(f[rows], s.reshape(x.shape), 0).astype(x.dtype) for f, s, x in zip(self.free, split, xs)]
        hi, r = glance(self.push, *xs, *steps, *rest, trace_dtype=self.trace_dtype)
        return self.eps * np.abs(np.nan_to_num(hi)).reshape(len(rows), -1), self.eps * r.reshape(len(rows), -1)

    def _signs(self):
        """All alike, by size (a shift of all moves nothing), and at random."""
        x = np.concatenate([flat(np.nan_to_num(a.astype(np.float64))) for a in self.args[: self.count]], axis=1)
        yield np.ones(x.shape)
        order = np.argsort(np.argsort(-x, axis=1), axis=1)
        yield np.where(order == 0, 1.0, -1.0)
        rng = np.random.default_rng(0)
        for _ in range(_PATTERNS - 2 if x.shape[1] > 2 * _COORDINATES else 0):
            yield rng.choice([-1.0, 1.0], x.shape)

    def __call__(self, rows, entries) -> np.ndarray:
        """The sum, to two digits, of these entries."""
        new = ~self.asked[rows, entries]
        if new.any():
            self.known[rows[new], entries[new]] = self._evaluate(rows[new], entries[new])
            self.asked[rows, entries] = True
        return self.known[rows, entries]

    def _evaluate(self, rows, entries):
        xs, rest = [x[rows] for x in self.args[: self.count]], [x[rows] for x in self.args[self.count :]]
        free = [f[rows] for f in self.free]
        w = np.zeros((len(rows), self.want.shape[1]), xs[0].dtype)
        w[np.arange(len(rows)), entries] = 1
        w = w.reshape(len(rows), *self.shape)
        size = np.concatenate([flat(np.where(f, np.abs(x.astype(np.float64)), 0)) for f, x in zip(free, xs)], axis=1)
        want = np.abs(self.want[rows, entries])

        def enough(index, hi, r):
            unknown = np.sum(size[index] * r.reshape(len(index), -1), axis=1)
            return unknown <= _TIGHT * (want[index] + np.sum(size[index] * np.abs(hi.reshape(len(index), -1)), axis=1))

        kinds = {"dtype": self.working, "trace_dtype": self.trace_dtype, "enough": enough, "beside": self.beside}
        found = truth(self.pull, *xs, *free, w, *rest, **kinds)
        slope, unknown = found.hi, ((found.status == UNDECIDED) & (size > 0)).any(axis=1)
        with np.errstate(invalid="ignore", over="ignore"):
            # eps first: without it the product may leave float64 where the slope does not.
            total = np.nansum(self.eps * size * np.abs(slope.reshape(len(rows), -1)), axis=1)
        return total if self.beside else np.where(unknown, _ANYWHERE, total)


def flat(a: np.ndarray) -> np.ndarray:
    """One row a point."""
    return a.reshape(len(a), -1)
