"""The benchmark at toy size: contestants do the work they are timed for, figures are those of the turns."""

import json
import sys

import pytest

from lossjax import turns
from paper_repro import benchmark, contestants
from paper_repro.contestants import ALL_CORES, ONE_CORE, PEAK, SEARCH, Work
from paper_repro.recogniser.speed import Speed

WORK = Work(members=3, few=2, frames=70, depth=1, width=4, batch=32, utterances=3)


def test_the_operations_of_a_frame():
    # 429-192-192-102 forward and to the weights, and to the layers below but the inputs.
    products = [429 * 192, 192 * 192, 192 * 102]
    assert Work().flops == 2 * (2 * sum(products) + sum(products[1:]))


@pytest.mark.parametrize("prepare", [contestants._population, contestants._one_by_one, contestants._torch])
def test_the_contestants_train(prepare, monkeypatch):
    if prepare is contestants._torch:
        pytest.importorskip("torch")
    monkeypatch.setattr(contestants, "_one_core", lambda: None)
    assert prepare(WORK)() is None


def test_both_searches_find_the_same(monkeypatch):
    monkeypatch.delenv("LOSSJAX_DATA", raising=False)
    monkeypatch.setattr(contestants, "_one_core", lambda: None)
    task, seconds, speed = contestants._decoding(WORK)()
    assert (task, seconds, speed.utterances, speed.same) == ("digit lines", 0, 3, 3)


def speed(jax, numpy, same=7):
    return "AN4", 0.01, Speed(7, 100, 50, 1, jax, numpy, jax, numpy, same)


@pytest.fixture
def rows(monkeypatch):
    """Made turns: what each contestant takes, or finds, in two of them."""
    taken = {
        (ONE_CORE, "population"): [1.0, 2.0],
        (ONE_CORE, "PyTorch loop"): None,
        (ONE_CORE, PEAK): [4e6, 4e6],
        (ALL_CORES, "population"): [1.0, 3.0],
        (ALL_CORES, "its members one by one"): [2.0, 12.0],
        (ALL_CORES, PEAK): [8e6, 8e6],
        (ONE_CORE, SEARCH): [speed(900.0, 300.0), speed(700.0, 100.0, same=6)],
    }
    monkeypatch.setattr(benchmark, "contestants", lambda: {name: iter(v) if v else None for name, v in taken.items()})

    def start(make, work, stack):
        left = make(work)
        return None if left is None else lambda: next(left)

    monkeypatch.setattr(turns, "start", start)
    return {(row["on"], row["by"]): row for row in benchmark.measure(WORK, 2)}


def test_figures_are_medians_over_the_turns(rows):
    frames = 2 * 2 * 32
    assert rows[ONE_CORE, "population"]["frames_per_second"] == frames / 1.5
    limit = 4e6 / WORK.flops
    assert rows[ONE_CORE, PEAK]["frames_per_second"] == limit
    assert rows[ONE_CORE, "population"]["of_limit"] == pytest.approx(frames / 1.5 / limit)
    alone = rows[ALL_CORES, "its members one by one"]
    assert (alone["slower"], alone["than"]) == (3, "population")
    found, plain = rows[ONE_CORE, "search, AN4"], rows[ONE_CORE, "plain NumPy, AN4"]
    assert (found["frames_per_second"], found["real_time"], found["same"]) == (800, 8, 6)
    assert (plain["frames_per_second"], plain["slower"], plain["than"]) == (200, 5, "search")


def test_what_is_not_installed_is_one_line(rows):
    assert benchmark._line(rows[ONE_CORE, "PyTorch loop"]).endswith("left out: it is not installed")


@pytest.mark.parametrize("arguments", [["--turns", "0"], ["--frames", "255"], ["--members", "0"], ["--format", "xml"]])
def test_a_bad_option_is_a_sentence_and_2(arguments, capsys):
    assert benchmark.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_json_has_everything(rows, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "measure", lambda work, count: list(rows.values()))
    assert benchmark.main(["--format", "json", "--turns", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"environment", "load", "work", "rows"} == found.keys()
    assert len(found["rows"]) == 8


def test_a_missing_torch_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError):
        contestants._torch(WORK)
