"""`lossjax check`: find the subjects, judge each, report."""

import contextlib
import difflib
import math
import time
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from ..environment import environment
from ..losses import ALL
from ..losses.loss import Loss
from .again import given_to, titled
from .exact import UnknownPrimitive
from .findings import Report
from .judge import judge
from .subject import QUANTITIES, UsageError, from_function, from_loss
from .traceable import UntraceableError, traceable
from .ulp import DTYPES


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
    params: Mapping[str, Any] | None = None,
    name: str | None = None,
    watch: Callable[[str], None] | None = None,
) -> Report:
    """Judge value, gradient and Hessian of a catalogue loss (all of them by default) or of any JAX function f(z, t, **params).

    |got - want| <= B (ulp(want) + eps sum_k |z_k dq/dz_k|), want in exact arithmetic. B = 3, 4, 6 for the catalogue's value,
    gradient and Hessian, 8 for other code, or `max_excess`. grad, hess: hand-written derivatives to be judged beside
    autodiff's. like: the catalogue loss whose printed formula is the truth; without it, f's own jaxpr in exact arithmetic.
    params: keyword parameters of f, such as {"delta": 0.1}. event_ndim: the rank of one example, 0 a number, 1 a vector of
    classes, 2 a batch of 4 rows and 4 classes. targets: the set from which t is drawn.
    dtype: float32, bfloat16, float16, float64 or all. points: quick or standard. watch(text) is told of progress.

    Raises: UsageError with one sentence for a request that cannot be carried out.
    """
    began = time.perf_counter()
    dtypes = chosen(dtype, DTYPES, "dtype")
    quantities = chosen(quantity, QUANTITIES, "quantity")
    if points not in ("quick", "standard"):
        raise UsageError(
            f"unknown points {points!r}; choose quick or standard (all floats: `lossjax check NAME --points all`)"
        )
    bounded(max_excess)
    _fits(grad, "grad", quantities)
    _fits(hess, "hess", quantities)
    if isinstance(like, str):
        if ":" in like:
            raise UsageError(
                f"like names a loss of the catalogue; two functions are held to each other by compare, here with {like}"
            )
        like = find(like)
    if like is not None and not isinstance(like, Loss):
        raise UsageError("like names a loss of the catalogue, whose printed formula is the truth")
    if isinstance(subject, str):
        subject = find(subject)
    if callable(subject) and not isinstance(subject, Loss):
        subjects = [
            from_function(
                subject,
                label_of(subject, name, params),
                grad=grad,
                hess=hess,
                event_ndim=event_ndim,
                targets=targets,
                like=like,
                max_excess=max_excess,
                keep_stop_gradient=keep_stop_gradient,
                params=params,
            )
        ]
    else:
        if any(x is not None for x in (grad, hess, event_ndim, targets, like, params)):
            raise UsageError(
                "grad, hess, event_ndim, targets, like and params are for a function of yours; a Loss carries its own"
            )
        losses = ALL if subject is None else (subject,) if isinstance(subject, Loss) else tuple(subject)
        if not all(isinstance(loss, Loss) for loss in losses):
            raise UsageError(
                "several subjects must all be losses of the catalogue's kind; check functions one at a time"
            )
        if not losses:
            raise UsageError("there is nothing to check: no loss was given")
        subjects = [from_loss(loss, max_excess) for loss in losses]
    rows, refused = [], []
    for s in subjects:
        for d in dtypes:
            if watch:
                watch(f"{s.label} {d}")
            try:
                with known(s.label), traceable([s], DTYPES[d], quantities):
                    rows += judge(s, DTYPES[d], points, quantities)
            except UntraceableError as error:
                refused.append(error)
                rows.append(error.row())
    if len(rows) == len(refused):
        raise refused[0]
    return Report(rows, time.perf_counter() - began, environment())


def label_of(f: Callable, name: str | None, params: Mapping[str, Any] | None) -> str:
    """What the report calls a function: module:name(parameters)."""
    given = ", ".join(f"{key}={x!r}" for key, x in {**given_to(f), **(params or {})}.items())
    return f"{name or titled(f)}{f'({given})' if given else ''}"


@contextlib.contextmanager
def known(label: str):
    """A primitive that exact arithmetic does not know is a request that cannot be carried out."""
    try:
        yield
    except UnknownPrimitive as name:
        raise UsageError(
            f"{label} uses {name}, a primitive of JAX that exact arithmetic has no meaning for: no verdict; "
            "write that step with elementary operations"
        ) from None


def find(name: str) -> Loss:
    """The catalogue loss of this name, with or without its parameters."""
    found = [loss for loss in ALL if name in (loss.label, loss.name)]
    if not found:
        near = difflib.get_close_matches(name, [loss.label for loss in ALL], n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`lossjax list` names them all"
        stem = name.removesuffix(".py")
        if Path(f"{stem}.py").is_file():
            hint = f"{name} is a {'module' if stem == name else 'file'}; name the function in it, {stem}:FUNCTION"
        raise UsageError(f"no loss is called {name!r}; {hint}")
    return found[0]


def find_all(name: str) -> list[Loss]:
    """All members of the family of this name, or the one with these parameters."""
    return [loss for loss in ALL if name == loss.name] or [find(name)]


def bounded(max_excess: float | None) -> None:
    """Raise UsageError for a bound that is none."""
    if max_excess is not None and not (isinstance(max_excess, Real) and 0 < max_excess < math.inf):
        raise UsageError(
            f"max_excess is the excess B above which code is convicted, a positive number, got {max_excess!r}"
        )


def _fits(derivative, what, quantities):
    if derivative is not None and what not in quantities:
        raise UsageError(f"{what} is given, but quantity {', '.join(quantities)} leaves it out")


def chosen(given, names_known: Mapping | tuple, what: str) -> list[str]:
    """The names that a caller gave, as one name, several, jnp's own types or "all"."""
    if isinstance(given, str) and given == "all":
        return list(names_known)
    several = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    names = [x if isinstance(x, str) else getattr(x, "__name__", str(x)) for x in several]  # "float32" or jnp.float32
    for n in names:
        if n not in names_known:
            raise UsageError(f"unknown {what} {n!r}; choose one of {', '.join(names_known)} or all")
    if not names:
        raise UsageError(
            f"{what} names none, so nothing would be judged; choose among {', '.join(names_known)}, or all"
        )
    return names
