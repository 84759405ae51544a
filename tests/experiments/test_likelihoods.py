"""What is a likelihood is proved to be one, what is not is not, and known parameters are found again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from scipy import stats

from experiments import e_cross_entropy_likelihood as e
from experiments import f_squared_error_likelihood as f
from experiments import likelihoods, recovery
from experiments.hypothesis import judged
from lossjax.losses import (
    absolute_error,
    gaussian_nll,
    half_squared_error,
    sigmoid_cross_entropy,
    sigmoid_squared_error,
    softmax_cross_entropy,
    softmax_squared_error,
    squared_error,
)

Z, THREE = sp.Symbol("z", real=True), sp.symbols("z1:4", real=True)


def proved(rows):
    return [row["proved"] for row in rows]


def test_densities_are_those_of_scipy():
    z, t = jnp.array([0.3, -1.2, 0.7]), jnp.array([0.0, 1.0, 0.0])
    p = np.exp(z) / np.exp(z).sum()
    assert likelihoods.bernoulli(z[0], 1.0) == pytest.approx(stats.bernoulli.pmf(1, 1 / (1 + np.exp(-z[0]))))
    assert likelihoods.categorical(z, t) == pytest.approx(stats.multinomial.pmf(t, 1, p))
    assert likelihoods.gaussian(z[0], 1.1, 0.7) == pytest.approx(stats.norm.pdf(1.1, z[0], 0.7**0.5))


def test_cross_entropy_is_proved_and_squared_error_is_not():
    of = likelihoods.of_classes
    assert proved(of("", likelihoods.bernoulli, sigmoid_cross_entropy, Z, (0, 1))) == [True, True]
    assert proved(of("", likelihoods.categorical, softmax_cross_entropy, THREE, np.eye(3, dtype=int))) == [True, True]
    assert proved(of("", likelihoods.bernoulli, sigmoid_squared_error, Z, (0, 1))) == [False, False]
    assert proved(of("", likelihoods.categorical, softmax_squared_error, THREE, np.eye(3, dtype=int))) == [False, False]


@pytest.mark.parametrize(
    ("squared", "expected"),
    [
        (half_squared_error, [True, True, True]),
        (squared_error, [True, False, True]),
        (absolute_error, [True, False, True]),
    ],
    ids=lambda loss: getattr(loss, "name", ""),
)
def test_half_the_squared_error_alone_is_the_gaussian_likelihood(squared, expected):
    assert proved(likelihoods.of_gaussian(gaussian_nll, squared)) == expected


def test_a_gaussian_with_a_wrong_constant_is_not_proved():
    def family(variance):
        loss = gaussian_nll(variance)
        return loss.replace(formula=lambda z, t, variance: loss.formula(z, t, 2 * variance))

    assert proved(likelihoods.of_gaussian(family, half_squared_error)) == [False, False, False]


@pytest.mark.parametrize(("same", "claimed", "undecided", "holds"), [
    (True, True, 0, True), (False, False, 0, True), (False, True, 0, False), (True, False, 0, False), (True, True, 1, False),
])  # fmt: skip
def test_an_identity_holds_where_it_is_as_claimed_and_nothing_is_undecided(same, claimed, undecided, holds):
    row = {"kind": "identity", "says": "x", "loss": "l", "claimed": claimed, "same": same, "checked": 9}
    (fact,) = likelihoods.judge([row | {"undecided": undecided}])
    assert fact.holds is holds
    (fact,) = likelihoods.judge([row | {"undecided": undecided, "checked": 0}])
    assert fact.holds is False


# Compiling second derivatives in float64 takes its time.
MODELS = [
    pytest.param(m, id=m.name, marks=[pytest.mark.slow] * (m is not e.LOGISTIC))
    for m in (e.LOGISTIC, e.SOFTMAX, f.LINEAR)
]


@pytest.mark.parametrize("model", MODELS)
def test_curvatures_are_hessians_and_the_information_is_their_mean(model):
    with jax.enable_x64(True):
        data = model.draw(jax.random.key(0), 4_000)
        w = jnp.array(model.truth) + 0.1
        exact = jax.hessian(model.rival)(w, data)
        np.testing.assert_allclose(model.rival_curvature(w, data), exact, rtol=1e-9, atol=1e-9)
        # At the truth the mean Hessian of the likelihood is the information; its entries vary as sqrt(n).
        truth = jnp.array(model.truth)
        near, mean = model.information(truth, data), jax.hessian(model.loss)(truth, data)
        np.testing.assert_allclose(near, mean, atol=5 * 2 * 4_000**0.5)


def test_fits_arrive_near_the_truth():
    (row,) = recovery.fits(f.LINEAR, (400,), 8)
    assert None not in row["rms"] + row["rival"]
    assert row["bound"] == pytest.approx((np.e / 400) ** 0.5, rel=0.02)
    assert np.mean(row["rms"]) < 3 * row["bound"]
    assert np.mean(row["covered"]) > 0.7


def test_a_fit_that_does_not_arrive_is_a_failure():
    flat = f.LINEAR._replace(loss=lambda w, data: jnp.nan * f.LINEAR.loss(w, data), name="not a number")
    (row,) = recovery.fits(flat, (50,), 2)
    assert row["rms"] == [None, None]
    assert row["covered"] == [0, 0]


def normal_rows(bias=1.0, share=0.95, fits=400):
    rng = np.random.default_rng(0)

    def row(size):
        rms = bias * size**-0.5 * np.sqrt(rng.chisquare(4, fits) / 4)
        covered = (rng.random(fits) < share).astype(float)
        columns = {"rms": rms.tolist(), "rival": (1.2 * rms).tolist(), "covered": covered.tolist()}
        return {"model": "m", "size": size, "bound": size**-0.5, **columns}

    return [row(100), row(400)]


@pytest.mark.parametrize(
    ("rows", "refuted"),
    [
        (normal_rows(fits=2_000), []),
        (normal_rows(bias=1.3, fits=2_000), ["Cramer-Rao"]),
        (normal_rows(share=0.8, fits=2_000), ["cover", "cover"]),
        ([normal_rows(bias=1.4, fits=2_000)[0], normal_rows(fits=2_000)[1]], ["falls"]),
    ],
    ids=["as theory says", "above the bound", "intervals too short", "not as 1/sqrt(n)"],
)
def test_each_part_of_the_recovery_can_fail(rows, refuted):
    outcomes = {row["says"]: row["outcome"] for row in judged(recovery.judge(rows, ("a", "b")))}
    failed = [says for says, outcome in outcomes.items() if outcome == "refuted"]
    assert len(failed) == len(refuted)
    assert all(word in says for word, says in zip(refuted, failed))
    assert all(outcome == "supported" for says, outcome in outcomes.items() if says not in failed)
