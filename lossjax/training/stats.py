"""Is A better than B? Paired differences, their interval, the probability of a better run, and a verdict.

A seed gives one pair: both members start from the same weights and see the examples in the same order. Lower is better.
The protocol, after Bouthillier et al. 2021: at least 30 pairs; a sign-flip test of the mean difference, corrected by
Holm over the family of comparisons; a bootstrap interval of the difference and one of P(A < B); a diverged run counts
as the worst there is; where nothing is shown, the effect that could have been.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import binomtest, bootstrap, norm, permutation_test, t

RESAMPLES = 9_999
# Noether 1987: 29 pairs find P(A < B) = 0.75 at the 5 % level with 95 % power.
PAIRS = 30
LEVEL = 0.05
POWER = 0.8
# From here on a difference is one that a single run is likely to show.
CLEAR = 0.75


class Comparison(NamedTuple):
    """A against B over pairs; every interval covers 95 %, over seeds only, on the one split there is.

    difference: mean of A - B, with a bootstrap interval `low`, `high`.
    better: P(A < B), a tie counting half, with a Wilson interval `better_low`, `better_high`.
    p: of a sign-flip test that the mean difference is 0, two-sided. It takes the differences for symmetric about their
    mean, as they are where a run is as good by A as by B; `null_simulation` says how far it is off where they are not.
    detectable: the mean difference that as many pairs would have found with a probability of 80 %, at this spread and
    the level of one comparison alone.
    failed_a, failed_b: runs that diverged, counted as the worst value.
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
    p: float
    detectable: float
    failed_a: int
    failed_b: int


class Verdict(NamedTuple):
    """says: "A", "B", "no difference shown" or "not enough"; clear: P of a better run at least 3/4, its interval above 1/2.

    p: adjusted over the family by Holm; NaN where there are too few pairs, which no p can mend.
    """

    says: str
    clear: bool
    p: float
    comparison: Comparison


def compare(
    a: Float[np.ndarray, " n"],
    b: Float[np.ndarray, " n"],
    *,
    worst: float | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare the results of A and B, pair by pair; at least two pairs.

    worst: what a failed run, NaN or infinite, counts as; without it there must be none. Failed runs are never left out.
    Method: bias-corrected and accelerated bootstrap over pairs (Efron 1987), expanded for few pairs (Hesterberg 2015);
    random sign flips (Fisher 1935), exact under the hypothesis that a run is as good by A as by B.

    Raises: ValueError for fewer than two pairs, failed runs without `worst`, or one that is better than a finite run.
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"compare needs at least two pairs of finite numbers, got {len(a)} and {len(b)}")
    failed = ~np.isfinite([a, b])
    if failed.any() and worst is None:
        raise ValueError(
            f"compare needs at least two pairs of finite numbers, and {failed.sum()} runs failed: give `worst`"
        )
    if worst is not None and np.max(np.where(failed, -np.inf, [a, b])) > worst:
        raise ValueError(f"a failed run must count as the worst, and one that did not fail is worse than {worst}")
    a, b = np.where(failed, np.nan if worst is None else worst, [a, b])
    difference, rng = a - b, np.random.default_rng(seed)
    low, high = _interval(difference, rng, resamples)
    return Comparison(
        pairs=len(a),
        a=float(np.mean(a)),
        b=float(np.mean(b)),
        difference=float(np.mean(difference)),
        low=low,
        high=high,
        **_better(a, b),
        p=_sign_flips(difference, rng, resamples),
        detectable=detectable(difference),
        failed_a=int(failed[0].sum()),
        failed_b=int(failed[1].sum()),
    )


def _interval(difference, rng, resamples):
    if np.ptp(difference) == 0:
        return float(difference[0]), float(difference[0])
    # A bootstrap of n pairs is too narrow by about a factor sqrt((n - 1) / n) and takes normal for t quantiles.
    n = len(difference)
    level = 1 - 2 * norm.cdf(np.sqrt(n / (n - 1)) * t.ppf(LEVEL / 2, n - 1))
    options = {"confidence_level": level, "n_resamples": resamples, "method": "BCa", "rng": rng}
    interval = bootstrap((difference,), np.mean, **options).confidence_interval
    return float(interval.low), float(interval.high)


def _better(a, b):
    wins = np.sum(a < b) + np.sum(a == b) / 2
    # Half wins make no binomial count: round away from the claim on either side.
    low = binomtest(int(np.floor(wins)), len(a)).proportion_ci(method="wilson").low
    high = binomtest(int(np.ceil(wins)), len(a)).proportion_ci(method="wilson").high
    return {"better": float(wins / len(a)), "better_low": float(low), "better_high": float(high)}


def _sign_flips(difference, rng, resamples):
    options = {"permutation_type": "samples", "n_resamples": resamples, "rng": rng}
    return float(permutation_test((difference,), lambda x, axis: np.mean(x, axis=axis), **options).pvalue)


def detectable(difference: Float[np.ndarray, " n"]) -> float:
    """The mean difference that n such pairs find at the 5 % level with 80 % power: (t_0.975 + t_0.8) s / sqrt(n).

    s is their standard deviation, t the quantiles of Student's distribution with n - 1 degrees of freedom.
    """
    n = len(difference)
    quantiles = t.ppf(1 - LEVEL / 2, n - 1) + t.ppf(POWER, n - 1)
    return float(quantiles * np.std(difference, ddof=1) / np.sqrt(n))


def holm(p: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Adjusted p values: max over i <= k of (m - i) p_(i), i from 0, in rising order, at most 1 (Holm 1979)."""
    rising = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[rising] = np.minimum(1, np.maximum.accumulate((len(p) - np.arange(len(p))) * p[rising]))
    return adjusted


def verdicts(family: Mapping[str, Comparison]) -> dict[str, Verdict]:
    """What may be said of every comparison of a family, at the 5 % level for all of them together.

    Fewer than 30 pairs: "not enough", whatever the numbers look like.
    """
    enough = {name: comparison for name, comparison in family.items() if comparison.pairs >= PAIRS}
    adjusted = dict(zip(enough, holm(np.array([c.p for c in enough.values()], float))))
    return {name: _verdict(comparison, adjusted.get(name, np.nan)) for name, comparison in family.items()}


def _verdict(c, p):
    if np.isnan(p):
        return Verdict("not enough", False, float("nan"), c)
    if not p <= LEVEL:
        return Verdict("no difference shown", False, float(p), c)
    if c.difference < 0:
        return Verdict("A", c.better >= CLEAR and c.better_low > 0.5, float(p), c)
    return Verdict("B", c.better <= 1 - CLEAR and c.better_high < 0.5, float(p), c)


def band(count: int, share: float, confidence: float = 0.99) -> tuple[float, float]:
    """The central interval of a binomial share: where `count` trials of probability `share` lie with this confidence."""
    from scipy.stats import binom

    low, high = binom.interval(confidence, count, share)
    return float(low / count), float(high / count)


def covers(c: Comparison, better: float = 0.5) -> tuple[bool, bool]:
    """Do the intervals hold a difference of 0, and `better`, the true P(A < B)? They should, 19 times in 20."""
    return c.low <= 0 <= c.high, c.better_low <= better <= c.better_high
