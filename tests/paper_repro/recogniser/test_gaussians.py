"""Mixtures against SciPy and against loops; training on frames drawn from a known HMM."""

import numpy as np
import pytest
import tiny_words as tiny
from scipy.stats import norm

from lossjax.data.dataset import DataError
from paper_repro.corpora.corpus import Utterance
from paper_repro.recogniser import gaussian, gaussian_training
from paper_repro.recogniser.align import frame_error

STATES, COMPONENTS, DIMS = 3, 2, 4


@pytest.fixture
def mixtures():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(COMPONENTS), STATES)
    weights[2] = [1, 0]
    with np.errstate(divide="ignore"):
        columns = np.log(weights), rng.normal(size=(STATES, COMPONENTS, DIMS)), rng.uniform(0.1, 2, (3, 2, 4))
    return gaussian.Mixtures(*(np.asarray(column, np.float32) for column in columns))


def densities(mixtures, x):
    """w N(x; mean, variance) of every component, in float64."""
    each = norm.pdf(x[:, None, None], mixtures.mean, np.sqrt(np.float64(mixtures.variance)))
    return np.exp(np.float64(mixtures.log_weight)) * each.prod(axis=-1)


@pytest.mark.parametrize("frames", [1, gaussian.CHUNK, gaussian.CHUNK + 1])
def test_likelihood(mixtures, frames):
    x = np.random.default_rng(1).normal(size=(frames, DIMS)).astype(np.float32)
    found = gaussian.log_likelihood(mixtures, x)
    assert found == pytest.approx(np.log(densities(mixtures, x).sum(axis=2)), abs=2e-4)


def test_statistics_and_update(mixtures):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(gaussian.CHUNK + 500, DIMS)).astype(np.float32)
    states = rng.integers(-1, 2, len(x)).astype(np.int32)
    floor = np.full(DIMS, 0.9)
    found = gaussian.statistics(mixtures, x, states)
    new = gaussian.updated(mixtures, found, floor)
    for state in range(2):
        own = x[states == state].astype(float)
        share = densities(mixtures, own)[:, state]
        share /= share.sum(axis=1, keepdims=True)
        assert found.frames[state] == pytest.approx(share.sum(axis=0), rel=1e-4)
        assert np.exp(new.log_weight[state]) == pytest.approx(share.mean(axis=0), rel=1e-4)
        for m in range(COMPONENTS):
            mean = np.average(own, axis=0, weights=share[:, m])
            spread = np.average((own - mean) ** 2, axis=0, weights=share[:, m])
            assert new.mean[state, m] == pytest.approx(mean, abs=1e-4)
            assert new.variance[state, m] == pytest.approx(np.maximum(spread, floor), rel=1e-3)
    # State 2 has no frames: everything as it was.
    assert all(np.array_equal(a[2], b[2]) for a, b in zip(new, mixtures))
    assert np.any(new.variance[:2] == np.float32(0.9))


def test_an_update_never_lowers_the_likelihood(mixtures):
    rng = np.random.default_rng(3)
    states = rng.integers(0, STATES, 600).astype(np.int32)
    x = (rng.normal(size=(600, DIMS)) * (1 + states[:, None]) + rng.choice([-1, 1], (600, 1))).astype(np.float32)
    before = -np.inf
    for _ in range(6):
        now = gaussian.log_likelihood(mixtures, x)[np.arange(600), states].sum(dtype=float)
        assert now >= before - 1e-2
        before = now
        mixtures = gaussian.updated(mixtures, gaussian.statistics(mixtures, x, states), np.full(DIMS, 1e-3))


def test_splitting(mixtures):
    frames = np.array([[500, 80], [160, 159], [1000, 0]])
    twice = gaussian.split(mixtures, frames)
    assert np.exp(twice.log_weight).sum(axis=1) == pytest.approx(np.ones(STATES), rel=1e-6)
    split = frames >= 160
    assert np.array_equal(np.isneginf(twice.log_weight[:, 2:]), ~split | np.isneginf(mixtures.log_weight))
    apart = twice.mean[:, :2] - twice.mean[:, 2:]
    wanted = np.where(split[:, :, None], 2 * gaussian.SPLIT * np.sqrt(mixtures.variance), 0)
    assert apart == pytest.approx(wanted, abs=1e-6)
    assert twice.mean[:, :2] + twice.mean[:, 2:] == pytest.approx(2 * mixtures.mean, abs=1e-6)


def test_flat_start_in_equal_parts():
    frames = np.zeros((17, 1), np.float32)
    found = gaussian_training.flat_start(tiny.TOPOLOGY, ("b", "ab"), frames)
    # Silence, "b", silence, "ab" by its first pronunciation, silence: eleven states.
    order = [3, 4, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    kept = [s for s, before in zip(found, [None, *found[:-1]]) if s != before]
    assert kept == order
    assert {np.sum(found == s) for s in (0, 1, 2)} <= {1, 2, 3, 4}


def test_flat_start_by_energy():
    energy = np.array([0, 0, 0, 5, 6, 1, 5, 7, 6, 5, 0, 0], np.float32)
    assert gaussian_training.endpoints(energy) == (3, 10)
    found = gaussian_training.flat_start(tiny.TOPOLOGY, ("b", "ab"), energy[:, None], lambda x: x[:, 0])
    assert found.tolist() == [3, 3, 4, 1, 1, 2, 0, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("energy", [np.zeros(4), np.ones(1)])
def test_no_frame_is_louder_than_the_rest(energy):
    assert gaussian_training.endpoints(energy) == (0, len(energy))


def spoken(name, words, rng, means):
    """Frames drawn from the HMM of these words, and the states they were drawn from."""
    chain = [*tiny.SILENCE, *(s for word in words for s in (*tiny.SPELLED[word][0], *tiny.SILENCE))]
    states = np.repeat(chain, rng.integers(2, 7, len(chain))).astype(np.int32)
    features = (means[states] + rng.normal(0, 0.5, (len(states), means.shape[1]))).astype(np.float32)
    return Utterance(name, "s", features, tuple(words)), states


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    means = rng.normal(0, 2, (5, 6))
    return [spoken(f"u{i}", rng.choice(tiny.WORDS, rng.integers(1, 5)), rng, means) for i in range(60)]


SHORT = gaussian_training.Schedule(single=5, splits=1, between=1)


def test_training_finds_the_states_that_made_the_frames(drawn):
    utterances = [u for u, _ in drawn]
    found = gaussian_training.train(tiny.TOPOLOGY, utterances, schedule=SHORT)
    assert found.alignments.skipped == ()
    flat = {u.name: gaussian_training.flat_start(tiny.TOPOLOGY, u.words, u.features) for u in utterances}
    truth = {u.name: states for u, states in drawn}
    assert frame_error(flat, truth) > 0.3
    assert frame_error(found.alignments.states, truth) < 0.05
    assert [p.components for p in found.history] == [1, 1, 1, 1, 1, 2]
    gained = np.diff([p.log_likelihood for p in found.history[:5]])
    assert (gained > -1e-3).all()
    assert gained[0] > 0.1


def test_what_cannot_be_aligned_is_named_and_left_out(drawn):
    utterances = [u for u, _ in drawn[:20]]
    extra = [tiny.utterance("short", 2, ("ba",), dims=6), tiny.utterance("stranger", 50, ("zebra",), dims=6)]
    alone = gaussian_training.train(tiny.TOPOLOGY, utterances, schedule=SHORT)
    found = gaussian_training.train(tiny.TOPOLOGY, [*extra, *utterances], schedule=SHORT)
    assert {s.name for s in found.alignments.skipped} == {"short", "stranger"}
    assert set(found.alignments.states) == set(alone.alignments.states) == {u.name for u in utterances}
    assert all(np.array_equal(x, y) for x, y in zip(found.mixtures, alone.mixtures))


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0])
def test_a_feature_that_never_changes_does_no_harm(drawn, value):
    utterances = [u for u, _ in drawn[:20]]
    longer = [u._replace(features=np.pad(u.features, ((0, 0), (0, 1)), constant_values=value)) for u in utterances]
    alone, found = (gaussian_training.train(tiny.TOPOLOGY, x, schedule=SHORT).alignments for x in (utterances, longer))
    assert found.skipped == ()
    assert frame_error(found.states, alone.states) < 0.01


def test_nothing_to_train_on():
    with pytest.raises(DataError, match="none of the 1 training utterances can be aligned"):
        gaussian_training.train(tiny.TOPOLOGY, [tiny.utterance("short", 1)])


def test_the_same_twice_is_the_same(drawn):
    utterances = [u for u, _ in drawn[:10]]
    a, b = (gaussian_training.train(tiny.TOPOLOGY, utterances, schedule=SHORT) for _ in range(2))
    assert all(np.array_equal(x, y) for x, y in zip(a.mixtures, b.mixtures))
