"""How fast the search is, beside the same search in plain NumPy; both get the same batches and must find the same."""

import time
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from . import decode, plain_search
from .search import Acoustics, prepared, side_by_side
from .wordloop import WordLoop, on_device


class Speed(NamedTuple):
    """jax, numpy: frames a second of processor time, all threads counted, the fastest of so many runs over everything.

    jax_wall, numpy_wall: frames a second of wall time in the fastest run. Compiled before; acoustic scores not counted.
    same: utterances for which both found the same words, beginnings and score.
    """

    utterances: int
    frames: int
    states: int
    runs: int
    jax: float
    numpy: float
    jax_wall: float
    numpy_wall: float
    same: int


def decoding(
    acoustics: Acoustics,
    loop: WordLoop,
    transitions: Float32[np.ndarray, "w1 w1"],
    runs: int = 3,
    most: int | None = None,
) -> Speed:
    """Time both searches in turns, on the same batches."""
    work, placed = list(prepared(acoustics, most or side_by_side(loop))), on_device(loop)

    def run(search, tables):
        wall, cpu = time.perf_counter(), time.process_time()
        found = [search(emissions, lengths, tables, transitions) for _, emissions, lengths in work]
        return found, (time.process_time() - cpu, time.perf_counter() - wall)

    run(decode.best_sentences, placed)
    taken, same = [], 0
    for _ in range(runs):
        ours, seconds = run(decode.best_sentences, placed)
        theirs, plain_seconds = run(plain_search.best_sentences, loop)
        taken.append((*seconds, *plain_seconds))
        pairs = ((a, b) for batch, x, y in zip(work, ours, theirs) for _, a, b in zip(batch.names, x, y))
        same = sum(a == b for a, b in pairs)
    frames = sum(map(len, acoustics.values()))
    jax, jax_wall, plain, plain_wall = (frames / min(column) for column in zip(*taken))
    return Speed(len(acoustics), frames, len(loop.emits), runs, jax, plain, jax_wall, plain_wall, same)
