"""The best path through a transcript, against all of them."""

import numpy as np
import pytest
import tiny_words as tiny
from hypothesis import given
from hypothesis import strategies as st

from lossjax.data.dataset import DataError
from paper_repro.recogniser import align
from paper_repro.recogniser.hmm import topology
from paper_repro.recogniser.transcript import UnknownWordError, stack, transcript
from paper_repro.recogniser.viterbi import best_paths

FRAMES = 8
ROWS = 3
TRANSCRIPTS = [(), ("b",), ("ab",), ("ba", "ab"), ("ab", "ab"), ("ab", "b", "ab")]


def aligned(emissions, lengths, transcripts):
    graphs = stack([transcript(tiny.TOPOLOGY, words) for words in transcripts], 32, 6)
    classes, scores = best_paths(emissions, np.array(lengths, np.int32), graphs)
    return np.asarray(classes), np.asarray(scores)


def total(path, emissions):
    return sum(emissions[t, state] for t, state in enumerate(path))


def test_states_are_numbered_unit_by_unit():
    assert tiny.TOPOLOGY.units == {"a": tiny.A, "b": tiny.B, "_": tiny.SILENCE}
    assert tiny.TOPOLOGY.lexicon == tiny.SPELLED
    assert (tiny.TOPOLOGY.number, tiny.TOPOLOGY.silence) == (5, tiny.SILENCE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"states": {"a": 1, "b": 0, "_": 1}}, "needs at least one HMM state"),
        ({"states": {"a": 1, "_": 1}}, "the pronunciation of 'ab' has the unit 'b', which has no HMM states"),
        ({"silence": "?"}, "the unit '\\?', which has no HMM states"),
        ({"lexicon": {"x": ()}}, "the word 'x' has no pronunciation"),
        ({"lexicon": {"x": (("a",), ())}}, "the word 'x' has no pronunciation"),
    ],
)
def test_a_lexicon_that_makes_no_sense_is_refused(change, says):
    with pytest.raises(DataError, match=says):
        topology(tiny.corpus(**change))


@pytest.mark.parametrize("words", TRANSCRIPTS, ids=" ".join)
def test_the_graph_has_exactly_the_paths_of_its_words(words):
    graph = transcript(tiny.TOPOLOGY, words)
    for frames in range(1, FRAMES):
        found = set()
        begun = [(s,) for s in np.flatnonzero(graph.first)]
        while begun:
            path = begun.pop()
            if len(path) == frames:
                found |= {tuple(int(graph.emits[s]) for s in path)} if graph.last[path[-1]] else set()
                continue
            begun += [(*path, s) for s in range(len(graph.emits)) if path[-1] in graph.before[s]]
        assert found == tiny.paths(words, frames)
        assert bool(found) == (frames >= graph.shortest)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 1000]))
def test_the_best_path_is_the_best_of_all(seed, size):
    """Emissions are small integers: sums are exact, and with size 1 and 3 nearly all paths tie with others."""
    rng = np.random.default_rng(seed)
    emissions = rng.integers(-size, size + 1, (ROWS, FRAMES, 5)).astype(np.float32)
    lengths = rng.integers(1, FRAMES + 1, ROWS)
    transcripts = [TRANSCRIPTS[i] for i in rng.integers(0, len(TRANSCRIPTS), ROWS)]
    classes, scores = aligned(emissions, lengths, transcripts)
    for row, words in enumerate(transcripts):
        every = {path: total(path, emissions[row]) for path in tiny.paths(words, int(lengths[row]))}
        assert scores[row] == max(every.values(), default=-np.inf)
        if every:
            assert every[tuple(classes[row, : lengths[row]].tolist())] == scores[row]
            assert (classes[row, lengths[row] :] == -1).all()


def test_a_tie_stays_where_it_is():
    # All emissions equal: of all paths the one that keeps to a state wherever it can, seen from the end.
    classes, _ = aligned(np.zeros((1, FRAMES, 5), np.float32), [5], [("b",)])
    assert classes[0, :5].tolist() == [1, 2, 2, 2, 2]


def test_what_lies_behind_the_end_counts_for_nothing():
    rng = np.random.default_rng(0)
    emissions = rng.normal(size=(2, FRAMES, 5)).astype(np.float32)
    emissions[1, :6] = emissions[0, :6]
    emissions[1, 6:] = np.nan
    emissions[0, 6:] = 1e30
    classes, scores = aligned(emissions, [6, 6], [("ab", "b")] * 2)
    assert scores[0] == scores[1]
    assert classes[0].tolist() == classes[1].tolist()


def test_an_empty_row_has_no_path():
    classes, scores = aligned(np.zeros((2, FRAMES, 5), np.float32), [0, 3], [("b",)] * 2)
    assert scores.tolist() == [-np.inf, 0]
    assert (classes[0] == -1).all()


def test_an_unknown_word_is_named():
    with pytest.raises(UnknownWordError, match="the word 'c' is not in the lexicon"):
        transcript(tiny.TOPOLOGY, ("b", "c"))


def corpus_scores(utterances):
    return [
        np.random.default_rng(len(u.features)).normal(size=(len(u.features), 5)).astype(np.float32) for u in utterances
    ]


def test_a_corpus_is_aligned_whole_and_what_cannot_be_is_named():
    utterances = [tiny.utterance(f"u{n}", n, ("ab", "ba")) for n in (9, 4, 3, 6, 5, 20, 7)]
    utterances.append(tiny.utterance("stranger", 9, ("ab", "zebra")))
    work, skipped = align.jobs(tiny.TOPOLOGY, utterances, most=4)
    found = align.align(corpus_scores, work, skipped)
    assert set(found.states) == {"u9", "u4", "u6", "u5", "u20", "u7"}
    assert {s.name: s.why for s in found.skipped} == {
        "u3": "3 frames are fewer than the 4 states of its shortest path",
        "stranger": "the word 'zebra' is not in the lexicon",
    }
    for utterance in utterances:
        if utterance.name in found.states:
            (log_p,) = corpus_scores([utterance])
            path = tuple(found.states[utterance.name].tolist())
            assert len(path) == 20 or path in tiny.paths(utterance.words, len(path))
            assert found.scores[utterance.name] == pytest.approx(total(path, log_p), abs=1e-4)


def test_the_width_of_a_batch_changes_nothing():
    utterances = [tiny.utterance(f"u{n}", n, ("ab", "ba")) for n in range(4, 15)]
    narrow, wide = (align.align(corpus_scores, align.jobs(tiny.TOPOLOGY, utterances, most)[0]) for most in (3, 16))
    assert narrow.scores == wide.scores
    assert all((narrow.states[name] == wide.states[name]).all() for name in wide.states)


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf, [[np.inf], [-np.inf]]])
def test_scores_that_leave_no_path_are_reported(value):
    utterances = [tiny.utterance("good", 6), tiny.utterance("bad", 7)]
    work, _ = align.jobs(tiny.TOPOLOGY, utterances)

    def broken(us):
        found = [np.zeros((len(u.features), 5), np.float32) for u in us]
        for u, log_p in zip(us, found):
            log_p[3:5] = value if u.name == "bad" else 0
        return found

    found = align.align(broken, work)
    assert set(found.states) == {"good"}
    assert found.skipped == (align.Skipped("bad", "its acoustic scores leave no path, or hold NaN"),)


def test_priors_count_states_and_leave_none_impossible():
    states = {"u": np.array([0, 0, 2], np.int32), "v": np.array([2], np.int32)}
    assert np.exp(align.log_priors(states, 4)) == pytest.approx(np.array([2.5, 0.5, 2.5, 0.5]) / 6)
    assert np.exp(align.log_priors({}, 2)) == pytest.approx([0.5, 0.5])


def test_frame_error():
    truth = {"u": np.array([0, 1, 1], np.int32), "v": np.array([2], np.int32)}
    assert align.frame_error({"u": np.array([0, 1, 2], np.int32)}, truth) == pytest.approx(1 / 3)
    assert np.isnan(align.frame_error({}, truth))
