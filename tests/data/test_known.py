"""Data with a known truth: posterior, Bayes error, mean and noise."""

import itertools

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from lossjax.data import mixture, regression


@pytest.mark.parametrize("one", [mixture.scattered(3, 2, 2.0), mixture.orthogonal(4, 3.0)])
def test_the_posterior_is_bayes_rule(one):
    x, _ = one.sample(50, 1)
    density = np.stack([p * multivariate_normal(m).pdf(x) for p, m in zip(one.priors, one.means)], axis=1)
    np.testing.assert_allclose(np.exp(one.log_posterior(x)), density / density.sum(1, keepdims=True), rtol=1e-9)


@pytest.mark.parametrize(
    "one",
    [
        mixture.orthogonal(2, 2.0),
        mixture.orthogonal(10, 3.0),
        mixture.orthogonal(300, 6.0),
        mixture.Mixture(np.array([[0.0], [2.0]]), np.array([0.8, 0.2])),
        mixture.scattered(5, 3, 2.0),
    ],
    ids=["two", "ten", "many", "uneven", "scattered"],
)
def test_the_bayes_error_is_that_of_the_bayes_rule(one):
    n = 20_000
    x, classes = one.sample(n, 99)
    wrong = np.mean(one.log_posterior(x).argmax(1) != classes)
    error = one.bayes_error()
    assert abs(wrong - error) < 4 * np.sqrt(error * (1 - error) / n) + 0.001
    assert 0.01 < error < 0.5


def test_two_classes_have_the_textbook_error():
    assert mixture.orthogonal(2, 2.0).bayes_error() == pytest.approx(norm.cdf(-1))


def test_samples_of_a_mixture_are_independent_and_repeat():
    one = mixture.orthogonal(10, 3.0)
    data = mixture.dataset(one, "mixture", train=40, dev=30, test=20)
    assert [len(split.t) for split in data[2:]] == [40, 30, 20]
    again = mixture.dataset(one, "mixture", train=40, dev=30, test=20)
    np.testing.assert_array_equal(data.train.x, again.train.x)
    for a, b in itertools.combinations(data[2:], 2):
        assert not np.array_equal(a.x[:20], b.x[:20])


@pytest.mark.parametrize("noise", [regression.GAUSSIAN, regression.HEAVY, regression.HETEROSCEDASTIC])
def test_the_made_regression_has_this_mean_and_symmetric_noise(noise):
    data = regression.made(noise, examples=20_000)
    x = data.train.x.astype(float)
    rest = data.train.t - regression.mean(x)
    share = np.mean(rest > 0)
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(len(rest))
    np.testing.assert_allclose(data.test.t, regression.mean(data.test.x.astype(float)), atol=1e-5)
    upper = x[:, 0] > 0
    ratio = np.median(np.abs(rest[upper])) / np.median(np.abs(rest[~upper]))
    assert ratio > 3 if noise is regression.HETEROSCEDASTIC else 0.9 < ratio < 1.1


def test_diabetes_is_standardised_by_its_training_split():
    data = regression.diabetes()
    assert [len(split.t) for split in data[2:]] == [242, 100, 100]
    np.testing.assert_allclose([data.train.t.mean(), data.train.t.std()], [0, 1], atol=1e-5)
    rows = np.concatenate([split.x for split in data[2:]])
    assert len(np.unique(rows, axis=0)) == 442
