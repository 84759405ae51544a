"""What a derivative should be: exact arithmetic as far as it reaches in good time, float64 for the rest."""

import dataclasses

import jax
import ml_dtypes
import numpy as np

from ..proof.exact import EXACT, KINK, UNDECIDED, NoTruth, Truth, UnknownPrimitive, truth
from ..proof.ulp import DTYPES
from .modes import Mode
from .widen import widened, work

# Numbers that exact arithmetic may be asked to compute: in arrays with error bounds, about a second. Balls of many
# digits, which decide where arrays do not, are a hundred times slower, and limits beside ties want dozens of points.
ARRAYS, BALLS, LIMITS = 2**25, 2**21, 2**16
TIED = 64  # numbers up to which exact arithmetic looks to both sides of each
_HOPELESS = 2**28  # a single direction of so many is left to float64 alone
_SAMPLE = 2  # directions to which float64 is held, where it is the reference of the others
_SETTLED = 1e-6
_BESIDE = 2.0**-36  # float64 looks beside the point: several values there are a kink's


@dataclasses.dataclass(frozen=True)
class Reference:
    """The truth of every entry along every direction, and the rows of it that are exact.

    loose: entries that float64 was asked for, or whose ties are of so many numbers that only some of the limits were found.
    """

    truth: Truth
    exact: np.ndarray
    loose: np.ndarray
    note: str = ""


class Referee:
    """Evaluates the truth of one mode at its point; traced once."""

    def __init__(self, mode: Mode, effort: float):
        self.mode, self.effort = mode, effort
        flat, along = mode.flat, sum(len(v) for v in mode.along)
        self.closed = traced(mode.bare, flat, along)
        self.work = max(1, work(self.closed))
        self.dtype = min((p.dtype for p in mode.out.parts), key=lambda d: float(ml_dtypes.finfo(d).eps))
        self.double = self.dtype == DTYPES["float64"]
        self.wide = wide(self.closed)

    @property
    def affordable(self) -> int:
        """Directions that exact arithmetic can be asked for."""
        return int(self.effort * ARRAYS) // self.work

    def __call__(self, rows) -> Reference:
        """The truth along these directions."""
        exact, why = self._exactly(rows)
        if exact is not None and (self.double or not (exact.status == UNDECIDED).any()):
            many = np.full(exact.status.shape, len(self.mode.flat.inputs) > TIED)
            return Reference(exact, ~(exact.status == UNDECIDED).all(axis=1), many, why)
        near = self._nearly(rows)
        if exact is None:
            return Reference(near, np.zeros(len(rows), bool), np.ones(near.status.shape, bool), why)
        self._agree(exact, near)
        open_ = exact.status == UNDECIDED
        filled = Truth(*(np.where(open_, b, a) for a, b in zip(exact, near, strict=True)))
        return Reference(filled, ~open_.all(axis=1), open_ | (len(self.mode.flat.inputs) > TIED), why)

    def _exactly(self, rows):
        """Truth of as many rows as there is time for, the others undecided; or nothing, and why."""
        some = len(rows) if self.affordable >= self.mode.units or self.double else min(len(rows), _SAMPLE)
        if self.work > self.effort * _HOPELESS and not self.double:
            return None, "too large for exact arithmetic"
        chosen = np.unique(np.linspace(0, len(rows) - 1, some).astype(int))
        try:
            found = self._truth(rows[chosen])
        except UnknownPrimitive as unknown:
            return None, f"{unknown} has no exact meaning"
        if some == len(rows):
            return found, ""
        whole = [np.full((len(rows), *column.shape[1:]), np.nan) for column in found[:4]]
        whole.append(np.full((len(rows), *found.status.shape[1:]), UNDECIDED, np.uint8))
        for column, part in zip(whole, found, strict=True):
            column[chosen] = part
        return Truth(*whole), "exact arithmetic of every direction would take too long"

    def _truth(self, rows) -> Truth:
        x, cost = np.broadcast_to(self.mode.flat.x, (len(rows), len(self.mode.flat.inputs))), len(rows) * self.work
        wide = self.mode.flat.inputs.dtype.itemsize == 8 or jax.config.values["jax_enable_x64"]
        options = {"dtype": self.dtype, "trace_dtype": np.float64 if wide else np.float32}
        # Directions of a few: the point is moved to both sides of each coordinate, to find the limits at a tie.
        beside = cost * (8 + 2 * min(x.shape[1], 64)) <= self.effort * LIMITS * 64
        rows = rows.astype(self.mode.flat.inputs.dtype)
        if cost <= self.effort * BALLS:
            return truth(self.mode.bare, x, rows, beside=beside, **options)
        radius = np.full((len(rows), len(self.mode.out)), np.inf)

        def enough(index, hi, r):
            radius[index] = np.where(np.isfinite(hi), r, np.inf)
            return (r <= self.mode.out.ulp(hi) / 8).mean(axis=1) >= 0.9

        found = truth(self.mode.bare, x, rows, max_bits=0, beside=False, enough=enough, **options)
        return _enclosed(found, radius, self.mode.out.ulp(np.nan_to_num(found.hi)))

    def _nearly(self, rows) -> Truth:
        """In float64: beside the point on both sides, where the dtype to be judged is coarser."""
        x = self.mode.flat.x.astype(np.float64)
        if self.double:
            return _hull(np.asarray(self.wide(x, rows))[None])
        rng = np.random.default_rng(0)
        size = np.maximum(np.abs(x), 2.0**-20 * np.abs(x).max(initial=1.0)) * _BESIDE
        steps = [size * rng.uniform(0.5, 1.0, x.shape) * rng.choice([-1.0, 1.0], x.shape) for _ in range(2)]
        values = np.stack([self.wide(x + s * side, rows) for s in steps for side in (1, -1)])
        with np.errstate(invalid="ignore"):
            settled = np.ptp(values, axis=0) <= _SETTLED * np.abs(values).max(axis=0)
        if settled.all():
            return _hull(values)
        # What changes so near to the point is a kink's, or on its way to what it is at the point.
        return _hull(np.concatenate([values, np.where(settled, values[0], self.wide(x, rows))[None]]))

    def _agree(self, exact: Truth, near: Truth):
        """Raise where float64 is not what exact arithmetic says: then it is no reference."""
        both = (exact.status == EXACT) & (near.status <= KINK)
        scale = np.max(np.where(both, np.abs(exact.hi), 0), axis=1, keepdims=True, initial=0)
        gap = np.maximum(near.low - exact.hi, exact.hi - near.high)
        with np.errstate(invalid="ignore"):
            off = both & np.isfinite(exact.hi) & (gap > self.mode.out.ulp(np.nan_to_num(exact.hi)) + 1e-9 * scale)
        if off.any():
            raise NoTruth(
                f"float64 is no reference here: it is off by {np.max(gap[off]):.3g} where exact arithmetic was asked; "
                "raise effort= for more of the latter"
            )


def traced(f, flat, *along):
    """The jaxpr of f(x, *directions of these lengths) in the dtypes of the function's own arguments."""
    shapes = [jax.ShapeDtypeStruct((n,), flat.inputs.dtype) for n in (len(flat.inputs), *along)]
    return jax.make_jaxpr(f)(*shapes)


def wide(closed):
    """call(x, rows) -> the single output of a jaxpr of (x, direction) in float64, a row for each direction."""
    batched = jax.jit(jax.vmap(lambda x, a: widened(closed)(x, a)[0], (None, 0)))

    def call(x, rows):
        with jax.enable_x64(True):
            return np.asarray(batched(np.asarray(x, np.float64), np.asarray(rows, np.float64)))

    return call


def _enclosed(found: Truth, radius, ulp) -> Truth:
    """Entries that are known less well than an eighth of an ulp: anywhere within their radius, unknown beyond an ulp."""
    loose = (found.status == EXACT) & (radius > ulp / 8) & (found.hi != np.inf) & (found.hi != -np.inf)
    low, high = (
        np.where(loose, found.hi + side * radius, column) for side, column in ((-1, found.low), (1, found.high))
    )
    status = np.where(loose, np.where(radius <= ulp, KINK, UNDECIDED), found.status)
    return Truth(found.hi, found.lo, low, high, status)


def _hull(values) -> Truth:
    """All limits beside the point; their middle, and their hull."""
    low, high = values.min(axis=0), values.max(axis=0)
    finite = np.isfinite(values).all(axis=0)
    same = np.isinf(values).all(axis=0) & (low == high)
    middle = np.where(same, low, np.where(finite, values.mean(axis=0), np.nan))
    status = np.where(same, EXACT, np.where(finite, KINK, UNDECIDED))
    return Truth(middle, np.zeros_like(middle), low, high, status)
