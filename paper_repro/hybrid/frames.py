"""The frames of a corpus as a network sees them: standardised, one array for all splits, rows with their states."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Int32

from lossjax.data.dataset import DataError

from ..corpora.context import Frames, joined
from ..corpora.corpus import Corpus, Utterance, utterances
from ..recogniser.gaussian_training import moments

_AT_A_TIME = 100_000


class Aligned(NamedTuple):
    """frames: of all utterances, each feature with mean 0 and variance 1 over the training frames.

    spans: utterance -> its rows. rows, states: of each split, the frames that have a state, and it.
    """

    frames: Frames
    context: int
    classes: int
    spans: dict[str, slice]
    rows: dict[str, Int32[np.ndarray, " n"]]
    states: dict[str, Int32[np.ndarray, " n"]]


def aligned(corpus: Corpus, states: Mapping[str, Int32[np.ndarray, " t"]], classes: int) -> Aligned:
    """states: utterance -> the state of each frame; utterances that are not there could not be aligned."""
    mean, variance = moments(corpus.train)
    scale = 1 / np.sqrt(np.where(variance > 0, variance, 1))
    everything = joined(utterances(corpus))
    # In place and some at a time: mean and scale have twice the bits, and so would a second copy of everything.
    for first in range(0, len(everything.features), _AT_A_TIME):
        part = everything.features[first : first + _AT_A_TIME]
        part[:] = (part - mean) * scale
    frames = Frames(*map(jnp.asarray, everything))
    spans = _spans(utterances(corpus))
    kept = {s: [u.name for u in getattr(corpus, s) if u.name in states] for s in ("train", "dev", "test")}
    rows = {s: _joined([np.arange(spans[n].start, spans[n].stop) for n in names]) for s, names in kept.items()}
    targets = {s: _joined([states[n] for n in names]) for s, names in kept.items()}
    return Aligned(frames, corpus.context, classes, spans, rows, targets)


def check(data: Aligned, batch: int) -> None:
    """Raises DataError, one sentence, where there is nothing to train or to judge a network on."""
    if len(data.rows["train"]) < batch:
        raise DataError(f"{len(data.rows['train']):,} aligned training frames are fewer than a batch of {batch:,}")
    for split in ("dev", "test"):
        if not len(data.rows[split]):
            raise DataError(f"none of its {split} utterances can be aligned")


def _spans(everything: Sequence[Utterance]):
    ends = np.cumsum([len(u.features) for u in everything]).tolist()
    return {u.name: slice(end - len(u.features), end) for u, end in zip(everything, ends)}


def _joined(parts):
    return np.concatenate([np.zeros(0, np.int32), *parts]).astype(np.int32)
