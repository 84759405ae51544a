"""From somebody's function to f(z, t) of one example: its keywords given, its shape and its kind of target found by tracing."""

import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .again import given_to

# The shape of one batch for a batch-level loss, rows x classes; square, as contrastive losses want it.
BATCH = (4, 4)


class UsageError(Exception):
    """The request cannot be carried out as asked: one sentence that says what is wrong and what to do."""


def bound(f: Callable, label: str, params: Mapping[str, Any]) -> Callable:
    """F with its keyword parameters given; UsageError names those that are missing, or that it does not have."""
    if isinstance(f, np.ufunc):
        raise UsageError(f"{label} is a function of NumPy, which JAX does not trace: take that of jax.numpy")
    has = _keywords(f, label)
    if has is not None:
        unknown = [key for key in params if key not in has]
        if unknown:
            raise UsageError(
                f"{label} takes no keyword {unknown[0]}; it has {', '.join(has) or 'none besides its two arguments'}"
            )
        for key, needed in has.items():
            if needed and key not in params:
                raise UsageError(
                    f"{label} needs keyword {key}: give it as params={{{key!r}: ...}}, on the command line --params {key}=..."
                )
    return functools.partial(f, **params) if params else f


def accepted(f: Callable, params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the parameters that f has: a hand-written derivative need not have all of its loss's."""
    has = _keywords(f, getattr(f, "__name__", "it"))
    return {key: x for key, x in params.items() if has is None or key in has}


def _keywords(f, label) -> dict[str, bool] | None:
    """Parameter -> must it be given?, of all but the first two; None where anything goes or nothing is known."""
    try:
        found = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # built-in, or written in C
        return None
    kinds = [p.kind for p in found]
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return None
    places = [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(places) < 2 and inspect.Parameter.VAR_POSITIONAL not in kinds:
        count = ("no argument by place", "one argument")[len(places)]
        raise UsageError(f"{label} takes {count}; a loss is f(z, t): wrap it, lambda z, t: ...")
    rest = [*places[2:], *(p for p in found if p.kind == p.KEYWORD_ONLY)]
    return {p.name: p.default is p.empty for p in rest}


def fitted(f: Callable, label: str, event_ndim: int | None) -> tuple[int, Callable, bool]:
    """The event rank at which f gives one number, f for float targets of the shape of z, and whether it wants labels."""
    fits, problems = fits_of(f, event_ndim)
    if len(fits) > 1:
        raise UsageError(f"{label} takes a number and a vector alike: say which one example is, --event-ndim 0 or 1")
    if fits:
        return fits[0]
    hint = (
        "say what one example is with --event-ndim 0, 1 or 2"
        if event_ndim is None
        else f"is --event-ndim {event_ndim} right?"
    )
    words = [f"{key}={x!r} is text" for key, x in given_to(f).items() if isinstance(x, str)]
    why = next((p for p in problems if "returns" in p), "")
    if not why and len({problems[0], problems[-1]}) == 2:
        why = f"of a number, {problems[0].rstrip('.')}; of a vector, {problems[-1].rstrip('.')}"
    raise UsageError(f"{label} cannot be traced as a loss f(z, t): {why or problems[0]}; {'; '.join([*words, hint])}")


def said(error: BaseException) -> str:
    """The first line of what an exception says, cut between two words; its kind where that is nothing, or no sentence."""
    line = (str(error).strip().splitlines() or [""])[0]
    if " " not in line:
        line = f"{type(error).__name__}{line and ': '}{line}"
    return textwrap.shorten(line, 200, placeholder=" ...")


def fits_of(f: Callable, event_ndim: int | None) -> tuple[list[tuple[int, Callable, bool]], list[str]]:
    """Every way in which f is a loss (rank, f of one shape, labels?), and why it is none in the others."""
    if event_ndim not in (None, 0, 1, 2):
        raise UsageError(f"--event-ndim is 0 (a number), 1 (a vector of classes) or 2 (a batch), got {event_ndim}")
    problems, fits = [], []
    for n in (0, 1) if event_ndim is None else (event_ndim,):
        for labels in (False, True) if n else (False,):
            g = adapted(f, n, labels)
            problem = _problem(g, example(n))
            if problem is None:
                fits.append((n, g, labels))
                break
            problems.append(problem)
    return fits, problems


def classes_of(g: Callable) -> tuple[int, ...]:
    """The numbers of classes at which g is a loss: one with a weight for each class has only one."""
    return tuple(k for k in (2, 3, 10) if _problem(g, (k,)) is None)


def same_shape(label: str, event_ndim: int, *, labels: bool, **derivatives: Callable | None) -> None:
    """Raise UsageError for a hand-written derivative that does not trace, or has the wrong shape."""
    size = example(event_ndim)
    wanted = {"grad": size if event_ndim < 2 else BATCH, "hess": size * 2}
    x = jax.ShapeDtypeStruct(size, np.float32)
    for name, f in derivatives.items():
        if f is None or (event_ndim == 2 and name == "hess"):
            continue
        out, why = _traced(adapted(f, event_ndim, labels), x)
        if why:
            raise UsageError(f"the {name} given for {label} cannot be traced as a function of (z, t): {why}")
        if not jnp.issubdtype(out.dtype, jnp.floating):
            raise UsageError(f"the {name} given for {label} returns {out.dtype}; it must be of the floating type of z")
        if out.shape != wanted[name]:
            raise UsageError(
                f"the {name} given for {label} has shape {out.shape} where z has {size}; it must have {wanted[name]}"
            )


def example(event_ndim: int) -> tuple[int, ...]:
    """A shape of one example, to trace at; a batch is passed flat."""
    return ((), (3,), (BATCH[0] * BATCH[1],))[event_ndim]


def _problem(g, size) -> str | None:
    """Why g(z, t) is no loss of examples of this shape."""
    out, why = _traced(g, jax.ShapeDtypeStruct(size, np.float32))
    if why:
        return why.replace("not an array", "not one number per example")
    if out.shape == () and jnp.issubdtype(out.dtype, jnp.floating):
        return None
    what = f"an array of shape {out.shape}" if out.shape else str(out.dtype)
    return f"it returns {what}, not one number per example, a float of shape ()"


def _traced(g, x) -> tuple[Any, str]:
    """The shape and dtype of g(z, t) at this shape, or why there is none."""
    kind = ""

    def once(z, t):
        nonlocal kind
        out = g(z, t)
        kind = "" if isinstance(out, (jax.Array, np.ndarray, np.generic, float, int, complex)) else type(out).__name__
        return out

    try:
        out = jax.eval_shape(once, x, x)
    except (Exception, SystemExit) as error:  # whatever a stranger's function raises is the answer
        return None, f"it returns a {kind}, not an array" if kind else said(error)
    return out, f"it returns a {kind}, not an array" if kind else ""


def adapted(f: Callable, event_ndim: int, labels: bool) -> Callable:
    """F for z and t of one flat shape, t one-hot where f wants integer labels.

    Of a batch one class is drawn; the rows have that one and those after it, in turn.
    """
    if event_ndim == 0:
        return f
    shape = (-1,) if event_ndim == 1 else BATCH

    def g(z, t):
        t = t.reshape(shape)
        if event_ndim == 2:
            rows, classes = BATCH
            t = jax.nn.one_hot((jnp.argmax(t) + jnp.arange(rows)) % classes, classes, dtype=t.dtype)
        return f(z.reshape(shape), jnp.argmax(t, axis=-1).astype(jnp.int32) if labels else t)

    return f if event_ndim == 1 and not labels else g
