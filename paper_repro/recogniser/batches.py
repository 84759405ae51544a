"""Utterances of about one length side by side, padded to a common one."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int32

from ..corpora.corpus import Utterance

# Searches stop at the longest utterance of a batch, so that a longer array costs memory only, and every new shape costs
# a compilation.
SHORTEST = 512


def groups(utterances: Sequence[Utterance], width: int) -> list[list[Utterance]]:
    """The short ones first, `width` at a time; of equal length, in the order given."""
    ordered = sorted(utterances, key=lambda utterance: len(utterance.features))
    return [ordered[start : start + width] for start in range(0, len(ordered), width)]


def lengths_of(utterances: Sequence[Utterance], width: int) -> Int32[np.ndarray, " b"]:
    """Frames of each utterance, filled up with zeros to `width` of them."""
    lengths = np.zeros(width, np.int32)
    lengths[: len(utterances)] = [len(utterance.features) for utterance in utterances]
    return lengths


def padded(frames: Float32[np.ndarray, "n c"], lengths: Int32[np.ndarray, " b"]) -> Float32[np.ndarray, "b t c"]:
    """Frames of utterances one after another, as one row each, zeros behind; t is a power of two, 512 at least."""
    rows = np.zeros((len(lengths), power_of_two(max(int(lengths.max()), SHORTEST)), frames.shape[1]), np.float32)
    for row, length, end in zip(rows, lengths, np.cumsum(lengths)):
        row[:length] = frames[end - length : end]
    return rows


def power_of_two(size: int) -> int:
    """The least power of two that is not below `size`."""
    return 1 << (size - 1).bit_length()
