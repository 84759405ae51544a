"""Kaldi's folders, written here: what is in them is read, what is missing is one sentence, nothing is run."""

import struct
import sys

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from small_corpus import one_sentence, utterance

from lossjax.data.dataset import DataError
from lossjax.extras import MissingExtraError
from paper_repro.corpora import kaldi
from paper_repro.corpora.corpus import out_of_vocabulary, too_short

SPLITS = {"train": ("a1", "a2", "b1"), "dev": ("c1",), "test": ("d1", "d2")}


def matrix(values):
    """Kaldi's binary float matrix."""
    values = np.asarray(values, "<f4")
    return b"\0BFM " + struct.pack("<bibi", 4, values.shape[0], 4, values.shape[1]) + values.tobytes()


def vector(states):
    return b"\0B\4" + struct.pack("<i", len(states)) + b"".join(b"\4" + struct.pack("<i", s) for s in states)


def archive(path, entries):
    """An .ark and its .scp, which says `beside`: a path relative to its own folder."""
    content, lines = b"", []
    for name, one in entries.items():
        content += name.encode() + b" "
        lines.append(f"{name} {path.stem}.ark:{len(content)}\n")
        content += one
    path.with_suffix(".ark").write_bytes(content)
    path.with_suffix(".scp").write_text("".join(lines))


@pytest.fixture
def folder(tmp_path):
    words = tmp_path / "local/dict"
    words.mkdir(parents=True)
    (words / "lexicon.txt").write_text("!SIL SIL\nyes Y EH S\nno N OW\nno N AH\n")
    (words / "optional_silence.txt").write_text("SIL\n")
    for split, names in SPLITS.items():
        (place := tmp_path / split).mkdir()
        archive(place / "feats", {n: matrix(utterance(n, frames=20).features) for n in names})
        archive(place / "ali", {n: vector(np.arange(20) % 7) for n in names})
        (place / "text").write_text("".join(f"{n} yes no\n" for n in names))
        (place / "utt2spk").write_text("".join(f"{n} {n[0]}\n" for n in names))
    return tmp_path


@pytest.fixture
def kaldiio():
    return pytest.importorskip("kaldiio")


@pytest.mark.usefixtures("kaldiio")
def test_a_folder_is_read(folder):
    (folder / "train/frame_shift").write_text("0.015\n")
    corpus = kaldi.kaldi(folder)
    assert [tuple(u.name for u in split) for split in corpus[1:4]] == list(SPLITS.values())
    assert [u.speaker for u in corpus.train] == ["a", "a", "b"]
    for one in corpus.train + corpus.dev + corpus.test:
        np.testing.assert_array_equal(one.features, utterance(one.name, frames=20).features)
        assert one.words == ("yes", "no")
    # `!SIL` is no word.
    assert corpus.lexicon == {"yes": (("Y", "EH", "S"),), "no": (("N", "OW"), ("N", "AH"))}
    assert corpus.silence == "SIL"
    assert corpus.states == dict.fromkeys(("SIL", "Y", "EH", "S", "N", "OW", "AH"), 3)
    assert corpus.frame_seconds == 0.015
    assert too_short(corpus) == ()


@pytest.mark.usefixtures("kaldiio")
def test_other_names_of_the_splits(folder):
    (folder / "test").rename(folder / "eval92")
    assert len(kaldi.kaldi(folder, splits=("train", "dev", "eval92")).test) == 2


def test_what_kaldiio_writes_is_read(kaldiio, folder):
    values = utterance("a1", frames=20).features
    for method, error in ((None, 0), (2, 0.05), (3, 0.001)):
        with kaldiio.WriteHelper(f"ark,scp:{folder}/w.ark,{folder}/w.scp", compression_method=method) as writer:
            writer("a1", values)
        entry = (folder / "w.scp").read_text().split()[1:]
        np.testing.assert_allclose(kaldi.matrix(folder / "w.scp", "a1", entry), values, atol=error)


@pytest.mark.usefixtures("kaldiio")
def test_alignments_are_those_of_the_file(folder):
    corpus = kaldi.kaldi(folder)
    found = kaldi.alignments(folder / "train/ali.scp", corpus.train)
    assert set(found) == set(SPLITS["train"])
    assert found["b1"].tolist() == [t % 7 for t in range(20)]


@pytest.mark.usefixtures("kaldiio")
def test_a_test_word_out_of_the_vocabulary_is_named(folder):
    (folder / "test/text").write_text("d1 yes maybe\nd2 no\n")
    assert out_of_vocabulary(kaldi.kaldi(folder)) == {"d1": ("maybe",)}


# A file and its new content (None: it is gone), and what the sentence must hold.
WRONG = {
    "no lexicon": ("local/dict/lexicon.txt", None, ("lexicon.txt", "missing")),
    "no silence": ("local/dict/optional_silence.txt", None, ("optional_silence.txt", "missing", "silence")),
    "empty lexicon": ("local/dict/lexicon.txt", b"", ("lexicon.txt", "empty")),
    "no pronunciation": ("local/dict/lexicon.txt", b"yes\n", ("lexicon.txt", "yes has no pronunciation")),
    "no list of features": ("train/feats.scp", None, ("feats.scp", "missing")),
    "no transcripts": ("dev/text", None, ("dev/text", "missing")),
    "no speakers": ("dev/utt2spk", None, ("utt2spk", "missing")),
    "not text": ("dev/text", b"\xff\xfe", ("dev/text", "cannot be read")),
    "no features of one": ("train/feats.scp", b"a1 feats.ark:3\na2 feats.ark:3\n", ("1 utterances", "features", "b1")),
    "no transcript of one": ("train/text", b"a1 no\nb1 no\n", ("1 utterances", "transcript", "a2")),
    "no speaker of one": ("train/utt2spk", b"a1 a\na2 a\n", ("1 utterances", "speaker", "b1")),
    "two speakers": ("dev/utt2spk", b"c1 c d\n", ("one speaker", "c1")),
    "same utterance twice": ("train/text", b"a1 no\na1 no\na2 no\nb1 no\n", ("two lines for a1",)),
    "no words": ("train/text", b"a1\na2 no\nb1 no\n", ("a1", "no words")),
    "unknown word": ("train/text", b"a1 maybe\na2 no\nb1 no\n", ("'maybe'", "a1", "lexicon")),
    "no archive": ("dev/feats.ark", None, ("feats.ark", "c1", "missing")),
    "empty archive": ("dev/feats.ark", b"", ("c1", "no binary Kaldi data")),
    "archive cut": ("dev/feats.ark", b"c1 " + matrix(np.ones((20, 3)))[:-9], ("c1", "cannot be read")),
    "shape past the end": (
        "dev/feats.ark",
        b"c1 \0BFM " + struct.pack("<bibi", 4, 1 << 30, 4, 3),
        ("c1", "1073741824"),
    ),
    "negative shape": (
        "dev/feats.ark",
        b"c1 \0BFM " + struct.pack("<bibi", 4, -1, 4, 3) + bytes(240),
        ("c1", "-1 x 3"),
    ),
    "not a number": ("dev/feats.ark", b"c1 " + matrix(np.full((20, 3), np.nan)), ("c1", "NaN")),
    "other size": ("dev/feats.ark", b"c1 " + matrix(np.ones((20, 4))), ("c1", "(20, 4)")),
    "a vector": ("dev/feats.ark", b"c1 " + vector([1, 2]), ("c1", "not a matrix")),
    "text archive": ("dev/feats.ark", b"c1  [\n1 2 3 ]\n", ("c1", "no binary Kaldi data")),
    "a pickle": ("dev/feats.ark", b"c1 PKLcos\nsystem\n(S'touch pickled'\ntR.", ("c1", "no binary Kaldi data")),
    "a command": ("dev/feats.scp", b"c1 touch piped |\n", ("'touch piped |'", "c1")),
    "a range": ("dev/feats.scp", b"c1 feats.ark:3[0:9]\n", ("[0:9]", "c1")),
    "an offset past the end": ("dev/feats.scp", b"c1 feats.ark:99999\n", ("c1", "99999")),
    "a frame shift in words": ("train/frame_shift", b"ten\n", ("frame_shift", "ten")),
    "a frame shift of no length": ("train/frame_shift", b"0\n", ("frame_shift", "'0'")),
}


@pytest.mark.usefixtures("kaldiio")
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_a_folder_is_one_sentence(folder, wrong, monkeypatch):
    monkeypatch.chdir(folder)
    name, content, words = WRONG[wrong]
    path = folder / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(DataError) as error:
        kaldi.kaldi(folder)
    one_sentence(error, *words)
    assert not [p for p in folder.iterdir() if p.name in ("piped", "pickled")]


@pytest.mark.usefixtures("kaldiio")
def test_a_missing_split_is_named(folder):
    with pytest.raises(DataError) as error:
        kaldi.kaldi(folder, splits=("train", "dev93", "test"))
    one_sentence(error, "dev93", "no folder")


@pytest.mark.usefixtures("kaldiio")
@pytest.mark.parametrize(
    ("states", "words"),
    [
        (None, ("1 utterances", "no alignment", "c1")),
        (vector([0] * 19), ("c1", "20 frames", "19")),
        (vector([-1] * 20), ("c1", "state -1")),
        (vector([0] * 20)[:-1], ("c1", "cannot be read")),
        (matrix(np.zeros((20, 1))), ("c1", "int32")),
        (b"\0B\4" + struct.pack("<i", 1 << 30), ("c1", "1073741824")),
    ],
)
def test_what_is_wrong_with_alignments_is_one_sentence(folder, states, words):
    archive(folder / "dev/ali", {"other": vector([1])} if states is None else {"c1": states})
    with pytest.raises(DataError) as error:
        kaldi.alignments(folder / "dev/ali.scp", [utterance("c1", frames=20)])
    one_sentence(error, *words)


def test_without_kaldiio_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "kaldiio", None)
    with pytest.raises(MissingExtraError) as error:
        kaldi.kaldi(folder)
    one_sentence(error, "kaldiio", "pip install 'lossjax[data]'")


DOUBLE = b"\0BDM " + struct.pack("<bibi2d", 4, 1, 4, 2, 1e300, 1)
WHOLE = [
    matrix(np.arange(12.0).reshape(4, 3)),
    DOUBLE,
    vector([1, 2, 3]),
    b"\0BCM3 " + struct.pack("<2f2i", 0, 1, 2, 2) + b"abcd",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@settings(max_examples=200)
@given(whole=st.sampled_from(WHOLE), at=st.integers(0, 40), put=st.binary(max_size=8), cut=st.integers(0, 12))
def test_damaged_archives(place, whole, at, put, cut):
    """A matrix of float32, whose NaN and infinities `checked` finds, or DataError in one sentence."""
    pytest.importorskip("kaldiio")
    content = bytearray(whole)
    content[at : at + cut] = put
    (place / "x.ark").write_bytes(content)
    try:
        values = kaldi.matrix(place / "x.scp", "x", ["x.ark"])
    except DataError as error:
        found = str(error)
    else:
        found = None
        assert values.dtype == np.float32
        assert values.ndim == 2
    assert found is None or "\n" not in found
