"""Claim (b) without training: what the sweep, the shares and the zeros say of rows that are known."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import b_softmax_too as b
from experiments import class_sweep, false_zeros
from experiments.hypothesis import judged
from lossjax.losses import sigmoid_cross_entropy, sigmoid_squared_error, softmax_squared_error
from lossjax.training.models import perceptron
from lossjax.training.population import Examples

SEEDS = np.random.default_rng(0).uniform(0.9, 1.1, (3, 30))


def sweep(slower, compensated, several=(2, 10, 50)):
    """Rows in which SE needs `slower(C)` times the epochs of CE, and at C/2 times the rate `compensated(C)` times."""
    factors = {class_sweep.CE: lambda c: 1, class_sweep.SE: slower, class_sweep.COMPENSATED: compensated}
    return [
        {
            "kind": "arm",
            "classes": classes,
            "loss": loss,
            "limit": 999,
            "values": {"epochs": (10 * factor(classes) * SEEDS[i]).tolist()},
        }
        for classes in several
        for i, (loss, factor) in enumerate(factors.items())
    ]


def outcomes(rows):
    return {row["says"].split(" (")[0]: row for row in judged(class_sweep.judge(rows))}


def test_where_two_over_c_is_all_there_is():
    said = outcomes(sweep(lambda c: c / 2, lambda c: 1))
    assert {row["outcome"] for row in said.values()} == {"supported"}
    assert said["all C > 2, equal rates: the slow-down of SE grows with C/2"]["value"] == pytest.approx(1, abs=0.05)
    share = said["all C > 2: C/2 times the rate takes away most of the slow-down of SE"]
    assert share["value"] == pytest.approx(1, abs=0.05)


def test_where_two_over_c_explains_nothing():
    said = outcomes(sweep(lambda c: 5, lambda c: 5))
    assert said["10 classes: at the equal rate CE is faster"]["outcome"] == "supported"
    assert said["10 classes: at C/2 times the rate SE is not slower than CE"]["outcome"] == "refuted"
    share = said["all C > 2: C/2 times the rate takes away most of the slow-down of SE"]
    assert share["outcome"] == "refuted"


@pytest.mark.parametrize("never", [(), (b.RAISED,), (b.EIGHTH,)])
def test_of_a_slow_down_that_is_cut_off_no_share_is_known(never):
    """Squared error takes 8 times as long from the last start, whatever its rate; from the first not at C/2 times it."""
    rows = [
        {
            "kind": "arm",
            "data": "d",
            "start": start,
            "loss": loss,
            "whose": whose,
            "limit": 99,
            "values": {"epochs": (10 * factor * SEEDS[i % 3]).tolist(), "early_pull": SEEDS[i % 3].tolist()},
        }
        for start in ("small", "saturated")
        for i, (loss, whose) in enumerate(b.ARMS)
        for factor in [8 if loss == b.SE and (whose != b.RAISED or start == "saturated") else 1]
    ]
    for row in rows:
        if row["start"] == "saturated" and row["whose"] in never and row["loss"] == b.SE:
            row["values"]["epochs"][0] = None
    said = {row["says"]: row for row in judged(b._judge_stall("d", b.Arms(rows))) if "share of" in row["says"]}
    goes, stays = said.values()
    assert goes["outcome"] == "supported"
    assert stays["outcome"] == ("undecided" if never else "supported")
    assert stays["says"].endswith("cut off") == bool(never)


def test_who_never_arrives_is_counted_and_is_slowest():
    rows = sweep(lambda c: c / 2, lambda c: 1, several=(10,))
    rows[1]["values"]["epochs"] = [None] * 30
    said = outcomes(rows)["10 classes: at the equal rate CE is faster"]
    assert said["failed"] == [0, 30]
    assert said["b"] == pytest.approx(math.log2(1000))


def test_the_pull_behind_a_sigmoid_is_twice_its_slope():
    """Why the ratio of the gradients is the mediator of (a): behind a sigmoid it is 2 sigma'(z)."""
    z, t = jnp.linspace(-6, 6, 25), jnp.ones(25)
    ratio = sigmoid_squared_error.gradient(z, t) / sigmoid_cross_entropy.gradient(z, t)
    assert np.allclose(ratio, 2 * jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), rtol=1e-5)


@pytest.mark.parametrize("classes", [2, 10, 47])
def test_the_pull_at_uniform_output_is_two_over_c(classes):
    net = perceptron("linear model", 3, classes)
    data = Examples(jnp.ones((8, 3)), jnp.ones(8, int))
    params = net.init(jax.random.key(0), 0.0)
    found = b._measure(net, softmax_squared_error)(params, {"train": data, "dev": data, "test": data})
    assert set(found) == {"dev_error", "test_error", "train_pull"}
    assert found["train_pull"] == pytest.approx(2 / classes, rel=1e-6)


def test_autodiff_has_false_zeros_in_bfloat16_where_the_derived_gradient_has_none():
    z, t = jnp.array([[9.0, 0.0, 0.0]], jnp.bfloat16), jnp.array([1])
    slope = jax.grad(lambda z: false_zeros.composed(z, t).sum())(z)
    derived = jax.grad(lambda z: softmax_squared_error(z, t).sum())(z)
    assert slope[0, 0] == 0 < derived[0, 0]
    assert np.allclose(slope[0, 1:].astype(float), derived[0, 1:].astype(float), rtol=0.02)


def test_the_share_of_false_zeros_is_of_what_squared_error_is_behind():
    errors = {false_zeros.CE: 0.1, false_zeros.DERIVED: 0.15, false_zeros.AUTODIFF: 0.2}
    rows = [
        {
            "kind": "arm",
            "data": "digits",
            "start": "large",
            "loss": loss,
            "values": {"test_error": (error * SEEDS[i]).tolist(), "train_zeros": [0.01 * (i == 2)] * 30},
        }
        for i, (loss, error) in enumerate(errors.items())
    ]
    zeros, error, share = judged(false_zeros.judge(rows))
    assert [row["outcome"] for row in (zeros, error, share)] == ["supported"] * 3
    assert share["value"] == pytest.approx(0.5, abs=0.05)
