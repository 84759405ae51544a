"""Data sets in files: the known bytes or one sentence."""

import gzip
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from lossjax.data import files, spoken_digits
from lossjax.data.dataset import DataError
from lossjax.data.mnist import idx, mnist
from lossjax.extras import MissingExtraError

SHARED = Path(os.environ.get("LOSSJAX_DATA", "/nowhere"))
IMAGES = "t10k-images-idx3-ubyte.gz"


def one_sentence(error, *words):
    text = str(error.value)
    assert "\n" not in text
    assert all(word in text for word in words), text


@pytest.mark.skipif(not (SHARED / "mnist").is_dir(), reason="needs LOSSJAX_DATA/mnist")
def test_mnist_is_read_and_split():
    data = mnist(examples=600)
    assert [split.x.shape for split in data[2:]] == [(500, 784), (100, 784), (100, 784)]
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    # The first labels as everyone knows them.
    assert data.train.t[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.test.t[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.skipif(not (SHARED / "mnist").is_dir(), reason="needs LOSSJAX_DATA/mnist")
@pytest.mark.parametrize("harm", ["missing", "cut", "flipped", "another"])
def test_a_damaged_mnist_file_is_named(tmp_path, harm):
    for path in (SHARED / "mnist").iterdir():
        (tmp_path / path.name).symlink_to(path)
    harmed = tmp_path / "train-images-idx3-ubyte.gz"
    whole = bytearray(harmed.read_bytes())
    harmed.unlink()
    whole[len(whole) // 2] ^= 1
    wanted = {"missing": None, "cut": whole[:1000], "flipped": whole, "another": gzip.compress(b"\0\0\x08\1\0\0\0\0")}
    if (content := wanted[harm]) is not None:
        harmed.write_bytes(content)
    with pytest.raises(DataError) as error:
        mnist(tmp_path)
    one_sentence(error, harmed.name)


def test_a_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(files.FOLDER, str(tmp_path))
    with pytest.raises(DataError) as error:
        mnist()
    one_sentence(error, str(tmp_path / "mnist"), "LOSSJAX_DATA")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "IDX"),
        (b"\0\0\x0d\1\0\0\0\1a", "IDX"),
        (b"\0\0\x08\2\0\0", "IDX"),
        (b"\0\0\x08\1\0\0\0\3ab", "3 bytes"),
    ],
)
def test_bytes_that_are_no_idx_file(content, word):
    with pytest.raises(DataError) as error:
        idx(content, Path("labels"))
    one_sentence(error, "labels", word)


def test_an_idx_file_is_an_array():
    assert idx(b"\0\0\x08\2\0\0\0\2\0\0\0\3abcdef", Path("x")).tolist() == [[97, 98, 99], [100, 101, 102]]


def recording(path, rate=8000, frames=b"\1\0\xff\xff"):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames)
    return path.read_bytes()


def test_samples_are_integers_in_float32(tmp_path):
    got = spoken_digits.samples(recording(tmp_path / "a.wav"), "a.wav")
    assert got.dtype == np.float32
    assert got.tolist() == [1, -1]


@pytest.mark.parametrize("content", [b"RIFF", b"no recording", None])
def test_a_wrong_recording_is_named(tmp_path, content):
    raw = recording(tmp_path / "b.wav", rate=16000) if content is None else content
    with pytest.raises(DataError) as error:
        spoken_digits.samples(raw, "b.wav")
    one_sentence(error, "b.wav")


def test_the_spoken_digits_say_what_they_need(monkeypatch, tmp_path):
    monkeypatch.delenv(files.FOLDER, raising=False)
    with pytest.raises(DataError) as error:
        spoken_digits.spoken_digits()
    one_sentence(error, "git clone")
    try:
        import kaldi_native_fbank  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError) as error:
            spoken_digits.spoken_digits(tmp_path)
        one_sentence(error, "kaldi-native-fbank", "pip install")
    else:
        with pytest.raises(DataError) as error:
            spoken_digits.spoken_digits(tmp_path)
        one_sentence(error, "0 recordings")


@pytest.mark.skipif(not (SHARED / "fsdd").is_dir(), reason="needs LOSSJAX_DATA/fsdd")
def test_the_spoken_digits_are_words_of_twenty_frames():
    pytest.importorskip("kaldi_native_fbank")
    data = spoken_digits.spoken_digits()
    assert [split.x.shape for split in data[2:]] == [(2400, 400), (300, 400), (300, 400)]
    assert (np.bincount(data.test.t) == 30).all()
    frames = data.train.x.reshape(-1, 20, 20)
    assert np.abs(frames.mean(1)).max() < 1e-3
