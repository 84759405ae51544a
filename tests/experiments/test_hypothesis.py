"""From values to outcomes: what is supported, refuted, not shown, not enough."""

import numpy as np
import pytest

from experiments.hypothesis import Fact, Part, correlated, exact, judged, over_seeds, share_of, verdict

RNG = np.random.default_rng(3)
NOISE = RNG.normal(size=(2, 40))


def part(shift, pairs=40, **options):
    a, b = (NOISE[0] + shift)[:pairs].tolist(), NOISE[1][:pairs].tolist()
    return Part("a is lower", ("a", "b"), a, b, "units", 10.0, **options)


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (part(-3), "supported"),
        (part(3), "refuted"),
        (part(0), "no difference shown"),
        (part(-3, pairs=29), "not enough"),
        (part(-3, pairs=30), "supported"),
        (part(0, margin=3), "supported"),
        (part(3, margin=1), "refuted"),
        (part(1, margin=1), "no difference shown"),
    ],
)
def test_outcomes(given, outcome):
    (row,) = judged([given])
    assert row["outcome"] == outcome
    # Margin or not, what is printed is a - b.
    assert row["difference"] == pytest.approx(np.mean(given.a) - np.mean(given.b))
    assert row["low"] < row["difference"] < row["high"]
    assert row["a"] == pytest.approx(np.mean(given.a))


def test_a_failed_run_counts_as_the_worst_and_is_counted():
    failing = part(0)._replace(b=[None] * 25 + NOISE[1][25:].tolist())
    (row,) = judged([failing])
    assert row["outcome"] == "supported"
    assert row["failed"] == [0, 25]
    assert row["b"] == pytest.approx((25 * 10 + NOISE[1][25:].sum()) / 40)


def test_no_run_that_arrived_is_worse_than_a_failed_one():
    values = [1.0] * 30
    (row,) = judged([Part("a is lower", ("a", "b"), values, [20.0] * 15 + [None] * 15, "units", 10.0)])
    assert row["b"] == 20


def test_scale_is_for_the_print_alone():
    one, hundred = judged([part(-1)])[0], judged([part(-1, scale=100.0)])[0]
    assert hundred["difference"] == pytest.approx(100 * one["difference"])
    assert hundred["p"] == one["p"]


def test_many_parts_are_corrected_together():
    """A difference that is shown alone is not among many that are none."""
    shifts = [s for s in np.linspace(-1, -0.2, 30) if 0.01 < judged([part(s)])[0]["p"] < 0.05]
    alone = part(shifts[0])
    assert judged([alone])[0]["outcome"] == "supported"
    others = [part(0)._replace(says=f"other {i}") for i in range(9)]
    assert judged([alone, *others])[0]["outcome"] == "no difference shown"


def test_judging_twice_gives_the_same():
    parts = [part(-0.3), exact("sum", 2.0, True)]
    assert judged(parts) == judged(parts)


@pytest.mark.parametrize(("sign", "outcome"), [(-1, "supported"), (1, "refuted"), (0, "undecided")])
def test_a_correlation_is_claimed_to_be_negative(sign, outcome):
    x = NOISE[0].tolist()
    y = (sign * NOISE[0] + 0.5 * NOISE[1]).tolist()
    for fact in correlated("falls", [*x, None], [*y, 1.0], [*range(40), 0], ["small"] * 41):
        assert judged([fact])[0]["outcome"] == outcome
        assert fact.low < fact.value < fact.high


def test_starts_that_differ_are_no_correlation_within_a_start():
    """Two clouds, one below and right of the other; within each the two go up together."""
    x = [*NOISE[0], *(NOISE[0] + 9)]
    y = [*(NOISE[0] + 0.5 * NOISE[1]), *(NOISE[0] + 0.5 * NOISE[1] - 9)]
    starts = ["small"] * 40 + ["large"] * 40
    over, within = correlated("falls", x, y, [*range(40), *range(40)], starts)
    assert over.high < 0 < within.low


def test_what_does_not_vary_has_no_correlation():
    for fact in correlated("falls", [1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [0, 1, 2], ["small"] * 3):
        assert fact.holds is None


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (["supported", "supported"], "supported"),
        (["refuted", "no difference shown"], "not supported"),
        (["supported", "refuted"], "depends"),
        (["supported", "not enough"], "not enough"),
    ],
)
def test_verdicts(outcomes, said):
    assert verdict([{"outcome": outcome} for outcome in outcomes]) == said


def test_a_fact_without_a_decision_is_undecided():
    assert judged([Fact("x", 0.0, -1.0, 1.0, "", None)])[0]["outcome"] == "undecided"


@pytest.mark.parametrize(("least", "outcome"), [(0.0, "supported"), (0.5, "undecided"), (1.0, "refuted")], ids=str)
def test_a_statistic_over_seeds_is_claimed_to_be_above_its_least(least, outcome):
    whole = 2 + 0.1 * NOISE[0]
    table = np.stack([0.5 * whole + 0.1 * (NOISE[1] - NOISE[1].mean()), whole], axis=1)
    fact = over_seeds("share", share_of, table.tolist(), "", least)
    assert judged([fact])[0]["outcome"] == outcome
    assert fact.value == pytest.approx(0.5, abs=0.01)
    assert fact.low < fact.value < fact.high


@pytest.mark.parametrize("row", [[0.0, 0.0], [-2.0, -1.0], [1.0, -1.0]], ids=str)
def test_a_share_of_nothing_or_less_decides_nothing(row):
    """Where SE is the faster one, what it is slower by has no part, and two negative numbers make no share."""
    fact = over_seeds("share", share_of, [row, row], "", 0.5)
    assert fact.holds is None
