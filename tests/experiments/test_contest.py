"""What a contest chooses, measures, and says of a grid's end."""

import pytest

from experiments import contest, h_margin
from experiments.contest import edges, late, only
from experiments.lab import Budget


def tuned(start, rate, grid, at_edge=False):
    return {"kind": "tuning", "data": "d", "loss": "CE", "start": start, "rate": rate, "grid": grid, "at_edge": at_edge}


def arm(start, rate):
    return {
        "kind": "arm",
        "data": "d",
        "loss": "CE",
        "start": start,
        "rate": rate,
        "values": {"test_error": [0.1, 0.2]},
    }


def test_arms_are_found_by_what_they_are():
    arms = contest.Arms([tuned("small", 1.0, []), arm("small", 1.0), arm("large", 2.0)])
    assert arms.every("start") == ["small", "large"]
    assert arms.of(start="large")["rate"] == 2
    with pytest.raises(LookupError, match="2 arms are"):
        arms.of(loss="CE")


def test_rates_at_an_edge_are_said_where_they_were_compared():
    rows = [tuned("small", 1.0, []), tuned("large", 4.0, [], at_edge=True), tuned("other", 8.0, [], at_edge=True)]
    assert contest.at_edges([*rows, arm("small", 1.0)]) == []
    (said,) = contest.at_edges([*rows, arm("small", 1.0), arm("large", 4.0)])
    assert said.endswith(": d, CE, large (4).")


def test_no_decay_and_the_best_one_are_compared():
    rows = [
        tuned("none", 1.0, [[1.0, 0.0]]),
        tuned("0.1", 2.0, [[1.0, 0.5], [2.0, 0.3]]),
        tuned("0.2", 4.0, [[2.0, 0.2], [4.0, 0.2]]),
        tuned("0.3", 8.0, [[8.0, 0.2]]),
    ]
    assert h_margin._none_and_best(rows) == {"none": 1.0, "0.2": 4.0}


def tuning(rate, scores):
    rates = (1.0, 2.0, 4.0)
    return {
        "kind": "tuning",
        "data": "digits",
        "loss": "CE",
        "start": "small",
        "rate": rate,
        "at_edge": rate in (1.0, 4.0),
        "grid": [list(pair) for pair in zip(rates, scores)],
    }


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (tuning(2.0, (3.0, 1.0, 2.0)), "No rate chosen is the lowest"),
        (tuning(4.0, (3.0, 2.0, 1.0)), "a better one may lie outside: digits (CE, small start)."),
        (tuning(1.0, (3.0, 3.0, 3.0)), "All rates of the grid are alike: digits (CE, small start)."),
    ],
)
def test_where_the_grid_ends_is_said(row, said):
    assert said in edges([row])
    assert ("may lie outside" in edges([row])) == ("may lie outside" in said)


def test_late_is_the_last_tenth_and_a_failure_is_counted():
    score = late("error", Budget((), 0, 0, 20, {}), failed=1.0)
    assert score({"curves": {"error": [9.0] * 19 + [0.2, 0.4]}}) == pytest.approx(0.3)
    assert score({"curves": {"error": [0.0] * 19 + [0.2, None]}}) == pytest.approx(0.6)


def test_only_what_is_asked_for():
    assert only(lambda params, data: {"a": params, "b": data}, "b")(1, 2) == {"b": 2}
