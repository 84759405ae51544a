"""Neighbours are gathered on the fly; beyond an end stands the frame at that end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_corpus import utterance

from paper_repro.corpora.context import frames_with_context, gather, joined


def by_hand(features, t, context):
    neighbours = [features[min(max(t + k, 0), len(features) - 1)] for k in range(-context, context + 1)]
    return np.concatenate(neighbours)


UTTERANCES = [utterance("a", frames=7), utterance("b", frames=1), utterance("c", frames=4)]


@pytest.mark.parametrize("context", [0, 1, 5])
def test_rows_of_joined_utterances_stay_in_their_own(context):
    frames = joined(UTTERANCES)
    rows = jnp.array([0, 6, 7, 8, 11, 3, 3])
    got = jax.jit(gather, static_argnums=2)(frames, rows, context)
    at = [(0, 0), (0, 6), (1, 0), (2, 0), (2, 3), (0, 3), (0, 3)]
    np.testing.assert_array_equal(got, [by_hand(UTTERANCES[u].features, t, context) for u, t in at])


@pytest.mark.parametrize("context", [0, 1, 5])
@pytest.mark.parametrize("one", UTTERANCES, ids=lambda u: f"{len(u.features)} frames")
def test_a_whole_utterance(one, context):
    got = jax.jit(frames_with_context, static_argnums=1)(one.features, context)
    np.testing.assert_array_equal(got, [by_hand(one.features, t, context) for t in range(len(one.features))])


def test_padding_is_never_a_neighbour():
    padded = np.full((3, 7, 3), np.nan, np.float32)
    for row, one in zip(padded, UTTERANCES):
        row[: len(one.features)] = one.features
    lengths = jnp.array([len(u.features) for u in UTTERANCES])
    got = jax.vmap(frames_with_context, (0, None, 0))(padded, 2, lengths)
    for rows, one in zip(got, UTTERANCES):
        np.testing.assert_array_equal(rows[: len(one.features)], frames_with_context(one.features, 2))


def test_nothing_is_stored_with_context():
    frames = joined(UTTERANCES)
    assert frames.features.shape == (12, 3)
    assert frames.first.tolist() == [0] * 7 + [7] + [8] * 4
    assert frames.last.tolist() == [6] * 7 + [7] + [11] * 4
