"""Every loss of one meaning, from whichever library, at the same points and against one truth."""

import dataclasses
import functools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from ...losses.loss import Loss
from ..compare import Comparison
from ..exact import EXACT, KINK
from ..judge import Quantity, points_of
from ..points import Points
from ..primal import primal
from ..rows import Verdict
from ..subject import COLUMNS_FROM, FOREIGN_BOUND, QUANTITIES, Subject, derivative, printed
from .case import Case, Library
from .invariants import Broken, broken
from .reproduce import numbers, raising

_EAGER_CLASSES = 2  # op by op, every operation is compiled for every shape: at the fewest classes only
_FEW = 0.01  # entries at which rounding alone makes a difference to the documented formula
_CLASSES = {"quick": (2, 3), "standard": (2, 3, 10, 1000)}  # the last in float32 alone, without second derivatives


@dataclasses.dataclass(frozen=True)
class Seen:
    """One quantity of one case, as one mode of evaluation gives it, at one set of points."""

    library: Library
    case: Case
    verdict: Verdict


@dataclasses.dataclass(frozen=True)
class Trouble:
    """A quantity that the library itself cannot give."""

    library: str
    loss: str
    dtype: str
    quantity: str
    mode: str
    why: str
    reproducer: str


@dataclasses.dataclass(frozen=True)
class Against:
    """A case that breaks an invariant at one set of points."""

    library: Library
    case: Case
    points: Points
    broken: Broken


def sweep(cases: list[tuple[Library, Case]], dtype: np.dtype, level: str) -> Iterator[Seen | Trouble | Against]:
    """What each of these cases, which all mean the same, gives in one dtype."""
    subject = subject_of(cases[0][1].formula, cases[0][1], _CLASSES[level])
    able = [(library, case) for library, case in cases if dtype.name in case.dtypes]
    with jax.enable_x64(dtype.itemsize == 8):
        for points in points_of(subject, dtype, level) if able else ():
            names = QUANTITIES if points.classes < COLUMNS_FROM else ("value", "grad")
            given = {(lib.name, case.name): outputs(case, points, level, names) for lib, case in able}
            undefined = np.zeros(len(points), bool)
            right = {}
            for name in names:
                quantity = Quantity(subject, name, points, dtype)
                if name == "value":
                    undefined = _undefined(quantity)
                for seen in _quantity(able, given, quantity, undefined):
                    if isinstance(seen, Seen):
                        v = seen.verdict
                        right[seen.library.name, seen.case.name, name, v.mode] = _right(v)
                    yield seen
            for library, case in able:
                for rule in broken(case, points, given[library.name, case.name], dtype):
                    mask = rule.mask & ~right[library.name, case.name, rule.quantity, rule.mode]
                    if mask.any():  # an invariant that the truth itself breaks there is none
                        yield Against(library, case, points, dataclasses.replace(rule, mask=mask))


def subject_of(formula, case: Case, classes: tuple[int, ...] = ()) -> Subject:
    """A formula as the truth about a case."""
    return Subject(
        label=case.meant,
        event_ndim=case.event_ndim,
        targets=case.targets,
        truth=printed(formula) if isinstance(formula, Loss) else lambda dtype: primal(formula),
        as_traced=False,
        witnesses=lambda quantity, columns: {},
        bounds=dict.fromkeys(QUANTITIES, FOREIGN_BOUND),
        classes=classes if case.event_ndim else (),
        foreign=True,
        audited=True,
    )


def _undefined(value: Quantity) -> np.ndarray:
    """Points where the loss has no value, or one beyond the dtype: its derivatives are nobody's to give."""
    top = float(ml_dtypes.finfo(value.dtype).max)
    return ((value.want.status != EXACT) | ~(np.abs(value.want.hi) <= top)).any(1)


def _right(v: Verdict) -> np.ndarray:
    """Entries that the truth settles; at a kink each may lie in its interval and all together be wrong."""
    return ~(v.comparison.failed | v.comparison.undecided | v.comparison.skipped) & (v.truth.status == EXACT)


def _quantity(cases, given, quantity: Quantity, undefined: np.ndarray) -> Iterator[Seen | Trouble]:
    seen = []
    for library, case in cases:
        for (name, mode), got in given[library.name, case.name].items():
            if name != quantity.name:
                continue
            if isinstance(got, str):
                at = {"z": numbers(quantity.points.z[0]), "t": numbers(quantity.points.t[0])}
                shown = raising(library, case, quantity.dtype, name, mode, at)
                yield Trouble(library.name, case.name, quantity.dtype.name, name, mode, got, shown)
                continue
            known = (c for other, c in seen if np.array_equal(other, got, equal_nan=True))
            comparison = next(known, None) or _cleared(quantity, got, undefined)
            seen.append((got, comparison))
            verdict = Verdict(name, case.name, mode, quantity.points, got, comparison.truth, comparison)
            yield Seen(library, case, verdict)


def _cleared(quantity: Quantity, got: np.ndarray, undefined: np.ndarray) -> Comparison:
    """The comparison, without what cannot be held against anybody."""
    c = quantity.judged(got)
    if quantity.name == "value":  # where the samples beside a point disagree, NaN says so
        return dataclasses.replace(c, failed=c.failed & ~(np.isnan(got) & (quantity.want.status == KINK)))
    unjudged = undefined
    if quantity.points.classes >= COLUMNS_FROM:  # the limits beside a tie of so many are a sample, not their hull
        unjudged = undefined | (quantity.want.status == KINK).any(1)
    return dataclasses.replace(c, failed=c.failed & ~unjudged[:, None])


def outputs(case: Case, points: Points, level: str, names=QUANTITIES) -> dict[tuple[str, str], np.ndarray | str]:
    """{(quantity, mode): the quantity at all points, or why there is none}, as the users of the library evaluate it.

    Eager evaluation, a compilation for every operation and shape, is for standard points.
    """
    whole, asked = case.whole, [q for q in case.quantities if q in names]
    if whole is not None:
        return {(q, "eager"): _tried(functools.partial(whole, q, points.z, points.t), points) for q in asked}

    z, t = (jnp.asarray(_padded(x)) for x in (points.z, points.t))
    one = {(q, "jit"): jax.vmap(derivative(case.of_one, q, case.event_ndim, False)) for q in asked}
    eager = {}
    if level == "standard" and points.classes <= _EAGER_CLASSES:
        eager = {(q, "eager"): lambda f=f: f(z, t) for (q, _), f in one.items()}
    if "grad" in asked:
        one["grad", "jit, jacfwd"] = jax.vmap(jax.jacfwd(case.of_one))
    try:  # in one program, which compiles faster than one each
        # Compiled by hand, so that nothing keeps it; the operations of eager evaluation stay compiled for the next case.
        together = jax.jit(lambda *a: [f(*a) for f in one.values()]).lower(z, t).compile()
        jitted = dict(zip(one, together(z, t), strict=True))
    except Exception:  # another library's code; each on its own, to see which
        jitted = {key: lambda f=f: jax.jit(f)(z, t) for key, f in one.items()}
    return {key: _tried(f, points) for key, f in (jitted | eager).items()}


def _padded(x: np.ndarray) -> np.ndarray:
    """The last point repeated up to a power of two, so that other losses' eager operations are compiled already."""
    return np.concatenate([x, np.repeat(x[-1:], 2 ** (len(x) - 1).bit_length() - len(x), axis=0)])


def _tried(give, points: Points) -> np.ndarray | str:
    try:
        got = np.asarray(give() if callable(give) else give)
    except Exception as error:  # another library's code
        return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return got.reshape(len(got), -1)[: len(points)]


def as_documented(case: Case, verdict: Verdict, dtype) -> bool:
    """Does it compute what its own documentation prints, where that is not what its name means?"""
    if case.documented is None:
        return False
    points: Points = verdict.points
    truth = Quantity(subject_of(case.documented, case), verdict.quantity, points, dtype)
    seen = truth.judged(verdict.got)
    return bool((seen.failed & ~seen.wrong_nonfinite).mean() < _FEW)
