"""Recognition of many utterances: acoustic scores once, then as many searches over them as tuning asks for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from ..corpora.corpus import Utterance
from .align import Scorer, Skipped
from .batches import groups, lengths_of, padded, width
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


def acoustic_scores(score: Scorer, utterances: Sequence[Utterance], most: int = 64) -> Acoustics:
    """log p of every frame of each utterance, computed for at most `most` utterances at a time."""
    parts = (utterances[start : start + most] for start in range(0, len(utterances), most))
    return {utterance.name: log_p for part in parts for utterance, log_p in zip(part, score(part))}


def recognise(
    acoustics: Acoustics,
    loop: WordLoop,
    model: LanguageModel,
    weights: Weights,
    log_prior: Float32[np.ndarray, " c"] | None = None,
    most: int | None = None,
) -> Recognised:
    """The best sentence of every utterance by log p - kappa log_prior; without priors, by log p as it is.

    most: utterances that are searched side by side; None: as many as the cache of a core holds (`side_by_side`).
    """
    table, loop = transitions(model, weights), on_device(loop)
    prior = np.float32(0) if log_prior is None else np.float32(weights.kappa) * log_prior
    scaled = {name: log_p - prior for name, log_p in acoustics.items()}
    broken = tuple(name for name, scores in scaled.items() if np.isnan(scores).any())
    words: dict[str, tuple[str, ...]] = {name: () for name in broken}
    skipped = [Skipped(name, "its acoustic scores hold NaN") for name in broken]
    sound = {name: scores for name, scores in scaled.items() if name not in words}
    for names, emissions, lengths in prepared(sound, most or side_by_side(loop)):
        for name, length, hypothesis in zip(names, lengths, best_sentences(emissions, lengths, loop, table)):
            words[name] = tuple(model.words[number] for number in hypothesis.words)
            if not np.isfinite(hypothesis.score):
                skipped.append(Skipped(name, f"no sentence fits its {length} frames"))
    return Recognised(words, tuple(skipped))


def side_by_side(loop: WordLoop) -> int:
    """Utterances whose states together are some 32,000: their scores stay in the cache of a core; 8 to 128."""
    return int(np.clip(-(-(2**15) // len(loop.emits) // 8) * 8, 8, 128))


class Prepared(NamedTuple):
    """Utterances for one search: `emissions` holds `lengths` frames of each, then zeros."""

    names: list[str]
    emissions: Float32[np.ndarray, "b t c"]
    lengths: Int32[np.ndarray, " b"]


def prepared(acoustics: Acoustics, most: int) -> Iterator[Prepared]:
    """All utterances in batches of at most `most`, the short ones first, one batch made when the one before is done."""
    grouped = groups({name: len(log_p) for name, log_p in acoustics.items()}, most)
    for names in grouped:
        rows = [acoustics[name] for name in names]
        yield Prepared(names, padded(rows, width(grouped)), lengths_of(rows, width(grouped)))
