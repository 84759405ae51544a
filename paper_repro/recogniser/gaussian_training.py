"""The Gaussian baseline: a flat start, single Gaussians, then mixtures, realigned by Viterbi after every update."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int32

from lossjax.data.dataset import DataError

from ..corpora.corpus import Utterance
from .align import Alignments, Job, Scorer, align, jobs
from .gaussian import (
    VARIANCE_FLOOR,
    Mixtures,
    Statistics,
    log_likelihood,
    nothing,
    one_gaussian,
    split,
    statistics,
    updated,
)
from .hmm import Topology

# The loudness of every frame; None where silence lies between words rather than around them.
Energy = Callable[[Float[np.ndarray, "t d"]], Float[np.ndarray, " t"]] | None


class Schedule(NamedTuple):
    """single: Viterbi passes with one Gaussian a state. splits: how often components double, `between` passes after each."""

    single: int = 10
    splits: int = 3
    between: int = 2


# Recipe of the reproduction: single Gaussians, then 2, 4 and 8 components.
PROTOCOL = Schedule()


class Pass(NamedTuple):
    """What one pass over the corpus gave: components a state at most, mean log likelihood of a frame on the best path."""

    components: int
    log_likelihood: float


class GaussianSystem(NamedTuple):
    """The mixtures, the alignment that they give, and how training went."""

    mixtures: Mixtures
    alignments: Alignments
    history: tuple[Pass, ...]


def scorer(mixtures: Mixtures) -> Scorer:
    """The acoustic model for alignment and decoding."""

    def score(utterances):
        ends = np.cumsum([len(utterance.features) for utterance in utterances])
        return np.split(log_likelihood(mixtures, _frames(utterances)), ends[:-1])

    return score


def _frames(utterances):
    return np.concatenate([utterance.features for utterance in utterances])


def train(
    topology: Topology,
    utterances: Sequence[Utterance],
    energy: Energy = None,
    schedule: Schedule = PROTOCOL,
    most: int = 16,
) -> GaussianSystem:
    """Train on these utterances; one that has an unknown word or too few frames is named in `alignments.skipped`.

    Raises: DataError where none is left.
    """
    work, skipped = jobs(topology, utterances, most)
    if not work:
        raise DataError(f"none of the {len(utterances)} training utterances can be aligned")
    flat = {u.name: flat_start(topology, u.words, u.features, energy) for job in work for u in job.utterances}
    mean, variance = moments([u for u in utterances if u.name in flat])
    # A feature that never changes tells states apart by nothing, and its variance of 0 would make every score NaN.
    variance = np.where(variance > 0, variance, 1)
    floor = VARIANCE_FLOOR * variance
    found = one_gaussian(topology.number, mean, variance)
    sums = _collect(found, work, flat)
    mixtures, history = updated(found, sums, floor), []
    for doubling in range(schedule.splits + 1):
        if doubling:
            mixtures = split(mixtures, sums.frames)
        for _ in range(schedule.between if doubling else schedule.single):
            alignments = align(scorer(mixtures), work, skipped)
            history.append(_pass(mixtures, alignments))
            sums = _collect(mixtures, work, alignments.states)
            mixtures = updated(mixtures, sums, floor)
    return GaussianSystem(mixtures, align(scorer(mixtures), work, skipped), tuple(history))


def moments(utterances: Sequence[Utterance]) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, " d"]]:
    """Mean and variance of all frames, in float64, an utterance at a time."""
    frames = sum(len(u.features) for u in utterances)
    mean = sum(u.features.sum(axis=0, dtype=float) for u in utterances) / frames
    variance = sum(((u.features - mean) ** 2).sum(axis=0) for u in utterances) / frames
    return np.asarray(mean), np.asarray(variance)


def _pass(mixtures, found):
    frames = sum(map(len, found.states.values()))
    return Pass(mixtures.log_weight.shape[1], sum(found.scores.values()) / max(frames, 1))


def _collect(mixtures, work: Sequence[Job], states):
    """Statistics of all utterances that have states."""
    parts = ([u for u in job.utterances if u.name in states] for job in work)
    total = nothing(mixtures)
    for us in parts:
        if us:
            found = statistics(mixtures, _frames(us), np.concatenate([states[u.name] for u in us]))
            total = Statistics(*map(np.add, total, found))
    return total


def flat_start(
    topology: Topology, words: Sequence[str], features: Float[np.ndarray, "t d"], energy: Energy = None
) -> Int32[np.ndarray, " t"]:
    """A first alignment: the states of the first pronunciations in equal parts.

    With an energy they share the frames from the first to the last loud one (`endpoints`), and silence has the rest;
    without, silence stands before, between and after the words and takes an equal part too. An utterance with fewer
    frames than states gives some states none.
    """
    chains = [topology.lexicon[word][0] for word in words]
    first, end = 0, len(features)
    if energy is None:
        states = [*topology.silence, *(state for chain in chains for state in (*chain, *topology.silence))]
    else:
        states = [state for chain in chains for state in chain] or list(topology.silence)
        first, end = endpoints(energy(features))
    found = np.empty(len(features), np.int32)
    found[first:end] = np.array(states)[np.arange(end - first) * len(states) // max(end - first, 1)]
    for silent in (found[:first], found[end:]):
        silent[:] = np.array(topology.silence)[np.arange(len(silent)) * len(topology.silence) // max(len(silent), 1)]
    return found


def endpoints(energy: Float[np.ndarray, " t"]) -> tuple[int, int]:
    """First and one past the last frame with energy > p10 + 0.3 (p95 - p10), percentiles over the utterance."""
    low, high = np.percentile(energy, [10, 95])
    loud = np.flatnonzero(energy > low + 0.3 * (high - low))
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(energy))
