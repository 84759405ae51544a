"""How fast the search is, beside the same search in plain NumPy; both get the same batches and must find the same."""

import time
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from . import decode, plain_search
from .search import Acoustics, prepared
from .wordloop import WordLoop, on_device


class Speed(NamedTuple):
    """Frames a second, the fastest of so many runs over all utterances, compiled before; acoustic scores not counted.

    same: utterances for which both found the same words, beginnings and score.
    """

    utterances: int
    frames: int
    states: int
    runs: int
    jax: float
    numpy: float
    same: int


def decoding(
    acoustics: Acoustics, loop: WordLoop, transitions: Float32[np.ndarray, "w1 w1"], runs: int = 3, most: int = 16
) -> Speed:
    """Time both searches in turns."""
    work, placed = list(prepared(acoustics, most)), on_device(loop)

    def run(search, tables):
        began = time.perf_counter()
        found = [search(emissions, lengths, tables, transitions) for _, emissions, lengths in work]
        return found, time.perf_counter() - began

    run(decode.best_sentences, placed)
    frames = sum(map(len, acoustics.values()))
    taken, same = [], 0
    for _ in range(runs):
        ours, seconds = run(decode.best_sentences, placed)
        theirs, plain_seconds = run(plain_search.best_sentences, loop)
        taken.append((seconds, plain_seconds))
        pairs = ((a, b) for batch, x, y in zip(work, ours, theirs) for _, a, b in zip(batch.names, x, y))
        same = sum(a == b for a, b in pairs)
    fastest, plain_fastest = (frames / min(column) for column in zip(*taken))
    return Speed(len(acoustics), frames, len(loop.emits), runs, fastest, plain_fastest, same)
