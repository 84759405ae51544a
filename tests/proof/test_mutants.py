"""A check that cannot fail is a defect: every wrong version of every loss is convicted, with the right code."""

import pytest

from lossjax.losses import ALL
from lossjax.proof.judge import judge
from lossjax.proof.mutants import subject_of
from lossjax.proof.ulp import DTYPES


def rows():
    """Losses of one number in the fast suite, the vectors among the slow proofs."""
    for loss in ALL:
        yield pytest.param(loss, id=loss.label, marks=[pytest.mark.slow] if loss.event_ndim else [])


@pytest.mark.parametrize("loss", list(rows()))
def test_mutants_are_caught(loss):
    subject, mutants = subject_of(loss)
    found = {(r.quantity, r.witness): r for r in judge(subject, DTYPES["float32"], "quick")}
    for m in mutants:
        row = found[m.quantity, m.kind]
        if m.kind == "naive" and row.ok:
            # Accurate as printed: equivalent within the standard's bounds at every point of the sweep.
            assert row.max_excess <= row.bound
            continue
        assert not row.ok, f"{m.kind} of {m.quantity} survived"
        assert row.code in m.codes, f"{m.kind} of {m.quantity}: {row.code} {row.cause}"
