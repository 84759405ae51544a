"""What must hold without any reference: gradient entries sum to 0, a loss is not negative, modes agree.

Which of them a loss promises is read from the formula that it claims to compute, tried at a few points.
"""

import dataclasses
import functools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from ...losses.loss import Loss
from ..compare import widened
from ..points import Points
from ..primal import primal
from ..subject import FOREIGN_BOUND, printed
from .case import Case

_TRIED = 64
_APART = 0.01  # jit and eager round differently; they do not differ by this much


@dataclasses.dataclass(frozen=True)
class Broken:
    """An invariant that one quantity in one mode does not keep at some entries."""

    rule: str
    quantity: str
    mode: str
    mask: np.ndarray
    got: np.ndarray
    want: str


def broken(case: Case, points: Points, given: dict, dtype: np.dtype) -> Iterator[Broken]:
    """All broken invariants of one case at one set of points; given is what `outputs` returned."""
    got = {key: widened(x) for key, x in given.items() if not isinstance(x, str)}
    finite_z = np.isfinite(widened(points.z)).all(1, keepdims=True)
    eps = float(ml_dtypes.finfo(dtype).eps)
    promised = promises(case)
    for (quantity, mode), x in got.items():
        found = {}
        if quantity == "grad" and ("value", mode) in got:
            finite = np.isfinite(got["value", mode]) & finite_z
            found["finite loss, finite gradient", "a finite number"] = finite & ~np.isfinite(x)
        if quantity == "value" and "not negative" in promised:
            found["loss >= 0", ">= 0"] = x < 0
        if quantity == "grad" and "shift" in promised:
            found["gradient entries sum to 0", "the others' sum, negated"] = _does_not_sum_to_zero(x, points.z, eps)
        if quantity == "grad" and mode == "jit, jacfwd" and ("grad", "jit") in got:
            found["jacfwd = jacrev", "what jax.grad gives"] = _unlike(x, got["grad", "jit"])
        if mode == "eager" and (quantity, "jit") in got and dtype.itemsize > 2:
            found["jit = eager", "what jit gives"] = _unlike(x, got[quantity, "jit"])
        for (rule, want), mask in found.items():
            mask = mask & ~_skipped(points, dtype)
            if mask.any():
                yield Broken(rule, quantity, mode, mask, x, want)


@functools.cache
def promises(case: Case) -> set[str]:
    """Which invariants the claimed formula has, tried in float64 at random points."""
    rng = np.random.default_rng(0)
    shape = (_TRIED, 3) if case.event_ndim else (_TRIED,)
    z = rng.standard_normal(shape) * 3
    t = np.eye(3)[np.arange(_TRIED) % 3] if case.event_ndim else np.ones(_TRIED)
    with jax.enable_x64(True), np.errstate(all="ignore"):
        formula = printed(case.formula)(np.dtype(float)) if isinstance(case.formula, Loss) else primal(case.formula)
        f = jax.jit(jax.vmap(formula))
        value, moved = (np.asarray(f(jnp.asarray(x), jnp.asarray(t))) for x in (z, z + 1))
    found = {"not negative"} if (value >= 0).all() else set()
    return found | ({"shift"} if case.event_ndim and np.allclose(value, moved, rtol=1e-9, atol=1e-12) else set())


def _does_not_sum_to_zero(g, z, eps) -> np.ndarray:
    wide = widened(z)
    with np.errstate(all="ignore"):
        gap = np.ptp(wide, axis=1, keepdims=True)
        slack = FOREIGN_BOUND * eps * (1 + np.abs(wide).max(1, keepdims=True) + gap) * np.abs(g).sum(1, keepdims=True)
        off = np.abs(g.sum(1, keepdims=True)) > slack
    return np.broadcast_to(off & np.isfinite(gap), g.shape)


def _unlike(a, b) -> np.ndarray:
    with np.errstate(all="ignore"):
        apart = (np.abs(a - b) > _APART * np.maximum(np.abs(a), np.abs(b))) & (np.abs(a - b) > 1e-6)
    return (np.isnan(a) != np.isnan(b)) | (apart & np.isfinite(a) & np.isfinite(b))


def _skipped(points: Points, dtype) -> np.ndarray:
    """Subnormal inputs, which XLA reads as 0, and NaN."""
    inputs = np.concatenate([widened(points.z), widened(points.t)], axis=1)
    tiny = float(ml_dtypes.finfo(dtype).tiny)
    return (np.isnan(inputs) | ((inputs != 0) & (np.abs(inputs) < tiny))).any(1, keepdims=True)
