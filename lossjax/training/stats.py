"""Is A better than B? Paired differences, their interval, and the probability of a better run.

A seed gives one pair: both members start from the same weights and see the examples in the same order. Lower is better.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import binomtest, bootstrap

RESAMPLES = 10_000


class Comparison(NamedTuple):
    """A against B over pairs; every interval covers 95 %, over seeds only, on the one split there is.

    difference: mean of A - B, with a bootstrap interval `low`, `high`.
    better: P(A < B), a tie counting half, with a Wilson interval `better_low`, `better_high`.
    """

    pairs: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    better: float
    better_low: float
    better_high: float


def compare(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"], *, seed: int = 0) -> Comparison:
    """Compare the results of A and B, pair by pair; at least two pairs, all finite.

    A failed run enters as the worst value there is, never as a gap.

    Method: bias-corrected and accelerated bootstrap over pairs (Efron 1987); P(A < B) after Bouthillier et al. 2021.
    """
    if len(a) < 2 or not np.all(np.isfinite([a, b])):
        raise ValueError(f"compare needs at least two pairs of finite numbers, got {len(a)}")
    low, high = _interval(a - b, seed)
    return Comparison(len(a), float(np.mean(a)), float(np.mean(b)), float(np.mean(a - b)), low, high, *_better(a, b))


def _interval(difference, seed):
    if np.ptp(difference) == 0:
        return float(difference[0]), float(difference[0])
    rng = np.random.default_rng(seed)
    interval = bootstrap((difference,), np.mean, n_resamples=RESAMPLES, method="BCa", rng=rng).confidence_interval
    return float(interval.low), float(interval.high)


def _better(a, b):
    wins = np.sum(a < b) + np.sum(a == b) / 2
    # Half wins make no binomial count: round away from the claim on either side.
    low = binomtest(int(np.floor(wins)), len(a)).proportion_ci(method="wilson").low
    high = binomtest(int(np.ceil(wins)), len(a)).proportion_ci(method="wilson").high
    return float(wins / len(a)), float(low), float(high)
