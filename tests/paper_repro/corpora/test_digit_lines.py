"""Lines of digits: the recipe is kept, writers stay in their split, the same seed gives the same bits."""

import collections
import hashlib
import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from paper_repro.corpora import digit_lines
from paper_repro.corpora.corpus import fingerprint, least_frames, too_short, utterances
from paper_repro.corpora.dealing import deal

SHARED = Path(os.environ.get("LOSSJAX_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.fixture(scope="module")
def lines():
    return digit_lines.digit_lines()


def test_the_protocol_s_numbers(lines):
    assert len(lines.train) == 300
    assert sum(len(u.words) for u in lines.test) >= 10_000
    assert {len(u.words) for u in utterances(lines)} == {3, 4, 5, 6, 7}
    assert (lines.context, lines.frame_seconds, lines.silence) == (4, 0, "blank")
    assert lines.states == {**dict.fromkeys("0123456789", 4), "blank": 1}
    assert too_short(lines) == ()


def test_the_same_lines_for_everyone(lines):
    """Words, writers and lengths of seed 0; pixels have this noise."""
    what = [(u.name, u.speaker, u.words, len(u.features)) for u in utterances(lines)]
    assert hashlib.sha256(repr(what).encode()).hexdigest()[:16] == "855872f1052fb045"
    assert {u.features.shape[1] for u in utterances(lines)} == {10}
    margins = np.concatenate([u.features[:2] for u in lines.train])
    assert abs(margins.std() - 0.2) < 0.01
    assert abs(margins.mean()) < 0.01


def test_the_same_seed_gives_the_same_bits():
    few = (3, 2, 2)
    one, again, other = (digit_lines.digit_lines(seed, lines=few) for seed in (5, 5, 6))
    assert fingerprint(one) == fingerprint(again) != fingerprint(other)


def test_no_writer_is_in_two_splits(lines):
    writers = [{u.speaker for u in split} for split in lines[1:4]]
    assert [len(w) for w in writers] == [7, 2, 5]
    assert all(not a & b for a, b in itertools.combinations(writers, 2))


def test_no_digit_is_in_two_splits(monkeypatch):
    """Without noise, gaps and jitter a line is its digits: those of one split are in no other."""
    monkeypatch.setattr(digit_lines, "NOISE", 0.0)
    monkeypatch.setattr(digit_lines, "DIGITS", digit_lines.Layout(10, 0, 0, (0, 0)))
    # Every digit of every writer is dealt at least once.
    bare = digit_lines.digit_lines(lines=(500, 150, 300))
    found = []
    for split in bare[1:4]:
        assert all(len(u.features) == 16 * len(u.words) for u in split)
        found.append({part.tobytes() for u in split for part in np.split(u.features, len(u.words))})
    # Digits of the same pixels, by chance, are few.
    assert [len(f) > 0.98 * n for f, n in zip(found, (906, 251, 640))] == [True] * 3
    assert all(len(a & b) <= 2 for a, b in itertools.combinations(found, 2))


def test_every_digit_of_a_writer_is_dealt_equally_often():
    dealt = itertools.islice(deal(np.random.default_rng(1), 7), 7 * 5)
    assert set(collections.Counter(dealt).values()) == {5}


def test_doubling_is_linear_interpolation():
    ramp = np.arange(4, dtype=np.float32)[None, None, :] / 16 * np.ones((1, 3, 1), np.float32)
    got = digit_lines.doubled(ramp)
    assert got.shape == (1, 6, 8)
    expected = np.clip((np.arange(8) - 0.5) / 2, 0, 3) / 16
    np.testing.assert_array_equal(got[0], np.tile(expected.astype(np.float32), (6, 1)))
    np.testing.assert_array_equal(digit_lines.doubled(ramp.swapaxes(1, 2)), got.swapaxes(1, 2))


@pytest.mark.skipif(not (SHARED / "mnist").is_dir(), reason="needs LOSSJAX_DATA/mnist")
def test_mnist_lines_have_full_size():
    lines = digit_lines.mnist_lines(SHARED / "mnist", lines=(30, 10, 2_200))
    assert {u.features.shape[1] for u in utterances(lines)} == {28}
    assert sum(len(u.words) for u in lines.test) >= 10_000
    assert len({u.speaker for u in lines.test}) == 50
    assert too_short(lines) == ()
    # A digit is 28 columns wide.
    assert all(len(u.features) >= 28 * len(u.words) > least_frames(lines, u.words) for u in lines.test)
