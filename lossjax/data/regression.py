"""Regressions: scikit-learn's diabetes, which needs no network, and a made one whose mean and noise are known."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..extras import need
from .dataset import Dataset, Split

# An odd smooth function on [-1, 1]^4 that a linear model does not fit.
INPUTS = 4


def diabetes(seed: int = 0) -> Dataset:
    """442 patients, 10 measurements and the progress of the disease a year later, standardised by the training split.

    Split at random 242 / 100 / 100, by `seed`. Source: Efron et al. 2004, as shipped inside scikit-learn.

    Raises: MissingExtraError without scikit-learn.
    """
    sets = need("sklearn.datasets", "repro", "reading the diabetes data")
    x, t = sets.load_diabetes(return_X_y=True)
    shuffled = np.random.default_rng(seed).permutation(len(t))
    train, dev, test = np.split(shuffled, (242, 342))
    x, t = ((column - column[train].mean(0)) / column[train].std(0) for column in (x, t))
    x, t = x.astype(np.float32), t.astype(np.float32)
    return Dataset("diabetes", 0, *(Split(x[rows], t[rows]) for rows in (train, dev, test)))


class Noise(NamedTuple):
    """`draw(rng, x)` gives one number an example, symmetric about 0: the mean of t is its median.

    rng: NumPy's generator, or another with its `normal` and `standard_t`.
    """

    name: str
    draw: Callable


GAUSSIAN = Noise("Gaussian", lambda rng, x: 0.5 * rng.normal(size=len(x)))
# Student's t with two degrees of freedom: no variance.
HEAVY = Noise("heavy-tailed", lambda rng, x: 0.35 * rng.standard_t(2, size=len(x)))
# Standard deviation from 0.05 to 1.5, by the first input.
HETEROSCEDASTIC = Noise("heteroscedastic", lambda rng, x: _spread(x) * rng.normal(size=len(x)))


def _spread(x):
    return 0.05 * 30 ** ((x[:, 0] + 1) / 2)


def mean(x: Any) -> Any:
    """E[t] of the made regression, x of shape (n, 4), NumPy's or JAX's: sin(3 x1) + x2 x3 + |x4| - 1/2, of shape (n,)."""
    return x.__array_namespace__().sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + abs(x[:, 3]) - 0.5


def made(noise: Noise, *, examples: int = 400, seed: int = 0) -> Dataset:
    """t = mean(x) + noise, x uniform on [-1, 1]^4; `examples` to train, as many for dev, 2,000 for test.

    The targets of the test split are `mean(x)` without noise: what a model knows of it is measured against truth.
    """
    rng = np.random.default_rng(seed)

    def split(n, clean=False):
        x = rng.uniform(-1, 1, size=(n, INPUTS))
        t = mean(x) if clean else mean(x) + noise.draw(rng, x)
        return Split(x.astype(np.float32), t.astype(np.float32))

    return Dataset(f"made, {noise.name} noise", 0, split(examples), split(examples), split(2_000, clean=True))
