"""Word errors, counted utterance by utterance."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from lossjax.extras import need

from ..corpora.corpus import Utterance

Sentence = Sequence[str]


class Counts(NamedTuple):
    """One number an utterance: words of the reference and errors of each kind in a shortest alignment.

    unknown: words of the reference outside the vocabulary, which can only be errors.
    """

    names: tuple[str, ...]
    words: Int[np.ndarray, " n"]
    substitutions: Int[np.ndarray, " n"]
    deletions: Int[np.ndarray, " n"]
    insertions: Int[np.ndarray, " n"]
    unknown: Int[np.ndarray, " n"]

    @property
    def errors(self) -> Int[np.ndarray, " n"]:
        """Substitutions, deletions and insertions of each utterance."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """The word error rate: all errors over all words; NaN without a word."""
        words = int(self.words.sum())
        return float(self.errors.sum()) / words if words else float("nan")


def count(
    utterances: Sequence[Utterance], hypotheses: Mapping[str, Sentence], vocabulary: Sequence[str] | None = None
) -> Counts:
    """The errors of each utterance: of an empty hypothesis every word is deleted, in an empty reference all are inserted.

    Raises: MissingExtraError without jiwer; ValueError for an utterance without hypothesis, or a word with a blank.
    """
    found = aligned(pairs(utterances, hypotheses))
    known = None if vocabulary is None else set(vocabulary)
    rows = [
        (
            len(utterance.words),
            *(_length(chunks, kind) for kind in ("substitute", "delete", "insert")),
            0 if known is None else sum(word not in known for word in utterance.words),
        )
        for utterance, chunks in zip(utterances, found)
    ]
    table = np.array(rows, int).reshape(-1, 5)
    return Counts(tuple(utterance.name for utterance in utterances), *table.T)


def pairs(utterances: Sequence[Utterance], hypotheses: Mapping[str, Sentence]) -> list[tuple[Sentence, Sentence]]:
    """(reference, hypothesis) of each utterance.

    Raises: ValueError for an utterance without hypothesis.
    """
    missing = [utterance.name for utterance in utterances if utterance.name not in hypotheses]
    if missing:
        raise ValueError(f"{len(missing)} utterances have no hypothesis, the first is {missing[0]}")
    return [(utterance.words, hypotheses[utterance.name]) for utterance in utterances]


def aligned(pairs: Sequence[tuple[Sentence, Sentence]]) -> list:
    """jiwer's alignment of each (reference, hypothesis): chunks of one type, with places in both."""
    jiwer = need("jiwer", "repro", "scoring")
    for word in (word for pair in pairs for sentence in pair for word in sentence):
        if word.split() != [word]:
            raise ValueError(f"a word to be scored must have no blanks and not be empty, got {word!r}")
    if not pairs:
        return []
    return jiwer.process_words(*([" ".join(sentence) for sentence in side] for side in zip(*pairs))).alignments


def _length(chunks, kind):
    return sum(max(c.ref_end_idx - c.ref_start_idx, c.hyp_end_idx - c.hyp_start_idx) for c in chunks if c.type == kind)
