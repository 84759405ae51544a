"""A run that is killed, interrupted or finds a checkpoint damaged ends with the bits of one that was not."""

import signal
import subprocess
import time

import numpy as np
import pytest
import small
from small import EPOCHS, PROGRAM, results

from lossjax.training import checkpoint


def begin(folder, epochs):
    """The program in its own process."""
    return subprocess.Popen([*PROGRAM, folder, str(epochs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_at_random(folder, epochs, rng):
    """Kill the program after a few epochs, somewhere in or between the writes; False if it ended before."""
    with begin(folder, epochs) as child:
        for _ in range(int(rng.integers(2, 6))):
            child.stdout.readline()
        time.sleep(rng.uniform(0, 0.15))
        child.kill()
        _, errors = child.communicate()
    assert child.returncode in (-signal.SIGKILL, 0), errors
    return child.returncode != 0


def half_written(folder):
    """A checkpoint in the folder that orbax has not committed, or whose manifest is not there."""
    steps = [p for chunk in (folder / "checkpoints").glob("*") for p in chunk.iterdir()]
    return any(not (step / checkpoint.MANIFEST).exists() for step in steps)


def killed(folder, kills, epochs):
    """The records in the end, and how many kills hit a checkpoint's write."""
    rng, done, inside = np.random.default_rng(kills), 0, 0
    while done < kills:
        assert kill_at_random(folder, epochs, rng), f"ended after {done} kills: it needs more epochs"
        done, inside = done + 1, inside + half_written(folder)
    return small.train(folder, epochs, chunk=4), inside


def test_killed_three_times_it_ends_with_the_same_bits(whole, tmp_path):
    found, _ = killed(tmp_path, 3, EPOCHS)
    assert results(found) == results(whole)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_fifty_times_it_ends_with_the_same_bits(tmp_path):
    epochs = 300
    found, inside = killed(tmp_path / "killed", 50, epochs)
    assert results(found) == results(small.train(tmp_path / "whole", epochs, block=16))
    assert inside > 0


def test_ctrl_c_leaves_a_checkpoint_and_the_run_goes_on_from_it(whole, tmp_path):
    with begin(tmp_path, EPOCHS) as child:
        for _ in range(3):
            child.stdout.readline()
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "epochs, kept in" in errors
    assert errors.count("\n") == 1
    said = []
    assert results(small.train(tmp_path, chunk=4, tell=said.append)) == results(whole)
    assert any("going on after" in sentence for sentence in said)


def test_a_damaged_checkpoint_is_named_and_the_one_before_goes_on(whole, tmp_path, monkeypatch):
    def stop(entries, seen=[]):  # noqa: B006
        seen.append(entries)
        if len(seen) == 7:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="stopped after 4 of 12 epochs"):
        small.train(tmp_path, progress=stop)
    (folder,) = (tmp_path / "checkpoints").iterdir()
    file = max((p for p in (folder / "5").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    said = []
    assert results(small.train(tmp_path, tell=said.append)) == results(whole)
    assert said[0].startswith(f"refused the damaged checkpoint {folder / '5'}")
    assert said[1] == "going on after 3 of 12 epochs"
