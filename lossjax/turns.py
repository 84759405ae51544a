"""Contestants in processes of their own, started and compiled before anything is timed, that take turns.

So drift meets all alike, and what one of them sets (threads, devices, memory) is not the others'.
"""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def start(make: Callable, work: Any, stack: contextlib.ExitStack) -> Callable[[], Any] | None:
    """The processes of a contestant, ready to run; a function that lets them take a turn: seconds, or what a turn returns.

    make: work -> (prepare, environment variables) of each process; prepare: work -> turn, a function without arguments.
    Every process has taken a turn before. None where a package is missing.
    """
    pipes = [stack.enter_context(_worker(prepare, work, extra)) for prepare, extra in make(work)]
    if not all(pipe.recv() for pipe in pipes):
        return None

    def turn():
        for pipe in pipes:
            pipe.send("go")
        # Until the last of them is done; they start together.
        return max(pipe.recv() for pipe in pipes)

    return turn


@contextlib.contextmanager
def _worker(prepare, work, environment):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    before = dict(os.environ)
    # Several processes share an accelerator: none may take all of its memory.
    os.environ.update({"XLA_PYTHON_CLIENT_PREALLOCATE": "false", **environment})
    process = context.Process(target=_serve, args=(prepare, work, there), daemon=True)
    try:
        process.start()
    finally:
        os.environ.clear()
        os.environ.update(before)
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join()


def _serve(prepare, work, pipe):
    try:
        turn = prepare(work)
    except ModuleNotFoundError:  # in no extra: compared with where it happens to be installed
        pipe.send(False)
        return
    turn()
    pipe.send(True)
    with contextlib.suppress(EOFError):
        while pipe.recv():
            began = time.perf_counter()
            answer = turn()
            pipe.send(time.perf_counter() - began if answer is None else answer)


def peak(work) -> Callable[[], float]:
    """FLOP a second of a large matrix product on every device at once: a figure, not a time."""
    import jax
    import jax.numpy as jnp

    n = 2048 if jax.default_backend() == "cpu" else 8192
    count = len(jax.local_devices())
    mesh = jax.make_mesh((count,), ("d",), axis_types=(jax.sharding.AxisType.Auto,))
    many = jax.device_put(jnp.ones((count, n, n)), jax.sharding.NamedSharding(mesh, jax.P("d")))
    multiply = jax.jit(jax.shard_map(lambda a: a @ a, mesh=mesh, in_specs=jax.P("d"), out_specs=jax.P("d")))

    def turn():
        best = np.inf
        for _ in range(5):
            began = time.perf_counter()
            jax.block_until_ready(multiply(many))
            best = min(best, time.perf_counter() - began)
        return count * 2 * n**3 / best

    return turn


def one_device_a_core() -> dict[str, str]:
    """Environment variables of a process whose JAX shall use every core as a device."""
    from lossjax.cli import host_devices

    return host_devices(len(os.sched_getaffinity(0)))
