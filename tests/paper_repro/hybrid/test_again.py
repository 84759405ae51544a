"""One network of the table, trained again from its row, comes out the same to the last bit."""

import dataclasses

import pytest
import toy

from lossjax.training import records
from lossjax.training.bad_input import BadInputError
from paper_repro import __main__ as command
from paper_repro.hybrid import config, job, tasks
from paper_repro.hybrid.again import again
from paper_repro.hybrid.tasks import Source

SOURCE = Source("digit lines", toy.corpus)
PROTOCOL = dataclasses.replace(toy.PROTOCOL, factors=(1.0,), arms=(toy.CE, toy.SE, toy.PROTOCOL.arms[-1]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("once")
    job.run(
        job.Job(
            [SOURCE], {"digit lines": PROTOCOL}, made, (1, 1), print, lambda *r: None, lambda name: lambda *step: None
        )
    )
    return made


@pytest.mark.parametrize(("arm", "seed"), [("SE", 1), ("CE, then CE (control)", 2)])
def test_a_network_comes_out_the_same(folder, arm, seed):
    before = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    found = again(folder, SOURCE, PROTOCOL, arm, seed)
    assert found.same
    assert (len(found.weights[0]), list(found.errors), found.elsewhere) == (16, ["zero-gram"], [])
    (row,) = (r for r in records.read(folder / "summary-hybrid.jsonl") if r.get("name") == arm)
    assert found.weights[1] == row["networks"][seed] != row["networks"][seed - 1]
    assert {path.name: path.read_bytes() for path in folder.glob("*.jsonl")} == before


@pytest.fixture
def changed(folder, tmp_path):
    """A copy of the summary with another rate for SE."""
    rows = records.read(folder / "summary-hybrid.jsonl")
    records.write(
        tmp_path / "summary-hybrid.jsonl", [{**r, "rate": 2 * r["rate"]} if r.get("name") == "SE" else r for r in rows]
    )
    return tmp_path


@pytest.mark.parametrize(("place", "code", "said"), [("folder", 0, "now\n"), ("changed", 1, "now: NOT the same\n")])
def test_the_command_says_so(request, monkeypatch, capsys, place, code, said):
    monkeypatch.setattr(tasks, "sources", lambda *a: [SOURCE])
    monkeypatch.setattr(config, "QUICK", {"digit lines": PROTOCOL})
    where = str(request.getfixturevalue(place))
    assert command.main(["--output", where, "--again", "digit lines", "SE", "0"]) == code
    out = capsys.readouterr().out
    assert out.startswith("digit lines, SE, seed 0\n  weights, SHA-256: ")
    assert said in out


@pytest.mark.parametrize(
    ("arm", "seed", "said"),
    [
        ("MSE", 0, "there is no row of 'MSE' on digit lines (Gaussian alignment), only of 'CE', 'SE', "),
        ("SE", 2, "the row of 'SE' has the seeds 0 to 1, not 2"),
        ("SE", -1, "the row of 'SE' has the seeds 0 to 1, not -1"),
    ],
)
def test_a_row_that_is_not_there_is_a_sentence(folder, arm, seed, said):
    with pytest.raises(BadInputError) as error:
        again(folder, SOURCE, PROTOCOL, arm, seed)
    assert str(error.value).startswith(said)


def test_other_data_are_told(folder):
    cut = Source("digit lines", lambda: toy.corpus()._replace(train=toy.corpus().train[1:]))
    with pytest.raises(BadInputError, match="was made of other data"):
        again(folder, cut, PROTOCOL, "SE", 0)


def test_an_unknown_task_is_a_sentence(tmp_path, capsys):
    assert command.main(["--output", str(tmp_path), "--again", "digit line", "CE", "0"]) == 2
    assert "--again: there is no task 'digit line', only 'digit lines', " in capsys.readouterr().err
