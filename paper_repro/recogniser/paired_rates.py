"""Word error rates of two recognisers over the same seeds and utterances: their difference, its interval, what it takes.

Utterances of one speaker (or writer) are alike, and so are runs of one seed: speakers and seeds are what is resampled,
each by itself, and both recognisers keep the same ones. What is due to a seed at a speaker is then counted on both sides, so
that intervals are rather too wide than too narrow.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import norm

RESAMPLES = 10_000
LEVEL = 0.05
POWER = 0.8
# Word error rate, absolute: the difference that the paper reports on speech.
RESOLVED = 0.004


class Difference(NamedTuple):
    """a, b: word error rates over all seeds. difference: a - b, with a 95 % percentile interval `low`, `high`.

    better: share of the resamples in which A has fewer errors, a tie counting half. words_needed: words of test set, of
    as many words a speaker, with which 0.4 % absolute would be found at the 5 % level with 80 % power, with as many
    seeds; infinite where the seeds alone differ too much for that.
    """

    seeds: int
    speakers: int
    words: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    better: float
    words_needed: float


def compare(
    errors_a: Int[np.ndarray, "seeds n"],
    errors_b: Int[np.ndarray, "seeds n"],
    words: Int[np.ndarray, " n"],
    speakers: Sequence[str],
    seed: int = 0,
) -> Difference:
    """Compare by word errors of n utterances, seed by seed.

    Raises: ValueError for fewer than two speakers, no seed, shapes that do not match, or a test set without words.
    """
    if not errors_a.shape == errors_b.shape == (len(errors_a), len(words)) or len(speakers) != len(words):
        raise ValueError(
            f"errors of shapes {errors_a.shape} and {errors_b.shape} do not go with {len(words)} utterances"
            f" of {len(speakers)} speakers"
        )
    names, group = np.unique(np.asarray(speakers), return_inverse=True)
    if not len(errors_a):
        raise ValueError("a comparison needs the errors of one seed at least, there is no seed")
    if len(names) < 2 or words.sum() == 0:
        raise ValueError(f"a comparison needs words and two speakers at least, got {words.sum()} and {len(names)}")
    member = np.eye(len(names))[group]
    gap, size = (errors_a - errors_b) @ member, words @ member
    drawn = _resampled(gap, size, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [LEVEL / 2, 1 - LEVEL / 2])
    a, b = (float(e.sum() / len(e) / words.sum()) for e in (errors_a, errors_b))
    better = float(np.mean(drawn < 0) + np.mean(drawn == 0) / 2)
    needed = words_needed(gap, size)
    counted = len(gap), len(names), int(words.sum())
    return Difference(*counted, a, b, a - b, float(low), float(high), better, needed)


def _resampled(gap, size, rng):
    """Differences of resamples: speakers and seeds drawn with replacement, as often as there are."""
    seeds, speakers = gap.shape
    of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), RESAMPLES) / seeds
    of_speakers = rng.multinomial(speakers, np.full(speakers, 1 / speakers), RESAMPLES)
    # Speakers without a word in the test set may be all that is drawn.
    return np.sum((of_seeds @ gap) * of_speakers, axis=1) / np.maximum(of_speakers @ size, 1)


def words_needed(
    gap: Float[np.ndarray, "seeds speakers"], size: Float[np.ndarray, " speakers"], resolved: float = RESOLVED
) -> float:
    """Words with which a difference `resolved` would be found: N V / ((resolved / (z_0.975 + z_0.8))^2 - W).

    gap: errors of A less errors of B. V: variance of the difference over N words by speakers, the mean over the seeds
    held (of a ratio, linearised); it falls as 1 / N. W: variance of that mean by seeds, which more words do not mend:
    the spread of the seeds less what so few words alone would give it, at least 0.
    """
    total = size.sum()
    by_seed = gap.sum(axis=1) / total
    residual = gap - by_seed[:, None] * size[None, :]
    mean = residual.mean(axis=0)
    lasting = 0.0
    if len(gap) > 1:
        by_chance = np.sum((residual - mean[None]) ** 2) / (len(gap) - 1) * _unbiased(gap) / total**2
        lasting = max(0.0, np.var(by_seed, ddof=1) - by_chance) / len(gap)
    room = (resolved / (norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER))) ** 2 - lasting
    return float(np.sum(mean**2) * _unbiased(gap) / total / room) if room > 0 else float("inf")


def _unbiased(gap):
    return gap.shape[1] / (gap.shape[1] - 1)
