"""Recognition of many utterances: acoustic scores once, then as many searches over them as tuning asks for."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from ..corpora.corpus import Utterance
from .align import Scorer, Skipped
from .batches import padded
from .decode import best_sentences
from .language_model import LanguageModel
from .wordloop import Weights, WordLoop, on_device, transitions

# Utterance -> log posteriors or log likelihoods of its frames.
Acoustics = Mapping[str, Float32[np.ndarray, "t c"]]


class Recognised(NamedTuple):
    """words: utterance -> what was recognised, possibly nothing. skipped: utterances that no sentence fits; they have no
    words.
    """

    words: dict[str, tuple[str, ...]]
    skipped: tuple[Skipped, ...]


def acoustic_scores(score: Scorer, utterances: Sequence[Utterance], width: int = 64) -> Acoustics:
    """log p of every frame of each utterance."""
    found = {}
    for start in range(0, len(utterances), width):
        group = utterances[start : start + width]
        ends = np.cumsum([len(utterance.features) for utterance in group])
        found |= zip((utterance.name for utterance in group), np.split(score(group), ends[:-1]))
    return found


def recognise(
    acoustics: Acoustics,
    loop: WordLoop,
    model: LanguageModel,
    weights: Weights,
    log_prior: Float32[np.ndarray, " c"] | None = None,
    width: int = 16,
) -> Recognised:
    """The best sentence of every utterance by log p - kappa log_prior; without priors, by log p as it is."""
    table, loop = transitions(model, weights), on_device(loop)
    prior = np.float32(0) if log_prior is None else np.float32(weights.kappa) * log_prior
    words, skipped = {}, []
    ordered = sorted(acoustics, key=lambda name: len(acoustics[name]))
    for names in (ordered[start : start + width] for start in range(0, len(ordered), width)):
        lengths = np.array([len(acoustics[name]) for name in names] + [0] * (width - len(names)), np.int32)
        emissions = padded(np.concatenate([acoustics[name] for name in names]) - prior, lengths)
        for name, length, found in zip(names, lengths, best_sentences(emissions, lengths, loop, table)):
            words[name] = tuple(model.words[number] for number in found.words)
            if not np.isfinite(found.score):
                skipped.append(Skipped(name, f"no sentence fits its {length} frames: the best scores {found.score}"))
    return Recognised(words, tuple(skipped))
