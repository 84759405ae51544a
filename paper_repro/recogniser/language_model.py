"""Language models over a closed vocabulary: a Witten-Bell bigram and a zero-gram, as tables of log probabilities."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from lossjax.data.dataset import DataError

# Added to every count of the unigram, so that no word of the vocabulary is impossible.
UNIGRAM_COUNT = 0.5


class LanguageModel(NamedTuple):
    """log_p[u, v] = log p(v | u), natural logarithm, for W words.

    Row W: the start of a sentence as context. Column W: the end of the sentence. Each row of probabilities sums to one.
    """

    words: tuple[str, ...]
    log_p: Float32[np.ndarray, "contexts nexts"]


class Perplexity(NamedTuple):
    """exp of the mean of -log p over the words and ends of sentences; `unknown` words count for nothing else."""

    value: float
    predicted: int
    unknown: int


def zerogram(words: Sequence[str]) -> LanguageModel:
    """Every word and the end of the sentence equally likely after every context: p = 1 / (W + 1)."""
    size = len(_vocabulary(words)) + 1
    return LanguageModel(tuple(words), np.full((size, size), -np.log(size), np.float32))


def bigram(words: Sequence[str], sentences: Iterable[Sequence[str]]) -> LanguageModel:
    """Witten and Bell's bigram, interpolated with a unigram.

    p(v | u) = (N(u, v) + T(u) p(v)) / (N(u) + T(u)), T(u) the number of different words seen after u; p(v) where u was
    never seen. p(v) = (N(v) + 1/2) / (N + (W + 1) / 2), the end of a sentence counted like a word. A word outside the
    vocabulary is neither predicted nor a context.

    Raises: DataError for an empty vocabulary, or one that holds a word twice.
    """
    index = _vocabulary(words)
    counts = np.zeros((len(words) + 1, len(words) + 1))
    for sentence in sentences:
        for u, v in _pairs(index, sentence):
            if v is not None and u is not None:
                counts[u, v] += 1
    unigram = counts.sum(axis=0) + UNIGRAM_COUNT
    unigram /= unigram.sum()
    followers = (counts > 0).sum(axis=1, keepdims=True)
    total = counts.sum(axis=1, keepdims=True) + followers
    p = np.where(total > 0, (counts + followers * unigram) / np.maximum(total, 1), unigram)
    return LanguageModel(tuple(words), np.log(p).astype(np.float32))


def perplexity(model: LanguageModel, sentences: Iterable[Sequence[str]]) -> Perplexity:
    """Perplexity of sentences, their ends predicted too; pairs with a word outside the vocabulary are left out."""
    index = {word: i for i, word in enumerate(model.words)}
    log_p, unknown = [], 0
    for sentence in sentences:
        unknown += sum(word not in index for word in sentence)
        log_p += [model.log_p[u, v] for u, v in _pairs(index, sentence) if u is not None and v is not None]
    value = float(np.exp(-np.mean(log_p, dtype=float))) if log_p else float("nan")
    return Perplexity(value, len(log_p), unknown)


def _vocabulary(words):
    if not words or len(set(words)) != len(words):
        raise DataError("a vocabulary needs words, each of them once")
    return {word: i for i, word in enumerate(words)}


def _pairs(index, sentence):
    """(context, next) of every word and of the end; None for a word outside the vocabulary."""
    numbers = [len(index), *(index.get(word) for word in sentence), len(index)]
    return pairwise(numbers)
