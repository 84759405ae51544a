"""Forced alignment of a corpus, and the priors of the states that follow from it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from ..corpora.corpus import Utterance
from .batches import groups, lengths_of, padded, power_of_two, width
from .hmm import Topology
from .transcript import Graph, UnknownWordError, stack, transcript
from .viterbi import best_paths

# log p of every frame and state of each of these utterances: arrays (t, c), float32.
Scorer = Callable[[Sequence[Utterance]], Sequence[Float32[np.ndarray, "t c"]]]


class Skipped(NamedTuple):
    """An utterance that was left out, and why: half a sentence."""

    name: str
    why: str


class Job(NamedTuple):
    """Utterances of about one length, at most as many as there are graphs."""

    utterances: list[Utterance]
    graphs: Graph


class Alignments(NamedTuple):
    """states: utterance -> HMM state of each frame. scores: utterance -> sum of the emissions along that path."""

    states: dict[str, Int32[np.ndarray, " t"]]
    scores: dict[str, float]
    skipped: tuple[Skipped, ...]


def jobs(topology: Topology, utterances: Sequence[Utterance], most: int = 16) -> tuple[list[Job], tuple[Skipped, ...]]:
    """What is to be aligned, in batches of at most `most`; and the utterances that cannot be: an unknown word, too few frames."""
    kept, graphs, skipped = {}, {}, []
    for utterance in utterances:
        try:
            graphs[utterance.name] = _fitting(topology, utterance)
            kept[utterance.name] = utterance
        except (UnknownWordError, _TooShortError) as problem:
            skipped.append(Skipped(utterance.name, str(problem)))
    grouped = groups({name: len(utterance.features) for name, utterance in kept.items()}, most)
    # One number of rows and of predecessors for all, as each shape is compiled.
    rows, predecessors = width(grouped), max((graph.before.shape[1] for graph in graphs.values()), default=1)
    made = [_job([kept[n] for n in names], [graphs[n] for n in names], rows, predecessors) for names in grouped]
    return made, tuple(skipped)


class _TooShortError(ValueError):
    pass


def _fitting(topology, utterance):
    graph, frames = transcript(topology, utterance.words), len(utterance.features)
    if frames < graph.shortest:
        raise _TooShortError(f"{frames} frames are fewer than the {graph.shortest} states of its shortest path")
    return graph


def _job(utterances, graphs, rows, predecessors):
    states = power_of_two(max(len(graph.emits) for graph in graphs))
    return Job(utterances, stack(graphs + graphs[:1] * (rows - len(graphs)), states, predecessors))


def align(score: Scorer, work: Iterable[Job], skipped: Iterable[Skipped] = ()) -> Alignments:
    """The best path of every utterance by this acoustic model; an utterance without a finite one joins `skipped`."""
    states, scores, left_out = {}, {}, list(skipped)
    for utterances, graphs in work:
        log_p, rows = score(utterances), len(graphs.emits)
        lengths = lengths_of(log_p, rows)
        classes, totals = map(np.asarray, best_paths(padded(log_p, rows), lengths, graphs))
        for utterance, own, path, total in zip(utterances, log_p, classes, totals):
            if np.isnan(own).any() or not np.isfinite(total):
                left_out.append(Skipped(utterance.name, "its acoustic scores leave no path, or hold NaN"))
                continue
            states[utterance.name], scores[utterance.name] = path[: len(own)].copy(), float(total)
    return Alignments(states, scores, tuple(left_out))


def log_priors(states: Mapping[str, Int32[np.ndarray, " t"]], count: int) -> Float32[np.ndarray, " c"]:
    """log p(s) = log (N(s) + 1/2) / (N + C / 2) of C = count states in N aligned frames: a state never seen has one too."""
    seen = np.bincount(np.concatenate([np.zeros(0, np.int32), *states.values()]), minlength=count) + 0.5
    return np.log(seen / seen.sum()).astype(np.float32)


def frame_error(found: Mapping[str, Int32[np.ndarray, " t"]], truth: Mapping[str, Int32[np.ndarray, " t"]]) -> float:
    """Share of the frames whose state differs, over the utterances that both hold; NaN where there are none."""
    common = [name for name in truth if name in found]
    wrong = sum(int(np.sum(found[name] != truth[name])) for name in common)
    frames = sum(len(truth[name]) for name in common)
    return wrong / frames if frames else float("nan")
