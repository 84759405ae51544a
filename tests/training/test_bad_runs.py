"""A run that cannot be made, or not be kept, is one sentence, and what was written stays."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import small
from small import DATA, EPOCHS, LABELS, MEMBERS, PROGRAM, X

from lossjax.losses import half_squared_error, sigmoid_cross_entropy, softmax_cross_entropy
from lossjax.training import records, run
from lossjax.training.bad_input import BadInputError
from lossjax.training.members import members
from lossjax.training.metrics import binary_posterior, classification
from lossjax.training.models import perceptron
from lossjax.training.population import Examples

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


def test_storage_without_space_is_one_sentence(tmp_path, monkeypatch):
    """On a full disk orbax raises a ValueError of several lines, and not OSError."""

    def full(*_, **__):
        raise ValueError("RESOURCE_EXHAUSTED: Error writing: No space left on device\n[more]")

    monkeypatch.setattr("orbax.checkpoint.v1.training.Checkpointer.save", full)
    with pytest.raises(BadInputError, match=r"^cannot write into .*No space left on device$"):
        small.train(tmp_path)


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
