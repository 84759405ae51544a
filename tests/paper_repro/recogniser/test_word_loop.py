"""The best sentence, against all sentences, and against the search in plain NumPy."""

from itertools import pairwise

import numpy as np
import pytest
import tiny_words as tiny
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.recogniser import align, decode, plain_search, search, speed
from paper_repro.recogniser.hmm import Topology
from paper_repro.recogniser.language_model import LanguageModel, zerogram
from paper_repro.recogniser.wordloop import Weights, transitions, word_loop

FRAMES = 6
ROWS = 4
LOOP = word_loop(tiny.TOPOLOGY, tiny.WORDS)
NUMBER = {word: i for i, word in enumerate(tiny.WORDS)}
# Every path of every sentence, by length: state sequences as an array, one sentence each.
ALL = {n: {words: np.array(sorted(tiny.paths(words, n))) for words in tiny.sentences(n)} for n in range(1, FRAMES + 1)}


def best_of_all(emissions, table):
    """Sentence -> score of its best path and its language model."""
    frames = len(emissions)
    found = {}
    for words, every in ALL[frames].items():
        if len(every):
            numbers = [len(table) - 1, *(NUMBER[word] for word in words), len(table) - 1]
            acoustic = emissions[np.arange(frames), every].sum(axis=1).max()
            found[words] = acoustic + sum(table[u, v] for u, v in pairwise(numbers))
    return found


def spoken(hypothesis):
    return tuple(tiny.WORDS[number] for number in hypothesis.words)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 1000]))
def test_the_best_sentence_is_the_best_of_all(seed, size):
    """Integers again: sums are exact, and small ones tie."""
    rng = np.random.default_rng(seed)
    emissions = rng.integers(-size, size + 1, (ROWS, FRAMES, 5)).astype(np.float32)
    table = rng.integers(-size, size + 1, (4, 4)).astype(np.float32)
    lengths = rng.integers(1, FRAMES + 1, ROWS)
    found = decode.best_sentences(emissions, lengths, LOOP, table)
    assert found == plain_search.best_sentences(emissions, lengths, LOOP, table)
    for row, (length, hypothesis) in enumerate(zip(lengths, found)):
        every = best_of_all(emissions[row, :length], table)
        if not every:
            assert hypothesis == decode.Hypothesis((), (), -np.inf)
            continue
        assert hypothesis.score == max(every.values())
        assert every[spoken(hypothesis)] == hypothesis.score


def test_one_frame_fits_one_word_only():
    # "ab" said as "a" alone has one state; silence, "b" and "ba" have more.
    assert [words for words, every in ALL[1].items() if len(every)] == [("ab",)]


@pytest.mark.parametrize(("scale", "penalty"), [(1.0, 0.0), (3.0, 0.0), (0.0, 2.5), (2.0, -1.0)])
def test_scale_and_penalty(scale, penalty):
    rng = np.random.default_rng(3)
    log_p = np.log(rng.dirichlet(np.ones(4), 4)).astype(np.float32)
    table = transitions(LanguageModel(tiny.WORDS, log_p), Weights(lm_scale=scale, penalty=penalty))
    assert table[:, 3] == pytest.approx(scale * log_p[:, 3])
    assert table[:, :3] == pytest.approx(scale * log_p[:, :3] - penalty)


def random_task(seed, words=23, frames=60, rows=7):
    rng = np.random.default_rng(seed)
    lexicon = {
        f"w{i}": tuple(tuple(rng.integers(3, 20, rng.integers(1, 6)).tolist()) for _ in range(rng.integers(1, 4)))
        for i in range(words)
    }
    made = Topology(20, {}, (0, 1, 2), lexicon)
    table = np.log(rng.dirichlet(np.ones(words + 1), words + 1)).astype(np.float32)
    emissions = rng.normal(0, 2, (rows, frames, 20)).astype(np.float32)
    return emissions, rng.integers(0, frames + 1, rows), word_loop(made, tuple(lexicon)), table


@pytest.mark.parametrize("seed", range(5))
def test_jax_and_numpy_agree_on_larger_tasks(seed):
    emissions, lengths, loop, table = random_task(seed)
    found = decode.best_sentences(emissions, lengths, loop, table)
    assert found == plain_search.best_sentences(emissions, lengths, loop, table)
    assert sum(len(hypothesis.words) for hypothesis in found) > 20


def test_the_score_is_that_of_the_words_found():
    """Forced to its own sentence, an utterance scores what it scored in the loop."""
    from paper_repro.recogniser.transcript import stack, transcript
    from paper_repro.recogniser.viterbi import best_paths

    rng = np.random.default_rng(5)
    emissions = rng.normal(0, 2, (1, 40, 5)).astype(np.float32)
    table = np.log(rng.dirichlet(np.ones(4), 4)).astype(np.float32)
    (found,) = decode.best_sentences(emissions, [40], LOOP, table)
    graph = stack([transcript(tiny.TOPOLOGY, spoken(found))], 128, 6)
    acoustic = float(best_paths(emissions, np.array([40], np.int32), graph)[1][0])
    numbers = [3, *found.words, 3]
    assert len(found.words) > 2
    assert found.score == pytest.approx(acoustic + sum(table[u, v] for u, v in pairwise(numbers)), abs=1e-3)


def test_a_sentence_may_be_silence():
    emissions = np.zeros((1, 4, 5), np.float32)
    emissions[:, :, list(tiny.SILENCE)] = 1
    (found,) = decode.best_sentences(emissions, [4], LOOP, np.zeros((4, 4), np.float32))
    assert found == decode.Hypothesis((), (), 4)


def test_recognition_names_what_no_sentence_fits():
    model = zerogram(("b", "ba"))
    loop = word_loop(tiny.TOPOLOGY, model.words)
    acoustics = {
        "short": np.zeros((1, 5), np.float32),
        "good": np.log(np.eye(5, dtype=np.float32)[[1, 2, 3, 4, 1, 1, 2, 0]] + np.float32(0.01)),
        "broken": np.where(np.eye(7, 5) > 0, np.nan, 0).astype(np.float32),
    }
    found = search.recognise(acoustics, loop, model, Weights(lm_scale=0), most=2)
    assert found.words == {"short": (), "good": ("b", "ba"), "broken": ()}
    assert {s.name: s.why for s in found.skipped} == {
        "short": "no sentence fits its 1 frames",
        "broken": "its acoustic scores hold NaN",
    }


def test_a_prior_that_is_no_number_is_said():
    model = zerogram(("b",))
    loop, log_prior = word_loop(tiny.TOPOLOGY, model.words), np.array([0, np.nan, 0, 0, 0], np.float32)
    found = search.recognise({"u": np.zeros((6, 5), np.float32)}, loop, model, Weights(), log_prior)
    assert found == search.Recognised({"u": ()}, (align.Skipped("u", "its acoustic scores hold NaN"),))


def test_kappa_takes_the_prior_out():
    """A state that is likely a priori loses what kappa takes."""
    model = zerogram(("b", "ba"))
    loop = word_loop(tiny.TOPOLOGY, model.words)
    log_prior = np.log(np.array([0.05, 0.4, 0.4, 0.1, 0.05], np.float32))
    posterior = np.log(
        np.array([[0.2, 0.5, 0.1, 0.1, 0.1], [0.2, 0.1, 0.5, 0.1, 0.1], [0.3, 0.1, 0.4, 0.1, 0.1]], np.float32)
    )
    said = {
        kappa: search.recognise({"u": posterior}, loop, model, Weights(kappa, 0), log_prior).words["u"]
        for kappa in (0.0, 1.0)
    }
    assert said == {0.0: ("b",), 1.0: ("ba",)}
    assert search.recognise({"u": posterior}, loop, model, Weights(1.0, 0)).words["u"] == ("b",)


def test_both_searches_are_timed_on_the_same():
    rng = np.random.default_rng(0)
    acoustics = {f"u{n}": rng.normal(size=(n, 5)).astype(np.float32) for n in range(1, 40)}
    found = speed.decoding(acoustics, LOOP, np.zeros((4, 4), np.float32), runs=1)
    assert (found.utterances, found.same, found.frames) == (39, 39, 780)
    assert found.jax > 0 < found.numpy


def test_nothing_to_recognise():
    assert search.recognise({}, LOOP, zerogram(tiny.WORDS), Weights()) == search.Recognised({}, ())
