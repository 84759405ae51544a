"""How many members to run abreast on a device: measured, as it depends on the device and on the network."""

import time
from collections.abc import Mapping, Sequence

import jax
import numpy as np

from .members import Members
from .population import Examples, Task, population

WIDTHS = (1, 4, 16, 64, 256)
# Steps of a trial: enough that starting the program is no part of its time.
STEPS = 50
ROUNDS = 3


def best(task: Task, data: Mapping[str, Examples], members: Members) -> int:
    """The width for these members on this backend: 1 on a CPU, elsewhere the fastest in a trial of a few steps.

    On a CPU one network keeps a core busy already, and one after another each stays in its cache; width 1 also makes
    a member's bits those of the same network trained alone.
    """
    if jax.default_backend() == "cpu":
        return 1
    seconds = measure(task, data, members, WIDTHS)
    return min(seconds, key=lambda width: seconds[width])


def measure(task: Task, data: Mapping[str, Examples], members: Members, widths: Sequence[int]) -> dict[int, float]:
    """Seconds of a trial epoch per member at each width, up to the members there are; the least of three rounds."""
    trial, found = _trial(task, data), {}
    devices = len(jax.local_devices())
    for width in widths:
        if found and width * devices > len(members.seed):
            break
        few = members.take(np.arange(width * devices) % len(members.seed))
        chosen = population(task, trial, width * devices, block=1, width=width)
        found[width] = min(_times(chosen, few)) / (width * devices)
    return found


def _trial(task, data):
    """The first steps' worth of training examples, and no more than a batch of any other split."""
    rows = {name: task.batch * (STEPS if name == "train" else 1) for name in data}
    return {name: Examples(x[: rows[name]], t[: rows[name]]) for name, (x, t) in data.items()}


def _times(chosen, members):
    state = chosen.start(members)
    chosen.advance(members, state, 1, 1)
    for _ in range(ROUNDS):
        began = time.perf_counter()
        chosen.advance(members, state, 1, 1)
        yield time.perf_counter() - began
