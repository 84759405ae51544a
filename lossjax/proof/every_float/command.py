"""`lossjax check NAME --points all`: sweep every float32 pattern and report it like any other check."""

import os
import time
from pathlib import Path

import jax
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ...environment import environment
from ..check import find
from ..exact import truth
from ..findings import Report
from ..output import folder
from ..subject import QUANTITIES, UsageError, derivative, from_loss
from ..ulp import BOUNDS, DTYPES, bits, ulp
from .sweeping import Sweep, sweep

# The corners of each target set; every further target is one more sweep.
_TARGETS = {
    "real": (0.0, 1.0),
    "unit": (0.0, 1.0),
    "binary": (0.0, 1.0),
    "margin": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
    "count": (0.0, 1.0),
}


def run_sweeps(options) -> Report:
    """One sweep a loss, quantity and target."""
    if options.dtype != "float32":
        raise UsageError("--points all sweeps float32; the half types are always swept whole, and float64 cannot be")
    if not options.names or any(":" in n for n in options.names):
        raise UsageError("--points all needs the names of scalar catalogue losses, such as sigmoid_cross_entropy")
    losses = [find(n) for n in options.names]
    for loss in losses:
        if loss.event_ndim:
            raise UsageError(f"{loss.label} takes a vector of classes; --points all is for scalar losses")
    quantities = QUANTITIES if options.quantity == "all" else (options.quantity,)
    state = options.state or _cache()
    folder(state, "--state")
    began = time.perf_counter()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    rows = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for loss in losses:
            for quantity in quantities:
                for target in _TARGETS[loss.targets.name]:
                    rows.append(_row(loss, sweep(loss, quantity, target, progress=progress, resume=state)))
    return Report([], time.perf_counter() - began, environment(), rows)


def _row(loss, s: Sweep) -> dict:
    z = np.array([s.worst_bits], np.uint32).view(np.float32)
    excess = s.worst_ulp / (1 + _conditioning(loss, s, z) * 2.0**-23 / float(ulp(s.worst_want, DTYPES["float32"])))
    found = {"LJ008": s.wrong_nonfinite, "LJ006": s.lost, "LJ007": excess > BOUNDS[s.quantity], "LJ010": not s.trusted}
    code = next((code for code, there in found.items() if there), "")
    return {
        "loss": s.loss,
        "dtype": "float32",
        "quantity": s.quantity,
        "witness": "derived",
        "t": s.target,
        "points": s.points,
        "max_ulp": s.worst_ulp,
        "max_excess": excess,
        "lost": s.lost,
        "wrong_nonfinite": s.wrong_nonfinite,
        "subnormal": s.subnormal,
        "skipped": s.skipped,
        "undecided": 0,
        "ok": not code,
        "code": code,
        "above": {str(k): v for k, v in s.above.items()},
        "worst": {"z": float(z[0]), "t": s.target, "got": s.worst_got, "want": s.worst_want, "z_bits": bits(z[0])},
        "near_threshold": s.near_threshold,
        "near_checked": s.near_checked,
        "near_wrong": s.near_wrong,
        "twin_max_ulp64": s.twin_max_ulp64,
        "twin_points": s.twin_points,
        "twin_trusted": s.trusted,
        "seconds": s.seconds,
        "points_per_second": s.points_per_second,
        "devices": s.devices,
    }


def _conditioning(loss, s: Sweep, z) -> float:
    """|z dq/dz| at the worst pattern, exact."""
    q = derivative(from_loss(loss).truth(np.dtype(np.float32)), s.quantity, 0, False)
    slope = truth(jax.grad(q), z, np.array([s.target], np.float32), dtype=DTYPES["bfloat16"])
    return abs(float(z[0]) * float(slope.hi[0]))


def _cache() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return root / "lossjax" / "every_float"
