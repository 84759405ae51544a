"""Utterances of about one length side by side, padded to a common one."""

from collections.abc import Mapping, Sequence, Sized

import numpy as np
from jaxtyping import Float32, Int32

# Searches stop at the longest utterance of a batch, so that a longer array costs memory only, and every new shape costs
# a compilation.
SHORTEST = 512


def groups(lengths: Mapping[str, int], most: int) -> list[list[str]]:
    """Names of utterances in groups of at most `most`, as equal in number as can be, the short ones first."""
    ordered = sorted(lengths, key=lambda name: lengths[name])
    number = -(-len(ordered) // most)
    size = -(-len(ordered) // max(number, 1))
    return [ordered[group * size : (group + 1) * size] for group in range(number)]


def width(grouped: Sequence[Sized]) -> int:
    """Rows of a batch that hold any of these groups: a multiple of 8, so that rows fill vector registers."""
    return -(-max(map(len, grouped), default=0) // 8) * 8


def padded(rows: Sequence[Float32[np.ndarray, "_ c"]], width: int) -> Float32[np.ndarray, "b t c"]:
    """Arrays of frames side by side, zeros behind each and in the rows beyond them; t is a power of two from 512 on."""
    longest = max(map(len, rows))
    together = np.zeros((width, power_of_two(max(longest, SHORTEST)), rows[0].shape[1]), np.float32)
    for target, row in zip(together, rows):
        target[: len(row)] = row
    return together


def lengths_of(rows: Sequence[Sized], width: int) -> Int32[np.ndarray, " b"]:
    """Their lengths, filled up with zeros to `width` of them."""
    return np.array([*map(len, rows), *[0] * (width - len(rows))], np.int32)


def power_of_two(size: int) -> int:
    """The least power of two that is not below `size`."""
    return 1 << (size - 1).bit_length()
