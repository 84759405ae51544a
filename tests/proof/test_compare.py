"""Two implementations of one loss: who is right, where, since when; and what two that are not one function are told."""

import functools
import json

import jax
import jax.numpy as jnp
import pytest

import lossjax
from lossjax.losses import hinge, sigmoid_cross_entropy, softmax_cross_entropy

QUICK = {"points": "quick"}


def naive(z, t):
    return -t * jnp.log(jax.nn.sigmoid(z)) - (1 - t) * jnp.log(1 - jax.nn.sigmoid(z))


def margin(z, t):
    return jax.nn.softplus(-t * z)


def same_margin(z, t):
    return jax.nn.softplus(-z * t)


def twice(z, t):
    return 2 * jax.nn.softplus(-t * z)


def flat_far_out(z, t):
    return jnp.where(z > 5, 0.0, margin(z, t))


def scaled(z, t, *, by):
    return by * jax.nn.softplus(-t * z)


def by_labels(z, t):
    return jax.nn.logsumexp(z) - z[t]


@jax.custom_jvp
def ruled(z, t):
    return margin(z, t)


ruled.defjvps(lambda dz, value, z, t: jnp.where(jnp.abs(z) > 5, 0.0, -t * jax.nn.sigmoid(-t * z)) * dz, None)

LOGISTIC = {"like": "logistic", "quantity": "grad"}
MARGINS = {"targets": "margin", "quantity": "grad"}


# a, b, options, who is right by quantity
def weighted(z, t):
    """A loss of three classes and no other number of them."""
    return -jnp.sum(jnp.ones(3) * t * jax.nn.log_softmax(z))


TABLE = [
    (naive, sigmoid_cross_entropy, {"targets": "binary"}, {"value": "b", "grad": "b", "hess": "b"}),
    (sigmoid_cross_entropy, naive, {"targets": "binary", "quantity": "grad"}, {"grad": "a"}),
    (sigmoid_cross_entropy, sigmoid_cross_entropy, {"quantity": "grad"}, {"grad": "both"}),
    (ruled, margin, {"quantity": ("value", "grad"), "targets": "margin"}, {"value": "both", "grad": "b"}),
    (naive, naive, {"quantity": "value"}, {"value": "neither"}),
    (margin, twice, LOGISTIC, {"grad": "a"}),
    (flat_far_out, twice, LOGISTIC, {"grad": "neither"}),
    (functools.partial(scaled, by=1.0), margin, MARGINS, {"grad": "both"}),
    (scaled, margin, MARGINS | {"params": {"by": 1.0}}, {"grad": "both"}),
    (by_labels, softmax_cross_entropy, {"quantity": "value"}, {"value": "b"}),
    (weighted, softmax_cross_entropy, {"quantity": "value"}, {"value": "b"}),
    ("hinge", hinge, {"quantity": "grad"}, {"grad": "both"}),
]


@pytest.mark.parametrize(("a", "b", "options", "who"), TABLE)
def test_who_is_right(a, b, options, who):
    report = lossjax.compare(a, b, **QUICK, **options)
    assert {c.quantity: c.who for c in report.contests} == who, str(report)
    assert report.ok == (set(who.values()) == {"both"})
    for c in report.contests:
        assert c.eligible == c.checked + c.undecided + c.skipped
        assert c.checked == sum(c.right.values()) == c.identical + c.apart
        assert sum(d.count for d in c.differences) == c.checked - c.right["both"]


def test_a_difference_has_its_kind_its_beginning_and_all_three_numbers():
    report = lossjax.compare(naive, sigmoid_cross_entropy, targets="binary", quantity="value", **QUICK)
    (c,) = report.contests
    zeros = next(d for d in c.differences if d.kind == "false zero")
    assert zeros.right == "b"
    assert 16.6 < zeros.since["size"] < 18
    assert zeros.since["a"] == 0
    assert zeros.since["b"] == pytest.approx(zeros.since["want"], rel=1e-6)
    assert {d.kind for d in c.differences} == {"digits", "false zero", "NaN or inf"}


def test_rounding_apart_is_no_disagreement():
    def falling(z, t):
        return 1 / (1 + jnp.exp(jnp.clip(-z, -5, 5)))

    def rising(z, t):
        return jnp.exp(jnp.clip(z, -5, 5)) / (1 + jnp.exp(jnp.clip(z, -5, 5)))

    (c,) = lossjax.compare(falling, rising, quantity="value", **QUICK).contests
    assert c.who == "both"
    assert 0 < c.max_apart_ulp < 8
    assert c.apart > 0
    assert not c.differences


def test_two_functions_that_are_not_one_are_told_so():
    report = lossjax.compare(margin, twice, **MARGINS, **QUICK)
    (c,) = report.contests
    assert not c.code["a"]
    assert c.max_excess["a"] < 8
    assert c.other_function["b"] > 0.5 * c.checked
    assert not report
    assert "not the same function" in str(report)
    assert "--like" in str(report)


def test_a_formula_that_is_not_the_references_is_told_from_rounding():
    (c,) = lossjax.compare(margin, twice, **LOGISTIC, **QUICK).contests
    assert c.other_function["a"] == 0
    assert c.other_function["b"] > 0.5 * c.checked
    assert c.code == {"a": "", "b": "LJ001"}


def test_a_batch_of_contrasted_examples():
    def by_rows(z, t):
        return -jnp.mean(jnp.diagonal(jax.nn.log_softmax(z, axis=1)))

    def by_hand(z, t):
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.diag(z))

    report = lossjax.compare(by_rows, by_hand, event_ndim=2, quantity="value", **QUICK)
    assert not any(report.contests[0].other_function.values()), str(report)
    assert report.contests[0].checked > 50


MISTAKES = [
    (margin, scaled, {}, "needs keyword by"),
    (margin, margin, {"params": {"gamma": 1.0}}, "has a keyword gamma"),
    (margin, margin, {"event_ndim": 1}, "--event-ndim 1"),
    (by_labels, margin, {}, "one example of"),
    (margin, softmax_cross_entropy, {}, "cannot be traced"),
    (sigmoid_cross_entropy, hinge, {}, "no point would suit both"),
    (softmax_cross_entropy, softmax_cross_entropy, {"event_ndim": 0}, "leave --event-ndim out"),
    (margin, lambda z: z, {}, "takes one argument"),
    (margin, margin, {"points": "all"}, "quick or standard"),
    (margin, margin, {"like": "logistik"}, "did you mean"),
    (margin, margin, {"max_excess": -1.0}, "a positive number"),
    (margin, margin, {"quantity": []}, "nothing would be judged"),
    (margin, margin, {"dtype": []}, "nothing would be judged"),
    (lambda z, t: jnp.sum(z * t), lambda z, t: jnp.sum(z - t), {}, "a number and a vector alike"),
]


@pytest.mark.parametrize(("a", "b", "options", "words"), MISTAKES, ids=lambda x: x if isinstance(x, str) else "")
def test_a_request_that_cannot_be_carried_out_is_one_sentence(a, b, options, words):
    from lossjax.proof.subject import UsageError

    with pytest.raises(UsageError, match=words):
        lossjax.compare(a, b, **{**QUICK, **options})


def test_the_command_line_compares(lossjax, tmp_path, monkeypatch):
    (tmp_path / "halves.py").write_text(
        "def f(z, t): return (z - t) * (z - t)\ndef g(z, t): return z * z - 2 * z * t + t * t\n"
    )
    monkeypatch.chdir(tmp_path)
    words = ("--quantity", "value", "--points", "quick", "--format", "json", "--output", "out.json")
    code, out, _ = lossjax("compare", "halves:f", "halves:g", *words)
    found = json.loads(out)
    assert code == 1
    assert (found["a"], found["b"]) == ("halves:f", "halves:g")
    assert found["contests"][0]["who"] == "a"
    assert found == json.loads((tmp_path / "out.json").read_text())
    code, out, _ = lossjax("compare", "squared_error", "squared_error", *words[:4])
    assert code == 0
    assert "both are right" in out


def test_only_commands_that_can_be_run_are_advised():
    here = {"here": lambda z, t: jnp.log(1 + jnp.exp(z)) - t * z}["here"]
    told = str(lossjax.compare(here, "sigmoid_cross_entropy", points="quick", quantity="value"))
    assert "lossjax explain LJ" in told
    assert "lossjax check" not in told
    told = " ".join(str(lossjax.compare(naive, naive, points="quick", quantity="value")).split())
    assert "lossjax check test_compare:naive --event-ndim 0" in told
    assert "naive (a)" in told


def test_a_comparison_says_where_its_targets_are_from():
    told = lossjax.compare(margin, same_margin, points="quick", quantity="value", targets="margin")
    assert "Targets: margin (--targets)" in " ".join(str(told).split())
