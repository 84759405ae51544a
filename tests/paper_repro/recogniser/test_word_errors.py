"""Word errors and the matched-pairs test: by hand, and on simulated recognisers."""

import numpy as np
import pytest
import tiny_words as tiny

from paper_repro.recogniser import matched_pairs as mp
from paper_repro.recogniser import wer

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
    with pytest.raises(ValueError, match="1 utterances have no hypothesis, the first is u1"):
        mp.matched_pairs(spoken("a", "b"), said("a", "b"), said("a"))
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
