"""Two implementations of one loss, both held against exact truth at the same points: where they differ, and who is right."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import numpy as np

from ..environment import environment
from ..losses.loss import Loss
from .check import bounded, chosen, find, known, label_of
from .contest import Contest, Side, contest
from .exact import EXACT
from .fitting import accepted, bound, fits_of
from .judge import Quantity, points_of, run
from .subject import FOREIGN_BOUND, QUANTITIES, Subject, UsageError, from_function, from_loss, printed
from .traceable import traceable
from .ulp import DTYPES
from .versus_page import Versus

_CLASSES = (2, 3, 10)


def compare(
    a: Loss | Callable | str,
    b: Loss | Callable | str,
    *,
    dtype: str | Iterable[str] = "float32",
    points: str = "standard",
    quantity: str | Iterable[str] = "all",
    event_ndim: int | None = None,
    targets: str | None = None,
    like: Loss | str | None = None,
    max_excess: float | None = None,
    keep_stop_gradient: bool = False,
    params: Mapping[str, Any] | None = None,
    names: tuple[str, str] | None = None,
) -> Versus:
    """Hold value, gradient and Hessian of two implementations a(z, t), b(z, t) under jit against the truth at the same points.

    |got - want| <= B (ulp(want) + eps sum_k |z_k dq/dz_k|), B = 8 or `max_excess` for both: of every entry, who is right (both,
    a, b, neither), by how much, since which |z|. The truth is the printed formula of `like`, or of the one that is a catalogue
    loss; else each is held against itself in exact arithmetic, and it is said where these two are not the same function.
    params: keyword parameters, given to each that has them. The other arguments are those of `check`.

    Raises: UsageError with one sentence for a request that cannot be carried out.
    """
    began = time.perf_counter()
    dtypes, quantities = chosen(dtype, DTYPES, "dtype"), chosen(quantity, QUANTITIES, "quantity")
    if points not in ("quick", "standard"):
        raise UsageError(f"unknown points {points!r}; choose quick or standard")
    bounded(max_excess)
    like = find(like) if isinstance(like, str) else like
    pair = [find(x) if isinstance(x, str) else x for x in (a, b)]
    for x in pair:
        if not callable(x):
            raise UsageError(f"{x!r} is neither a loss of the catalogue nor a function")
    labels = _labels(pair, names, params)
    if params:
        _taken(pair, labels, params)
        pair = [x if isinstance(x, Loss) else bound(x, n, accepted(x, params)) for x, n in zip(pair, labels)]
    losses = [x for x in pair if isinstance(x, Loss)]
    reference = like or (losses[0] if len(losses) == 1 else None)
    ndim = _rank(pair, labels, event_ndim, reference or (losses[0] if losses else None))
    asked = {"event_ndim": ndim, "targets": targets, "max_excess": max_excess, "keep_stop_gradient": keep_stop_gradient}
    sides = [_side(x, n, reference, asked) for x, n in zip(pair, labels)]
    if {s.targets for s in sides} == {"simplex", "one_hot"}:  # what both have
        sides = [dataclasses.replace(s, targets="one_hot") for s in sides]
    if sides[0].targets != sides[1].targets:
        raise UsageError(
            f"{labels[0]} takes targets {sides[0].targets}, {labels[1]} {sides[1].targets}: no point would suit both"
        )
    found: list[Contest] = []
    for d in dtypes:
        wide = jax.enable_x64(DTYPES[d].itemsize == 8)
        with known(" or ".join(labels)), traceable(sides, DTYPES[d], quantities), wide:
            found += _contests(sides, DTYPES[d], points, quantities, reference is not None)
    return Versus(
        labels,
        _truth(reference, keep_stop_gradient),
        found,
        time.perf_counter() - began,
        environment(),
        reference is not None,
        sides[0].drawn,
        (sides[0].again, sides[1].again),
    )


def _labels(pair, names, params) -> tuple[str, str]:
    """Names of the two; the same function twice is told apart."""
    a, b = (
        x.label if isinstance(x, Loss) else label_of(x, names and names[i], params and accepted(x, params))
        for i, x in enumerate(pair)
    )
    return (a, b) if a != b else (f"{a} (a)", f"{b} (b)")


def _taken(pair, labels, params) -> None:
    for key in params:
        if not any(key in accepted(x, params) for x in pair if not isinstance(x, Loss)):
            raise UsageError(f"neither {labels[0]} nor {labels[1]} has a keyword {key}")


def _rank(pair, labels, event_ndim, loss) -> int:
    """The rank of one example that suits both."""
    ranks = {x.event_ndim for x in pair if isinstance(x, Loss)}
    if len(ranks) > 1:
        one, other = (_SHAPES[x.event_ndim] for x in pair)
        raise UsageError(f"one example of {labels[0]} is a {one}, of {labels[1]} a {other}: no point would suit both")
    if event_ndim is not None or loss is not None:
        return loss.event_ndim if event_ndim is None else event_ndim
    ranks = [{n for n, _, _ in fits_of(bound(x, label, {}), None)[0]} for x, label in zip(pair, labels)]
    both = ranks[0] & ranks[1]
    if len(both) == 1:
        return both.pop()
    if both:
        raise UsageError("both take a number and a vector alike: say which one example is, --event-ndim 0 or 1")
    for x, label, fits in zip(pair, labels, ranks):
        if not fits:
            from_function(x, label)  # says why it is no loss
    raise UsageError(
        f"one example of {labels[0]} is a {_SHAPES[max(ranks[0])]}, of {labels[1]} a {_SHAPES[max(ranks[1])]}"
    )


_SHAPES = ("number", "vector")


def _side(x, label, reference, asked) -> Subject:
    if not isinstance(x, Loss):
        return from_function(x, label, like=reference, **asked)
    if asked["event_ndim"] != x.event_ndim:
        raise UsageError(f"one example of {label} is a {_SHAPES[x.event_ndim]}: leave --event-ndim out")
    same = dict.fromkeys(QUANTITIES, asked["max_excess"] or FOREIGN_BOUND)
    truth = printed(reference) if reference else printed(x)
    base = from_loss(x)
    return dataclasses.replace(
        base,
        truth=truth,
        bounds=same,
        foreign=True,
        classes=base.classes and _CLASSES,
        targets=asked["targets"] or base.targets,
    )


def _truth(reference, keep_stop_gradient) -> str:
    if reference is not None:
        return f"the printed formula of {reference.label} and its exact derivatives"
    out = "custom rules" if keep_stop_gradient else "custom rules and stop_gradient"
    return f"each by its own formula and the chain rule in exact arithmetic, {out} taken out; and the two held to each other"


# Which witness speaks for an implementation: its value, and what jax.grad makes of it.
_SPEAKERS = {"value": "derived", "grad": "autodiff", "hess": "autodiff"}


def _contests(subjects: list[Subject], dtype: np.dtype, level: str, quantities, shared: bool) -> list[Contest]:
    """One contest a quantity, over all sets of points."""
    found: dict[str, list[tuple[Side, Side]]] = {q: [] for q in quantities}
    for points in points_of(subjects[0], dtype, level):
        for name in quantities:
            first = Quantity(subjects[0], name, points, dtype)
            # With a reference the truth is one, and found once.
            truths = [first, first if shared else Quantity(subjects[1], name, points, dtype)]
            jobs = {(q, side): s.witnesses(name, False)[_SPEAKERS[name]] for q, side, s in zip(truths, "ab", subjects)}
            got = run(jobs, "jit")
            a, b = (_held(q, s, got[q, x], truths, shared) for q, x, s in zip(truths, "ab", subjects))
            found[name].append((a, b))
    return [contest(name, dtype.name, pairs) for name, pairs in found.items()]


def _held(q: Quantity, subject: Subject, got, truths, shared) -> Side:
    """One implementation's results against the truth, and its own formula against that of the other or of the reference."""
    if shared:
        formula = None if subject.own is None else q.judged(q.exact(subject.own, q.dtype).hi).failed
    else:
        other = truths[0] if q is truths[1] else None
        settled = (truths[0].want.status == EXACT) & (truths[1].want.status == EXACT)
        formula = None if other is None else other.judged(q.want.hi).failed & settled
    return Side(q.points, got, q.want, q.judged(got), formula)
