"""Checkpoints: what comes back is what was saved, or it is refused."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from lossjax.training import checkpoint
from lossjax.training.bad_input import BadInputError

RNG = np.random.default_rng(0)
TREE = {
    "weights": RNG.normal(size=(40, 50)).astype(np.float32),
    "nested": (np.array([True, False]), np.array(3), np.zeros((0, 4), np.float32)),
    "nan": np.array([np.nan, -0.0, np.inf], np.float32),
}
ABOUT = {"loss": "x", "rates": (0.1, 0.2)}


def older(tree):
    return {**tree, "weights": tree["weights"] + 1}


def same(a, b):
    return checkpoint.digest(a) == checkpoint.digest(b)


@pytest.fixture
def saved(tmp_path):
    """Two checkpoints, of steps 1 and 2."""
    checkpoint.save(tmp_path / "c", 1, older(TREE), ABOUT)
    checkpoint.save(tmp_path / "c", 2, TREE, ABOUT)
    return tmp_path / "c"


def largest(folder) -> Path:
    return max((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)


def test_what_is_saved_is_restored(saved):
    found = checkpoint.restore(saved, TREE, ABOUT)
    assert found.step == 2
    assert found.refused == []
    assert same(found.tree, TREE)


def test_nothing_saved_is_nothing_restored(tmp_path):
    assert checkpoint.restore(tmp_path / "none", TREE, ABOUT) == (0, None, [])


def test_two_are_kept_and_a_step_can_be_saved_again(saved):
    checkpoint.save(saved, 3, TREE, ABOUT)
    checkpoint.save(saved, 3, older(TREE), ABOUT)
    assert sorted(p.name for p in saved.iterdir()) == ["2", "3"]
    assert same(checkpoint.restore(saved, TREE, ABOUT).tree, older(TREE))


@pytest.mark.parametrize("place", [0, 0.3, 0.6, 0.99])
def test_a_flipped_bit_is_refused_by_name_and_the_last_good_one_is_used(saved, place):
    file = largest(saved / "2")
    content = bytearray(file.read_bytes())
    content[int(place * len(content))] ^= 4
    file.write_bytes(content)
    (saved / "3.orbax-checkpoint-tmp").mkdir()  # and a kill had left this behind
    found = checkpoint.restore(saved, TREE, ABOUT)
    assert found.step == 1
    assert same(found.tree, older(TREE))
    (refused,) = found.refused
    assert refused.startswith(f"refused the damaged checkpoint {saved / '2'}: {file.relative_to(saved / '2')} does not")


def test_orbax_alone_restores_the_flipped_bit(saved):
    """Why the hashes are kept; if this fails, orbax has learnt to check."""
    from orbax.checkpoint import v1 as ocp

    file = largest(saved / "2")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)
    with ocp.training.Checkpointer(saved) as orbax:
        assert not np.array_equal(orbax.load(2)["leaf 4"], TREE["weights"])


def test_a_changed_manifest_is_refused(saved):
    file = saved / "2" / checkpoint.MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | {"about": {**ABOUT, "loss": "y"}}))
    found = checkpoint.restore(saved, TREE, ABOUT)
    assert (found.step, len(found.refused)) == (1, 1)


@pytest.mark.parametrize("harm", ["empty", "cut", "gone", "no manifest"])
def test_a_damaged_file_is_refused(saved, harm):
    file = largest(saved / "2")
    if harm == "no manifest":  # killed between orbax' commit and ours
        file, harm = saved / "2" / checkpoint.MANIFEST, "gone"
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(b"" if harm == "empty" else file.read_bytes()[:4000])
    found = checkpoint.restore(saved, TREE, ABOUT)
    assert (found.step, len(found.refused)) == (1, 1)


def test_where_all_are_damaged_nothing_is_restored(saved):
    for step in ("1", "2"):
        largest(saved / step).unlink()
    found = checkpoint.restore(saved, TREE, ABOUT)
    assert (found.step, found.tree, len(found.refused)) == (0, None, 2)


def test_a_checkpoint_of_something_else_is_not_used(saved):
    with pytest.raises(BadInputError, match=r"checkpoint .*2 was made with another loss, seed: choose another folder"):
        checkpoint.restore(saved, TREE, {"loss": "y", "rates": [0.1, 0.2], "seed": 1})


def test_the_digest_sees_dtype_shape_and_every_bit():
    zeros = np.zeros(4, np.float32)
    others = (zeros.astype(np.float64), zeros.reshape(2, 2), -zeros, np.append(zeros, 0))
    assert not any(same(zeros, other) for other in others)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_interrupt_asks_and_a_second_one_stops(number):
    before = signal.getsignal(number)
    with checkpoint.held_interrupts() as asked:
        assert not asked.is_set()
        signal.raise_signal(number)
        assert asked.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before
