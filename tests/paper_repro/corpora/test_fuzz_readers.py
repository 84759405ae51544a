"""Readers of bytes: whatever they are given, an array of finite numbers or DataError in one sentence, nothing else."""

import struct
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from lossjax.data.dataset import DataError
from lossjax.data.mnist import idx
from lossjax.data.spoken_digits import samples
from paper_repro.corpora.an4 import mfc, with_slopes


def wav(frames=b"\1\0\2\0\xff\xff", rate=8000, channels=1, width=2):
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * width, channels * width, 8 * width)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(frames)) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def sphinx(numbers):
    return struct.pack(">i", len(numbers)) + np.asarray(numbers, ">f4").tobytes()


def read_mfc(content):
    """What is read, and what becomes of it."""
    features = with_slopes(mfc(content, "a file"))
    assert features.shape[1] == 39
    return features


READERS = {
    "mfc": (read_mfc, [sphinx(range(26)), sphinx([1e38, -3e38, 1e-45, 0.0] * 13), sphinx([7.0] * 39)]),
    "wav": (lambda content: samples(content, "a file"), [wav(), wav(b"\1\0" * 50)]),
    "idx": (
        lambda content: idx(content, Path("a file")),
        [b"\0\0\x08\2\0\0\0\2\0\0\0\3abcdef", b"\0\0\x08\1\0\0\0\3abc", b"\0\0\x08\3" + b"\0\0\0\1" * 3 + b"a"],
    ),
}
EXTREME = [0, 1, 2, 3, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FC00000, 0x7F800000]


@st.composite
def damaged(draw, wholes):
    """A sound file, then numbers overwritten, bytes cut out, put in or repeated."""
    content = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["number", "byte", "cut", "end", "insert", "repeat"])):
            case "number":
                form = draw(st.sampled_from([">I", "<I"]))
                content[at : at + 4] = struct.pack(form, draw(st.sampled_from(EXTREME)))
            case "byte":
                content[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "cut":
                del content[at : at + draw(st.integers(1, 40))]
            case "end":
                del content[at:]
            case "insert":
                content[at:at] = draw(st.binary(max_size=20))
            case "repeat":
                content[at:at] = content[: draw(st.integers(0, 60))]
    return bytes(content)


def outcome(read, content):
    """The array, or None where the reader said in one sentence that it is none."""
    try:
        array = read(content)
    except DataError as error:
        text = str(error)
    else:
        text = None
    if text is not None:
        assert "\n" not in text
        assert "a file" in text
        return None
    assert isinstance(array, np.ndarray)
    assert np.isfinite(array).all()
    return array


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=300)
@given(data=st.data())
def test_damaged_files(kind, data):
    read, wholes = READERS[kind]
    outcome(read, data.draw(damaged(wholes)))


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=100)
@given(content=st.binary(max_size=200))
def test_bytes_of_any_kind(kind, content):
    outcome(READERS[kind][0], content)


@pytest.mark.parametrize("kind", READERS)
def test_sound_files_are_read(kind):
    read, wholes = READERS[kind]
    assert all(outcome(read, content) is not None for content in wholes)


SIZES = struct.Struct(">i").pack
HARD = {
    "idx: sizes whose product is right and which are negative": (
        "idx",
        b"\0\0\x08\2" + SIZES(-2) + SIZES(-3) + b"abcdef",
    ),
    "idx: a product past 64 bits": ("idx", b"\0\0\x08\4" + SIZES(65536) * 4),
    "idx: more axes than an array has": ("idx", b"\0\0\x08\xff" + SIZES(1) * 255 + b"a"),
    "idx: no axis": ("idx", b"\0\0\x08\0a"),
    "idx: nothing in it": ("idx", b"\0\0\x08\1" + SIZES(0)),
    "mfc: negative count": ("mfc", struct.pack(">i", -1)),
    "mfc: infinite": ("mfc", sphinx([np.inf] * 13)),
    "wav: no sample": ("wav", wav(b"")),
    "wav: samples missing": ("wav", wav()[:-1]),
    "wav: two channels": ("wav", wav(channels=2)),
    "wav: no rate": ("wav", wav(rate=0)),
    "wav: head only": ("wav", wav()[:36]),
    "wav: data before format": ("wav", b"RIFF\x14\0\0\0WAVEdata\4\0\0\0\1\0\2\0"),
}


@pytest.mark.parametrize("name", HARD)
def test_files_that_a_naive_reader_takes(name):
    kind, content = HARD[name]
    assert outcome(READERS[kind][0], content) is None
