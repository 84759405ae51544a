"""Strings of spoken digits: who speaks what in which split, the noise and its level, the same seed the same bits."""

import hashlib
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from small_corpus import one_sentence

from lossjax.data.dataset import DataError
from paper_repro.corpora import digit_strings
from paper_repro.corpora.corpus import fingerprint, too_short, utterances
from paper_repro.corpora.digit_strings import NOISES, Take, assembled, babble, noisy, pink, string
from paper_repro.hybrid import tasks

SHARED = Path(os.environ.get("LOSSJAX_DATA", Path(__file__).parents[4] / "shared" / "data"))
SPEAKERS = ("ann", "bob", "cy", "di")
FEW = (12, 8, 8)


def level(word, speaker, index):
    """A number that tells this recording from every other."""
    return 1 + int(word) + 10 * SPEAKERS.index(speaker) + 40 * index


@pytest.fixture
def takes(monkeypatch):
    """Recordings of 1,000 samples that all hold the recording's number; frames of 100 samples, no noise, no silence."""
    monkeypatch.setattr(digit_strings, "log_mel", lambda signal, hop: signal.reshape(-1, 100)[:, :20])
    monkeypatch.setattr(digit_strings, "standardised", lambda frames: frames)
    monkeypatch.setattr(digit_strings, "noisy", lambda rng, signal, spoken, others: signal)
    monkeypatch.setattr(digit_strings, "PAUSE", (0, 0))
    monkeypatch.setattr(digit_strings, "MARGIN", (0, 0))
    return [
        Take(word, speaker, index, np.full(1000, level(word, speaker, index), np.float32))
        for word, speaker, index in itertools.product("0123456789", SPEAKERS, range(50))
    ]


def spoken(corpus):
    """Of every split, what is heard: (word, speaker, index)."""
    names = {level(*take): take for take in itertools.product("0123456789", SPEAKERS, range(50))}
    for split in corpus[1:4]:
        heard = [(u, [names[int(x)] for x in u.features[::10, 0]]) for u in split]
        for utterance, takes in heard:
            assert tuple(word for word, _, _ in takes) == utterance.words
            assert {speaker for _, speaker, _ in takes} == {utterance.speaker}
        yield {take for _, takes in heard for take in takes}


def test_recordings_keep_to_their_split(takes):
    """Enough strings that every recording of dev and test is heard."""
    train, dev, test = spoken(assembled(takes, 1, held_out=(), strings=(40, 70, 70)))
    assert {index for *_, index in train} <= set(range(10, 50))
    assert dev == {(w, s, i) for w, s, i in itertools.product("0123456789", SPEAKERS, range(5, 10))}
    assert test == {(w, s, i) for w, s, i in itertools.product("0123456789", SPEAKERS, range(5))}


def test_a_speaker_held_out_is_not_heard_in_training(takes):
    train, dev, test = spoken(assembled(takes, 1, held_out=["di"], strings=(40, 20, 130)))
    assert {speaker for _, speaker, _ in train} == {"bob", "cy"}
    assert {speaker for _, speaker, _ in dev} == {"ann"}
    assert test == {(w, "di", i) for w, i in itertools.product("0123456789", range(50))}
    assert {index for *_, index in train} <= set(range(10, 50))


@pytest.mark.parametrize(
    ("held_out", "heard", "dev_speaker"),
    [(("ann", "cy"), {"bob"}, "di"), (("bob", "di"), {"cy"}, "ann"), (("cy", "di"), {"bob"}, "ann")],
)
def test_two_speakers_held_out_are_not_heard_in_training(takes, held_out, heard, dev_speaker):
    train, dev, test = spoken(assembled(takes, 1, held_out=held_out, strings=(40, 20, 260)))
    assert {speaker for _, speaker, _ in train} == heard
    assert {speaker for _, speaker, _ in dev} == {dev_speaker}
    assert test == {(w, s, i) for w, s, i in itertools.product("0123456789", held_out, range(50))}


@pytest.mark.parametrize("held_out", [(), ("di",)])
def test_the_noise_of_a_split_is_made_of_training_speakers_and_its_own_recordings(takes, monkeypatch, held_out):
    heard = []
    monkeypatch.setattr(
        digit_strings, "noisy", lambda rng, signal, spoken, others: heard.append((spoken, others)) or signal
    )
    assembled(takes, 1, held_out=held_out, strings=(4, 4, 4))
    for part, indices in enumerate((range(10, 50), range(5, 10), range(5))):
        for chosen, others in heard[4 * part : 4 * part + 4]:
            numbers = [int(x[0]) - 1 for x in others]
            assert {n // 40 for n in numbers} == set(indices)
            speakers = {SPEAKERS[n % 40 // 10] for n in numbers}
            training = set(SPEAKERS) if not held_out else {"bob", "cy"}
            assert speakers == training - {chosen[0].speaker}


def test_the_same_seed_gives_the_same_bits(takes):
    one, again, other = (assembled(takes, seed, held_out=(), strings=FEW) for seed in (5, 5, 6))
    assert fingerprint(one) == fingerprint(again) != fingerprint(other)
    assert [len(split) for split in one[1:4]] == list(FEW)
    assert {len(u.words) for u in utterances(one)} <= {3, 4, 5, 6, 7}


def test_an_unknown_speaker_and_one_without_recordings(takes):
    with pytest.raises(DataError) as error:
        assembled(takes, 0, held_out=["eve"], strings=FEW)
    one_sentence(error, "'eve'", "ann, bob, cy, di")
    with pytest.raises(DataError) as error:
        assembled([t for t in takes if (t.speaker, t.number) < ("di", 5)], 0, held_out=(), strings=FEW)
    one_sentence(error, "di", "train")
    with pytest.raises(DataError) as error:
        assembled([t for t in takes if t.speaker < "cy"], 0, held_out=(), strings=FEW)
    one_sentence(error, "three speakers", "2")
    with pytest.raises(DataError) as error:
        assembled(takes, 0, held_out=SPEAKERS[:3], strings=FEW)
    one_sentence(error, "ann and bob and cy held out", "two speakers")


@pytest.mark.parametrize("kind", NOISES)
def test_noise_is_as_loud_as_asked(monkeypatch, kind):
    monkeypatch.setattr(digit_strings, "NOISES", (kind,))
    monkeypatch.setattr(digit_strings, "DECIBELS", (6, 6))
    rng = np.random.default_rng(2)
    spoken = [Take("1", "ann", 0, (100 * rng.standard_normal(4000)).astype(np.float32))]
    clean = string(rng, [t.signal for t in spoken])
    noise = noisy(rng, clean, spoken, [rng.standard_normal(3000).astype(np.float32)]) - clean
    decibels = 10 * np.log10(np.mean(spoken[0].signal ** 2) / np.mean(noise**2))
    assert decibels == pytest.approx(6, abs=0.01)


def test_pink_noise_falls_by_3_decibels_an_octave():
    power = np.mean([np.abs(np.fft.rfft(pink(np.random.default_rng(s), 8192))) ** 2 for s in range(40)], axis=0)
    octaves = [power[2**k : 2 ** (k + 1)].mean() for k in range(3, 12)]
    steps = 10 * np.log10(np.divide(octaves[1:], octaves[:-1]))
    np.testing.assert_allclose(steps, -10 * np.log10(2), atol=0.8)
    assert steps.mean() == pytest.approx(-3.01, abs=0.1)


def test_babble_is_four_talkers_of_equal_power():
    """One recording four times in step has the power 16; independent ones, however loud each, have 4."""
    rng = np.random.default_rng(3)
    signals = [(gain * rng.standard_normal(6000)).astype(np.float32) for gain in np.geomspace(1, 3000, 500)]
    assert np.mean(babble(rng, signals[:1], 5000) ** 2) == pytest.approx(16)
    powers = [np.mean(babble(rng, signals, 5000) ** 2) for _ in range(10)]
    assert powers == pytest.approx([4] * 10, rel=0.2)


def test_the_speakers_of_the_folds_are_all_speakers():
    tested = [digit_strings.SPEAKERS[fold :: tasks.PAIRS] for fold in range(tasks.PAIRS)]
    assert sorted(itertools.chain(*tested)) == list(digit_strings.SPEAKERS)
    assert {len(pair) for pair in tested} == {2}


needs_recordings = pytest.mark.skipif(not (SHARED / "fsdd").is_dir(), reason="needs LOSSJAX_DATA/fsdd")


@needs_recordings
def test_strings_of_the_real_recordings():
    pytest.importorskip("kaldi_native_fbank")
    corpus = digit_strings.digit_strings(SHARED / "fsdd/recordings", strings=(24, 6, 6))
    again = digit_strings.digit_strings(SHARED / "fsdd/recordings", strings=(24, 6, 6))
    assert fingerprint(corpus) == fingerprint(again)
    assert {u.features.shape[1] for u in utterances(corpus)} == {20}
    assert too_short(corpus) == ()
    assert tuple(sorted({u.speaker for u in corpus.test})) == digit_strings.SPEAKERS
    for utterance in utterances(corpus):
        np.testing.assert_allclose(utterance.features.mean(0), 0, atol=1e-4)
        # 0.14 to 2.3 s a word, with what stands between.
        assert 0.2 < len(utterance.features) * 0.015 / len(utterance.words) < 1.5
    # The same strings for everyone: words, speakers and lengths of seed 0.
    what = [(u.name, u.speaker, u.words, len(u.features)) for u in utterances(corpus)]
    assert hashlib.sha256(repr(what).encode()).hexdigest()[:16] == "4e4937abb0f72b6f"


@needs_recordings
@pytest.mark.slow
def test_the_protocol_s_number_of_test_words():
    pytest.importorskip("kaldi_native_fbank")
    corpus = digit_strings.digit_strings(SHARED / "fsdd/recordings")
    assert len(corpus.train) == 250
    assert sum(len(u.words) for u in corpus.test) >= 10_000
    assert too_short(corpus) == ()
