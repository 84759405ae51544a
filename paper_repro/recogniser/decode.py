"""Viterbi over the word loop: the best sentence of every utterance, all words at every frame, nothing pruned.

Every state carries the score of its best path and the frame in which its word began. At every frame the best score of
each word's end, and that beginning, are kept: the way back goes from word to word over these, T P numbers for P
pronunciations in place of T S, and finds the predecessor of a word by the sum that entered it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .wordloop import WordLoop


class Hypothesis(NamedTuple):
    """words: numbers of the words. begins: the frame in which each begins. score: minus infinity where no
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
) -> tuple[Float[Array, "t p1 b"], Int[Array, "t p1 b"]]:
    """At every frame below `longest`, the best score of a path that ends a pronunciation there, and where that began.

    Of equal ways into a state, staying wins; of equal ends, the one without silence.
    """
    emits, entries, words, ends_of, silent_ends_of = map(jnp.asarray, loop)
    # States, then utterances: neighbours in a chain are whole rows.
    frames = jnp.transpose(jnp.asarray(emissions), (1, 2, 0))
    size, width, vocabulary = len(emits), len(emissions), len(transitions) - 1
    into = jnp.asarray(transitions)[words, :vocabulary, None]

    def forward(time, carry):
        scores, begins, ends, source, kept, kept_begins = carry
        entering = _greatest([ends[p][None] + into[p] for p in range(len(words))])
        before = jnp.concatenate([source, scores[:-1]]).at[entries].set(entering[words[:-1]])
        begun = jnp.concatenate([begins[:1], begins[:-1]]).at[entries].set(time)
        moves = before > scores
        scores = jnp.where(moves, before, scores) + frames[time][emits]
        begins = jnp.where(moves, begun, begins)
        silent = scores[silent_ends_of] > scores[ends_of]
        ends = jnp.where(silent, scores[silent_ends_of], scores[ends_of])
        since = jnp.where(silent, begins[silent_ends_of], begins[ends_of])
        source = jnp.full_like(source, -jnp.inf)
        return scores, begins, ends, source, kept.at[time].set(ends), kept_begins.at[time].set(since)

    # Before the first frame the start of the sentence has just ended, and its silence may begin.
    nothing, nowhere = jnp.full((size, width), -jnp.inf), jnp.zeros((size, width), jnp.int32)
    ended = jnp.full((len(words), width), -jnp.inf).at[-1].set(0.0)
    kept = jnp.zeros((len(frames), *ended.shape))
    start = nothing, nowhere, ended, jnp.zeros((1, width)), kept, kept.astype(jnp.int32)
    return jax.lax.fori_loop(0, longest, forward, start)[4:]


def _greatest(candidates):
    """Entry by entry, as a tournament: XLA makes vector instructions of it, of a maximum over an axis it makes none."""
    while len(candidates) > 1:
        pairs = zip(candidates[::2], candidates[1::2])
        left_over = candidates[len(candidates) & ~1 :]
        candidates = [jnp.where(a > b, a, b) for a, b in pairs] + left_over
    return candidates[0]


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
    words, table = np.asarray(loop.words), transitions[np.asarray(loop.words)]
    return [_way_back(ends[:, :, b], begins[:, :, b], int(n), words, table) for b, n in enumerate(lengths)]


def _way_back(ends, begins, length, words, table):
    start = table.shape[1] - 1
    finals = ends[length - 1] + table[:, start]
    last = int(np.argmax(finals))
    score = float(finals[last]) if length else -np.inf
    found, times = [], []
    time = length - 1
    while np.isfinite(score) and time >= 0 and words[last] != start:
        found.append(word := int(words[last]))
        times.append(begin := int(begins[time, last]))
        time = begin - 1
        last = int(np.argmax(ends[time] + table[:, word]))
    return Hypothesis(tuple(found[::-1]), tuple(times[::-1]), score)
