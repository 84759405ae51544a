"""Many networks trained as one program.

The members lie along one mesh axis, split over the devices with `shard_map`; they never communicate. On a device they
run one after another (`lax.map`) or `width` abreast (`vmap`); each trains whole epochs inside `lax.scan`, and its
metrics stay on the device until a block of epochs ends.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Int

from .members import Members, keys, order
from .models import Network


class Examples(NamedTuple):
    """Features, one example a row, and targets: labels, or what the loss takes.

    x: or any other pytree of arrays that has a length and can be cut by rows, for a network that takes it.
    """

    x: Any
    t: np.ndarray | Array


def momentum(member: Members) -> optax.GradientTransformation:
    """Gradient descent with momentum, each member with its own rate and its own momentum (0: without)."""
    # optax is typed for numbers; traced ones are what its own docs call hyperparameters.
    return optax.sgd(member.rate, member.momentum)  # pyright: ignore[reportArgumentType]


def descent(member: Members) -> optax.GradientTransformation:
    """Plain gradient descent, whatever the members' momentum says: it keeps no second copy of the weights."""
    return optax.sgd(member.rate)  # pyright: ignore[reportArgumentType]


@dataclasses.dataclass(frozen=True)
class Task:
    """What all members of a population share.

    loss: a catalogue Loss, or any `loss(z, t)` of one number per example; descended on is its mean over a batch.
    measure: `(params, data) -> dict of scalars`, taken before the first and after every epoch (`metrics` has some).
    optimiser: a member -> an optax optimiser, which may read the member's rate and momentum.
    """

    network: Network
    loss: Callable
    measure: Callable[[Any, Mapping[str, Examples]], dict[str, Array]]
    batch: int
    optimiser: Callable[[Members], optax.GradientTransformation] = momentum


class State(NamedTuple):
    """Members under way: weights, the optimiser's memory, and the epoch in which each diverged, or -1."""

    params: Any
    memory: Any
    diverged: Int[Array, "*m"]


class Population(NamedTuple):
    """A population of up to `size` members, compiled once; `block` epochs at most in one call.

    start: Members -> State. advance: (Members, State, first, count) -> (State, history): the entries `first` to
    `first + count - 1` of the members' histories, numpy arrays (members, count) by name. Entry 0 is the start, entry i
    what it is after i epochs.
    """

    size: int
    block: int
    width: int
    start: Callable[[Members], State]
    advance: Callable[[Members, State, int, int], tuple[State, dict[str, np.ndarray]]]


def start(task: Task, member: Members) -> State:
    """One member before its first step."""
    params = task.network.init(keys(member.seed)[0], member.scale)
    return State(params, task.optimiser(member).init(params), jnp.int32(-1))


def advance(task: Task, data: Mapping[str, Examples], member: Members, state: State, epochs: Int[Array, " b"]):
    """One member through the entries `epochs` of its history, -1 for none: state, and dict of arrays (b,).

    A member whose loss or weights are not finite has diverged: it is frozen, and measured with NaN for weights, so that
    it is wrong about everything from there on.
    """
    optimiser, shuffle, (x, t) = task.optimiser(member), keys(member.seed)[1], data["train"]

    def objective(params, chosen):
        return task.loss(task.network.apply(params, x[chosen]), t[chosen]).mean()

    def step(state, chosen, epoch):
        value, slope = jax.value_and_grad(objective)(state.params, chosen)
        updates, memory = optimiser.update(slope, state.memory, state.params)
        diverged = jnp.where((state.diverged < 0) & ~jnp.isfinite(value), epoch, state.diverged)
        moved = optax.apply_updates(state.params, updates), memory
        params, memory = jax.tree.map(lambda new, old: jnp.where(diverged < 0, new, old), moved, state[:2])
        return State(params, memory, diverged)

    def train(state, epoch):
        batches = order(shuffle, epoch - 1, len(x), task.batch)
        state, _ = jax.lax.scan(lambda state, chosen: (step(state, chosen, epoch), None), state, batches)
        finite = jnp.array([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(state.params)]).all()
        return state._replace(diverged=jnp.where((state.diverged < 0) & ~finite, epoch, state.diverged))

    def visit(state, epoch):
        state = jax.lax.cond(epoch > 0, train, lambda state, _: state, state, epoch)
        seen = jax.tree.map(lambda p: jnp.where(state.diverged < 0, p, jnp.nan), state.params)
        return state, task.measure(seen, data)

    def skip(state, epoch):
        return state, jax.tree.map(jnp.zeros_like, jax.eval_shape(visit, state, epoch)[1])

    # Both conditions are on the epoch alone, the same for all members: they stay conditions under vmap.
    return jax.lax.scan(lambda state, epoch: jax.lax.cond(epoch < 0, skip, visit, state, epoch), state, epochs)


def everywhere(tree: Any, devices: Sequence | None = None) -> Any:
    """All arrays on every device, all local ones unless told; populations take what is there without another copy."""
    return jax.device_put(tree, NamedSharding(_mesh(devices or jax.local_devices()), P()))


def _mesh(devices):
    return jax.make_mesh((len(devices),), ("members",), devices=devices)


def population(
    task: Task,
    data: Mapping[str, Examples],
    size: int,
    *,
    block: int = 16,
    width: int = 1,
    devices: Sequence | None = None,
) -> Population:
    """Compile `task` for up to `size` members at a time, on all local devices unless told.

    width: members that run abreast on a device; `width.best` measures which serves. Any number of members can be given,
    the last one fills the places left over, so that there is one program.
    """
    devices = jax.local_devices() if devices is None else devices
    mesh = _mesh(devices)
    # At most what there is to do on a device, and every device does as much as the others.
    width = min(width, -(-size // len(devices)))
    size = -(-size // (len(devices) * width)) * len(devices) * width
    split, whole = NamedSharding(mesh, P("members")), NamedSharding(mesh, P())
    data = everywhere({name: Examples(*part) for name, part in data.items()}, devices)

    def abreast(f, *columns):
        return jax.lax.map(lambda one: f(*one), columns, batch_size=width if width > 1 else None)

    def sharded(f, *specs, **options):
        # Members never communicate, so there is nothing for shard_map's check of replicated values to check.
        f = jax.shard_map(f, mesh=mesh, in_specs=specs, out_specs=P("members"), check_vma=False)
        return jax.jit(f, **options)

    def advance_all(members, state, epochs, data):
        return abreast(lambda member, state: advance(task, data, member, state, epochs), members, state)

    started = sharded(lambda members: abreast(lambda member: start(task, member), members), P("members"))
    advanced = sharded(advance_all, P("members"), P("members"), P(), P())

    def place(members):
        count = len(members.seed)
        if not 0 < count <= size:
            raise ValueError(f"this population is compiled for 1 to {size} members, got {count}")
        return jax.device_put(fill(members, size), split)

    def run_start(members):
        return cut(started(place(members)), len(members.seed))

    def run_advance(members, state, first, count):
        if not 0 < count <= block:
            raise ValueError(f"this population is compiled for blocks of 1 to {block} epochs, got {count}")
        epochs = np.full(block, -1, np.int32)
        epochs[:count] = np.arange(first, first + count)
        state = jax.device_put(fill(state, size), split)
        state, history = advanced(place(members), state, jax.device_put(epochs, whole), data)
        number = len(members.seed)
        return cut(state, number), {name: np.asarray(values)[:number, :count] for name, values in history.items()}

    return Population(size, block, width, run_start, run_advance)


def train(population: Population, members: Members, epochs: int) -> tuple[State, dict[str, np.ndarray]]:
    """All epochs, block after block: the last state, and the histories (members, epochs + 1) by name."""
    state, parts = population.start(members), []
    for first in range(0, epochs + 1, population.block):
        state, part = population.advance(members, state, first, min(population.block, epochs + 1 - first))
        parts.append(part)
    return state, {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}


def fill(tree, size: int):
    """Every leaf with its last member repeated until there are `size`."""

    def longer(leaf):
        leaf = np.asarray(leaf)
        return np.concatenate([leaf, np.repeat(leaf[-1:], size - len(leaf), axis=0)])

    return jax.tree.map(lambda leaf: leaf if len(leaf) == size else longer(leaf), tree)


def cut(tree, count: int):
    """Every leaf with its first `count` members; on the host where that is not all of them."""
    return jax.tree.map(lambda leaf: leaf if len(leaf) == count else np.asarray(leaf)[:count], tree)
