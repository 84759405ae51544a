"""Tuning finds the best of its grid, says where the grid ends, and measures nothing twice."""

import pytest

from paper_repro.recogniser.tuning import tune
from paper_repro.recogniser.wordloop import Weights

GRID = {"lm_scale": (5.0, 8.0, 11.0), "penalty": (0.0, 10.0, 20.0), "kappa": (0.3, 0.6, 1.0)}
START = Weights(0.6, 5.0, 0.0)


def bowl(weights):
    return abs(weights.kappa - 0.6) + (weights.lm_scale - 8) ** 2 + (weights.penalty - 10 * (weights.lm_scale - 7)) ** 2


def test_the_best_is_found_from_a_corner():
    asked = []

    def counted(weights):
        asked.append(weights)
        return bowl(weights)

    found = tune(counted, GRID, START, rounds=5)
    assert found.weights == Weights(0.6, 8.0, 10.0)
    assert found.error == bowl(found.weights) == min(found.tried.values())
    assert found.edges == ()
    assert len(asked) == len(set(asked)) == len(found.tried)


def test_an_edge_is_named():
    found = tune(lambda w: -w.kappa - w.lm_scale, GRID, START)
    assert (found.weights.kappa, found.weights.lm_scale) == (1.0, 11.0)
    assert set(found.edges) == {"kappa", "lm_scale", "penalty"}
    beyond = tune(lambda w: -w.kappa, {"kappa": (0.3, 0.6, 1.0)}, START._replace(kappa=2.0))
    assert (beyond.weights.kappa, beyond.edges) == (2.0, ("kappa",))


def test_a_tie_keeps_what_there_is():
    found = tune(lambda w: 0.5, GRID, Weights(0.45, 8.0, 10.0))
    assert found.weights == Weights(0.45, 8.0, 10.0)
    assert found.edges == ()


def test_nan_is_the_worst():
    found = tune(lambda w: float("nan") if w.kappa < 1 else 0.9, GRID, START)
    assert (found.weights.kappa, found.error) == (1.0, 0.9)


def test_nothing_to_tune():
    assert tune(bowl, {}, START).error == bowl(START)
    for grid in ({"beam": (1.0,)}, {"kappa": ()}):
        with pytest.raises(ValueError, match="there is nothing to tune in"):
            tune(bowl, grid, START)
