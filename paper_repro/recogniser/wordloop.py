"""The HMM of all sentences: words in any order, each pronunciation a chain with its own optional silence behind it."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float32, Int32

from .hmm import Topology
from .language_model import LanguageModel


class WordLoop(NamedTuple):
    """All chains one after another, S states. The start of a sentence is word W and pronunciation P, a silence.

    emits: the acoustic class of each state. entries: the first state of each of P pronunciations. words: their words,
    and W. ends: the last state of each pronunciation; silent_ends: that of the silence behind it.
    """

    emits: Int32[np.ndarray | Array, " s"]
    entries: Int32[np.ndarray | Array, " p"]
    words: Int32[np.ndarray | Array, " p1"]
    ends: Int32[np.ndarray | Array, " p1"]
    silent_ends: Int32[np.ndarray | Array, " p1"]


class Weights(NamedTuple):
    """What is tuned on the dev set.

    A sentence scores sum log p(x | state) + lm_scale sum log p(word | word before) - penalty (number of words), with
    log p(x | state) = log p(state | x) - kappa log p(state) for a network, up to what all sentences share.
    """

    kappa: float = 1.0
    lm_scale: float = 1.0
    penalty: float = 0.0


def word_loop(topology: Topology, words: tuple[str, ...]) -> WordLoop:
    """The loop over these words of the lexicon, in this order."""
    # The start of the sentence comes first: where nothing precedes a state, a sentence begins.
    emits, entries, numbers, ends = list(topology.silence), [], [], []
    for number, word in enumerate(words):
        for variant in topology.lexicon[word]:
            entries.append(len(emits))
            numbers.append(number)
            emits += [*variant, *topology.silence]
            ends.append(len(emits) - len(topology.silence) - 1)
    silence = len(topology.silence)
    silent_ends = [*(end + silence for end in ends), silence - 1]
    columns = emits, entries, [*numbers, len(words)], [*ends, silence - 1], silent_ends
    return WordLoop(*(np.array(column, np.int32) for column in columns))


def transitions(model: LanguageModel, weights: Weights) -> Float32[np.ndarray, "w1 w1"]:
    """What it costs to go from word to word: lm_scale log p(v | u) - penalty, the end of the sentence free of penalty."""
    score = weights.lm_scale * model.log_p
    score[:, :-1] -= weights.penalty
    return score.astype(np.float32)


def on_device(loop: WordLoop) -> WordLoop:
    """The same with its tables as arrays of the default device."""
    return WordLoop(*map(jax.numpy.asarray, loop))
