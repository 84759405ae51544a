"""The HMM of a known transcript: every pronunciation of every word, silence optional between words and at both ends."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int32

from .hmm import Chain, Topology


class UnknownWordError(ValueError):
    """A transcript holds a word that the lexicon does not: one sentence."""


class Graph(NamedTuple):
    """S states in an order in which arcs lead forward.

    emits: the acoustic class of each. before: its predecessors, itself first, filled up with S, a state that is never
    reached. first, last: where a path may start and end. shortest: frames of the shortest path.
    """

    emits: Int32[np.ndarray, "*b s"]
    before: Int32[np.ndarray, "*b s k"]
    first: Bool[np.ndarray, "*b s"]
    last: Bool[np.ndarray, "*b s"]
    shortest: Int32[np.ndarray, "*b"] | int


def transcript(topology: Topology, words: Sequence[str]) -> Graph:
    """The graph of these words; of none, silence alone.

    Raises: UnknownWordError for a word outside the lexicon.
    """
    emits: list[int] = []
    before: list[list[int]] = []

    def add(chain: Chain, entries: list[int]) -> int:
        """Append a chain that is entered from these states; the number of its last state."""
        for position, state in enumerate(chain):
            before.append([len(emits), *(entries if position == 0 else [len(emits) - 1])])
            emits.append(state)
        return len(emits) - 1

    opening = add(topology.silence, [])
    first, ends, shortest = {0}, [opening], len(topology.silence) if not words else 0
    for number, word in enumerate(words):
        if word not in topology.lexicon:
            raise UnknownWordError(f"the word {word!r} is not in the lexicon")
        variants = topology.lexicon[word]
        last = []
        for variant in variants:
            if number == 0:
                first.add(len(emits))
            last.append(add(variant, ends))
        ends = [*last, add(topology.silence, last)]
        shortest += min(map(len, variants))
    starts = np.isin(np.arange(len(emits)), sorted(first))
    return Graph(np.array(emits, np.int32), _table(before), starts, np.isin(np.arange(len(emits)), ends), shortest)


def _table(before):
    table = np.full((len(before), max(map(len, before))), len(before), np.int32)
    for row, states in zip(table, before):
        row[: len(states)] = states
    return table


def stack(graphs: Sequence[Graph], states: int, predecessors: int) -> Graph:
    """Graphs side by side, each filled up to so many states and predecessors a state; the fillers are never reached."""
    return Graph(*(np.stack(column) for column in zip(*(_filled(g, states, predecessors) for g in graphs))))


def _filled(graph, states, predecessors):
    missing = states - len(graph.emits)
    before = np.where(graph.before == len(graph.emits), states, graph.before).astype(np.int32)
    before = np.pad(before, ((0, missing), (0, predecessors - before.shape[1])), constant_values=states)
    emits, first, last = (np.pad(x, (0, missing)) for x in (graph.emits, graph.first, graph.last))
    return Graph(emits, before, first, last, graph.shortest)
