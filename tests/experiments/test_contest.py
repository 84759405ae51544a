"""What a contest chooses, measures, and says of a grid's end."""

import math

import pytest

from experiments import contest, h_margin
from experiments.contest import early, epochs_to, late, never_arrived, only
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


def test_rates_at_an_edge_are_told_apart_by_condition_and_goal():
    about = [{"condition": f"{share}% wrong labels", "tuned_for": "error"} for share in (0, 20)]
    grid = [[1.0, 0.3], [4.0, 0.1]]
    rows = [row | of for of in about for row in (tuned("small", 4.0, grid, at_edge=True), arm("small", 4.0))]
    (said,) = contest.edges(rows)
    assert said.endswith("d, 0% wrong labels, CE, error, small (4); d, 20% wrong labels, CE, error, small (4).")
    # A rate at the edge in one condition is not that of the other.
    assert "20%" not in contest.edges(rows[:2] + rows[2:3])[0]


@pytest.mark.parametrize("fresh", [[0.02, 0.05], [0.1, 0.3], [0.02, None]])
def test_a_rate_that_fresh_seeds_find_twice_as_bad_was_chosen_by_luck(fresh):
    row, compared = tuned("small", 4.0, [[2.0, 0.03], [4.0, 0.02]]), arm("small", 4.0)
    compared["values"] = {"dev_error": fresh}
    said = contest.chosen_by_luck([row, compared])
    assert len(said) == (fresh != [0.02, 0.05])
    assert all("d, CE, small (4): 2 % and " in sentence for sentence in said)


def test_early_is_the_first_epochs_that_have_a_value():
    score = early("pull", 3)
    assert score({"curves": {"pull": [1.0, None, 3.0, 100.0]}}) == 2
    assert math.isnan(score({"curves": {"pull": [None, None, None, 1.0]}}))


@pytest.mark.parametrize(("errors", "epochs"), [((0.5, 0.1, 0.3), 1), ((0.5, 0.4, None), 3)])
def test_who_never_arrives_takes_one_epoch_more_than_there_are(errors, epochs):
    score = epochs_to(0.2, Budget((), 0, 0, 2, {}))
    assert score({"curves": {"dev_error": list(errors)}}) == epochs


def test_arms_that_never_arrive_are_named_once():
    late_one = arm("small", 1.0) | {"values": {"epochs": [3, None, None]}}
    (said,) = never_arrived([late_one, late_one | {"whose": "its own"}, arm("large", 2.0)])
    assert said.endswith(": d, CE, small (1): 2 of 3.")
    assert never_arrived([arm("large", 2.0)]) == []


def test_only_what_is_asked_for():
    assert only(lambda params, data: {"a": params, "b": data}, "b")(1, 2) == {"b": 2}
