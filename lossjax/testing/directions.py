"""Which directions a derivative is looked at along: all unit ones, or random signs and a sample of units."""

import dataclasses

import numpy as np

from .modes import Mode

# Random directions and units, where not every element is looked at.
SIGNS, UNITS = 10, 6


@dataclasses.dataclass(frozen=True)
class Directions:
    """Rows of directions; the first `signs` of them are random, the others units."""

    rows: np.ndarray
    signs: int
    units: int
    of: int  # unit directions there are

    @property
    def complete(self) -> bool:
        """Is every element looked at by itself?"""
        return self.units == self.of


def choose(mode: Mode, every: int, some: int, rng) -> Directions:
    """Every unit direction if there are at most `every` of them; else `some` at most: random signs, and units."""
    sizes = [len(v) for v in mode.along]
    if mode.units <= every:
        return Directions(_units(sizes, np.arange(mode.units)), 0, mode.units, mode.units)
    signs = max(1, min(SIGNS, some // 2))
    sample = rng.choice(mode.units, size=max(1, min(UNITS, some - signs, mode.units)), replace=False)
    random = rng.choice([-1.0, 1.0], (signs, sum(sizes)))
    return Directions(np.concatenate([random, _units(sizes, sample)]), signs, len(sample), mode.units)


def _units(sizes, which):
    """The directions with one 1 in each vector they are made of."""
    rows, start = np.zeros((len(which), sum(sizes))), 0
    for size, index in zip(sizes, np.unravel_index(which, sizes)):
        rows[np.arange(len(which)), start + index] = 1
        start += size
    return rows
