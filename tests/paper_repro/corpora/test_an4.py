"""AN4: the counts that are known, and on a made folder every way it can be wrong."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from small_corpus import one_sentence

from lossjax.data import files
from lossjax.data.dataset import DataError
from paper_repro.corpora.an4 import an4, mfc, slope, with_slopes
from paper_repro.corpora.corpus import out_of_vocabulary, too_short
from paper_repro.corpora.jackknife import jackknife

SHARED = Path(os.environ.get("LOSSJAX_DATA", Path(__file__).parents[4] / "shared" / "data"))
TRAIN = [f"s{i}" for i in range(7)]


def cepstra(frames, seed=0, numbers=13):
    values = np.random.default_rng(seed).normal(size=frames * numbers)
    return struct.pack(">i", values.size) + values.astype(">f4").tobytes()


@pytest.fixture
def folder(tmp_path):
    """Seven training speakers of one utterance each, a test speaker of two."""
    etc, words = tmp_path / "etc", {"train": "<s> GO A </s>", "test": "A"}
    etc.mkdir()
    (etc / "an4.phone").write_text("AH\nEY\nG\nOW\nSIL\n")
    (etc / "an4.filler").write_text("<s> SIL\n</s> SIL\n<sil> SIL\n")
    (etc / "an4.dic").write_text("A  AH\nA(2)  EY\nGO  G OW\n")
    entries = {
        "train": [f"an4_clstk/{s}/an{i}-{s}-b" for i, s in enumerate(TRAIN)],
        "test": ["an4test_clstk/t0/an7-t0-b", "an4test_clstk/t0/an8-t0-b"],
    }
    for part, listed in entries.items():
        (etc / f"an4_{part}.fileids").write_text("\n".join(listed) + "\n")
        names = [entry.split("/")[-1] for entry in listed]
        (etc / f"an4_{part}.transcription").write_text("".join(f"{words[part]} ({n})\n" for n in names))
        for i, entry in enumerate(listed):
            path = tmp_path / "feat" / f"{entry}.mfc"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cepstra(20, i))
    return tmp_path


def test_a_made_folder_is_read(folder):
    corpus = an4(folder)
    assert [[u.name for u in split] for split in (corpus.dev, corpus.test)] == [["an5-s5-b"], ["an7-t0-b", "an8-t0-b"]]
    assert [u.speaker for u in corpus.train] == ["s0", "s1", "s2", "s3", "s4", "s6"]
    assert corpus.train[0].words == ("GO", "A")
    assert corpus.lexicon == {"A": (("AH",), ("EY",)), "GO": (("G", "OW"),)}
    assert corpus.states == dict.fromkeys(("AH", "EY", "G", "OW", "SIL"), 3)
    assert corpus.train[0].features.shape == (20, 39)
    assert too_short(corpus) == ()


FIRST = "feat/an4_clstk/s0/an0-s0-b.mfc"
NAN = struct.pack(">i", 26) + np.r_[np.zeros(20), np.nan, np.zeros(5)].astype(">f4").tobytes()
# What is done to the folder: a file and its new content (None: it is gone), and what the sentence must hold.
WRONG = {
    "no features": (FIRST, None, ("an0-s0-b.mfc", "cannot be read")),
    "empty file": (FIRST, b"", ("an0-s0-b.mfc", "0 bytes")),
    "cut": (FIRST, cepstra(20)[:-40], ("an0-s0-b.mfc", "260 numbers", "250")),
    "no frames": (FIRST, cepstra(0), ("an0-s0-b.mfc", "0 numbers")),
    "other frames": (FIRST, cepstra(20, numbers=12), ("an0-s0-b.mfc", "240 numbers", "13")),
    "little-endian": (FIRST, cepstra(20)[3::-1] + cepstra(20)[4:], ("an0-s0-b.mfc",)),
    "not a number": (FIRST, NAN, ("an0-s0-b.mfc", "NaN", "frame 1")),
    "no phones": ("etc/an4.phone", None, ("an4.phone", "missing")),
    "empty phones": ("etc/an4.phone", "\n", ("an4.phone", "empty")),
    "unknown phone": ("etc/an4.dic", "A AH\nGO G XX\n", ("XX", "GO")),
    "no pronunciation": ("etc/an4.dic", "A\nGO G OW\n", ("an4.dic", "A has no pronunciation")),
    "same word twice": ("etc/an4.dic", "A AH\nA EY\nGO G OW\n", ("two lines for A",)),
    "unknown word": ("etc/an4.dic", "A AH\n", ("GO", "an0-s0-b", "dictionary")),
    "not text": ("etc/an4.dic", b"\xff\xfe\x00", ("an4.dic", "cannot be read")),
    "no transcripts": ("etc/an4_test.transcription", None, ("an4_test.transcription", "missing")),
    "transcript missing": ("etc/an4_test.transcription", "A (an7-t0-b)\n", ("an8-t0-b", "no transcript")),
    "transcript too many": (
        "etc/an4_test.transcription",
        "A (an7-t0-b)\nA (an8-t0-b)\nA (an9-t0-b)\n",
        ("an9-t0-b", "lacks"),
    ),
    "transcript twice": ("etc/an4_test.transcription", "A (an7-t0-b)\nGO (an7-t0-b)\n", ("two", "an7-t0-b")),
    "transcript without name": ("etc/an4_test.transcription", "A an7\n", ("'A an7'", "brackets")),
    "listed twice": ("etc/an4_test.fileids", "x/t0/an7-t0-b\nx/t0/an7-t0-b\n", ("an4_test.fileids", "twice")),
    "other speaker": (
        "etc/an4_test.fileids",
        "an4test_clstk/s0/an7-t0-b\nan4test_clstk/t0/an8-t0-b\n",
        ("an7-t0-b", "speaker s0"),
    ),
    "absolute": ("etc/an4_test.fileids", "/x/t0/an7-t0-b\nx/t0/an8-t0-b\n", ("'/x/t0/an7-t0-b'",)),
    "out of the folder": ("etc/an4_test.fileids", "../t0/an7-t0-b\nx/t0/an8-t0-b\n", ("'../t0/an7-t0-b'",)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_a_folder_is_one_sentence(folder, wrong):
    name, content, words = WRONG[wrong]
    path = folder / name
    if content is None:
        path.unlink()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content)
    with pytest.raises(DataError) as error:
        an4(folder)
    one_sentence(error, *words)


def test_a_missing_speaker_is_named(folder):
    (folder / FIRST).unlink()
    (folder / FIRST).parent.rmdir()
    with pytest.raises(DataError) as error:
        an4(folder)
    one_sentence(error, "speaker s0")


def test_a_folder_that_nobody_named_or_filled(monkeypatch, tmp_path):
    monkeypatch.delenv(files.FOLDER, raising=False)
    with pytest.raises(DataError) as error:
        an4()
    one_sentence(error, "LOSSJAX_DATA", "an4")
    with pytest.raises(DataError) as error:
        an4(tmp_path)
    one_sentence(error, "an4.phone")


def test_utterances_shorter_than_their_hmm_are_named(folder):
    """`GO A` has 9 states."""
    (folder / FIRST).write_bytes(cepstra(8))
    assert too_short(an4(folder)) == ("an0-s0-b",)


def test_slopes_of_a_line_and_a_parabola():
    t = np.arange(9.0)[:, None]
    assert slope(3 * t)[2:-2].tolist() == [[3.0]] * 5
    np.testing.assert_allclose(slope(t**2)[2:-2], 2 * t[2:-2])
    # At the edge: (1 (1 - 0) + 2 (2 - 0)) / 10.
    assert slope(t)[0, 0] == 0.5


def test_features_are_normalised_over_the_utterance():
    frames = np.random.default_rng(3).normal(7, 5, size=(50, 13)).astype(np.float32)
    frames[:, 4] = 2.5
    features = with_slopes(frames)
    np.testing.assert_allclose(features[:, :13].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(features[:, :13].std(0), [1, 1, 1, 1, 0, *[1] * 8], atol=1e-6)
    np.testing.assert_allclose(features[:, 26:], slope(slope(features[:, :13])), atol=1e-6)
    # Scale and offset of a channel do not matter.
    np.testing.assert_allclose(with_slopes(3 * frames + 1), features, atol=1e-5)


def test_cepstra_are_big_endian():
    assert mfc(struct.pack(">i13f", 13, *range(13)), "x").tolist() == [list(range(13))]


needs_an4 = pytest.mark.skipif(not (SHARED / "an4").is_dir(), reason="needs LOSSJAX_DATA/an4")


@pytest.fixture(scope="module")
def whole():
    return an4(SHARED / "an4")


@needs_an4
def test_the_known_counts(whole):
    splits = whole[1:4]
    assert [sum(len(u.features) for u in split) for split in splits] == [229_343, 24_339, 35_570]
    assert [sum(len(u.words) for u in split) for split in splits] == [4_929, 513, 773]
    assert [len({u.speaker for u in split}) for split in splits] == [67, 7, 10]
    assert len(whole.train) + len(whole.dev) == 948
    assert len(whole.test) == 130
    assert {u.speaker for u in whole.dev} == set(sorted({u.speaker for u in whole.train + whole.dev})[5::10])
    assert sum(whole.states.values()) == 102


@needs_an4
def test_nothing_is_too_short_or_unknown(whole):
    assert too_short(whole) == ()
    assert out_of_vocabulary(whole) == {}
    spoken = {word for u in whole.train + whole.dev + whole.test for word in u.words}
    assert len(spoken) == 101
    assert spoken <= set(whole.lexicon)
    assert len(whole.lexicon["FEBRUARY"]) == 5


@needs_an4
def test_every_speaker_is_tested_once(whole):
    folds = jackknife(whole, 12)
    tested = [u.name for fold in folds for u in fold.test]
    assert len(tested) == len(set(tested)) == 1078
    assert sum(len(u.words) for fold in folds for u in fold.test) == 4_929 + 513 + 773
    for fold in folds:
        speakers = [{u.speaker for u in split} for split in fold[1:4]]
        assert sum(map(len, speakers)) == len(set.union(*speakers)) == 84
        assert [len(s) for s in speakers] == [69, 8, 7]
