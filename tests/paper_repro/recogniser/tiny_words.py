"""A language of three words, small enough that every path through every sentence can be written down."""

from itertools import combinations, pairwise, product

import numpy as np

from paper_repro.corpora.corpus import Corpus, Utterance
from paper_repro.recogniser.hmm import topology

# One word with two pronunciations, one that begins like another, silence of two states.
LEXICON = {"ab": (("a", "b"), ("a",)), "b": (("b",),), "ba": (("b", "a"),)}
STATES = {"a": 1, "b": 2, "_": 2}
WORDS = tuple(LEXICON)


def corpus(train=(), dev=(), test=(), lexicon=LEXICON, states=STATES, silence="_"):
    return Corpus("tiny", tuple(train), tuple(dev), tuple(test), lexicon, silence, states, 1, 0.01)


TOPOLOGY = topology(corpus())
A, B, SILENCE = (0,), (1, 2), (3, 4)
SPELLED = {"ab": (A + B, A), "b": (B,), "ba": (B + A,)}


def chains(words, first_silence=True):
    """Every sequence of states of these words: each pronunciation, silence or none at each place."""
    between = ((), SILENCE)
    for before in between if first_silence else [()]:
        for choice in product(*(product(SPELLED[word], between) for word in words)):
            yield before + tuple(state for spoken, silent in choice for state in spoken + silent)


def stretched(chain, frames):
    """Every way for a chain to last so many frames, each state at least one."""
    for cuts in combinations(range(1, frames), len(chain) - 1):
        lasts = [end - start for start, end in pairwise((0, *cuts, frames))]
        yield tuple(np.repeat(chain, lasts).tolist())


def paths(words, frames):
    """Every state sequence of so many frames that says these words (of none: silence)."""
    return {path for chain in chains(words) if chain for path in stretched(chain, frames)}


def sentences(frames):
    """Every sentence that fits into so many frames."""
    shortest = {word: min(map(len, SPELLED[word])) for word in WORDS}
    for number in range(frames + 1):
        for words in product(WORDS, repeat=number):
            if sum(shortest[word] for word in words) <= frames:
                yield words


def utterance(name, frames, words=("b",), dims=2, speaker="s"):
    features = np.random.default_rng(frames).normal(size=(frames, dims)).astype(np.float32)
    return Utterance(name, speaker, features, tuple(words))
