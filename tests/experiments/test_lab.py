"""Tuning and comparing: one grid, the lowest score, fresh seeds, nothing trained twice."""

import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from experiments import lab
from lossjax.losses import softmax_cross_entropy
from lossjax.training.models import perceptron
from lossjax.training.population import Examples, Task, descent

NET = perceptron("small", 2, 2)
X = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
DATA = {"train": Examples(X, (X[:, 0] > 0).astype(np.int32))}


def measure(params, data):
    return {"loss": jnp.mean(softmax_cross_entropy(NET.apply(params, data["train"].x), data["train"].t))}


TASK = Task(NET, softmax_cross_entropy, measure, 10, descent)
BUDGET = lab.Budget((0.1, 1.0, 10.0), 2, 3, 4, {"low": 0.0, "high": 1.0}, ("loss",))


@pytest.fixture
def here(tmp_path):
    return lab.Lab(tmp_path, Console(quiet=True), quiet=True)


def test_a_record_has_last_values_and_the_curves_asked_for(here):
    seen = []
    rows = lab.tune(here, {"loss": "CE"}, TASK, DATA, BUDGET, lambda r: seen.append(r) or r["last"]["loss"])
    assert len(seen) == 2 * 3 * 2
    assert all(len(r["curves"]["loss"]) == 5 and r["curves"]["loss"][-1] == r["last"]["loss"] for r in seen)
    assert {r["key"]["seed"] for r in seen} == {1000, 1001}
    assert [row["start"] for row in rows] == ["low", "high"]
    for row in rows:
        assert row["rate"] == min(row["grid"], key=lambda pair: pair[1])[0]
        assert row["at_edge"] == (row["rate"] in (0.1, 10.0))


@pytest.mark.parametrize(
    ("scores", "rate"),
    [({0.1: 1.0, 1.0: 0.5, 10.0: 0.5}, 1.0), ({0.1: 1.0, 1.0: float("nan"), 10.0: 2.0}, 0.1)],
    ids=["the lowest of equals", "NaN is the worst"],
)
def test_the_rate_chosen(here, scores, rate):
    def score(record):
        return scores[round(record["key"]["rate"], 3)]

    assert all(row["rate"] == rate for row in lab.tune(here, {"loss": "CE"}, TASK, DATA, BUDGET, score))


def test_equal_rates_are_trained_once_and_pairs_share_their_start(here):
    own, other = {"low": 1.0, "high": 1.0}, {"low": 0.1, "high": 1.0}
    first = {"first": lambda record: record["curves"]["loss"][0]}
    rows = lab.compare(here, {"loss": "CE"}, TASK, DATA, BUDGET, [own, other], first)
    assert [(row["start"], row["rate"]) for row in rows] == [("high", 1.0), ("low", 0.1), ("low", 1.0)]
    assert all(len(values) == 3 for row in rows for values in row["values"].values())
    assert rows[1]["values"]["first"] == rows[2]["values"]["first"]
    assert rows[1]["values"]["loss"] != rows[2]["values"]["loss"]
    low, middle, high = rows[0]["quartiles"]["loss"][-1]
    assert low <= middle <= high


def test_the_first_epoch_below_a_target():
    of = lab.first_below("error", 0.5)
    assert of({"curves": {"error": [0.9, 0.6, 0.5, 0.7]}}) == 2
    assert np.isnan(of({"curves": {"error": [0.9, None]}}))
