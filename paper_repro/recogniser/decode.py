"""Viterbi over the word loop: the best sentence of every utterance, all words at every frame, nothing pruned.

Every state carries the score of its best path and the frame in which its word began. At every frame the best score of
each word's end, and that beginning, are kept: the way back goes from word to word over these, T (W + 1) numbers in
place of T S, and finds the predecessor of a word by the sum that entered it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .wordloop import WordLoop


class Hypothesis(NamedTuple):
    """words: numbers of the words. begins: the frame in which each begins. score: minus infinity (or NaN) where no
    sentence fits, and then there are no words.
    """

    words: tuple[int, ...]
    begins: tuple[int, ...]
    score: float


@jax.jit
def word_ends(
    emissions: Float[Array | np.ndarray, "b t c"],
    longest: Int[Array | np.ndarray, ""] | int,
    loop: WordLoop,
    transitions: Float[Array | np.ndarray, "w1 w1"],
) -> tuple[Float[Array, "t w1 b"], Int[Array, "t w1 b"]]:
    """At every frame below `longest`, the best score of a path that ends a word there, and where that word began.

    Of equal ways into a state, staying wins; of equal ends of a word, the first pronunciation without its silence.
    """
    emits, entries, entered, ends_of = map(jnp.asarray, loop)
    # States, then utterances: neighbours in a chain are whole rows.
    frames, transitions = jnp.transpose(jnp.asarray(emissions), (1, 2, 0)), jnp.asarray(transitions)
    size, width = len(emits), len(emissions)

    def forward(time, carry):
        scores, begins, ends, source, kept, kept_begins = carry
        entering = jnp.max(ends[:, None, :] + transitions[:, :-1, None], axis=0)
        before = jnp.concatenate([source, scores[:-1]]).at[entries].set(entering[entered])
        begun = jnp.concatenate([begins[:1], begins[:-1]]).at[entries].set(time)
        moves = before > scores
        scores = jnp.where(moves, before, scores) + frames[time][emits]
        begins = jnp.where(moves, begun, begins)
        ends, since = _ends(scores, begins, ends_of)
        source = jnp.full_like(source, -jnp.inf)
        return scores, begins, ends, source, kept.at[time].set(ends), kept_begins.at[time].set(since)

    # Before the first frame the start of the sentence has just ended, and its silence may begin.
    nothing, nowhere = jnp.full((size, width), -jnp.inf), jnp.zeros((size, width), jnp.int32)
    ended = jnp.full((len(ends_of), width), -jnp.inf).at[-1].set(0.0)
    kept = jnp.zeros((len(frames), *ended.shape))
    start = nothing, nowhere, ended, jnp.zeros((1, width)), kept, kept.astype(jnp.int32)
    return jax.lax.fori_loop(0, longest, forward, start)[4:]


def _ends(scores, begins, ends_of):
    best, since = scores[ends_of[:, 0]], begins[ends_of[:, 0]]
    for k in range(1, ends_of.shape[1]):
        other, of_other = scores[ends_of[:, k]], begins[ends_of[:, k]]
        better = other > best
        best, since = jnp.where(better, other, best), jnp.where(better, of_other, since)
    return best, since


def best_sentences(
    emissions: Float[Array | np.ndarray, "b t c"],
    lengths: Sequence[int] | Int[np.ndarray, " b"],
    loop: WordLoop,
    transitions: Float[np.ndarray, "w1 w1"],
) -> list[Hypothesis]:
    """The best sentence of each utterance; `lengths` frames count, the rest is padding.

    Of equal predecessors of a word the one with the lower number wins, the start of the sentence last.
    """
    ends, begins = (np.asarray(x) for x in word_ends(emissions, max(lengths), loop, transitions))
    return [_way_back(ends[:, :, b], begins[:, :, b], int(n), transitions) for b, n in enumerate(lengths)]


def _way_back(ends, begins, length, transitions):
    start = ends.shape[1] - 1
    if length == 0:
        return Hypothesis((), (), -np.inf)
    finals = ends[length - 1] + transitions[:, start]
    word = int(np.argmax(finals))
    score = float(finals[word])
    words, times = [], []
    time = length - 1
    while np.isfinite(score) and word != start:
        words.append(word)
        times.append(begin := int(begins[time, word]))
        if begin == 0:
            break
        time = begin - 1
        word = int(np.argmax(ends[time] + transitions[:, word]))
    return Hypothesis(tuple(words[::-1]), tuple(times[::-1]), score)
