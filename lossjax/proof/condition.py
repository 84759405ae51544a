"""How far the rounding of z alone moves a quantity q: eps sum_k |z_k dq/dz_k|, what no algorithm can be blamed for."""

import jax
import jax.numpy as jnp
import numpy as np

from .exact import glance, truth
from .ulp import working_dtype

_PATTERNS = 4
_COORDINATES = 10  # up to so many, each coordinate's own derivative is as cheap as a few patterns
# exp(-4096) is nothing beside 1 in any dtype: an infinite pre-activation counts as one of this size that is known exactly.
_FAR = 4096.0


class Condition:
    """The sum of single entries of q, each evaluated once, and a lower bound of it for all entries at once."""

    def __init__(self, q, args, want, shape, trace_dtype):
        """Of q(*args), the first of args being z, at points where it is `want`, of `shape` at each."""
        z, *rest = args
        with np.errstate(invalid="ignore"):  # a signalling NaN
            self.finite = np.isfinite(z)
            self.args = (np.where(np.isinf(z), np.copysign(_FAR, z), z).astype(z.dtype), *rest)
        self.want, self.shape, self.trace_dtype = want, shape, trace_dtype
        self.push = lambda z, s, *rest: jax.jvp(lambda z: q(z, *rest), (z,), (s * z,))[1]  # s is 0 at infinities
        self.pull = lambda z, t, w, *v: jax.grad(lambda z: jnp.vdot(w, q(z, t, *v)))(z)
        self.working = working_dtype(args[0].dtype)
        self.eps = float(np.finfo(self.working).eps)
        self.known, self.asked = np.full(want.shape, np.nan), np.zeros(want.shape, bool)

    def at_least(self, needed) -> np.ndarray:
        """Lower bounds: eps |sum_k s_k z_k dq/dz_k| for a few choices of signs s, one derivative along s z each.

        needed(bounds) -> the rows that want a better one.
        """
        bound = np.zeros(self.want.shape)
        for signs in self._signs(self.args[0]):
            rows = np.flatnonzero(needed(bound))
            if len(rows):
                bound[rows] = np.fmax(bound[rows], self._along(rows, signs[rows]))
        if self.args[0].ndim == 2 and self.args[0].shape[1] <= _COORDINATES:
            rows = np.flatnonzero(needed(bound))
            if len(rows):
                every = np.eye(self.args[0].shape[1])
                bound[rows] = np.fmax(bound[rows], sum(self._along(rows, np.tile(e, (len(rows), 1))) for e in every))
        return bound

    def _along(self, rows, signs):
        """A lower bound of eps |sum_k s_k z_k dq/dz_k|."""
        z, *rest = (a[rows] for a in self.args)
        s = np.where(self.finite[rows], signs, 0).astype(z.dtype)
        hi, r = glance(self.push, z, s, *rest, trace_dtype=self.trace_dtype)
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
        for _ in range(_PATTERNS - 2 if z.shape[1] > _COORDINATES else 0):
            yield rng.choice([-1.0, 1.0], z.shape)

    def __call__(self, rows, entries) -> np.ndarray:
        """The sum, to two digits, of these entries."""
        new = ~self.asked[rows, entries]
        if new.any():
            self.known[rows[new], entries[new]] = self._evaluate(rows[new], entries[new])
            self.asked[rows, entries] = True
        return self.known[rows, entries]

    def _evaluate(self, rows, entries):
        z, t, *v = (a[rows] for a in self.args)
        w = np.zeros((len(rows), self.want.shape[1]), z.dtype)
        w[np.arange(len(rows)), entries] = 1
        w = w.reshape(len(rows), *self.shape)
        size = np.where(self.finite[rows], np.abs(z.astype(np.float64)), 0).reshape(len(rows), -1)
        want = np.abs(self.want[rows, entries])

        def enough(index, hi, r):
            unknown = np.sum(size[index] * r.reshape(len(index), -1), axis=1)
            return unknown <= 2.0**-7 * (want[index] + np.sum(size[index] * np.abs(hi.reshape(len(index), -1)), axis=1))

        slope = truth(self.pull, z, t, w, *v, dtype=self.working, trace_dtype=self.trace_dtype, enough=enough).hi
        with np.errstate(invalid="ignore", over="ignore"):
            # eps first: without it the product may leave float64 where the slope does not.
            return np.nansum(self.eps * size * np.abs(slope.reshape(len(rows), -1)), axis=1)
