"""Word errors, the matched-pairs test and the paired bootstrap: by hand, and on simulated recognisers."""

import numpy as np
import pytest
import tiny_words as tiny

from paper_repro.recogniser import matched_pairs as mp
from paper_repro.recogniser import paired_rates, wer

pytest.importorskip("jiwer")


def spoken(*sentences):
    return [tiny.utterance(f"u{i}", 3, sentence.split()) for i, sentence in enumerate(sentences)]


def said(*sentences):
    return {f"u{i}": tuple(sentence.split()) for i, sentence in enumerate(sentences)}


@pytest.mark.parametrize(
    ("reference", "hypothesis", "substituted", "deleted", "inserted"),
    [
        ("a b c", "a b c", 0, 0, 0),
        ("a b c", "a x c", 1, 0, 0),
        ("a b c", "a c", 0, 1, 0),
        ("a b c", "a b x c", 0, 0, 1),
        ("a b c", "", 0, 3, 0),
        ("", "a b", 0, 0, 2),
        ("", "", 0, 0, 0),
        ("a b", "c d e", 2, 0, 1),
    ],
)
def test_errors_of_one_utterance(reference, hypothesis, substituted, deleted, inserted):
    found = wer.count(spoken(reference), said(hypothesis))
    assert found.words.tolist() == [len(reference.split())]
    counted = found.substitutions, found.deletions, found.insertions
    assert [int(c[0]) for c in counted] == [substituted, deleted, inserted]
    assert found.errors.tolist() == [substituted + deleted + inserted]


def test_rate_and_unknown_words():
    found = wer.count(spoken("a b", "zebra b", ""), said("a b", "a b", "a"), vocabulary=("a", "b"))
    assert found.names == ("u0", "u1", "u2")
    assert found.rate == 2 / 4
    assert found.unknown.tolist() == [0, 1, 0]
    assert np.isnan(wer.count(spoken(""), said("a")).rate)
    assert np.isnan(wer.count([], {}).rate)


def test_what_cannot_be_scored():
    with pytest.raises(ValueError, match="1 utterances have no hypothesis, the first is u1"):
        wer.count(spoken("a", "b"), said("a"))
    with pytest.raises(ValueError, match="no blanks and not be empty, got 'a b'"):
        wer.count(spoken("a"), {"u0": ("a b",)})


# Reference, two hypotheses, errors of both in each segment.
SEGMENTS = [
    ("a b c d e", "a b c d e", "a b c d e", []),
    ("a b c d e", "x b c d e", "a b c d e", [(1, 0)]),
    # Two words right in both lie between: two segments. One word, or two with something inserted: one.
    ("a b c d", "x b c d", "a b c y", [(1, 0), (0, 1)]),
    ("a b c", "x b c", "a b y", [(1, 1)]),
    ("a b c d", "x b c d", "a b z c y", [(1, 2)]),
    ("a b c d e f", "x b c d e f", "a b z c d y f", [(1, 1), (0, 1)]),
    ("a b", "", "a b", [(2, 0)]),
    ("", "a b", "", [(2, 0)]),
    ("a b c", "a b c z", "y y a b c", [(0, 2), (1, 0)]),
]


@pytest.mark.parametrize(("reference", "a", "b", "wanted"), SEGMENTS)
def test_segments(reference, a, b, wanted):
    words = reference.split()
    of_a, of_b = wer.aligned([(words, a.split()), (words, b.split())])
    assert mp.segments(len(words), of_a, of_b) == wanted


def test_segments_hold_all_errors():
    rng = np.random.default_rng(0)
    for _ in range(200):
        words, a, b = (tuple(rng.choice(list("abc"), rng.integers(0, 12))) for _ in range(3))
        us = [tiny.utterance("u", 3, words)]
        totals = [int(wer.count(us, {"u": x}).errors[0]) for x in (a, b)]
        found = mp.segments(len(words), *wer.aligned([(words, a), (words, b)]))
        assert [sum(side) for side in zip(*found)] == (totals if found else [])
        assert all(x or y for x, y in found)
        if not found:
            assert totals == [0, 0]


def test_matched_pairs_by_hand():
    references, a, b = ["a"] * 5, ["x", "x", "x", "a", "a"], ["a", "a", "a", "x", "a"]
    found = mp.matched_pairs(spoken(*references), said(*a), said(*b))
    # Differences 1, 1, 1, -1: mean 1/2, standard error 1/2.
    assert (found.segments, found.difference, found.z) == (4, 0.5, pytest.approx(1.0))
    assert found.p == pytest.approx(0.3173, abs=1e-4)


def test_matched_pairs_without_a_spread():
    same = mp.matched_pairs(spoken("a", "b"), said("x", "b"), said("x", "b"))
    assert same == mp.MatchedPairs(1, 0.0, 0.0, 1.0)
    assert mp.matched_pairs(spoken("a"), said("a"), said("a")) == mp.MatchedPairs(0, 0.0, 0.0, 1.0)
    constant = mp.matched_pairs(spoken("a", "b"), said("x", "x"), said("a", "b"))
    assert np.isnan(constant.p)


def test_matched_pairs_of_equals_are_rarely_told_apart():
    rng = np.random.default_rng(0)
    references = [("a",) * 8] * 100
    us = [tiny.utterance(f"u{i}", 3, words) for i, words in enumerate(references)]

    def recogniser(rate):
        return {u.name: tuple("x" if rng.random() < rate else w for w in u.words) for u in us}

    false = np.mean([mp.matched_pairs(us, recogniser(0.1), recogniser(0.1)).p < 0.05 for _ in range(200)])
    assert false < 0.1
    true = np.mean([mp.matched_pairs(us, recogniser(0.1), recogniser(0.2)).p < 0.05 for _ in range(20)])
    assert true > 0.8


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
def test_the_interval_holds_nothing_about_19_times_in_20(seeds, seed_spread):
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
    # Ten times the words and errors, as many speakers with the same rates: more words of the same are as hard.
    assert paired_rates.words_needed(gap, size, 0.008) == pytest.approx(paired_rates.words_needed(gap, size) / 4)


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
    ],
)
def test_what_cannot_be_compared(speakers, words, says):
    errors = np.zeros((2, 2), int)
    with pytest.raises(ValueError, match=says):
        paired_rates.compare(errors, errors, np.array(words), speakers)
