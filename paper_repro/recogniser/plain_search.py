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
    emits, entries, entered, ends = map(np.asarray, loop)
    width, frames, size = len(emissions), int(max(lengths)), len(emits)
    start = len(ends) - 1
    scores = np.full((width, size), -np.inf, np.float32)
    entering = np.tile(transitions[start, :-1], (width, 1))
    predecessor = np.full((width, start), start)
    moved = np.zeros((frames, width, size), bool)
    from_word = np.zeros((frames, width, start), np.int32)
    word_end = np.zeros((frames, width, start + 1), np.int32)
    finals = np.full((width, start + 1), -np.inf, np.float32)
    rows = np.arange(width)[:, None]
    for t in range(frames):
        left = np.empty_like(scores)
        left[:, 1:] = scores[:, :-1]
        left[:, 0] = 0 if t == 0 else -np.inf
        left[:, entries] = entering[:, entered]
        from_word[t] = predecessor
        np.greater(left, scores, out=moved[t])
        np.maximum(left, scores, out=scores)
        scores += emissions[:, t][:, emits]
        at_ends = scores[:, ends]
        choice = at_ends.argmax(axis=2)
        word_end[t] = ends[np.arange(start + 1), choice]
        best = scores[rows, word_end[t]]
        through = best[:, :, None] + transitions[None, :, :-1]
        predecessor = through.argmax(axis=1)
        entering = through.max(axis=1)
        ending = np.equal(t + 1, lengths)
        finals[ending] = best[ending] + transitions[:, start]
    tables = (moved, from_word, word_end)
    return [_way_back(finals[b], *(x[:, b] for x in tables), int(n), loop) for b, n in enumerate(lengths)]


def _way_back(finals, moved, from_word, word_end, length, loop):
    start = len(loop.ends) - 1
    word = int(np.argmax(finals))
    score = float(finals[word])
    if length == 0 or not np.isfinite(score):
        return Hypothesis((), (), score)
    state = int(word_end[length - 1, word])
    first_states = set(loop.entries.tolist())
    words, begins = [], []
    for t in range(length - 1, -1, -1):
        if not moved[t, state]:
            continue
        if state not in first_states:
            state -= 1
            continue
        words.append(word)
        begins.append(t)
        word = int(from_word[t, word])
        if t > 0:
            state = int(word_end[t - 1, word])
    return Hypothesis(tuple(words[::-1]), tuple(begins[::-1]), score)
