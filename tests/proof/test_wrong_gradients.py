"""Wrong gradients of real projects: each is caught, and the cause that is named is the true one for most of them."""

import pytest
from wrong_gradients import TABLE, Wrong

import lossjax

# Quick ones, of different kinds.
FAST = {
    "dL/da for dL/dz",
    "target minus output",
    "a 2 although the loss has 1/2",
    "hinge without its condition",
    "a clipped gradient",
    "a where that leaks NaN",
    "a mean over the wrong axis",
    "stop_gradient on the prediction",
}
# What nothing in the numbers, and no single slip, gives away.
UNNAMED = {"quantiles exchanged", "a hinge whose target enters the maximum as 0"}

told: dict[str, str] = {}


def cause_of(wrong: Wrong) -> str:
    """The cause that the report names for the part that is wrong: the formula's if there is another, else the code's."""
    if wrong.name not in told:
        report = lossjax.check(wrong.loss, points="quick", quantity=wrong.quantity, name=wrong.name, **wrong.options)
        rows = [r for r in report.findings() if r.quantity == "grad" or wrong.quantity != "all"]
        witnesses = ("own", "derived", "autodiff")
        told[wrong.name] = next((r.cause for w in witnesses for r in rows if r.witness == w), "")
    return told[wrong.name]


def rows():
    return [pytest.param(w, id=w.name, marks=() if w.name in FAST else pytest.mark.slow) for w in TABLE]


@pytest.mark.parametrize("wrong", rows())
def test_a_wrong_gradient_is_caught_and_its_cause_named(wrong):
    found = cause_of(wrong)
    assert found, "not caught"
    assert (wrong.cause in found) != (wrong.name in UNNAMED), found


def test_the_table_is_long_enough_and_no_kind_is_there_twice():
    assert len(TABLE) >= 44
    assert len({w.name for w in TABLE}) == len(TABLE)
    assert all(w.cause and w.seen for w in TABLE)
    assert len(TABLE) - len(UNNAMED) >= 30


@pytest.mark.slow
def test_most_causes_are_named_and_no_other_in_the_place_of_the_rest(capsys):
    """Printed with the report's words for each."""
    causes = {w.cause for w in TABLE}
    named = [w.cause in cause_of(w) for w in TABLE]
    with capsys.disabled():
        for w, right in zip(TABLE, named):
            print(f"\n{'named   ' if right else 'caught  '} {w.name} ({w.seen})\n         {cause_of(w)}", end="")
        print(f"\n{sum(map(bool, map(cause_of, TABLE)))} of {len(TABLE)} caught, {sum(named)} causes named truly")
    assert sum(named) >= 30
    # Where the true cause is not found, no other entry's is named.
    assert not [(w.name, c) for w in TABLE if w.name in UNNAMED for c in causes if c in cause_of(w)]
