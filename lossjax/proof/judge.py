"""One subject, swept: points, witnesses, truth, comparison."""

import contextlib
from collections.abc import Iterable

import jax
import jax.numpy as jnp
import numpy as np

from .compare import compare
from .condition import Condition
from .exact import Truth, truth
from .findings import Row
from .points import Points, scalar_points, vector_points
from .rows import Verdict, rows_of
from .subject import COLUMNS_FROM, QUANTITIES, Subject, UsageError, derivative

# The large vectors are swept in float32 only: float64 runs the same code, and half types are evaluated in float32.
_SMALL_CLASSES = 10


def judge(subject: Subject, dtype: np.dtype, level: str, quantities: Iterable[str] = QUANTITIES) -> list[Row]:
    """All rows of one subject in one dtype."""
    with jax.enable_x64(dtype.itemsize == 8):
        if subject.event_ndim == 0:
            trials = [_trial(subject, scalar_points(dtype, subject.targets, level), q, dtype) for q in quantities]
        else:
            most = _SMALL_CLASSES if dtype.name != "float32" else max(subject.classes)
            sizes = [k for k in subject.classes if k <= max(most, min(subject.classes))]
            sizes = sizes if level == "standard" else sizes[:3]
            sets = [vector_points(dtype, subject.targets, k, level) for k in sizes]
            trials = [_trial(subject, p, q, dtype) for q in quantities for p in sets]
        return rows_of(subject, dtype, [verdict for trial in trials for verdict in trial])


@contextlib.contextmanager
def _differentiable(subject: Subject, quantity: str):
    """JAX refuses to differentiate some programs, such as a while loop in reverse: then there is no truth without a reference."""
    try:
        yield
    except ValueError as error:
        why = str(error).splitlines()[0][:160]
        raise UsageError(
            f"{subject.label}: no truth for its {quantity} without a reference: {why} Name the loss it means with --like"
        ) from None


def _trial(subject: Subject, points: Points, quantity: str, dtype) -> list[Verdict]:
    """Every witness of one quantity at one set of points, held against one truth."""
    columns = quantity == "hess" and points.classes >= COLUMNS_FROM
    if columns:
        args = (points.z, points.t, _columns(points))
    else:
        args = (points.z, points.t)
    trace = dtype if subject.as_traced else None
    f = subject.truth(dtype)
    q = derivative(f, quantity, subject.event_ndim, columns)
    with _differentiable(subject, quantity):
        want = _flat_truth(truth(q, *args, dtype=dtype, trace_dtype=trace))

    condition = Condition(q, args, want.hi, want_shape(points, quantity, columns), trace)

    def judged(got):
        foreign = subject.own is not None or subject.as_traced
        with _differentiable(subject, quantity):
            return compare(
                got,
                want,
                points.z,
                points.t,
                dtype,
                subject.bounds[quantity],
                condition,
                foreign=foreign,
                nan_judged=subject.nan_judged,
            )

    verdicts = []
    witnesses = dict(subject.witnesses(quantity, columns))
    if points.classes and (points.classes > min(subject.classes) or dtype.name != "float32"):
        witnesses.pop("plain", None)  # it only informs, and compiles slowly: in float32, at the fewest classes
    for mode in subject.modes:
        seen = []
        for name, got in _run(witnesses, args, mode).items():
            # Autodiff of a loss with its own rule is that rule: the same numbers have the same verdict.
            c = next((c for other, c in seen if np.array_equal(other, got, equal_nan=True)), None) or judged(got)
            seen.append((got, c))
            verdicts.append(Verdict(quantity, name, mode, points, got, want, c))
    if subject.own is not None:
        own = derivative(subject.own, quantity, subject.event_ndim, columns)
        own = _flat_truth(truth(own, *args, dtype=dtype, trace_dtype=dtype))
        verdicts.append(Verdict(quantity, "own", "exact", points, own.hi, want, judged(own.hi)))
    return verdicts


def want_shape(points: Points, quantity: str, columns: bool) -> tuple[int, ...]:
    """The shape of one example's quantity."""
    k = points.classes
    return {"value": (), "grad": (k,) if k else (), "hess": ((k,) if columns else (k, k)) if k else ()}[quantity]


def _columns(points: Points) -> np.ndarray:
    """The direction of one column of each example's Hessian: in turn the target's, the largest z's, and any two."""
    z, k = points.z, points.classes
    rng = np.random.default_rng(k)
    safe = np.nan_to_num(z.astype(np.float64))
    index = np.stack(
        [points.t.astype(np.float64).argmax(1), safe.argmax(1), *rng.integers(k, size=(2, len(z)))], axis=1
    )
    column = index[np.arange(len(z)), (np.arange(len(z)) // 4) % 4]  # targets of all kinds come in fours
    return np.eye(k, dtype=z.dtype)[column]


def _flat_truth(x: Truth) -> Truth:
    return Truth(*(a.reshape(len(a), -1) for a in x))


def _run(witnesses, args, mode) -> dict[str, np.ndarray]:
    """Every witness over the points, in one compiled program, or op by op as a user's own call without jit is."""

    def everything(*args):
        return {name: jax.vmap(f)(*args) for name, f in witnesses.items()}

    if mode == "jit":
        out = jax.jit(everything)(*args)
    else:
        out = everything(*(jnp.asarray(a) for a in args))
    return {name: np.asarray(x).reshape(len(args[0]), -1) for name, x in out.items()}
