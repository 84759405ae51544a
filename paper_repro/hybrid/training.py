"""Networks trained side by side from given weights, an epoch at a time, so that the schedule can change their rates."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from lossjax.training.members import Members
from lossjax.training.models import Network
from lossjax.training.population import Examples, Population, State, Task, everywhere, momentum, population

from ..corpora.context import Windows
from . import newbob
from .criteria import Criterion
from .frames import Aligned

# Members at a time on something else than a CPU, where many abreast pay.
ABREAST = 64


class Outcome(NamedTuple):
    """Of each member: last weights, histories (m, epochs + 1), rates (m, epochs), the epoch of divergence or -1."""

    params: Any
    history: dict[str, np.ndarray]
    rates: Float[np.ndarray, "m epochs"]
    diverged: np.ndarray


class Trainer(NamedTuple):
    """A compiled population; `epoch_error` names the measure that new-bob looks at."""

    task: Task
    population: Population


def examples(data: Aligned, probe: int) -> dict[str, Examples]:
    """train, dev, and of train some `probe` frames, evenly spread; the frames are on each device once, for all programs."""
    step = max(1, len(data.rows["train"]) // probe)
    frames = everywhere(data.frames)
    found = {name: (data.rows[name], data.states[name]) for name in ("train", "dev")}
    found["probe"] = found["train"][0][::step], found["train"][1][::step]
    return {name: Examples(Windows(frames, rows, data.context), states) for name, (rows, states) in found.items()}


def trainer(
    data: Mapping[str, Examples], network: Network, criterion: Criterion, measure: Callable, batch: int
) -> Trainer:
    """All members share network and criterion."""
    return compiled(Task(network, criterion.loss, measure, batch, momentum), data)


def compiled(task: Task, data: Mapping[str, Examples]) -> Trainer:
    """On a CPU one member a device, elsewhere 64 abreast."""
    devices = len(jax.local_devices())
    each = 1 if jax.default_backend() == "cpu" else ABREAST
    return Trainer(task, population(task, data, devices * each, block=1, width=each))


def begun(task: Task, members: Members, params: Any) -> State:
    """Members before their first step, from these weights (leading axis: members)."""

    def one(member, weights):
        return State(weights, task.optimiser(member).init(weights), jnp.int32(-1))

    return jax.vmap(one)(jax.tree.map(jnp.asarray, members), params)


def train(
    by: Trainer, members: Members, params: Any, epochs: int, halving: Bool[np.ndarray, " m"], error: str = "dev_error"
) -> Outcome:
    """Up to by.population.size members through all epochs, or until new-bob has stopped every one of them.

    halving: who follows new-bob. error: the measure it looks at. Histories of stopped members stay where they are.
    """
    state = begun(by.task, members, params)
    state, first = by.population.advance(members, state, 0, 1)
    parts, used, begun_at = [first], [], np.asarray(members.rate, np.float32)
    now = begun_at
    for epoch in range(1, epochs + 1):
        used.append(now)
        state, part = by.population.advance(members._replace(rate=now), state, epoch, 1)
        parts.append(part)
        if error in part:
            now = newbob.rates(begun_at, now, parts[-2][error][:, 0], part[error][:, 0], halving)
        if not now.any():
            break
    missing = epochs - len(used)
    parts += [parts[-1]] * missing
    used += [np.zeros_like(now)] * missing
    history = {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
    return Outcome(state.params, history, np.stack(used, axis=1), np.asarray(state.diverged))


def stacked(trees: list) -> Any:
    """One tree with a leading axis from many."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def member(tree: Any, i: int) -> Any:
    """One of them, on the host."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[i], tree)
