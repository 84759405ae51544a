"""Many networks trained as one program: members differ in seed, learning rate and start, and share everything else.

Members are paired: a seed fixes the initial weights (up to their scale) and the order of the examples, whatever the
loss, the learning rate and the start, so that a difference between two members of a seed is due to what was varied.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int

from .models import Network


class Members(NamedTuple):
    """One entry a member. seed: of weights and order. rate: of gradient descent. output_std: of the output weights."""

    seed: Int[np.ndarray | Array, "*m"]
    rate: Float[np.ndarray | Array, "*m"]
    output_std: Float[np.ndarray | Array, "*m"]


def keys(seed):
    """The two keys of a seed: initial weights, order of the examples."""
    return jax.random.split(jax.random.key(seed))


def order(key, epoch, examples, batch):
    """The minibatches of an epoch, (steps, batch) indices; the examples left over differ from epoch to epoch."""
    steps = examples // batch
    return jax.random.permutation(jax.random.fold_in(key, epoch), examples)[: steps * batch].reshape(steps, batch)


def trainer(network: Network, loss: Callable, x, labels, *, epochs: int, batch: int, measure: Callable) -> Callable:
    """Plain stochastic gradient descent of one member on the batch mean of `loss(z, labels)`.

    measure: params -> dict of scalars, taken before the first and after every epoch.
    Returns a pure function: Members of scalars -> dict of arrays (epochs + 1,).
    """

    def train(member):
        weights, shuffle = keys(member.seed)
        optimiser = optax.sgd(member.rate)

        def objective(params, chosen):
            return loss(network.apply(params, x[chosen]), labels[chosen]).mean()

        def step(state, chosen):
            params, memory = state
            updates, memory = optimiser.update(jax.grad(objective)(params, chosen), memory)
            return (optax.apply_updates(params, updates), memory), None

        def epoch(state, i):
            measured = measure(state[0])
            state, _ = jax.lax.scan(step, state, order(shuffle, i, len(x), batch))
            return state, measured

        params = network.init(weights, member.output_std)
        # Measured before every epoch, so one epoch more is run than is seen: cheaper than to compile `measure` twice.
        _, history = jax.lax.scan(epoch, (params, optimiser.init(params)), jnp.arange(epochs + 1))
        return history

    return train


def population(train: Callable, size: int, *, width: int = 1) -> Callable:
    """Compile `train` for up to `size` members at a time: split over all devices, on each one after another.

    width: members that run abreast on a device (vmap). On a CPU 1 is as fast as any; on an accelerator width pays.
    Returns a function: Members of at most `size` -> dict of numpy arrays (members, ...).
    """
    devices = len(jax.devices())
    if size % (devices * width):
        raise ValueError(f"size {size} must be a multiple of devices x width = {devices} x {width}")
    mesh = jax.make_mesh((devices,), ("members",), axis_types=(AxisType.Auto,))
    spec = PartitionSpec("members")

    def in_turn(members):
        return jax.lax.map(train, members, batch_size=width if width > 1 else None)

    # Members never communicate, so there is nothing for shard_map's check of replicated values to check.
    program = jax.jit(jax.shard_map(in_turn, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False))

    def run(members):
        count = len(members.seed)
        if not 0 < count <= size:
            raise ValueError(f"this population is compiled for 1 to {size} members, got {count}")
        # The last member fills the places left over, so that every call has the one shape that was compiled.
        seed, rate, output_std = (np.pad(column, (0, size - count), mode="edge") for column in members)
        full = Members(seed.astype(np.int32), rate.astype(np.float32), output_std.astype(np.float32))
        history = program(jax.device_put(full, NamedSharding(mesh, spec)))
        return {name: np.asarray(values)[:count] for name, values in history.items()}

    return run
