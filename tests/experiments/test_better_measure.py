"""Claim (c) without training: how splits are changed, what a mistake costs, what the rows say."""

import numpy as np
import pytest

from experiments import c_better_measure as c
from experiments.hypothesis import judged
from lossjax.data.dataset import Dataset, Split

RNG = np.random.default_rng(0)
DATA = Dataset(
    "made",
    10,
    *(Split(RNG.normal(size=(2_000, 3)).astype(np.float32), np.arange(2_000, dtype=np.int32) % 10) for _ in "abc"),
)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4])
def test_wrong_labels_are_as_many_as_said_and_evenly_wrong(share):
    parts = c.changed(DATA, c.mislabelled(10, share))
    for name in ("train", "dev", "alike"):
        wrong = parts[name].t != DATA.train.t
        assert wrong.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 2_000))
        shifts = np.bincount((parts[name].t - DATA.train.t)[wrong] % 10, minlength=10)
        assert shifts[0] == 0
        assert share == 0 or np.ptp(shifts[1:]) < shifts[1:].mean()
        assert np.array_equal(parts[name].x, {"train": DATA.train, "dev": DATA.dev, "alike": DATA.test}[name].x)
    assert np.array_equal(parts["test"].t, DATA.test.t)
    # Each split has its own mistakes.
    assert share == 0 or not np.array_equal(parts["train"].t, parts["alike"].t)


def test_uneven_classes_lose_odd_ones_only_and_the_test_split_none():
    parts = c.changed(DATA, c.uneven(0.1))
    for name in ("train", "dev", "alike"):
        counts = np.bincount(parts[name].t, minlength=10)
        assert (counts[::2] == 200).all()
        assert counts[1::2].sum() == pytest.approx(100, abs=40)
        assert len(parts[name].x) == len(parts[name].t)
    assert len(parts["test"].t) == 2_000


def test_a_sure_mistake_costs_cross_entropy_more():
    loss, gradient = judged(c._punishment())
    # Over an even guess: -log 1e-6 / log 2 against 2 / (1/2), and a gradient of 1 against 1/2.
    assert loss["value"] == pytest.approx(6 * np.log2(10), rel=1e-5)
    assert "SE at most 4," in loss["says"]
    assert "grows (2 times)" in gradient["says"]
    assert gradient["value"] == pytest.approx(8e-6, rel=1e-3)
    assert [row["outcome"] for row in (loss, gradient)] == ["supported", "supported"]


def rows(noisy):
    """CE a point ahead without wrong labels, and `noisy` points behind with 40 % of them."""
    seeds = RNG.normal(size=(2, 30)) / 1_000
    return [
        {
            "kind": "arm",
            "data": "made",
            "condition": condition,
            "loss": loss,
            "tuned_for": goal,
            "values": {
                metric.key: (0.1 + (loss == "SE") * ahead + seeds[int(loss == "SE")]).tolist() for metric in c.METRICS
            },
        }
        for condition, ahead in (("0% wrong labels", 0.01), ("40% wrong labels", -noisy / 100))
        for loss in c.LOSSES
        for goal in c.TUNED_FOR
    ]


def test_each_condition_is_judged_for_itself():
    said = {row["says"]: row["outcome"] for row in judged(c.judge(rows(2.0)))}
    assert said["made, 0% wrong labels: CE has the lower test error"] == "supported"
    assert said["made, 40% wrong labels: CE has the lower test error"] == "refuted"
    assert len(said) == 2 * len(c.METRICS) + 2


def test_the_note_says_how_the_difference_moves():
    # From -1 to +2 points over 40 %.
    assert "moves by +0.75 points" in c._trend(c.Arms(rows(2.0)), "made")
