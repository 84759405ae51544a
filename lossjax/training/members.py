"""Who is in a population: a seed, a learning rate, a momentum and a start for each member.

Everything random about a member comes from its seed alone: the initial weights (up to their scale) and the order of the
examples. Members of one seed are therefore paired, whatever their loss, rate and start: a difference between two of
them is due to what was varied.
"""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from .bad_input import BadInputError

Column = np.ndarray | Sequence | float | int


class Members(NamedTuple):
    """One entry a member. seed: of weights and order. rate, momentum: of the optimiser. scale: of the initial weights."""

    seed: Int[np.ndarray | Array, "*m"]
    rate: Float[np.ndarray | Array, "*m"]
    momentum: Float[np.ndarray | Array, "*m"]
    scale: Float[np.ndarray | Array, "*m"]

    def take(self, chosen) -> "Members":
        """The members at these places."""
        return Members(*(column[chosen] for column in self))


def members(seed: Column, rate: Column, momentum: Column = 0.0, scale: Column = 1.0) -> Members:
    """Members from columns; a single number stands for all. seed: int32, the rest: float32.

    Raises: BadInputError for columns of different lengths, what is no number, and a seed that is no int32.
    """
    try:
        columns = np.broadcast_arrays(*(np.atleast_1d(column) for column in (seed, rate, momentum, scale)))
        seeds, *others = columns[0], *(column.astype(np.float32) for column in columns[1:])
        with np.errstate(invalid="ignore"):
            whole = seeds.astype(np.int32)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInputError(f"seed, rate, momentum and scale are numbers, or columns of one length: {error}") from None
    if (whole != seeds).any():
        raise BadInputError(f"a seed is a whole number below 2^31, got {seeds[whole != seeds][0]}")
    return Members(whole, *others)


def grid(
    seeds: Sequence[int], rates: Sequence[float], momenta: Sequence[float] = (0.0,), scales: Sequence[float] = (1.0,)
) -> Members:
    """Every combination, the seeds running fastest.

    Raises: BadInputError where one of them is empty.
    """
    if not all(len(values) for values in (seeds, rates, momenta, scales)):
        raise BadInputError("seeds, rates, momenta and scales each need at least one value")
    columns = zip(*itertools.product(scales, momenta, rates, seeds))
    scale, momentum, rate, seed = map(np.array, columns)
    return members(seed, rate, momentum, scale)


def shard(population: Members, part: str) -> Members:
    """The members of part i of n, written "i/n", i from 1 to n: every n-th of them. The parts share none and miss none.

    Raises: BadInputError for a part that is none.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", part)
    i, n = map(int, found.groups()) if found else (0, 0)
    if not 1 <= i <= n:
        raise BadInputError(f"a shard is written i/n with i from 1 to n, such as 2/8, got {part!r}")
    return population.take(slice(i - 1, None, n))


def keys(seed: Int[Array | np.ndarray, ""] | int | np.integer) -> Key[Array, "2"]:
    """The two keys of a seed: initial weights, order of the examples. The generator is named: a default may change."""
    return jax.random.split(jax.random.key(seed, impl="threefry2x32"))


def order(key: Key[Array, ""], epoch: Int[Array, ""] | int, examples: int, batch: int) -> Int[Array, "steps batch"]:
    """The minibatches of an epoch, each example at most once; the examples left over differ from epoch to epoch."""
    steps = examples // batch
    return _shuffled(jax.random.fold_in(key, epoch), examples)[: steps * batch].reshape(steps, batch)


def _shuffled(key, n):
    """The numbers below n in the order of 32 random bits each.

    Up to 2^16 of them by two sorts of single words, 16 of the bits above an index: XLA sorts pairs, as in
    `jax.random.permutation`, several times slower on a CPU, where that was a tenth of an epoch of a small network.
    """
    if n > 2**16:
        return jax.random.permutation(key, n)
    index = jnp.arange(n, dtype=jnp.uint32)

    def in_random_order(bits):
        return jnp.sort((bits.astype(jnp.uint32) << 16) | index) & 0xFFFF

    low, high = jax.random.bits(key, (2, n), jnp.uint16)
    return in_random_order(low)[in_random_order(high)].astype(jnp.int32)
