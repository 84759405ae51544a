"""The paired bootstrap over speakers and seeds: by hand, and on simulated recognisers."""

import numpy as np
import pytest

from paper_repro.recogniser import paired_rates


def simulated(rng, seeds, speakers, gap=0.0, seed_spread=0.0):
    """Errors of A and B, words, speakers: five utterances of ten words each; the speakers differ more than A and B."""
    base = np.repeat(rng.uniform(0.05, 0.35, speakers), 5)
    shift = rng.normal(0, seed_spread, (2, seeds, 1))
    rates = np.clip(base[None, None] + shift + np.array([gap, 0])[:, None, None], 0.001, 0.9)
    errors = rng.binomial(10, rates)
    return errors[0], errors[1], np.full(5 * speakers, 10), [f"s{i // 5}" for i in range(5 * speakers)]


def test_a_difference_and_its_interval():
    found = paired_rates.compare(*simulated(np.random.default_rng(0), 8, 40, gap=0.05))
    assert found.difference == pytest.approx(found.a - found.b)
    assert 0 < found.low < 0.05 < found.high < 0.1
    assert (found.seeds, found.speakers, found.words, found.better) == (8, 40, 2000, 0.0)


def test_identical_recognisers_differ_by_nothing():
    errors, _, words, speakers = simulated(np.random.default_rng(0), 3, 5)
    found = paired_rates.compare(errors, errors, words, speakers)
    assert (found.difference, found.low, found.high, found.better, found.words_needed) == (0, 0, 0, 0.5, 0)


@pytest.mark.parametrize(("seeds", "seed_spread"), [(1, 0.0), (10, 0.03)])
def test_the_interval_holds_nothing_about_19_times_in_20(seeds, seed_spread, monkeypatch):
    monkeypatch.setattr(paired_rates, "RESAMPLES", 1_000)
    rng = np.random.default_rng(1)
    trials = [paired_rates.compare(*simulated(rng, seeds, 30, 0.0, seed_spread), seed=i) for i in range(150)]
    inside = np.mean([t.low <= 0 <= t.high for t in trials])
    assert inside > 0.86


def test_resampling_utterances_alone_would_be_too_sure():
    """Seeds that differ widen the interval, whatever the number of words."""
    rng = np.random.default_rng(2)
    alike, apart = (paired_rates.compare(*simulated(rng, 4, 40, 0.0, spread)) for spread in (0.0, 0.05))
    assert apart.high - apart.low > 2 * (alike.high - alike.low)


def test_words_needed_by_hand():
    # Two speakers of 100 words, A has 3 errors more with one and 1 fewer with the other: residuals +2 and -2 errors.
    gap, size = np.array([[3.0, -1.0]]), np.array([100.0, 100.0])
    variance = 2 * (4 + 4) / 200**2
    assert paired_rates.words_needed(gap, size) == pytest.approx(200 * variance / (0.004 / 2.80159) ** 2, rel=1e-4)
    # Twice the difference takes a quarter of the words.
    assert paired_rates.words_needed(gap, size, 0.008) == pytest.approx(paired_rates.words_needed(gap, size) / 4)
    # Ten times the words of the same two speakers at the same rates say nothing new: ten times as many are needed.
    assert paired_rates.words_needed(10 * gap, 10 * size) == pytest.approx(10 * paired_rates.words_needed(gap, size))


def test_the_words_that_it_says_are_enough():
    """With so many words, 0.4 points are found about as often as asked: 80 times in 100."""
    rng = np.random.default_rng(3)
    for seeds in (1, 8):
        needed = np.median([paired_rates.compare(*simulated(rng, seeds, 60)).words_needed for _ in range(20)])
        words = np.full((2, seeds, 60), needed / 60, int)
        rates = np.repeat(rng.uniform(0.05, 0.35, 60)[None], seeds, axis=0)
        found = 0
        for _ in range(200):
            a, b = rng.binomial(words, [rates, np.maximum(rates - 0.004, 0)]).sum(axis=2).mean(axis=1) / needed
            found += a - b > 1.96 * 0.004 / 2.80159
        assert 0.65 < found / 200 < 0.95


def test_seeds_that_differ_too_much_need_more_seeds():
    gap, size = np.array([[3.0, 3.0], [-3.0, -3.0]]), np.array([100.0, 100.0])
    assert paired_rates.words_needed(gap, size) == np.inf


@pytest.mark.parametrize(
    ("speakers", "words", "says"),
    [
        (["s", "s"], [5, 5], "two speakers at least"),
        (["s", "t"], [0, 0], "needs words"),
        (["s"], [5, 5], "do not go with"),
        (["s", "t"], [5, 5], "no seed"),
    ],
)
def test_what_cannot_be_compared(speakers, words, says):
    errors = np.zeros((0 if says == "no seed" else 2, 2), int)
    with pytest.raises(ValueError, match=says):
        paired_rates.compare(errors, errors, np.array(words), speakers)
