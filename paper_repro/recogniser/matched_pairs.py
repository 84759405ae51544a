"""The matched-pairs sentence-segment word error test of Gillick and Cox (ICASSP 1989), for two recognisers on one test set."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from ..corpora.corpus import Utterance
from .wer import Sentence, aligned, pairs

# So many words in a row that both have right make the errors on either side independent.
BETWEEN = 2


class MatchedPairs(NamedTuple):
    """segments: runs in which either erred. difference: mean of (errors of A - errors of B) over them, with z and p.

    The normal approximation wants some fifty segments. p is two-sided; NaN where the spread of the differences is 0
    and they are not, and so nothing can be said.
    """

    segments: int
    difference: float
    z: float
    p: float


def matched_pairs(
    utterances: Sequence[Utterance], a: Mapping[str, Sentence], b: Mapping[str, Sentence]
) -> MatchedPairs:
    """Do A and B differ in word errors? z = mean of the differences by its standard error, segments being independent.

    Raises: as `wer.count`.
    """
    found = [aligned(pairs(utterances, side)) for side in (a, b)]
    differences = np.array(
        [x - y for u, of_a, of_b in zip(utterances, *found) for x, y in segments(len(u.words), of_a, of_b)], float
    )
    if not differences.any():
        return MatchedPairs(len(differences), 0.0, 0.0, 1.0)
    error = np.std(differences, ddof=1) / np.sqrt(len(differences)) if len(differences) > 1 else 0.0
    z = float(np.mean(differences) / error) if error > 0 else float("nan")
    return MatchedPairs(len(differences), float(np.mean(differences)), z, float(2 * norm.sf(abs(z))))


def segments(words: int, a: Sequence, b: Sequence) -> list[tuple[int, int]]:
    """Errors of A and of B in each segment of one utterance, from jiwer's alignments of both to its reference.

    A segment ends where at least two words in a row are right in both, with nothing inserted between; ends of an
    utterance end one too. Segments without errors are left out.
    """
    found: list[tuple[int, int]] = []
    right = BETWEEN
    for slot, errors in enumerate(zip(_errors(words, a), _errors(words, b))):
        if errors == (0, 0):
            # Even slots are gaps between words.
            right += slot % 2
            continue
        if right >= BETWEEN:
            found.append((0, 0))
        found[-1] = (found[-1][0] + errors[0], found[-1][1] + errors[1])
        right = 0
    return found


def _errors(words, chunks):
    """Errors in each slot: before the first word, the first word, between it and the second, ..., after the last."""
    slots = [0] * (2 * words + 1)
    for chunk in chunks:
        if chunk.type == "insert":
            slots[2 * chunk.ref_start_idx] += chunk.hyp_end_idx - chunk.hyp_start_idx
        elif chunk.type != "equal":
            for word in range(chunk.ref_start_idx, chunk.ref_end_idx):
                slots[2 * word + 1] += 1
    return slots
