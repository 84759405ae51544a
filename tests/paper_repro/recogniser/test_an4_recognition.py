"""The Gaussian baseline on real speech, from cepstra to word errors (AN4)."""

import os
from pathlib import Path

import numpy as np
import pytest

from paper_repro.corpora import an4 as reader
from paper_repro.recogniser import gaussian_training, language_model, search, speed, wer, wordloop
from paper_repro.recogniser.align import jobs, log_priors
from paper_repro.recogniser.hmm import topology

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
FOLDER = Path(os.environ.get("LOSSJAX_DATA") or SHARED) / "an4"
if not FOLDER.is_dir():
    pytest.skip(f"AN4 is not there: {FOLDER}", allow_module_level=True)


@pytest.fixture(scope="module")
def an4():
    return reader.an4(FOLDER)


def loudness(features):
    return features[:, 0]


def test_sizes(an4):
    made = topology(an4)
    loop = wordloop.word_loop(made, tuple(an4.lexicon))
    assert (made.number, len(an4.lexicon), len(loop.entries)) == (102, 101, 130)


def test_perplexity_of_the_test_set(an4):
    words, test = tuple(an4.lexicon), [u.words for u in an4.test]
    model = language_model.bigram(words, [u.words for u in an4.train])
    assert language_model.perplexity(model, test).value == pytest.approx(20.7, abs=0.1)
    assert language_model.perplexity(language_model.zerogram(words), test) == (pytest.approx(102, rel=1e-6), 903, 0)


def test_every_training_utterance_is_long_enough(an4):
    work, skipped = jobs(topology(an4), an4.train)
    assert (sum(len(job.utterances) for job in work), skipped) == (len(an4.train), ())


@pytest.mark.slow
def test_word_errors_of_the_gaussian_baseline(an4):
    pytest.importorskip("jiwer")
    made, words = topology(an4), tuple(an4.lexicon)
    system = gaussian_training.train(made, an4.train, loudness)
    assert system.alignments.skipped == ()
    assert [p.components for p in system.history] == [1] * 10 + [2, 2, 4, 4, 8, 8]
    assert system.history[-1].log_likelihood > system.history[9].log_likelihood + 1
    # Every state has frames of its own.
    assert np.exp(log_priors(system.alignments.states, made.number)).min() > 1.5 / 229343
    loop = wordloop.word_loop(made, words)
    bigram = language_model.bigram(words, [u.words for u in an4.train])
    weights = wordloop.Weights(0.0, 11.0, 30.0)  # as tuned on dev
    acoustics = search.acoustic_scores(gaussian_training.scorer(system.mixtures), an4.test)
    found = search.recognise(acoustics, loop, bigram, weights)
    zero = search.recognise(acoustics, loop, language_model.zerogram(words), weights._replace(penalty=0.0))
    assert found.skipped == zero.skipped == ()
    errors, without = (wer.count(an4.test, hypotheses.words, words) for hypotheses in (found, zero))
    assert errors.words.sum() == 773
    assert 0.10 < errors.rate < 0.17
    assert errors.rate < without.rate < 0.35
    timed = speed.decoding(acoustics, loop, wordloop.transitions(bigram, weights), runs=1)
    assert timed.same == 130
    print(f"word errors: bigram {errors.rate:.2%}, zero-gram {without.rate:.2%}; {timed}")
