"""The page says nothing of what the rows lack."""

import re

import made_rows as made
import pytest
from made_pages import as_html, built

from paper_repro.report.evidence import Evidence
from paper_repro.report.markdown import markdown


def without(evidence, *kinds):
    return evidence._replace(rows=[row for row in evidence.rows if row["kind"] not in kinds])


@pytest.mark.parametrize(
    ("lack", "gone"),
    [
        (lambda e: without(e, "claim"), "## The claims"),
        (lambda e: without(e, "arm"), ": arms,"),
        (lambda e: without(e, "baseline"), "\\| Gaussian mixtures"),
        (lambda e: e._replace(kept=[]), "words and 116,731 frames"),
        (lambda e: e._replace(jobs=()), "--full"),
        (lambda e: Evidence([r for r in e.rows if r["task"] != "AN4"], [], []), "## AN4"),
        (lambda e: Evidence([], [], []), "## What differs"),
        (lambda e: Evidence([r for r in e.rows if r.get("claim") != made.CURED], [], []), "### 2\\."),
    ],
)
def test_what_is_missing_leaves_no_trace(evidence, lack, gone):
    assert re.search(gone, markdown(built(evidence)).replace("\\", ""))
    found = built(lack(evidence))
    assert not re.search(gone, markdown(found).replace("\\", ""))
    assert as_html(found)


def test_null_in_a_record_is_no_crash():
    rows = made.everything("AN4").rows
    for row in rows:
        if row["kind"] == "arm":
            row["test_ece"] = row["dev_error"] = {"mean": None, "low": None, "high": None}
        if row["kind"] == "claim":
            row["p"] = row["matched_pairs"]["p"] = None
    assert "| - |" in markdown(built(Evidence(rows, [], [])))


def test_arms_that_other_tasks_have_are_named():
    few = [row for row in made.arms("AN4") if row["name"] != "SE"]
    rows = [made.protocol("AN4"), *few, *made.everything("digit lines").rows]
    found = markdown(built(Evidence(rows, [], [])))
    assert "Run on other tasks here and not on AN4: SE, the map of depths and starts." in found
    assert "and not on digit lines" not in found
