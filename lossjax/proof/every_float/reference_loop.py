"""The statistics of `every_float`, counted by a plain loop that is easy to believe and 20 times slower."""

import jax
import numpy as np

from ...losses.loss import Loss
from ..ulp import ulp
from .kernel import NEAR, THRESHOLDS
from .twins import quantity_of, twin_of

_CHUNK = 1 << 20
_TINY, _TOP, _EPS = (float(getattr(np.finfo(np.float32), name)) for name in ("tiny", "max", "eps"))


def plain_loop(loss: Loss, quantity: str, target: float, first: int, count: int) -> dict:
    """Statistics of `count` patterns from `first` on: jit of the plain call, its float64 twin, the rest numpy."""
    f = jax.jit(quantity_of(loss, quantity))
    with jax.enable_x64(True):
        twin = jax.jit(twin_of(loss, quantity))
    total = {"max_ulp": -1.0, "worst_bits": -1, "above": dict.fromkeys(THRESHOLDS, 0)}
    total |= dict.fromkeys(("lost", "wrong_nonfinite", "subnormal", "skipped", "ties", "near_threshold"), 0)
    for start in range(first, first + count, _CHUNK):
        bits = np.arange(start, min(start + _CHUNK, first + count), dtype=np.uint64).astype(np.uint32)
        z = bits.view(np.float32)
        t = np.full(z.shape, target, np.float32)
        got = np.asarray(f(z, t)).astype(np.float64)
        with jax.enable_x64(True), np.errstate(invalid="ignore"):
            want = np.asarray(twin(z.astype(np.float64), t.astype(np.float64)))
        _add(total, bits, z, got, want)
    return total


def _add(total, bits, z, got, want):
    skipped = (z != 0) & (np.abs(z) < _TINY)
    edge = _TOP * (1 - 16 * _EPS)
    with np.errstate(invalid="ignore", over="ignore"):
        nan = np.isnan(got) | np.isnan(want)
        beyond = ~nan & ((np.abs(got) > _TOP) | (np.abs(want) > _TOP))
        at_edge = (np.abs(got) >= edge) & (np.abs(want) >= edge) & (np.sign(got) == np.sign(want))
        wrong = ~skipped & ((nan & (np.isnan(got) != np.isnan(want))) | (beyond & ~at_edge))
        judged = ~skipped & ~nan & ~beyond
        gap = np.abs(got - want)
        subnormal = judged & (want != 0) & (np.abs(want) < _TINY) & (gap <= _TINY)
        lost = judged & (got == 0) & (np.abs(want) >= _TINY)
        error = np.where(judged & ~subnormal, gap / ulp(np.where(nan, 0, want), np.float32), 0.0)
    error = _to_odd(error)
    for threshold in THRESHOLDS:
        total["above"][threshold] += int((error > threshold).sum())
        low, high = threshold * (1 - NEAR / 2**24), threshold * (1 + NEAR / 2**23)
        total["ties"] += int((~lost & (error == threshold)).sum())
        total["near_threshold"] += int((~lost & (error >= low) & (error < high) & (error != threshold)).sum())
    for name, mask in (("lost", lost), ("wrong_nonfinite", wrong), ("subnormal", subnormal), ("skipped", skipped)):
        total[name] += int(mask.sum())
    worst = int(error.argmax())
    if error[worst] > total["max_ulp"]:
        total["max_ulp"], total["worst_bits"] = float(error[worst]), int(bits[worst])


def _to_odd(error):
    """Rounded to float32: towards 0, then to the odd neighbour unless exact."""
    single = error.astype(np.float32)
    down = np.where(single > error, np.nextafter(single, np.float32(0)), single)
    return (
        np.where(down == error, down.view(np.int32), down.view(np.int32) | 1)
        .astype(np.int32)
        .view(np.float32)
        .astype(np.float64)
    )
