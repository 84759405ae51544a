"""What a contest chooses, measures, and says of a grid's end."""

import pytest

from experiments import contest, h_margin
from experiments.contest import late, only
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


def test_no_decay_and_the_best_one_are_compared():
    rows = [
        tuned("none", 1.0, [[1.0, 0.0]]),
        tuned("0.1", 2.0, [[1.0, 0.5], [2.0, 0.3]]),
        tuned("0.2", 4.0, [[2.0, 0.2], [4.0, 0.2]]),
        tuned("0.3", 8.0, [[8.0, 0.2]]),
    ]
    assert h_margin._none_and_best(rows) == {"none": 1.0, "0.2": 4.0}


@pytest.mark.parametrize(
    ("rate", "scores", "said"),
    [
        (2.0, (3.0, 1.0, 2.0), []),
        (4.0, (3.0, 2.0, 1.0), ["At an edge of the grid, where a better rate may lie beyond it: d, CE, small (4)."]),
        (1.0, (3.0, 3.0, 3.0), ["All rates of the grid are alike: d, CE, small."]),
    ],
)
def test_where_the_grid_ends_is_said_of_rates_that_were_compared(rate, scores, said):
    rates = (1.0, 2.0, 4.0)
    row = tuned("small", rate, [list(pair) for pair in zip(rates, scores)], at_edge=rate != 2.0)
    assert contest.edges([row, arm("small", rate)]) == said
    assert contest.edges([row, arm("other", rate)]) == []


def test_late_is_the_last_tenth_and_a_failure_is_counted():
    score = late("error", Budget((), 0, 0, 20, {}), failed=1.0)
    assert score({"curves": {"error": [9.0] * 19 + [0.2, 0.4]}}) == pytest.approx(0.3)
    assert score({"curves": {"error": [0.0] * 19 + [0.2, None]}}) == pytest.approx(0.6)


def test_only_what_is_asked_for():
    assert only(lambda params, data: {"a": params, "b": data}, "b")(1, 2) == {"b": 2}
