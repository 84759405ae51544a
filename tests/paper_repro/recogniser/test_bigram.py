"""The language model: by hand, and that it is one."""

import numpy as np
import pytest

from lossjax.data.dataset import DataError
from paper_repro.recogniser.language_model import bigram, perplexity, zerogram

WORDS = ("x", "y", "z")
SENTENCES = [("x", "y"), ("x", "x", "y"), ("y",)]


def test_every_context_sums_to_one():
    rng = np.random.default_rng(0)
    words = tuple(f"w{i}" for i in range(40))
    text = [tuple(rng.choice(words[:30], rng.integers(0, 9))) for _ in range(100)]
    for model in (bigram(words, text), bigram(words, []), zerogram(words)):
        assert model.log_p.shape == (41, 41)
        assert np.exp(np.float64(model.log_p)).sum(axis=1) == pytest.approx(np.ones(41), rel=1e-6)


def test_witten_bell_by_hand():
    p = np.exp(bigram(WORDS, SENTENCES).log_p)
    # x 3 times, y 3, z never, the end 3; half a count more for each of these four.
    unigram = np.array([3.5, 3.5, 0.5, 3.5]) / 11
    # After x: x once, y twice, so N = 3 and T = 2.
    assert p[0] == pytest.approx((np.array([1, 2, 0, 0]) + 2 * unigram) / 5)
    # After y: the end 3 times, T = 1. At the start: x twice, y once, T = 2. z was never seen.
    assert p[1] == pytest.approx((np.array([0, 0, 0, 3]) + unigram) / 4)
    assert p[3] == pytest.approx((np.array([2, 1, 0, 0]) + 2 * unigram) / 5)
    assert p[2] == pytest.approx(unigram)


def test_perplexity():
    assert perplexity(zerogram(WORDS), SENTENCES) == (pytest.approx(4), 9, 0)
    model = bigram(WORDS, SENTENCES)
    by_hand = np.exp(-(model.log_p[3, 1] + model.log_p[1, 3]) / 2)
    assert perplexity(model, [("y",)]) == (pytest.approx(by_hand), 2, 0)


def test_an_unknown_word_is_counted_and_neither_predicted_nor_a_context():
    model = bigram(WORDS, SENTENCES)
    assert perplexity(model, [("x", "?", "y")]).unknown == 1
    assert perplexity(model, [("x", "?", "y")]).predicted == 2
    assert np.isnan(perplexity(model, [("?",)]).value)
    # "? y" teaches that y ends a sentence, and nothing of what precedes it.
    assert bigram(WORDS, [("?", "y")]).log_p[0] == pytest.approx(
        bigram(WORDS, []).log_p[0] + np.log([2 / 3, 2 / 3, 2 / 3, 2])
    )


@pytest.mark.parametrize("words", [(), ("x", "x")])
def test_a_vocabulary_that_is_none(words):
    with pytest.raises(DataError, match="a vocabulary needs words, each of them once"):
        zerogram(words)
