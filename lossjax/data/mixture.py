"""Classes whose posterior is known: one Gaussian each, so that error, calibration and bounds are measured against truth."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.integrate import quad
from scipy.special import log_ndtr, log_softmax
from scipy.stats import norm

from .dataset import Dataset, Split

# Examples for a Bayes error that no integral gives.
_SAMPLE = 200_000


class Mixture(NamedTuple):
    """p(x) = sum_c prior_c N(x; mean_c, I): classes with unit covariance."""

    means: Float[np.ndarray, "classes d"]
    priors: Float[np.ndarray, " classes"]

    def log_posterior(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n classes"]:
        """log p(c | x), exact: a softmax of prior and -|x - mean_c|^2 / 2."""
        x = np.asarray(x, np.float64)
        scores = x @ self.means.T - (self.means**2).sum(1) / 2 + np.log(self.priors)
        return log_softmax(scores, axis=1)

    def sample(self, n: int, seed: int) -> tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]]:
        """n draws of (x, class)."""
        rng = np.random.default_rng(seed)
        classes = rng.choice(len(self.priors), size=n, p=self.priors)
        return self.means[classes] + rng.normal(size=(n, self.means.shape[1])), classes

    def bayes_error(self) -> float:
        """The least error there is.

        Equal priors and means of equal length at right angles: 1 - integral of phi(u) Phi(u + |mean|)^(C - 1) du. Two
        classes: by the normal distribution function. Else: the mean of 1 - max_c p(c | x) over 200,000 draws, seed 0.
        """
        if len(self.priors) == 2:
            return self._of_two()
        product = self.means @ self.means.T
        length = np.sqrt(product[0, 0])
        if np.ptp(self.priors) == 0 and np.allclose(product, np.eye(len(product)) * length**2):
            others = len(self.priors) - 1
            # log Phi: Phi(u)^999 underflows where phi(u) does not matter, and nothing else would say so.
            right, _ = quad(lambda u: norm.pdf(u) * np.exp(others * log_ndtr(u + length)), -12, 12, limit=200)
            return float(1 - right)
        sure = [self.log_posterior(self.sample(_SAMPLE // 20, seed)[0]).max(1) for seed in range(20)]
        return float(1 - np.exp(np.concatenate(sure)).mean())

    def _of_two(self):
        apart = np.linalg.norm(self.means[0] - self.means[1])
        edge = np.log(self.priors[0] / self.priors[1]) / apart
        return float(self.priors[0] * norm.cdf(-apart / 2 - edge) + self.priors[1] * norm.cdf(-apart / 2 + edge))


def orthogonal(classes: int, distance: float) -> Mixture:
    """As many dimensions as classes, equal priors, every two means `distance` apart and at right angles."""
    return Mixture(np.eye(classes) * distance / np.sqrt(2), np.full(classes, 1 / classes))


def scattered(classes: int, dimensions: int, distance: float, seed: int = 0) -> Mixture:
    """Equal priors, means in random directions, `distance` apart on average (in mean square)."""
    means = np.random.default_rng(seed).normal(size=(classes, dimensions)) * distance / np.sqrt(2 * dimensions)
    return Mixture(means, np.full(classes, 1 / classes))


def dataset(mixture: Mixture, name: str, *, train: int, dev: int, test: int, seed: int = 0) -> Dataset:
    """Three independent samples of these sizes."""

    def split(n, part):
        x, classes = mixture.sample(n, 3 * seed + part)
        return Split(x.astype(np.float32), classes.astype(np.int32))

    return Dataset(name, len(mixture.priors), split(train, 0), split(dev, 1), split(test, 2))
