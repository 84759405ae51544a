"""`python -m lossjax.training.null_simulation`: does the verdict claim what is not there? Many times, where A is as B.

Pairs share what a seed shares and differ by noise, normal or skewed; A and B are drawn alike, so every claim is false
and every interval should hold 0. The noise of A alone may be skewed as well, about a mean that is that of B: then their
differences are not symmetric, which the sign flips take for granted, and more than 5 % of the claims are false. So it is
where A may be so much higher than B and not more, and where runs of one arm fail.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import stats

SIMULATIONS = 4_000
# Enough: the p of a sign-flip test with 999 flips is valid at the 5 % level, only a little less powerful.
FLIPS = 999


class Noise(NamedTuple):
    """draw: (rng, pairs) -> that of A and of B, (2, pairs). better: P(A < B)."""

    draw: Callable[[np.random.Generator, int], np.ndarray]
    better: float = 0.5


NOISES = {
    "normal": Noise(lambda rng, pairs: rng.normal(size=(2, pairs))),
    "skewed": Noise(lambda rng, pairs: rng.exponential(size=(2, pairs))),
    "in A alone skewed": Noise(
        lambda rng, pairs: np.stack([rng.exponential(size=pairs) - 1, np.zeros(pairs)]), better=1 - float(np.exp(-1))
    ),
}


class Nulls(NamedTuple):
    """Shares of `simulations` nulls: false claims of the verdict; intervals of the difference and of P(A < B) that cover.

    claim_band, coverage_band: the 99 % binomial bands of 5 % and 95 % in so many simulations.
    """

    noise: str
    simulations: int
    claims: float
    claim_band: tuple[float, float]
    difference_covers: float
    better_covers: float
    coverage_band: tuple[float, float]


def simulate(noise: str, simulations: int = SIMULATIONS, pairs: int = stats.PAIRS, seed: int = 0) -> Nulls:
    """Judge nulls by the code that judges experiments, verdicts and all."""
    rng, claims, held = np.random.default_rng(seed), 0, np.zeros(2)
    for i in range(simulations):
        of_seed = rng.normal(size=pairs)
        a, b = of_seed + NOISES[noise].draw(rng, pairs)
        compared = stats.compare(a, b, seed=i, resamples=FLIPS)
        claims += stats.verdicts({"A against A": compared})["A against A"].says in ("A", "B")
        held += stats.covers(compared, NOISES[noise].better)
    difference_covers, better_covers = (held / simulations).tolist()
    return Nulls(
        noise=noise,
        simulations=simulations,
        claims=claims / simulations,
        claim_band=stats.band(simulations, stats.LEVEL),
        difference_covers=difference_covers,
        better_covers=better_covers,
        coverage_band=stats.band(simulations, 1 - stats.LEVEL),
    )


def text(nulls: Nulls) -> str:
    """One line of the report."""
    claim, cover = ((f"{100 * low:.2f} to {100 * high:.2f} %") for low, high in (nulls.claim_band, nulls.coverage_band))
    return (
        f"{nulls.simulations} nulls, {nulls.noise} noise: false claims {100 * nulls.claims:.2f} % (band {claim}); "
        f"coverage of the difference {100 * nulls.difference_covers:.2f} %, "
        f"of P(A < B) {100 * nulls.better_covers:.2f} % (band {cover})"
    )


def main() -> None:
    """Print the report."""
    for noise in NOISES:
        print(text(simulate(noise)), flush=True)


if __name__ == "__main__":
    main()
