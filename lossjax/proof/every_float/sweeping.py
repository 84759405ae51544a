"""A scalar loss at all 2^32 floats, in constant memory, on all local devices; stops cleanly and resumes.

Every float32 pattern is given to the loss as its users call it. The reference is its float64 twin (`twins`). The twin is
no truth; exact arithmetic holds it at thousands of points (every regime, every boundary
window), at the worst pattern of the sweep, and where an error lies so near a threshold that it might decide wrongly.
"""

import contextlib
import dataclasses
import importlib.metadata
import os
import re
import signal
import threading
import time
from pathlib import Path

import jax
import numpy as np

from ...losses.loss import Loss
from ..points import scalar_points
from ..subject import UsageError
from ..ulp import BOUNDS
from .held import Exact
from .kernel import NO_PLACE, THRESHOLDS, block, compiled
from .reference_loop import plain_loop
from .resume import load, save, state_file
from .speed_limit import bound, limit

__all__ = ["EVERY", "Sweep", "bound", "limit", "plain_loop", "sweep"]

EVERY = 1 << 32
# Patterns between two saves and two looks at the keyboard: a third of a second.
_SEGMENT = {"cpu": 1 << 27}
_NEAR_KEPT = 4096
_EVENLY = 1 << 11


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What a sweep found; errors in ulps of float32.

    points = judged + skipped (subnormal inputs). above: threshold -> how many errors exceed it; an exact tie does not.
    subnormal: results where the truth is subnormal, flushed or not; they are not errors. near_threshold: errors within
    2^-20 of a threshold, near_checked of them decided by exact arithmetic, near_wrong otherwise than by the twin: by so
    many (of those that were checked) the counts above may be off.
    ties: errors that are a threshold exactly. worst_ulp: the error at worst_bits against the exact truth worst_want.
    twin_max_ulp64, twin_max_ulp32: largest error of the twin in ulps of float64 and float32, at twin_points points;
    twin_max_share: the largest as a share of the error judged there, or of an ulp of float32.
    """

    loss: str
    quantity: str
    target: float
    first: int
    points: int
    max_ulp: float
    worst_bits: int
    worst_got: float
    worst_want: float
    worst_ulp: float
    above: dict[float, int]
    lost: int
    wrong_nonfinite: int
    subnormal: int
    skipped: int
    ties: int
    near_threshold: int
    near_checked: int
    near_wrong: int
    twin_max_ulp64: float
    twin_max_ulp32: float
    twin_max_share: float
    twin_points: int
    seconds: float
    points_per_second: float
    devices: int

    @property
    def worst_z(self) -> float:
        """The pre-activation of the worst pattern."""
        return float(np.uint32(self.worst_bits).view(np.float32))

    @property
    def trusted(self) -> bool:
        """Did exact arithmetic bear the twin out: nowhere off by 1/64 of the error it judges (of an ulp, if that is more)?

        The twin errs by about 2^-28 ulp, but by more at the few floats next to a root, where float64 cancels as well.
        """
        return self.twin_points > 0 and self.twin_max_share < 2.0**-6

    @property
    def statistics(self) -> dict:
        """What does not depend on the machine's speed, as `plain_loop` returns it."""
        names = (
            "max_ulp",
            "worst_bits",
            "above",
            "lost",
            "wrong_nonfinite",
            "subnormal",
            "skipped",
            "ties",
            "near_threshold",
        )
        return {name: getattr(self, name) for name in names}


def sweep(
    loss: Loss,
    quantity: str,
    target: float,
    *,
    first: int = 0,
    count: int = EVERY,
    progress=None,
    resume: Path | None = None,
) -> Sweep:
    """Judge "value", "grad" or "hess" of a scalar loss at one target on `count` float32 patterns from `first` on.

    count: a multiple of `block()`. progress: a rich Progress that gets one task. resume: a folder for the state; with
    it, a sweep that was stopped goes on where it was, and a finished one is not repeated. Ctrl-C stops after the
    running segment.

    Raises: UsageError for what cannot be swept; KeyboardInterrupt after the state is saved.
    """
    _refuse(loss, quantity, target, first, count)
    target = float(np.float32(target))
    run, text = compiled(loss, quantity, block())
    title = f"{loss.label} {quantity} t={target:g}"
    config = {
        "program": re.sub(r"0x[0-9a-f]+", "", text),
        "target": target.hex(),
        "first": str(first),
        "count": str(count),
    }
    config |= {"jaxlib": importlib.metadata.version("jaxlib"), "device": jax.local_devices()[0].device_kind}
    path = None if resume is None else state_file(Path(resume), title, config)
    state = (path and load(path)) or _nothing()
    task = progress.add_task(title, total=count, completed=state["done"]) if progress else None
    with _stop_on_interrupt() as stopped:
        while state["done"] < count:
            if stopped:
                raise KeyboardInterrupt(f"{title} stopped after {state['done']:,} of {count:,} patterns")
            size = min(_SEGMENT.get(jax.default_backend(), 1 << 30), count - state["done"])
            began = time.perf_counter()
            _merge(state, _segment(run, first + state["done"], size, target))
            state["done"] += size
            state["seconds"] += time.perf_counter() - began
            if path:
                save(path, state)
            if progress:
                progress.update(task, completed=state["done"])
    return _result(loss, quantity, target, first, count, state)


def _refuse(loss, quantity, target, first, count):
    if loss.event_ndim:
        raise UsageError(f"{loss.label} takes a vector of classes; --points all is for losses of one number")
    if quantity not in BOUNDS:
        raise UsageError(f"unknown quantity {quantity!r}; choose one of {', '.join(BOUNDS)}")
    if not bool(loss.targets.contains(np.float32(target))):
        raise UsageError(f"{target} is not a target of {loss.label}, which takes {loss.targets.name} targets")
    if count <= 0 or count % block() or first < 0 or first + count > EVERY:
        raise UsageError(
            f"patterns are swept in blocks of {block():,} within 0 ... 2^32, got {count:,} from {first:,} on"
        )
    if re.search(r"xla_cpu_enable_fast_math(?!=(false|0|False))", os.environ.get("XLA_FLAGS", "")):
        raise UsageError("XLA_FLAGS has fast math, under which NaN and signed zero mean nothing; unset it to sweep")


def _nothing() -> dict:
    counts = dict.fromkeys(("lost", "wrong_nonfinite", "subnormal", "skipped", "ties", "near_threshold"), 0)
    return counts | {"done": 0, "seconds": 0.0, "max_ulp": -1.0, "worst_bits": 0, "above": [0] * 4, "near": []}


def _segment(run, first, size, target) -> dict:
    """One call of the compiled pass: the blocks dealt out evenly, consecutive on each device."""
    blocks, devices = size // block(), jax.local_device_count()
    ends = np.arange(devices + 1) * blocks // devices
    starts = (first + ends[:-1] * block()).astype(np.uint32)
    return run(starts, np.diff(ends).astype(np.uint32), target)


def _merge(state, counts):
    """Add a segment; the first of equally bad patterns stays the worst."""
    worst = counts["worst"].max()
    if float(worst.view(np.float32)) > state["max_ulp"]:
        state["max_ulp"] = float(worst.view(np.float32))
        state["worst_bits"] = int(counts["place"][counts["worst"] == worst].min())
    above, kinds, close = (counts[name].sum(axis=0).tolist() for name in ("above", "kinds", "close"))
    state["above"] = [a + b for a, b in zip(state["above"], above)]
    for name, n in zip(("lost", "wrong_nonfinite", "subnormal", "skipped", "ties", "near_threshold"), (*kinds, *close)):
        state[name] += n
    places = np.unique(counts["near_place"])
    room = max(0, _NEAR_KEPT - len(state["near"]))
    # A sample spread over the segment, a 32nd of what may be kept, so that every part of the line has its turn.
    places = places[places != NO_PLACE]
    state["near"] += places[:: max(1, len(places) * 32 // _NEAR_KEPT)][:room].tolist()


@contextlib.contextmanager
def _stop_on_interrupt():
    """A list that is no longer empty once Ctrl-C was pressed; pressed again, it interrupts at once."""
    stopped = []
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number, frame):
        stopped.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def _result(loss, quantity, target, first, count, state) -> Sweep:
    exact = Exact(loss, quantity, target)
    # Thousands of points in every regime and boundary window, as far as they were swept, and what the sweep picked out.
    spread = scalar_points(np.dtype(np.float32), loss.targets.name, "quick").z.view(np.uint32)
    evenly = (first + np.arange(_EVENLY) * (count // _EVENLY)).astype(np.uint32)
    spread = np.unique(np.concatenate([evenly, spread[(spread >= first) & (spread < first + count)]]))
    near = np.array(state["near"], np.uint32)
    twin64, twin32, share, held = exact.twin(np.concatenate([spread, near, np.array([state["worst_bits"]], np.uint32)]))
    got, want, error = exact.errors(np.array([state["worst_bits"]], np.uint32))
    counts = {
        name: state[name]
        for name in ("max_ulp", "worst_bits", "lost", "wrong_nonfinite", "subnormal", "skipped", "ties")
    }
    return Sweep(
        loss=loss.label,
        quantity=quantity,
        target=target,
        first=first,
        points=count,
        worst_got=float(got[0]),
        worst_want=float(want[0]),
        worst_ulp=float(error[0]),
        above=dict(zip(THRESHOLDS, state["above"])),
        near_threshold=state["near_threshold"],
        near_checked=len(near),
        near_wrong=exact.misjudged(near),
        twin_max_ulp64=twin64,
        twin_max_ulp32=twin32,
        twin_max_share=share,
        twin_points=held,
        seconds=state["seconds"],
        points_per_second=count / state["seconds"],
        devices=jax.local_device_count(),
        **counts,
    )
