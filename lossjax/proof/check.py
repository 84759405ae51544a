"""`lossjax check`: points, witnesses, truth, comparison, verdict."""

import dataclasses
import time
from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp
import numpy as np

from ..environment import environment
from ..losses import ALL
from ..losses.domain import DOMAINS
from ..losses.loss import Loss
from .compare import Comparison, compare
from .diagnose import diagnose
from .exact import Truth, truth
from .findings import Report, Row
from .points import Points, scalar_points, vector_points
from .subject import COLUMNS_FROM, QUANTITIES, Subject, UsageError, derivative, from_function, from_loss
from .ulp import DTYPES, bits

# Half types are evaluated in float32 and float64 runs the same code: the large vectors are swept in float32 only.
_SMALL_CLASSES = 10


def check(
    subject: Loss | Callable | Iterable[Loss] | None = None,
    *,
    dtype: str | Iterable[str] = "float32",
    points: str = "standard",
    quantity: str | Iterable[str] = "all",
    grad: Callable | None = None,
    hess: Callable | None = None,
    event_ndim: int | None = None,
    targets: str | None = None,
    like: Loss | str | None = None,
    max_excess: float | None = None,
    keep_stop_gradient: bool = False,
    name: str | None = None,
    watch: Callable[[str], None] | None = None,
) -> Report:
    """Judge value, gradient and Hessian of a catalogue loss (all of them by default) or of any JAX function f(z, t).

    |got - want| <= B (ulp(want) + eps sum_k |z_k dq/dz_k|), want in exact arithmetic. B = 3, 4, 6 for the catalogue's value,
    gradient and Hessian, 8 for other code, or `max_excess`. grad, hess: hand-written derivatives to be judged beside
    autodiff's. like: the catalogue loss whose printed formula is the truth; without it, f's own jaxpr in exact arithmetic.
    dtype: float32, bfloat16, float16, float64 or all. points: quick or standard. watch(text) is told of progress.

    Raises: UsageError with one sentence for a request that cannot be carried out.
    """
    began = time.perf_counter()
    dtypes = _chosen(dtype, DTYPES, "dtype")
    quantities = _chosen(quantity, QUANTITIES, "quantity")
    if points not in ("quick", "standard"):
        raise UsageError(f"unknown points {points!r}; choose quick or standard (all floats: `lossjax check NAME --points all`)")
    if isinstance(like, str):
        like = find(like)
    if callable(subject) and not isinstance(subject, Loss):
        label = name or f"{subject.__module__}:{subject.__qualname__}"
        options = dict(grad=grad, hess=hess, event_ndim=event_ndim, targets=targets, like=like)
        subjects = [from_function(subject, label, max_excess=max_excess, keep_stop_gradient=keep_stop_gradient, **options)]
    else:
        losses = ALL if subject is None else (subject,) if isinstance(subject, Loss) else tuple(subject)
        subjects = [from_loss(loss, max_excess) for loss in losses]
    rows = []
    for s in subjects:
        for d in dtypes:
            if watch:
                watch(f"{s.label} {d}")
            rows += judge(s, DTYPES[d], points, quantities)
    return Report(rows, time.perf_counter() - began, environment())


def find(name: str) -> Loss:
    """The catalogue loss of this name, with or without its parameters."""
    found = [loss for loss in ALL if name in (loss.label, loss.name)]
    if not found:
        import difflib

        near = difflib.get_close_matches(name, [loss.label for loss in ALL], n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`lossjax list` names them all"
        raise UsageError(f"no loss is called {name!r}; {hint}")
    return found[0]


def _chosen(given, known, what) -> list[str]:
    if given == "all":
        return list(known)
    names = [given] if isinstance(given, str) else list(given)
    for n in names:
        if n not in known:
            raise UsageError(f"unknown {what} {n!r}; choose one of {', '.join(known)} or all")
    return names


def judge(subject: Subject, dtype: np.dtype, level: str, quantities: Iterable[str] = QUANTITIES) -> list[Row]:
    """All rows of one subject in one dtype."""
    with jax.enable_x64(dtype.itemsize == 8):
        if subject.event_ndim == 0:
            trials = [_trial(subject, scalar_points(dtype, subject.targets, level), q, dtype) for q in quantities]
        else:
            sizes = [k for k in subject.classes if dtype.name == "float32" or k <= _SMALL_CLASSES or k == min(subject.classes)]
            sizes = sizes if level == "standard" else sizes[:3]
            sets = [vector_points(dtype, subject.targets, k, level) for k in sizes]
            trials = [_trial(subject, p, q, dtype) for q in quantities for p in sets]
        return _rows(subject, dtype, [verdict for trial in trials for verdict in trial])


@dataclasses.dataclass(frozen=True)
class _Verdict:
    """One witness at one set of points."""

    quantity: str
    witness: str
    mode: str
    points: Points
    got: np.ndarray
    truth: Truth
    comparison: Comparison


def _trial(subject: Subject, points: Points, quantity: str, dtype) -> list[_Verdict]:
    """Every witness of one quantity at one set of points, held against one truth."""
    columns = quantity == "hess" and points.classes >= COLUMNS_FROM
    if columns:
        points, directions = _with_columns(points)
        args = (points.z, points.t, directions)
    else:
        args = (points.z, points.t)
    trace = dtype if subject.as_traced else None
    f = subject.truth(dtype)
    q = derivative(f, quantity, subject.event_ndim, columns)
    want = _flat_truth(truth(q, *args, dtype=dtype, trace_dtype=trace))

    def condition(rows, entries):
        def along(z, t, w, *v):
            return jax.grad(lambda z: jnp.vdot(w, q(z, t, *v)))(z)

        w = np.zeros((len(rows), want.hi.shape[1]), dtype)
        w[np.arange(len(rows)), entries] = 1
        shape = want_shape(points, quantity, columns)
        slope = truth(along, args[0][rows], args[1][rows], w.reshape(len(rows), *shape), *(a[rows] for a in args[2:]),
                      dtype=DTYPES["bfloat16"], trace_dtype=trace).hi
        with np.errstate(invalid="ignore", over="ignore"):
            return np.nansum(np.abs(args[0][rows].astype(np.float64) * slope).reshape(len(rows), -1), axis=1)

    verdicts = []
    witnesses = dict(subject.witnesses(quantity, columns))
    for mode in subject.modes:
        for name, got in _run(witnesses, args, mode).items():
            c = compare(got, want, points.z, points.t, dtype, subject.bounds[quantity], condition)
            verdicts.append(_Verdict(quantity, name, mode, points, got, want, c))
    if subject.own is not None:
        own = _flat_truth(truth(derivative(subject.own, quantity, subject.event_ndim, columns), *args, dtype=dtype, trace_dtype=dtype))
        c = compare(own.hi, want, points.z, points.t, dtype, subject.bounds[quantity], condition)
        verdicts.append(_Verdict(quantity, "own", "exact", points, own.hi, want, c))
    return verdicts


def want_shape(points: Points, quantity: str, columns: bool) -> tuple[int, ...]:
    """The shape of one example's quantity."""
    k = points.classes
    return {"value": (), "grad": (k,) if k else (), "hess": ((k,) if columns else (k, k)) if k else ()}[quantity]


def _with_columns(points: Points) -> tuple[Points, np.ndarray]:
    """Each example four times, with the direction of one column of its Hessian: target, argmax, and two others."""
    z, k = points.z, points.classes
    rng = np.random.default_rng(k)
    safe = np.nan_to_num(z.astype(np.float64))
    index = np.stack([points.t.astype(np.float64).argmax(1), safe.argmax(1), *rng.integers(k, size=(2, len(z)))], axis=1)
    rows = np.repeat(np.arange(len(z)), 4)
    return Points(z[rows], points.t[rows], k), np.eye(k, dtype=z.dtype)[index.ravel()]


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


def _rows(subject: Subject, dtype, verdicts: list[_Verdict]) -> list[Row]:
    """One row a quantity and witness: the worst mode over all sizes."""
    rows = []
    keys = dict.fromkeys((v.quantity, v.witness) for v in verdicts)
    for quantity, witness in keys:
        same = [v for v in verdicts if (v.quantity, v.witness) == (quantity, witness)]
        modes = dict.fromkeys(v.mode for v in same)
        by_mode = [_row(subject, dtype, quantity, witness, [v for v in same if v.mode == m]) for m in modes]
        rows.append(max(by_mode, key=lambda r: (not r.ok, r.failures)))
    return _blame_rules(rows)


def _row(subject, dtype, quantity, witness, verdicts) -> Row:
    count = lambda field: int(sum(getattr(v.comparison, field).sum() for v in verdicts))  # noqa: E731
    undecided, skipped, failures = count("undecided"), count("skipped"), count("failed")
    eligible = int(sum(v.comparison.failed.size for v in verdicts))
    worst = max(verdicts, key=lambda v: (_badness(v).max(), v.comparison.max_excess))
    code, cause = "", ""
    if failures:
        guilty = max(verdicts, key=lambda v: v.comparison.failed.sum())
        code, cause = diagnose(guilty.got, guilty.truth, guilty.comparison, guilty.points.z, guilty.points.t, guilty.points.classes, quantity)
    elif undecided:
        code, cause = "LJ010", f"{undecided} entries undecided"
    place = _place(worst)
    return Row(
        loss=subject.label,
        dtype=dtype.name,
        quantity=quantity,
        witness=witness,
        eligible=eligible,
        checked=eligible - undecided - skipped,
        undecided=undecided,
        skipped=skipped,
        max_ulp=float(max(v.comparison.error_ulp.max() for v in verdicts)),
        max_excess=float(max(v.comparison.max_excess for v in verdicts)),
        bound=subject.bounds[quantity],
        lost=count("lost"),
        wrong_nonfinite=count("wrong_nonfinite"),
        subnormal=count("subnormal"),
        failures=failures,
        ok=not failures and not undecided and eligible > undecided + skipped,
        code=code,
        cause=cause,
        worst=place,
        reproducer=_reproducer(subject, quantity, witness, place) if failures else "",
        mode=verdicts[0].mode,
    )


def _badness(v: _Verdict):
    c = v.comparison
    return np.where(c.wrong_nonfinite, np.inf, np.where(c.failed, 1e30, 0) + c.excess)


def _place(v: _Verdict) -> dict:
    """The worst point: inputs, result, truth, bits."""
    row, entry = np.unravel_index(np.argmax(_badness(v)), v.got.shape)
    z, t = v.points.z[row], v.points.t[row]
    show = lambda x: x.astype(np.float64).tolist() if x.ndim == 0 or x.size <= 16 else x.astype(np.float64)[:16].tolist()  # noqa: E731
    got = v.got[row, entry]
    return {
        "z": show(z), "t": show(t), "entry": int(entry), "classes": v.points.classes, "got": float(got),
        "want": float(v.truth.hi[row, entry]), "z_bits": bits(z), "t_bits": bits(t), "got_bits": bits(np.asarray(got)),
    }


def _reproducer(subject, quantity, witness, place) -> str:
    """One line that shows the worst point in the user's own words."""
    if place["classes"] > 16:
        return f"lossjax check {subject.label} --quantity {quantity}"
    f = {"value": "{}", "grad": "jax.grad({})", "hess": "jax.hessian({})"}[quantity].format(subject.call)
    return f"{f}(jnp.array({place['z']}), jnp.array({place['t']}))  # got {place['got']:.9g}, want {place['want']:.9g}"


def _blame_rules(rows: list[Row]) -> list[Row]:
    """Where plain autodiff of the same code has the right formula and jax.grad has not, a custom rule is wrong."""
    maths = ("LJ001", "LJ002", "LJ003", "LJ004", "LJ005")
    plain = {r.quantity: r for r in rows if r.witness == "plain"}
    out = []
    for r in rows:
        if r.witness == "autodiff" and r.code in maths and r.quantity in plain and plain[r.quantity].code not in maths:
            r = dataclasses.replace(r, code="LJ012", cause=f"a custom derivative rule is wrong: {r.cause}")
        out.append(r)
    return out
