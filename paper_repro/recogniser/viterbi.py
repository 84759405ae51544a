"""Viterbi over transcript graphs: the best state sequence of every utterance of a batch (forced alignment).

score(t, s) = max over predecessors r of s of score(t - 1, r), plus the emission of s at t; score(0, s) is the emission
of s where a path may start, else minus infinity. Of equal predecessors the one that stands first in the graph wins: a
state itself before others, then the lower number.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .transcript import Graph


@jax.jit
def best_paths(
    emissions: Float[Array | np.ndarray, "b t c"], lengths: Int[Array | np.ndarray, " b"], graphs: Graph
) -> tuple[Int[Array, "b t"], Float[Array, " b"]]:
    """Acoustic classes along the best path of each utterance, and its score, the sum of its emissions.

    emissions: log likelihoods, or scaled ones, of every class, float32. lengths: frames of each utterance; later ones
    count for nothing, and their classes are -1. Where no path is long enough the score is minus infinity.
    """
    emits, before, first, last, _ = map(jnp.asarray, graphs)
    lengths = jnp.asarray(lengths)
    # Time leads, as the loop runs over it; it ends with the longest utterance.
    frames, longest = jnp.swapaxes(jnp.asarray(emissions), 0, 1), jnp.max(lengths)

    def forward(time, carry):
        scores, choices = carry
        reached = jnp.pad(scores, ((0, 0), (0, 1)), constant_values=-jnp.inf)
        best, choice = _take(reached, before[:, :, 0]), jnp.zeros(emits.shape, jnp.uint8)
        for k in range(1, before.shape[2]):
            other = _take(reached, before[:, :, k])
            better = other > best
            best, choice = jnp.where(better, other, best), jnp.where(better, jnp.uint8(k), choice)
        new = best + _take(frames[time], emits)
        return jnp.where((time < lengths)[:, None], new, scores), choices.at[time].set(choice)

    start = jnp.where(first, _take(frames[0], emits), -jnp.inf)
    none = jnp.zeros((len(frames), *emits.shape), jnp.uint8)
    scores, choices = jax.lax.fori_loop(1, longest, forward, (start, none))
    ends = jnp.where(last & (lengths > 0)[:, None], scores, -jnp.inf)
    final = jnp.argmax(ends, axis=1).astype(emits.dtype)
    rows = jnp.arange(len(emits))

    def backward(step, carry):
        state, classes = carry
        time = longest - 1 - step
        state = jnp.where(time == lengths - 1, final, state)
        classes = classes.at[time].set(jnp.where(time < lengths, emits[rows, state], -1))
        return before[rows, state, choices[time, rows, state]], classes

    nowhere = jnp.full(frames.shape[:2], -1, emits.dtype)
    _, classes = jax.lax.fori_loop(0, longest, backward, (final, nowhere))
    return jnp.swapaxes(classes, 0, 1), jnp.max(ends, axis=1)


def _take(values, columns):
    return jnp.take_along_axis(values, columns, axis=1, mode="promise_in_bounds")
