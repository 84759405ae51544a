"""Sigmoid perceptrons over rows of frames: what is stored has no context, it is gathered inside the step."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jaxtyping import Float32, Int32

from lossjax.training.models import Network, perceptron

from ..corpora.context import Windows
from ..recogniser.align import Scorer
from .criteria import Criterion
from .frames import Aligned

# Rows that are computed at a time, in scoring.
CHUNK = 4096


def inputs(data: Aligned) -> int:
    """Numbers a network sees of a frame."""
    return (2 * data.context + 1) * data.frames.features.shape[1]


def plain(data: Aligned, depth: int, width: int) -> Network:
    """The perceptron of `depth` hidden layers, from gathered frames (n, inputs) to pre-activations (n, classes)."""
    return perceptron(f"{depth} x {width}", inputs(data), *[width] * depth, data.classes)


def over_rows(data: Aligned, depth: int, width: int) -> Network:
    """The same from windows (n,), so that an example is one integer."""
    network = plain(data, depth, width)
    return network._replace(apply=lambda params, windows: network.apply(params, windows.gathered()))


class Posteriors:
    """log p(state | frame) of any rows by networks of one shape and criterion, compiled once."""

    def __init__(self, data: Aligned, network: Network, criterion: Criterion):
        """network: over rows."""
        self._data = data
        self._z = jax.jit(network.apply)
        self._log_p = jax.jit(criterion.log_posterior)

    def z(self, params: Any, rows: Int32[np.ndarray, " n"]) -> Iterator[Float32[np.ndarray, "_ c"]]:
        """Pre-activations, at most CHUNK rows of them at a time."""
        return self._chunks(functools.partial(self._z, params), rows)

    def scorer(self, params: Any) -> Scorer:
        """The acoustic model of one network."""

        def score(utterances):
            spans = [self._data.spans[u.name] for u in utterances]
            rows = np.concatenate([np.arange(s.start, s.stop, dtype=np.int32) for s in spans])
            found = np.concatenate(list(self._chunks(lambda some: self._log_p(self._z(params, some)), rows)))
            return np.split(found, np.cumsum([s.stop - s.start for s in spans])[:-1])

        return score

    def _chunks(self, f: Callable, rows) -> Iterator[np.ndarray]:
        for first in range(0, len(rows), CHUNK):
            part = rows[first : first + CHUNK]
            windows = Windows(self._data.frames, np.pad(part, (0, CHUNK - len(part))), self._data.context)
            yield np.asarray(f(windows))[: len(part)]
