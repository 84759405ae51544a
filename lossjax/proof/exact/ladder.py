"""The truth: a JAX function evaluated in exact arithmetic at many points.

Each point climbs a ladder until its enclosure is tight: float64 arrays with error bounds, these beyond the range of
floats, 113-bit arrays, Arb balls at
rising precision. Where a derivative is decided by a tie, and at infinities, the truth is a limit (`exact_limits`).
"""

import contextlib
import functools
import gc
from typing import NamedTuple

import jax
import numpy as np

from ...extras import need
from . import arrays
from .arb import balls
from .balls import named
from .limits import limits
from .plan import is_half, plan
from .run import EVENTS, run_plan
from .status import Sheet, Tolerance
from .wide import Wide

_FIRST_BITS = 128
_GLANCE_BITS = 512
_FAR = {"exp", "exp2", "expm1", "logistic", "tanh", "pow", "cumlogsumexp"}
_HOPELESS = 1 << 10  # bits after which a point with a tie-like doubt is looked at from beside


class Truth(NamedTuple):
    """The truth at every point, arrays (N, *output shape)."""

    hi: np.ndarray  # nearest float64; +-inf where the truth is infinite or beyond float64's range
    lo: np.ndarray  # what is left of it
    low: np.ndarray  # hull of the limits at a kink, hi elsewhere
    high: np.ndarray
    status: np.ndarray  # EXACT, KINK, NAN or UNDECIDED


def truth(f, *args, dtype, max_bits=2**16, trace_dtype=None, enough=None, beside=True):
    """The exact value of f (a function of one example) at every point.

    args: arrays with a leading axis over points, taken exactly; the first is the one moved at ties and infinities.
    dtype: an enclosure is tight below 2^-10 ulp of it. trace_dtype: what f is traced at; float64 if not given.
    enough(index, hi, radius) -> which of these points are known well enough, if every entry below 2^-10 ulp is too much.
    beside: look beside ties and poles, dozens of evaluations for each; if not, such points are undecided.
    """
    args = [np.asarray(a) for a in args]
    prepared = _prepared(f, args, trace_dtype)
    with np.errstate(all="ignore"), no_collector():
        return _truth(Job(prepared, [_exactly(a) for a in args], Tolerance.of(dtype), max_bits, enough), dtype, beside)


def _truth(job, dtype, beside):
    args = job.args
    sheet = Sheet(len(args[0]), job.output)
    todo = _classify(args, sheet)
    for kernel in job.kernels(dtype):
        todo = _climb(job, sheet, kernel, todo)
    _climb_arb(job, sheet, todo)
    if beside:
        limits(job, sheet)
    return Truth(*sheet.columns())


def glance(f, *args, trace_dtype=None):
    """Arrays hi and radius of f at every point, most entries to a digit or better where 512 bits give them.

    The radius is infinite where the value hangs on a tie, or an argument is not finite.
    """
    args = [np.asarray(a) for a in args]
    job = Job(_prepared(f, args, trace_dtype), [_exactly(a) for a in args], Tolerance.of(np.float32), _FIRST_BITS)
    with np.errstate(all="ignore"), no_collector():
        shape = (len(args[0]), *job.output)
        hi, radius = np.zeros(shape), np.full(shape, np.inf)

        def settle(part, kernel):
            (hi[part], _, radius[part]), events = job.evaluate(kernel, part)
            radius[part[_marked(events, "tie", "open", "endless")]] = np.inf
            known = radius[part] <= 2.0**-4 * np.abs(hi[part])
            return part[known.reshape(len(part), -1).mean(1) < 0.9]

        todo = _classify(job.args, Sheet(len(args[0]), ()))
        for kernel in job.kernels(np.float32):
            todo = _gather(settle(part, kernel) for part in _chunks(todo, job.chunk(1 << 17, 1 << 14)))
        with _precision(_GLANCE_BITS):
            for part in _chunks(todo, job.chunk(1 << 16, 1 << 11)):
                settle(part, balls())
    return hi, np.where(np.isnan(hi) | np.isnan(radius), np.inf, radius)


@contextlib.contextmanager
def no_collector():
    """Millions of balls live in arrays and none in a cycle: looking through them for cycles takes a fifth of the time.

    Of tracing and compiling it takes a tenth.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _gather(parts):
    parts = list(parts)
    return np.concatenate(parts) if parts else np.zeros(0, int)


@contextlib.contextmanager
def _precision(bits):
    """Arb's working precision, put back afterwards."""
    context = need("flint", "reference", "exact arithmetic").ctx
    before, context.prec = context.prec, bits
    try:
        yield context
    finally:
        context.prec = before


def _prepared(f, args, trace_dtype):
    return _planned(f, tuple((a.shape[1:], a.dtype) for a in args), trace_dtype)


# Tracing costs more than evaluating at a few points, and the same function is asked for again and again.
@functools.lru_cache(maxsize=16)
def _planned(f, kinds, trace_dtype):
    return plan(trace(f, [np.zeros((1, *shape), dtype) for shape, dtype in kinds], trace_dtype))


def trace(f, args, trace_dtype=None):
    """The jaxpr of f at one example, its floating arguments of the tracing dtype."""
    dtype = np.dtype(np.float64 if trace_dtype is None else trace_dtype)

    def shape(a):
        kind = a.dtype if a.dtype.kind in "biu" else dtype
        return jax.ShapeDtypeStruct(a.shape[1:], kind)

    with jax.enable_x64(dtype == np.float64):
        if dtype != np.float64:
            args = [a.astype(np.int32) if a.dtype.kind in "iu" and a.dtype.itemsize > 4 else a for a in args]
        return jax.make_jaxpr(f)(*(shape(a) for a in args))


def _exactly(a):
    return a.astype(np.float64) if a.dtype.kind == "f" or is_half(a.dtype) else a


class Job:
    """What stays the same from rung to rung."""

    def __init__(self, prepared, args, tolerance, max_bits, enough=None):
        self.plan, self.args, self.tolerance, self.max_bits = prepared, args, tolerance, max_bits
        self.enough = enough
        (self.output,) = prepared.shapes
        self.width = prepared.width()
        # exp of such arguments is beyond what any admitted precision could tell from zero: there is no point in trying
        rows = [np.abs(a).reshape(len(a), -1).max(1, initial=0) for a in args if a.dtype.kind == "f"]
        self.large = np.max(rows, axis=0) > max_bits if rows else np.zeros(len(args[0]), bool)

    def kernels(self, dtype):
        """The array arithmetics to try, that beyond the range of floats only where something leads there."""
        far = not _FAR.isdisjoint(self.plan.primitives())
        return [k for k in _array_kernels(dtype) if far or not isinstance(k, Wide)]

    def tight(self, index, hi, lo, r):
        """Which of these points are known well enough?"""
        return self.tolerance.tight(hi, lo, r) if self.enough is None else self.enough(index, hi, r)

    def chunk(self, numbers, most):
        """How many points at once, so that the widest intermediate holds about so many numbers."""
        return int(np.clip(numbers // self.width, 1, most))

    def evaluate(self, kernel, index):
        inputs = [_input(a[index], i == 0) for i, a in enumerate(self.args)]
        return run_plan(kernel, self.plan, inputs, len(index))


def _input(a, first):
    """An argument, to be lifted into whatever arithmetic the run has."""
    if a.dtype.kind != "f":
        return lambda field: a
    return lambda field: named(field.exact(a, dep=first))


def _array_kernels(dtype):
    double = np.dtype(dtype) == np.float64
    found = [] if double else [arrays.float64(), Wide()]
    long = arrays.quad()
    return found if long is None else [*found, long]


def _classify(args, sheet):
    """Put NaN and infinite points aside; the rest is to be evaluated."""
    n = len(args[0])
    nan, infinite = np.zeros(n, bool), np.zeros(n, bool)
    for a in args:
        if a.dtype.kind == "f":
            rows = a.reshape(n, -1)
            nan |= np.isnan(rows).any(1)
            infinite |= np.isinf(rows).any(1)
    sheet.set_nan(np.flatnonzero(nan))
    sheet.infinite = infinite & ~nan
    return np.flatnonzero(~nan & ~infinite)


def _chunks(index, size):
    return [index[i : i + size] for i in range(0, len(index), size)]


def _marked(events, *names):
    return np.any([events[name] for name in names], axis=0)


def _climb(job, sheet, kernel, todo):
    """Settle what this arithmetic can; the indices left over."""
    left = []
    for part in _chunks(todo, job.chunk(1 << 17, 1 << 14)):
        (hi, lo, r), events = job.evaluate(kernel, part)
        tight = job.tight(part, hi, lo, r) & ~_marked(events, "open", "tie", "endless")
        sheet.set(part[tight], *job.tolerance.settled(hi[tight], lo[tight], r[tight]))
        sheet.special[part[events["tie"] & ~events["open"]]] = True
        left.append(part[~tight & (events["open"] | ~events["tie"]) & ~events["endless"]])
    return np.concatenate(left) if left else todo


def _climb_arb(job, sheet, todo):
    # Enough to see that what is left of a cancellation is zero, where that takes no more than twice as many.
    kernel, bits = balls(), 2 * _FIRST_BITS if job.tolerance.zero_exponent >= -2 * _FIRST_BITS else _FIRST_BITS
    while len(todo) and bits <= job.max_bits:
        with _precision(bits):
            parts = _chunks(todo, job.chunk(1 << 16, 1 << 11))
            todo = _gather(_arb_part(job, sheet, kernel, part, bits) for part in parts)
        bits *= 2


def _arb_part(job, sheet, kernel, part, bits):
    (hi, lo, r), events = job.evaluate(kernel, part)
    tight = job.tight(part, hi, lo, r) & ~_marked(events, "open", "tie", "endless")
    sheet.set(part[tight], *job.tolerance.settled(hi[tight], lo[tight], r[tight]))
    broken = ~tight & np.isnan(r).reshape(len(part), -1).any(1)
    # NaN out of finite, decided arithmetic is meant: a NaN constant, or a fill value
    meant = broken & ~_marked(events, *EVENTS)
    close = job.tolerance.close(hi, r)
    meant &= (close | np.isnan(r)).reshape(len(part), -1).all(1)
    sheet.set(part[meant], *job.tolerance.settled(hi[meant], lo[meant], r[meant]))
    sheet.set_nan(part[meant], ~close[meant])
    aside = ~tight & ~events["open"] & (events["tie"] | (broken & events["pole"] & ~events["doubt"]))
    if bits >= min(_HOPELESS, job.max_bits // 2):
        aside |= ~tight & ~meant & (events["unsure"] | events["open"] | (broken & job.large[part]))
    if bits > job.max_bits // 2:
        aside |= ~tight & ~meant
    sheet.special[part[aside]] = True
    return part[~tight & ~meant & ~aside & ~events["endless"]]
