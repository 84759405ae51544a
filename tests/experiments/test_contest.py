"""What a contest chooses and says of its choices."""

import pytest

from experiments import contest, h_margin


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
