"""The search over the word loop once more, in plain NumPy: written apart from the other, to hold it to and to time it by.

All utterances of a batch at once, but by the textbook: the choice of every state at every frame is kept, and the way
back goes frame by frame.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int32

from .decode import Hypothesis
from .wordloop import WordLoop


def best_sentences(
    emissions: Float32[np.ndarray, "b t c"],
    lengths: Sequence[int] | Int32[np.ndarray, " b"],
    loop: WordLoop,
    transitions: Float32[np.ndarray, "w1 w1"],
) -> list[Hypothesis]:
    """As `decode.best_sentences`: the same sentences, ties included."""
    emits, entries, words, *_ = loop
    into = transitions[words, :-1]
    width, frames, size = len(emissions), int(max(lengths)), len(emits)
    scores = np.full((width, size), -np.inf, np.float32)
    entering = np.tile(into[-1], (width, 1))
    predecessor = np.full((width, into.shape[1]), len(words) - 1)
    moved = np.zeros((frames, width, size), bool)
    came_from = np.zeros((frames, width, into.shape[1]), np.int32)
    end_state = np.zeros((frames, width, len(words)), np.int32)
    finals = np.full((width, len(words)), -np.inf, np.float32)
    for t in range(frames):
        left = np.empty_like(scores)
        left[:, 1:] = scores[:, :-1]
        left[:, 0] = 0 if t == 0 else -np.inf
        left[:, entries] = entering[:, words[:-1]]
        came_from[t] = predecessor
        np.greater(left, scores, out=moved[t])
        np.maximum(left, scores, out=scores)
        scores += emissions[:, t][:, emits]
        spoken, silent = scores[:, loop.ends], scores[:, loop.silent_ends]
        end_state[t] = np.where(silent > spoken, loop.silent_ends, loop.ends)
        best = np.maximum(spoken, silent)
        through = best[:, :, None] + into[None]
        predecessor = through.argmax(axis=1)
        entering = np.take_along_axis(through, predecessor[:, None], axis=1)[:, 0]
        ending = np.equal(t + 1, lengths)
        finals[ending] = best[ending] + transitions[words, -1]
    return [
        _way_back(finals[b], moved[:, b], came_from[:, b], end_state[:, b], int(length), loop)
        for b, length in enumerate(lengths)
    ]


def _way_back(finals, moved, came_from, end_state, length, loop):
    pronunciation = int(np.argmax(finals))
    score = float(finals[pronunciation])
    found, begins = [], []
    if length == 0 or not np.isfinite(score):
        return Hypothesis((), (), score)
    state, first_states = int(end_state[length - 1, pronunciation]), set(loop.entries.tolist())
    for t in range(length - 1, -1, -1):
        if moved[t, state] and state in first_states:
            found.append(word := int(loop.words[pronunciation]))
            begins.append(t)
            pronunciation = int(came_from[t, word])
            state = int(end_state[t - 1, pronunciation])
        elif moved[t, state]:
            state -= 1
    return Hypothesis(tuple(found[::-1]), tuple(begins[::-1]), score)
