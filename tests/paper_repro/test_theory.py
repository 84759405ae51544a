"""Equations, ratio, bounds and the three reasons, and that each check can fail."""

import jax
import numpy as np
import pytest

from lossjax.losses.softmax_squared_error import softmax_squared_error
from paper_repro import bounds, equations, reasons

GAPS = equations.gaps(np.dtype(np.float16))


@pytest.mark.parametrize("number", equations.EQUATIONS)
def test_the_printed_equation_is_the_derivative(number):
    assert equations.symbolic(number, 3)


@pytest.mark.parametrize("number", equations.EQUATIONS)
def test_a_wrong_equation_is_refuted(number, monkeypatch):
    printed, loss = equations.EQUATIONS[number]
    monkeypatch.setitem(equations.EQUATIONS, number, (lambda y, right: [*printed(y, right)[:-1], y[-1]], loss))
    monkeypatch.setitem(equations.EQUATIONS, 11, (lambda y, right: [2 * s for s in printed(y, right)], loss))
    assert not equations.symbolic(number, 2)


def test_every_float16_gap_is_there():
    assert len(GAPS) == 2 * 31 * 1024
    assert len(set(GAPS.view(np.uint16))) == len(GAPS)


@pytest.mark.parametrize("number", equations.EQUATIONS)
def test_equation_truth_and_derived_gradient_agree(number):
    found = equations.at_every_gap(number, GAPS[::256])
    assert found["points"] == 248
    assert found["undecided"] == 0
    assert found["apart_ulp64"] < 2**-9
    assert found["derived"]["normal"] > 200
    assert found["derived"]["max_ulp"] < 0.501
    assert (found["derived"]["lost"], found["derived"]["wrong_nonfinite"]) == (0, 0)


def test_an_equation_off_by_a_rounding_is_seen(monkeypatch):
    printed, loss = equations.EQUATIONS[12]
    monkeypatch.setitem(equations.EQUATIONS, 12, (lambda y, right: [s * (1 + 1e-15) for s in printed(y, right)], loss))
    assert equations.at_every_gap(12, GAPS[::1024])["apart_ulp64"] > 1


def test_the_gap_makes_a_scalar_loss_of_a_vector_loss():
    scalar = equations.of_the_gap(softmax_squared_error)
    z, t = np.linspace(-3, 3, 7, dtype=np.float32), np.float32([1, 0, 1, 0, 1, 0, 1])
    pair, labels = np.stack([z, 0 * z], axis=-1), (1 - t).astype(np.int32)
    value, gradient = (jax.jit(f)(z, t) for f in (scalar, scalar.gradient))
    assert np.allclose(value, jax.jit(softmax_squared_error)(pair, labels), rtol=1e-6)
    assert np.allclose(gradient, jax.jit(softmax_squared_error.gradient)(pair, labels)[:, 0], rtol=1e-6)


def test_the_ratio_is_two_over_c(monkeypatch):
    monkeypatch.setattr(equations, "LARGEST_C", 200)
    found = equations.ratio_at_uniform()
    assert found["exact"]
    assert found["max_relative_error"] < 1e-6
    assert found["curve"][0][0] == 2
    assert all(abs(ratio * c / 2 - 1) < 1e-6 for c, ratio in found["curve"])


def test_bounds_hold_are_ordered_and_tight(monkeypatch):
    monkeypatch.setattr(bounds, "PAIRS", 2_000)
    rows = bounds.check()
    assert len(rows) == 16
    assert sum(row["violations"] for row in rows) == 0
    for row in rows:
        assert row["tightest_kl"] <= row["tightest_se"] <= 1 + 1e-12
        assert 0 < row["mean_excess"] <= row["mean_bound_se"] <= row["mean_bound_kl"]
    assert rows[-1]["tightest_kl"] > 0.999


def test_a_bound_too_small_is_violated(monkeypatch):
    monkeypatch.setattr(bounds, "PAIRS", 2_000)
    sides = bounds.sides
    monkeypatch.setattr(bounds, "sides", lambda p, q: {**sides(p, q), "se": 0.9 * sides(p, q)["se"]})
    assert sum(row["violations"] for row in bounds.check()) > 0


def test_sides_on_a_case_by_hand():
    found = bounds.sides(np.array([[0.75, 0.25]]), np.array([[0.25, 0.75]]))
    assert found["excess"] == [0.5]
    assert found["se"] == [2 * (0.5**2 + 0.5**2)]
    assert np.allclose(found["kl"], 2 * 0.5 * np.log(3))


def test_reasons_one_and_two():
    found = reasons.vanishing()
    at = {z: i for i, z in enumerate(found["z"])}
    assert found["SE"][at[0]] / found["CE"][at[0]] == pytest.approx(2 / found["classes"], rel=1e-14)
    assert found["CE"][at[40]] == pytest.approx(2**0.5)
    # Two entries of 4 exp(-z), +-, to first order.
    assert found["SE"][at[40]] == pytest.approx(4 * 2**0.5 * np.exp(-40), rel=0.3)


@pytest.mark.parametrize(("dtype", "first"), [("float32", 16.640625), ("float16", 7.625), ("bfloat16", 5.5625)])
def test_reason_three_starts_where_the_sigmoid_rounds_to_one(dtype, first, monkeypatch):
    found = reasons.false_zeros("squared_error(sigmoid(z))", dtype)
    assert found["composed"]["first"] == first
    assert found["derived"]["false_zeros"] == 0


def test_the_derived_softmax_gradient_has_no_false_zero():
    found = reasons.false_zeros("squared_error(softmax(z))", "float32")
    assert found["composed"]["false_zeros"] > 4_000
    assert found["derived"]["false_zeros"] == 0
