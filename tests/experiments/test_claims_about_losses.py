"""Every claim at toy size: rows that survive JSON, a verdict that repeats, figures drawn from records alone."""

import dataclasses
import json

import pytest
from rich.console import Console

from experiments import job, lab, page
from experiments.claims import CLAIMS
from experiments.class_sweep import Sweep
from experiments.hypothesis import judged, verdict
from lossjax.data.digits import digits
from lossjax.training import records
from lossjax.training.bad_input import BadInputError


def few_digits():
    """The first images of every split."""
    data = digits()
    return data._replace(
        **{name: type(part)(part.x[:40], part.t[:40]) for name, part in zip(data._fields[2:], data[2:])}
    )


# What makes a claim small, for those settings that it has.
SMALL = {
    "data": (few_digits,),
    "seeds": 2,
    "tuning_seeds": 1,
    "epochs": 2,
    "hidden": 3,
    "rates": (0.5, 1.0),
    "decays": (0.001,),
    "examples": 40,
    "tests": 20,
    "sizes": (60, 120),
    "fits": 2,
    "batch": 8,
    "classes": (2, 3),
    "sweeps": (Sweep(2, 0.1, 2, 2), Sweep(3, 0.1, 2, 3), Sweep(5, 0.1, 2, 3)),
}


def small(claim):
    known = {field.name for field in dataclasses.fields(claim.quick)}
    return dataclasses.replace(claim.quick, **{name: value for name, value in SMALL.items() if name in known})


# One in the fast suite; each compiles for a minute.
EACH = [pytest.param(c, id=c.letter, marks=[pytest.mark.slow] if i else []) for i, c in enumerate(CLAIMS)]


@pytest.fixture(scope="module", params=EACH)
def made(request, tmp_path_factory):
    """A small claim, and the folder of its records."""
    claim, folder = request.param, tmp_path_factory.mktemp(request.param.name)
    claim = dataclasses.replace(claim, quick=small(claim))
    job.run([claim], folder, full=False, console=Console(quiet=True), quiet=True)
    return claim, folder


def test_records_are_complete(made):
    claim, folder = made
    rows = records.read(job.records_of(folder, claim, full=False))
    assert all(row["claim"] == claim.letter for row in rows)
    assert all(row["config"] == rows[0]["config"] for row in rows)
    assert {"commit", "code", "versions", "device", "flags"} <= set(rows[0]["environment"])
    assert rows[0]["config"]["rates"] == [0.5, 1.0] if "rates" in rows[0]["config"] else True
    arms = [row for row in rows if row["kind"] == "arm"]
    assert all(len(values) == 2 for row in arms for values in row["values"].values())


# The interval of two pairs may be none; that it counts for nothing is what is tested.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_judging_and_drawing_read_records_and_train_nothing(made, monkeypatch, tmp_path):
    claim, folder = made

    def refuse(*args, **kwargs):
        raise AssertionError("trained where it should only draw")

    monkeypatch.setattr(lab, "run", refuse)
    rows = records.read(job.records_of(folder, claim, full=False))
    parts = judged(claim.judge(rows))
    assert json.dumps(parts) == json.dumps(judged(claim.judge(rows)))
    compared = [part for part in parts if part["kind"] == "part"]
    # Two seeds are no evidence.
    assert all(part["outcome"] == "not enough" for part in compared)
    assert not compared or verdict(parts) == "not enough"
    job.show([claim], folder, Console(quiet=True))
    text = (folder / "README.md").read_text()
    assert claim.title in text
    assert all(part["says"] in text for part in parts)
    figures = list((folder / "figures").glob("*.png"))
    assert figures
    assert all(f"figures/{path.name}" in text for path in figures)


def test_records_that_lack_a_row_are_said_so(made, tmp_path):
    claim, folder = made
    rows = records.read(job.records_of(folder, claim, full=False))
    arms = [row for row in rows if row["kind"] == "arm"]
    if not arms:
        pytest.skip("this claim trains no arms")
    records.write(job.records_of(tmp_path, claim, full=False), [row for row in rows if row is not arms[0]])
    with pytest.raises(BadInputError, match=rf"the records of \({claim.letter}\) in .* are not complete"):
        job.show([claim], tmp_path, Console(quiet=True))


def test_what_is_done_is_not_done_again(made, monkeypatch):
    claim, folder = made
    path = job.records_of(folder, claim, full=False)
    before = path.read_bytes()
    monkeypatch.setattr(lab, "run", lambda *args, **kwargs: pytest.fail("trained again"))
    job.run([claim], folder, full=False, console=Console(quiet=True), quiet=True)
    assert path.read_bytes() == before


def test_letters_are_different_and_select():
    letters = [claim.letter for claim in CLAIMS]
    assert len(set(letters)) == len(letters)
    assert [c.letter for c in job.selected(CLAIMS, "")] == letters
    assert [c.letter for c in job.selected(CLAIMS, f" {letters[-1]},{letters[0]}")] == [letters[-1], letters[0]]
    with pytest.raises(BadInputError, match="no claim has the letter 'z'; there are"):
        job.selected(CLAIMS, "a,z")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.letter)
def test_a_small_setting_is_one_of_the_claim(claim):
    """Two claims may give one name to two things."""

    def kind(value):
        return type(value[0] if isinstance(value, tuple) else value)

    config, usual = small(claim), claim.quick
    for name in SMALL.keys() & {field.name for field in dataclasses.fields(usual)}:
        assert kind(getattr(config, name)) is kind(getattr(usual, name)), name


def test_a_setting_is_told_whole():
    sweeps = [[2, 0.005, 40, 40, 6.0], [1000, 8.0, 20, 300, 10.0]]
    assert page._short(sweeps) == "2 0.005 40 40 6, 1000 8 20 300 10"


def test_the_page_of_no_claim_still_explains():
    assert "could fail" in page.text([])
