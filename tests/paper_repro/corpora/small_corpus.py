"""A corpus of two units that any test can bend."""

import numpy as np

from paper_repro.corpora.corpus import Corpus, Utterance


def utterance(name, words=("a",), frames=9, speaker="s1", dims=3):
    values = np.random.default_rng(len(name) + frames).normal(size=(frames, dims))
    return Utterance(name, speaker, values.astype(np.float32), tuple(words))


def corpus(**changes):
    whole = Corpus(
        "small",
        (utterance("u1"), utterance("u2", ("a", "b"), speaker="s2")),
        (utterance("u3", speaker="s3"),),
        (utterance("u4", speaker="s4"),),
        {"a": (("x",), ("x", "y")), "b": (("y", "y"),)},
        "sil",
        {"x": 2, "y": 3, "sil": 1},
        1,
        0.01,
    )
    return whole._replace(**changes)


def one_sentence(error, *words):
    """What was raised is one line and holds these words."""
    text = str(error.value)
    assert "\n" not in text
    assert all(word in text for word in words), text
