"""One subject, swept: points, witnesses, truth, comparison."""

import contextlib
from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp
import numpy as np

from .compare import Comparison, compare
from .condition import Condition
from .exact import Truth, no_collector, truth
from .findings import Row
from .fitting import said
from .jumps import either_side
from .points import Points, scalar_points, vector_points
from .rows import Verdict, rows_of
from .subject import COLUMNS_FROM, QUANTITIES, Subject, UsageError, derivative
from .ulp import working_dtype

# The large vectors are swept in float32 only: float64 runs the same code, and half types are evaluated in float32.
_SMALL_CLASSES = 10


def judge(subject: Subject, dtype: np.dtype, level: str, quantities: Iterable[str] = QUANTITIES) -> list[Row]:
    """All rows of one subject in one dtype."""
    with jax.enable_x64(dtype.itemsize == 8), no_collector():
        sets = points_of(subject, dtype, level)
        return rows_of(subject, dtype, [verdict for p in sets for verdict in _trial(subject, p, quantities, dtype)])


def points_of(subject: Subject, dtype: np.dtype, level: str) -> list[Points]:
    """The sets of points at which a subject is swept: one, or one for each number of classes."""
    if subject.event_ndim == 0:
        return [scalar_points(dtype, subject.targets, level)]
    most = _SMALL_CLASSES if dtype.name != "float32" else max(subject.classes)
    sizes = [k for k in subject.classes if k <= max(most, min(subject.classes))]
    return [vector_points(dtype, subject.targets, k, level) for k in (sizes if level == "standard" else sizes[:3])]


@contextlib.contextmanager
def _differentiable(subject: Subject, quantity: str):
    """JAX refuses to differentiate some programs, such as a while loop in reverse: then there is no truth without a reference."""
    try:
        yield
    except ValueError as error:
        raise UsageError(
            f"{subject.label}: no truth for its {quantity} without a reference; name the loss it means with --like: {said(error)}"
        ) from None


def _trial(subject: Subject, points: Points, quantities: Iterable[str], dtype) -> list[Verdict]:
    """Every witness of every quantity at one set of points; those of one quantity are held against one truth."""
    jobs = [Quantity(subject, q, points, dtype) for q in quantities]
    seen = {q.name: [] for q in jobs}
    verdicts = []
    for mode in subject.modes:
        got = run({(q, name): f for q in jobs for name, f in q.witnesses.items()}, mode)
        for (q, name), x in got.items():
            # Autodiff of a loss with its own rule is that rule: the same numbers have the same verdict.
            known = (c for other, c in seen[q.name] if np.array_equal(other, x, equal_nan=True))
            c = next(known, None) or q.judged(x)
            seen[q.name].append((x, c))
            verdicts.append(Verdict(q.name, name, mode, points, x, c.truth, c))
    if subject.own is not None:
        for q in jobs:
            own = q.exact(subject.own, dtype)
            verdicts.append(Verdict(q.name, "own", "exact", points, own.hi, q.want, q.judged(own.hi)))
    return verdicts


class Quantity:
    """Value, gradient or Hessian at one set of points: its truth, its witnesses, and the verdict on one of them."""

    def __init__(self, subject: Subject, name: str, points: Points, dtype):
        """Evaluate the truth."""
        self.subject, self.name, self.points, self.dtype = subject, name, points, dtype
        self.columns = name == "hess" and points.classes >= COLUMNS_FROM
        self.args = (points.z, points.t, *((_columns(points),) if self.columns else ()))
        trace = dtype if subject.as_traced else None
        f = subject.truth(dtype)
        self.want = self.exact(f, trace)
        q = derivative(f, name, subject.event_ndim, self.columns)
        shape = want_shape(points, name, self.columns)
        # Of the catalogue alone is it promised that half types are evaluated in float32.
        working = np.dtype(dtype) if subject.foreign else working_dtype(dtype)
        soft = _measured(subject.targets, points.t) if subject.audited else None
        beside = name == "value" or not subject.audited or points.classes < COLUMNS_FROM
        self.condition = Condition(q, self.args, self.want.hi, shape, trace, working, soft, beside)

    @property
    def witnesses(self) -> dict[str, Callable]:
        found = dict(self.subject.witnesses(self.name, self.columns))
        few = self.points.classes <= min(self.subject.classes, default=0)
        if self.subject.event_ndim and not (few and self.dtype.name == "float32"):
            found.pop("plain", None)  # it only informs, and compiles slowly: in float32, at the fewest classes
        return found

    def exact(self, f: Callable, trace_dtype) -> Truth:
        """The truth of this quantity of f."""
        with _differentiable(self.subject, self.name):
            q = derivative(f, self.name, self.subject.event_ndim, self.columns)
            found = truth(q, *self.args, dtype=self.dtype, trace_dtype=trace_dtype)
            return Truth(*(a.reshape(len(a), -1) for a in found))

    def judged(self, got: np.ndarray) -> Comparison:
        """Got, held against the truth; a derivative of other code, beside a jump, against either side of it."""
        found = self.held(got, self.want)
        jumps = self.subject.foreign and self.subject.event_ndim == 0 and self.name != "value"
        with _differentiable(self.subject, self.name):
            wider = either_side(self, got, found.failed) if jumps and found.failed.any() else None
        return found if wider is None else self.held(got, wider)

    def held(self, got: np.ndarray, want: Truth) -> Comparison:
        """Got, held against this truth."""
        with _differentiable(self.subject, self.name):
            return compare(
                got,
                want,
                self.points.z,
                self.points.t,
                self.dtype,
                self.subject.bounds[self.name],
                self.condition,
                foreign=self.subject.foreign,
                audited=self.subject.audited,
            )


def _measured(targets: str, t: np.ndarray) -> np.ndarray | None:
    """The targets that are data, rounded as z is: of a regression all, of soft labels those between the classes.

    A class, a sign or a count is exact.
    """
    if targets == "real":
        return np.ones(t.shape, bool)
    if targets not in ("unit", "tanh", "simplex"):
        return None
    wide = t.astype(np.float64)
    soft = wide != np.round(wide)
    # Beside a soft label a 1 is what was left of 0.998 after rounding.
    return soft | (soft.any(-1, keepdims=True) & (wide != 0)) if targets == "simplex" else soft


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


def run(witnesses: dict[tuple[Quantity, str], Callable], mode: str) -> dict[tuple[Quantity, str], np.ndarray]:
    """Every witness over the points, in one compiled program, or op by op as a user's own call without jit is."""
    args = max((q.args for q, _ in witnesses), key=len)
    count = len(args[0])

    def everything(*args):
        return [jax.vmap(f)(*args[: len(q.args)]) for (q, _), f in witnesses.items()]

    if mode == "jit":
        out = jax.jit(everything).lower(*args).compile()(*args)  # kept by no cache: nobody runs it again
    else:
        out = everything(*(jnp.asarray(a) for a in args))
    return {key: np.asarray(x).reshape(count, -1) for key, x in zip(witnesses, out)}
