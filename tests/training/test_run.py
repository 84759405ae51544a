"""Chunks, shards, interruptions and bad input."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import small
from small import DATA, EPOCHS, LABELS, MEMBERS, X

from lossjax.losses import half_squared_error, sigmoid_cross_entropy, softmax_cross_entropy, softmax_squared_error
from lossjax.training import checkpoint, records, run
from lossjax.training.bad_input import BadInputError
from lossjax.training.members import members
from lossjax.training.metrics import binary_posterior, classification
from lossjax.training.models import perceptron
from lossjax.training.population import Examples
from lossjax.training.progress import bar

PROGRAM = [sys.executable, str(Path(small.__file__))]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The records of a run that nothing interrupts."""
    return small.train(tmp_path_factory.mktemp("whole"), block=5)


def results(found):
    """What a run decides, by what decides it."""
    return {run._text(r["key"]): (r["weights"], r["history"], r["diverged"]) for r in found}


def test_a_record_says_what_decides_it_and_what_came_out(whole):
    assert len(whole) == len(MEMBERS.seed)
    assert [r["key"]["seed"] for r in whole] == MEMBERS.seed.tolist()
    first = whole[0]["key"]
    assert (first["rate"], first["momentum"], first["scale"], first["epochs"]) == (0.1, 0.5, 0.3, EPOCHS)
    assert all(len(values) == EPOCHS + 1 for r in whole for values in r["history"].values())
    assert all(r["diverged"] is None and len(r["weights"]) == 64 for r in whole)
    assert len({r["weights"] for r in whole}) == len(whole)


def test_chunks_shards_and_blocks_change_no_bit_and_records_concatenate(whole, tmp_path):
    parts = [small.train(tmp_path, part=f"{i}/2", chunk=2, block=3) for i in (1, 2)]
    assert [len(part) for part in parts] == [3, 3]
    joined = tmp_path / "all.jsonl"
    joined.write_bytes(b"".join(path.read_bytes() for path in tmp_path.glob("records-*of2.jsonl")))
    assert results(records.read(joined)) == results(whole)
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_what_is_finished_is_not_trained_again(whole, tmp_path, monkeypatch):
    some = MEMBERS.take(slice(0, 4))
    small.train(tmp_path, members=some)
    trained = []
    train = run._train
    monkeypatch.setattr(run, "_train", lambda chosen, chunk, s: trained.extend(chunk.keys) or train(chosen, chunk, s))
    steps = []
    assert results(small.train(tmp_path, progress=steps.append)) == results(whole)
    assert [key["seed"] for key in trained] == MEMBERS.seed[4:].tolist()
    assert sum(steps) == len(MEMBERS.seed) * (EPOCHS + 1)
    small.train(tmp_path)
    assert len(trained) == 2


def test_another_loss_batch_or_data_is_another_result(tmp_path):
    task, data = small.task(measure=small.total), DATA
    about = run._about("small", task, data, 3)
    others = [
        run._about("small", small.task(lambda z, t: softmax_cross_entropy(z, t), measure=small.total), data, 3),
        run._about("small", small.task(measure=small.total, batch=5), data, 3),
        run._about("small", task, {**data, "dev": Examples(2 * X[21:], LABELS[21:])}, 3),
        run._about("small", small.task(network=perceptron("small", 3, 5, 2), measure=small.total), data, 3),
    ]
    assert run._about("small", task, data, 3) == about
    assert len({run._text(a) for a in [about, *others]}) == 5
    other_loss = run._about("small", small.task(softmax_squared_error, measure=small.total), data, 3)
    # The first other loss is the same program under another name, and data are no part of a program.
    assert len({a["program"] for a in [about, *others, other_loss]}) == 4


def test_an_array_that_a_loss_closes_over_decides_the_result():
    def weighted(weights):
        return small.task(lambda z, t: softmax_cross_entropy(z, t) * weights[t], measure=small.total)

    programs = [run._about("small", weighted(jnp.array(w)), DATA, 3)["program"] for w in ((1.0, 1.0), (50.0, 1.0))]
    assert programs[0] != programs[1]


def test_the_checkpoints_of_another_job_stay(whole, tmp_path):
    other = tmp_path / "checkpoints" / "1of1-another"
    other.mkdir(parents=True)
    small.train(tmp_path)
    assert [p.name for p in other.parent.iterdir()] == [other.name]


def test_records_of_other_code_are_left_aside(tmp_path):
    said, settings = [], run.Settings(tmp_path, tell=lambda sentence: said.append(sentence))
    here = records.provenance()
    records.append(settings.path, [{"key": {"a": 1}, "environment": here | {"code": "other"}}])
    records.append(settings.path, [{"key": {"a": 2}, "environment": here}])
    assert [r["key"]["a"] for r in run._finished(settings, here).values()] == [2]
    assert said == ["1 records of other code or another environment are left aside"]


def test_a_chunk_fits_the_memory():
    assert run.fitting(small.task()) == 2**30 // (4 * (2 * 26 + 1))


# Interruptions


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


def test_the_bar_tells_and_counts():
    with bar("training", 10) as (advance, tell):
        advance(3)
        tell("a sentence")


# Bad input

BAD_X = X.copy()
BAD_X[17, 1] = np.nan
FLOATS = LABELS.astype(np.float32)


def of(x=X, t=LABELS, name="train", **task):
    return small.task(measure=small.total, **task), {**DATA, name: Examples(x, t)}, MEMBERS


def measured_by(measure):
    return small.task(measure=measure), DATA, MEMBERS


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (of(BAD_X), "the features of the split 'train' hold nan, first in example 17"),
        (of(X[:0], LABELS[:0], "dev"), "the split 'dev' is empty"),
        (of(X, LABELS[1:]), "the split 'train' has 29 examples but 28 targets"),
        (of(t=LABELS + 1), "labels of the split 'train' run from 1 to 2, the network has 2 classes"),
        (of(t=LABELS - 1), "labels of the split 'train' run from -1 to 0, the network has 2 classes"),
        (of(t=FLOATS), "labels, which must be integers, got float32"),
        (of(t=FLOATS, loss=sigmoid_cross_entropy), "z has shape (29, 2), so t must have shape (29, 2), got (29,)"),
        (of(t=X[:, :2], loss=half_squared_error), "gives shape (29, 2) where one number per example"),
        (of(t=X[:, :2]), "target of example 0 of the split 'train' is not in simplex"),
        (of(network=perceptron("other", 4, 2)), "the network 'other' does not take features of shape (3,)"),
        (of(batch=30), "batch must lie between 1 and the 29 training examples: 30"),
        ((*of()[:2], members([], [])), "a population needs at least one member"),
        ((*of()[:2], members(0, [1.0, np.inf])), "the rate of member 1 is not finite"),
        ((of()[0], {"dev": DATA["dev"]}, MEMBERS), "the data need a split named 'train', got 'dev'"),
        (of(jnp.asarray(BAD_X, jnp.bfloat16)), "the features of the split 'train' hold nan, first in example 17"),
        (of(X.astype(str)), "the features of the split 'train' are no numbers but <U"),
        (of(X, np.float32(1)), "the split 'train' has 29 examples but 1 targets"),
        (
            of(loss=lambda z, t: np.asarray(z).sum(1)),
            "the split 'train' does not fit: The numpy.ndarray conversion method",
        ),
        (of(loss=lambda z, t: {}["a"]), "the split 'train' does not fit: KeyError: 'a'"),
        (
            measured_by(lambda p, d: {"a": jnp.ones(3)}),
            "the measure gives 'a' of shape (3,) where one number is needed",
        ),
        (of(loss=lambda z, t: (z[:, 0], t)), "gives tuple where one number per example is needed"),
        (measured_by(lambda p, d: {"a": {"b": jnp.ones(())}}), "the measure gives 'a' of type dict"),
        (measured_by(lambda p, d: {"a": d["valid"]}), "the measure does not fit the network or the data: KeyError"),
        (measured_by(classification(small.NET, softmax_cross_entropy, binary_posterior)), "the measure does not fit"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_is_trained(wrong, sentence, tmp_path):
    task, data, rows = wrong
    with pytest.raises(BadInputError) as error:
        run.run("small", task, rows, data, 3, run.Settings(tmp_path / "out"))
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [{"chunk": -1}, {"chunk": 0}, {"width": -1}, {"block": 0}])
def test_a_setting_that_is_none_is_one_sentence(option, tmp_path):
    (name,) = option
    with pytest.raises(BadInputError, match=f"{name} is a whole number of at least 1"):
        small.train(tmp_path, **option)


def test_what_has_another_type_is_one_sentence():
    """In a process of its own: here types are checked before the code that a user meets."""
    child = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("mistyped.py"))], capture_output=True, text=True
    )
    assert (child.returncode, child.stderr) == (0, "")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (([0.2, 0.7], 0.1), "a seed is a whole number below 2^31, got 0.2"),
        (([2**31], 0.1), "a seed is a whole number below 2^31, got 2147483648"),
        (([np.nan], 0.1), "a seed is a whole number below 2^31, got nan"),
        (([0, 1, 2], [0.1, 0.2]), "columns of one length"),
        (([0], "fast"), "are numbers, or columns"),
        ((["a"], 0.1), "are numbers, or columns"),
        (([2**70], 0.1), "are numbers, or columns"),
    ],
)
def test_members_that_are_none_are_one_sentence(columns, sentence):
    with pytest.raises(BadInputError, match=re.escape(sentence)):
        members(*columns)


def test_a_record_read_again_is_the_record_that_was_returned(tmp_path):
    """A member that diverges has a history with no number in it."""
    wild = members([0, 1], [0.1, 1e30])
    assert small.train(tmp_path, members=wild) == small.train(tmp_path, members=wild)


def test_storage_without_space_is_one_sentence(tmp_path, monkeypatch):
    """On a full disk orbax raises a ValueError of several lines, and not OSError."""

    def full(*_, **__):
        raise ValueError("RESOURCE_EXHAUSTED: Error writing: No space left on device\n[more]")

    monkeypatch.setattr("orbax.checkpoint.v1.training.Checkpointer.save", full)
    with pytest.raises(BadInputError, match=r"^cannot write into .*No space left on device$"):
        small.train(tmp_path)


def test_a_folder_may_be_given_as_text(tmp_path):
    assert run.Settings(str(tmp_path)).path == run.Settings(tmp_path).path
    options = {"tell": lambda sentence: None, "block": 1}
    about = ("small", small.task(), MEMBERS.take(slice(0, 1)), DATA, 1)
    found = run.run(*about, run.Settings(str(tmp_path), **options))
    assert records.read(tmp_path / "records-1of1.jsonl") == found


def test_an_unwritable_folder_is_said_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInputError, match=r"cannot write into .*file"):
        small.train(tmp_path / "file" / "out")


def test_a_full_disk_is_one_sentence_and_what_was_written_stays(tmp_path):
    small.train(tmp_path, members=MEMBERS.take(slice(0, 2)))
    path = tmp_path / "records-1of1.jsonl"
    before = records.read(path)
    # As on a full disk, a write is cut short and then fails.
    limit = str(path.stat().st_size + 100)
    child = subprocess.run([*PROGRAM, tmp_path, str(EPOCHS), limit], capture_output=True, text=True)
    assert child.returncode == 2, child.stderr
    assert "cannot write into" in child.stderr
    assert "Traceback" not in child.stderr
    assert records.read(path) == before
    assert len(small.train(tmp_path)) == len(MEMBERS.seed)


def test_a_folder_made_read_only_is_said_so(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(BadInputError, match="Permission denied"):
        small.train(tmp_path)
