"""Verdicts on made errors: supported, contradicted, nothing shown, too few seeds."""

import numpy as np
import pytest

from lossjax.training import stats
from paper_repro.hybrid import claims
from paper_repro.hybrid.claims import CURED, HELPS, WORSE

UTTERANCES, SEEDS = 40, 10
WORDS = np.full(UTTERANCES, 10)
SPEAKERS = [f"s{i % 8}" for i in range(UTTERANCES)]


def errors(mean, seed, seeds=SEEDS):
    rng = np.random.default_rng(seed)
    return rng.poisson(mean, (seeds, UTTERANCES))


def verdicts(means, seeds=SEEDS, enough=8, enough_fine=8):
    made = {arm: errors(mean, i, seeds) for i, (arm, mean) in enumerate(means.items())}
    judged = claims.judge(made, WORDS, SPEAKERS, enough, enough_fine)
    return {one.claim.says: one.verdict for one in judged if one.comparison.decides}


RANDOM = {"CE, constant rate": 2.0, "SE, constant rate": 4.0}
FINE = {"CE, then CE (control)": 3.0, "CE, then SE": 2.0}


@pytest.mark.parametrize(
    ("means", "claim", "want"),
    [
        (RANDOM, WORSE, "supported"),
        ({"CE, constant rate": 4.0, "SE, constant rate": 2.0}, WORSE, "contradicted"),
        ({"CE, constant rate": 3.0, "SE, constant rate": 3.0}, WORSE, "no difference shown"),
        (FINE, HELPS, "supported"),
        ({"CE, then CE (control)": 2.0, "CE, then SE": 3.0}, HELPS, "contradicted"),
        # SE gains on its parent, the control gains as much: no credit to SE.
        ({"CE": 4.0, "CE, then CE (control)": 2.0, "CE, then SE": 2.0}, HELPS, "no difference shown"),
        (RANDOM | {"CE, layer-wise CE": 2.0, "SE, layer-wise CE": 2.0}, CURED, "supported"),
        (RANDOM | {"CE, layer-wise CE": 2.0, "SE, layer-wise CE": 6.0}, CURED, "contradicted"),
        # Half of the gap is left.
        (RANDOM | {"CE, layer-wise CE": 2.0, "SE, layer-wise CE": 3.0}, CURED, "narrowed, not cured"),
        ({"CE": 1.0} | FINE, HELPS, "harms, less than the control"),
        ({"CE": 4.0} | FINE, HELPS, "supported"),
        (
            {"CE, constant rate": 3.0, "SE, constant rate": 3.0, "CE, layer-wise CE": 4.0, "SE, layer-wise CE": 2.0},
            CURED,
            "nothing to cure",
        ),
    ],
)
def test_a_verdict(means, claim, want):
    assert verdicts(means)[claim.says] == want


def test_few_seeds_are_not_enough_however_clear():
    assert verdicts(RANDOM, seeds=7) == {WORSE.says: "not enough"}
    assert verdicts(RANDOM | FINE, seeds=10, enough_fine=30)[HELPS.says] == "not enough"


def test_p_is_adjusted_where_it_decides_and_nowhere_else():
    """Holm over the deciding comparisons of one model; by another model nothing is decided."""
    made = {arm: errors(mean, i) for i, (arm, mean) in enumerate((RANDOM | {"CE": 3.0} | FINE).items())}
    judged = {d: claims.judge(made, WORDS, SPEAKERS, 8, 8, decides=d) for d in (True, False)}
    assert [one.verdict for one in judged[False]] == [None] * len(judged[False])
    raw = [one.p for one in judged[False]]
    decided = [i for i, one in enumerate(judged[True]) if one.comparison.decides]
    adjusted = stats.holm(np.array([raw[i] for i in decided]))
    want = [adjusted[decided.index(i)] if i in decided else p for i, p in enumerate(raw)]
    assert len(decided) == 2
    assert [one.p for one in judged[True]] == pytest.approx(want, rel=1e-12)
    assert want != raw


def test_arms_that_are_not_there_make_no_comparison():
    assert verdicts({"CE": 2.0, "SE": 3.0}) == {}


def test_the_comparison_with_more_seeds_is_cut_to_the_fewer():
    made = {"CE": errors(2, 0, 30), "SE": errors(3, 1, 8)}
    (one,) = claims.judge(made, WORDS, SPEAKERS, 8, 30)
    assert one.difference.seeds == 8
    assert one.difference.difference == pytest.approx((made["SE"].mean() - made["CE"][:8].mean()) / 10)


def test_a_single_seed_says_nothing():
    assert verdicts(RANDOM, seeds=1, enough=1) == {WORSE.says: "no difference shown"}
