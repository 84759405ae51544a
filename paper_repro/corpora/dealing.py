"""What stands in a made line or string: 3 to 7 words, dealt from the isolated ones of one writer or speaker."""

import itertools
from collections.abc import Iterator

import numpy as np


def deal(rng: np.random.Generator, count: int) -> Iterator[int]:
    """0 ... count - 1 in random order, again and again, each time in another: all are dealt equally often."""
    while True:
        yield from rng.permutation(count).tolist()


def hand(rng: np.random.Generator, deck: Iterator[int]) -> list[int]:
    """The next 3 to 7 of a deck, each number equally likely."""
    return list(itertools.islice(deck, int(rng.integers(3, 8))))
