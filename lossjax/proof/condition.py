"""How far the rounding of z alone moves a quantity q: eps sum_k |z_k dq/dz_k|, what no algorithm can be blamed for."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from .exact import glance, truth

_PATTERNS = 4
_COORDINATES = 10  # up to so many, each coordinate's own derivative is as cheap as a few patterns
# exp(-4096) is nothing beside 1 in any dtype: an infinite pre-activation counts as one of this size that is known exactly.
_FAR = 4096.0


class Condition:
    """The sum of single entries of q, each evaluated once, and a lower bound of it for all entries at once.

    Where targets are measured, they are inputs that are rounded as z is, and the sum runs over them as well.
    """

    def __init__(self, q, args, want, shape, trace_dtype, working, measured=None):
        """Of q(z, t, *rest) = q(*args) at points where it is `want`, of `shape` at each.

        eps is that of `working`. measured: the targets that count as rounded, or None.
        """
        z, *rest = args
        if measured is not None and measured.any():
            q, z, rest = _apart(q, z.shape[1:]), np.concatenate([flat(z), flat(rest[0])], axis=1), rest[1:]
        with np.errstate(invalid="ignore"):  # a signalling NaN
            self.free = np.isfinite(z)
            if measured is not None and measured.any():
                self.free[:, -flat(measured).shape[1] :] &= flat(measured)
            self.args = (np.where(np.isinf(z), np.copysign(_FAR, z), z).astype(z.dtype), *rest)
        self.want, self.shape, self.trace_dtype = want, shape, trace_dtype
        self.push = lambda x, s, *rest: jax.jvp(lambda x: q(x, *rest), (x,), (s * x,))[1]  # s is 0 where x is exact
        # Selected, not multiplied by 0: what is exact may lie at a pole.
        self.pull = lambda x, free, w, *rest: jax.grad(lambda y: jnp.vdot(w, q(jnp.where(free, y, x), *rest)))(x)
        self.working = np.dtype(working)
        self.eps = float(ml_dtypes.finfo(self.working).eps)
        self.known, self.asked = np.full(want.shape, np.nan), np.zeros(want.shape, bool)

    def at_least(self, needed) -> np.ndarray:
        """Lower bounds: eps |sum_k s_k x_k dq/dx_k| for a few choices of signs s, one derivative along s x each.

        needed(bounds) -> the rows that want a better one.
        """
        bound = np.zeros(self.want.shape)
        for signs in self._signs(self.args[0]):
            rows = np.flatnonzero(needed(bound))
            if len(rows):
                bound[rows] = np.fmax(bound[rows], self._along(rows, signs[rows]))
        if self.args[0].ndim == 2 and self.args[0].shape[1] <= 2 * _COORDINATES:
            rows = np.flatnonzero(needed(bound))
            if len(rows):
                every = np.eye(self.args[0].shape[1])
                bound[rows] = np.fmax(bound[rows], sum(self._along(rows, np.tile(e, (len(rows), 1))) for e in every))
        return bound

    def _along(self, rows, signs):
        """A lower bound of eps |sum_k s_k x_k dq/dx_k|."""
        x, *rest = (a[rows] for a in self.args)
        s = np.where(self.free[rows], signs, 0).astype(x.dtype)
        hi, r = glance(self.push, x, s, *rest, trace_dtype=self.trace_dtype)
        return self.eps * np.maximum(np.abs(hi) - r, 0).reshape(len(rows), -1)

    @staticmethod
    def _signs(z):
        """All alike, by size (a shift of all moves nothing), and at random."""
        yield np.ones(z.shape)
        if z.ndim == 1:
            return
        order = np.argsort(np.argsort(-np.nan_to_num(z.astype(np.float64)), axis=1), axis=1)
        yield np.where(order == 0, 1.0, -1.0)
        rng = np.random.default_rng(0)
        for _ in range(_PATTERNS - 2 if z.shape[1] > 2 * _COORDINATES else 0):
            yield rng.choice([-1.0, 1.0], z.shape)

    def __call__(self, rows, entries) -> np.ndarray:
        """The sum, to two digits, of these entries."""
        new = ~self.asked[rows, entries]
        if new.any():
            self.known[rows[new], entries[new]] = self._evaluate(rows[new], entries[new])
            self.asked[rows, entries] = True
        return self.known[rows, entries]

    def _evaluate(self, rows, entries):
        x, *rest = (a[rows] for a in self.args)
        w = np.zeros((len(rows), self.want.shape[1]), x.dtype)
        w[np.arange(len(rows)), entries] = 1
        w = w.reshape(len(rows), *self.shape)
        size = np.where(self.free[rows], np.abs(x.astype(np.float64)), 0).reshape(len(rows), -1)
        want = np.abs(self.want[rows, entries])

        def enough(index, hi, r):
            unknown = np.sum(size[index] * r.reshape(len(index), -1), axis=1)
            return unknown <= 2.0**-7 * (want[index] + np.sum(size[index] * np.abs(hi.reshape(len(index), -1)), axis=1))

        slope = truth(
            self.pull, x, self.free[rows], w, *rest, dtype=self.working, trace_dtype=self.trace_dtype, enough=enough
        ).hi
        with np.errstate(invalid="ignore", over="ignore"):
            # eps first: without it the product may leave float64 where the slope does not.
            return np.nansum(self.eps * size * np.abs(slope.reshape(len(rows), -1)), axis=1)


def flat(a: np.ndarray) -> np.ndarray:
    """One row a point."""
    return a.reshape(len(a), -1)


def _apart(q, shape):
    """Q(z, t, *rest) as a function of z and t in one vector."""
    count = int(np.prod(shape, dtype=int))
    return lambda x, *rest: q(x[:count].reshape(shape), x[count:].reshape(shape), *rest)
