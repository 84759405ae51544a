"""`lossjax bench`: value-and-gradient under jit, as a ratio to copying the logits in the same run.

The limit is two passes over the logits: one that reads them (the value), one that reads them and writes the gradient.
A copy reads and writes once, so the limit is about 1.5 copies when memory decides, more when the exponentials do.
"""

import importlib
import json
import os
import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

SHAPES = ((65536, 10), (8192, 1000), (1024, 32000))
ROUNDS, CALLS = 9, 3


def run_bench(options) -> int:
    """Measure and print; exit code 0."""
    from lossjax.environment import environment

    if options.checkers:
        return _run_checkers(options, environment)
    _keep_freed_memory()
    rows = [row for shape in SHAPES for row in measure(shape)]
    if options.format == "json":
        print(json.dumps({"environment": environment(), "rows": rows}, indent=1))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title="value and gradient of the mean loss, integer labels, float32; median of interleaved rounds",
        title_justify="left",
    )
    for name in ("logits", "loss", "by", "ms", "copies of the logits"):
        table.add_column(name, justify="left" if name in ("loss", "by") else "right")
    for r in rows:
        table.add_row(str(r["shape"]), r["loss"], r["by"], f"{r['ms']:.2f}", f"{r['copies']:.2f}")
    Console().print(table)
    return 0


def _keep_freed_memory():
    """Ask glibc to keep what is freed: otherwise the kernel's clearing of new pages is timed, for some calls and not for others.

    In a training run the arrays of one step are those of the step before.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        arena_max, mmap_max, trim_threshold = -8, -4, -1  # M_ARENA_MAX, M_MMAP_MAX, M_TRIM_THRESHOLD of malloc.h
        for option, setting in ((arena_max, 1), (mmap_max, 0), (trim_threshold, 2**31 - 1)):
            mallopt(option, setting)


def _run_checkers(options, environment) -> int:
    from lossjax.checkers import run_checkers

    load = os.getloadavg()[0]
    if options.format == "json":
        print(json.dumps({"environment": environment(), "load": load, "rows": list(run_checkers())}, indent=1))
        return 0
    print(
        f"one call each, compilation included; load of this computer at the start: {load:.1f} on {os.cpu_count()} cores"
    )
    for r in run_checkers():  # minutes lie between the rows
        verdict = (
            f"{'passes' if r['passes'] else 'fails'} the right one, {'finds' if r['finds_slip'] else 'misses'} 1 %"
        )
        ratio = f"{r['lossjax_is_faster']:8.2f} x lossjax's time"
        print(f"{r['subject']:28}{r['by']:28}{r['seconds']:9.3f} s{ratio}   {verdict}", flush=True)
    return 0


def measure(shape: tuple[int, int]) -> list[dict]:
    """Median milliseconds and ratio to a copy, the contestants taking turns so that drift meets all alike."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal(shape, dtype=np.float32) * 3
    t = rng.integers(shape[1], size=shape[0]).astype(np.int32)
    runs = {("logits", "copy"): _jax(lambda z, t: jnp.copy(z) + 0, z, t)} | _contestants(z, t)
    for run in runs.values():
        run()
    times = {key: [] for key in runs}
    for _ in range(ROUNDS):
        for key, run in runs.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                run()
            times[key].append((time.perf_counter() - start) / CALLS)
    copies = times[("logits", "copy")]
    return [
        {
            "shape": list(shape),
            "loss": loss,
            "by": by,
            "ms": 1e3 * statistics.median(seconds),
            "copies": statistics.median(a / b for a, b in zip(seconds, copies)),
        }
        for (loss, by), seconds in times.items()
    ]


def _contestants(z, t) -> dict[tuple[str, str], Callable]:
    import optax.losses

    from lossjax.losses import softmax_cross_entropy, softmax_squared_error

    def composed(z, t):
        return jnp.sum((jax.nn.softmax(z) - jax.nn.one_hot(t, z.shape[-1])) ** 2, axis=-1)

    losses = {
        ("softmax cross-entropy", "lossjax"): softmax_cross_entropy,
        ("softmax cross-entropy", "optax"): optax.losses.softmax_cross_entropy_with_integer_labels,
        ("softmax squared error", "lossjax"): softmax_squared_error,
        ("softmax squared error", "composed, jax.nn.softmax"): composed,
    }
    runs = {key: _jax(jax.value_and_grad(lambda z, t, f=f: f(z, t).mean()), z, t) for key, f in losses.items()}
    return runs | _torch(z, t)


def _jax(f, z, t) -> Callable[[], None]:
    f, z, t = jax.jit(f), jnp.asarray(z), jnp.asarray(t)
    return lambda: jax.block_until_ready(f(z, t))


def _torch(z, t) -> dict[tuple[str, str], Callable]:
    try:
        torch = importlib.import_module("torch")  # in no extra: compared with where it happens to be installed
    except ModuleNotFoundError:
        return {}
    z, t = torch.tensor(z, requires_grad=True), torch.tensor(t, dtype=torch.int64)

    def run():
        z.grad = None
        torch.nn.functional.cross_entropy(z, t).backward()

    return {("softmax cross-entropy", "PyTorch"): run}
