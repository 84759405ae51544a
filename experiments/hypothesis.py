"""From rows to a verdict: each claim is split into parts that could fail, and they are judged as one family."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from lossjax.training import stats

SUPPORTED, REFUTED, NOT_SHOWN, NOT_ENOUGH = "supported", "refuted", "no difference shown", "not enough"
UNDECIDED = "undecided"
Values = Sequence[float | None]


class Part(NamedTuple):
    """`a` is lower than `b`, pair by pair; None is a failed run, and counts as `worst`, or as the worst of the others.

    margin: what is claimed is that a is at most so much higher than b. unit, scale: values are printed times `scale`.
    """

    says: str
    names: tuple[str, str]
    a: Values
    b: Values
    unit: str
    worst: float
    margin: float = 0.0
    scale: float = 1.0


class Fact(NamedTuple):
    """What needs no pairs: a number with its interval (low = high = value where it is exact), and whether it is as claimed.

    holds: None where the interval decides nothing.
    """

    says: str
    value: float
    low: float
    high: float
    unit: str
    holds: bool | None


def judged(parts: Sequence[Part | Fact]) -> list[dict]:
    """A row a part: `outcome` and the numbers; Holm over all parts that are comparisons.

    A part is supported or refuted where a sign-flip test of the mean of a - b - margin says so at the 5 % level.
    """
    compared = {part.says: _compare(part) for part in parts if isinstance(part, Part)}
    said = stats.verdicts(compared)
    return [_row(part, said[part.says]) if isinstance(part, Part) else _fact(part) for part in parts]


def _compare(part):
    worst = max([part.worst, *(v for v in (*part.a, *part.b) if v is not None)])
    a, b = (filled(values, worst) for values in (part.a, part.b))
    return stats.compare(a - part.margin, b)


def filled(values: Values, worst: float) -> np.ndarray:
    """The values, a failed run's as `worst`."""
    return np.array([worst if v is None else v for v in values], float)


def _row(part, verdict):
    outcome = {"A": SUPPORTED, "B": REFUTED, "no difference shown": NOT_SHOWN}.get(verdict.says, NOT_ENOUGH)
    c = verdict.comparison
    moved = {"a": c.a + part.margin, **{k: getattr(c, k) + part.margin for k in ("difference", "low", "high")}}
    printed = {k: v * part.scale for k, v in (moved | {"b": c.b, "detectable": c.detectable}).items()}
    return {
        "kind": "part",
        "says": part.says,
        "names": list(part.names),
        "unit": part.unit,
        "margin": part.margin * part.scale,
        "outcome": outcome,
        "pairs": c.pairs,
        **printed,
        "better": c.better,
        "better_low": c.better_low,
        "better_high": c.better_high,
        "p": None if math.isnan(verdict.p) else verdict.p,
        "clear": verdict.clear,
        "failed": [sum(v is None for v in part.a), sum(v is None for v in part.b)],
    }


def _fact(fact):
    outcome = {True: SUPPORTED, False: REFUTED, None: UNDECIDED}[fact.holds]
    return {"kind": "fact", **fact._asdict(), "outcome": outcome}


def correlated(says: str, x: Values, y: Values, seeds: Sequence[int], starts: Sequence[str]) -> list[Fact]:
    """Rank correlations of x and y, claimed to be negative, with bootstrap intervals of 95 % over seeds.

    One over all pairs, and one within the starts, where a difference between starts counts for nothing: its ranks are those
    within a start, less their mean. A pair with None in it is left out. Spearman 1904; 999 resamples of whole seeds, as pairs
    of a seed are not independent.
    """
    known = [i for i, pair in enumerate(zip(x, y)) if None not in pair]
    columns = np.array([(x[i], y[i]) for i in known], float)
    start = np.array([starts[i] for i in known])
    of_seed = {seed: [k for k, i in enumerate(known) if seeds[i] == seed] for seed in {seeds[i] for i in known}}
    rng, groups = np.random.default_rng(0), [np.array(rows) for _, rows in sorted(of_seed.items())]
    drawn = [np.concatenate([groups[j] for j in rng.integers(len(groups), size=len(groups))]) for _ in range(999)]
    return [
        _below_zero(f"{says}: {where}", columns, within, drawn)
        for where, within in (("over all starts", np.zeros(len(start))), ("within a start", start))
    ]


def _below_zero(says, columns, within, drawn):
    value = _rank_correlation(columns, within)
    spread = [r for rows in drawn if not math.isnan(r := _rank_correlation(columns[rows], within[rows]))]
    # Where nothing varies there is no correlation, and nothing to decide.
    low, high = np.quantile(spread, (0.025, 0.975)) if spread else (math.nan, math.nan)
    holds = True if high < 0 else False if low > 0 else None
    return Fact(says, value, float(low), float(high), "rank correlation", holds)


def _rank_correlation(columns, within):
    """Of two columns, ranked and centred within every group of `within`; NaN where one of them is constant in each."""
    x, y = np.concatenate([_centred_ranks(columns[within == group]) for group in np.unique(within)]).T
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale else math.nan


def _centred_ranks(columns):
    ranks = rankdata(columns, axis=0)
    return ranks - ranks.mean(axis=0)


def over_seeds(
    says: str, statistic: Callable[[np.ndarray], float], seeds: Sequence[Sequence[float]], unit: str, least: float
) -> Fact:
    """A statistic of a table, a row a seed, claimed to be above `least`; bootstrap interval of 95 % over 999 resamples.

    Percentiles of whole rows drawn with replacement, seed 0; a resample that gives NaN decides nothing.
    """
    table, rng = np.array(seeds, float), np.random.default_rng(0)
    spread = [statistic(table[rng.integers(len(table), size=len(table))]) for _ in range(999)]
    low, high = (float(v) for v in np.quantile(spread, (0.025, 0.975)))
    return Fact(
        says, float(statistic(table)), low, high, unit, True if low > least else False if high < least else None
    )


def unless_cut(fact: Fact, cut: bool) -> Fact:
    """The fact, undecided where runs that never arrived are in it: what they would have needed nobody knows."""
    return fact._replace(says=f"{fact.says}, cut off", holds=None) if cut else fact


def share_of(table: np.ndarray) -> float:
    """Mean of the first column over mean of the second; NaN where that is not positive: there is nothing to have a share of."""
    part, whole = table.mean(axis=0)
    return part / whole if whole > 0 else math.nan


def exact(says: str, value: float, holds: bool, unit: str = "") -> Fact:
    """A fact without an interval."""
    return Fact(says, float(value), float(value), float(value), unit, bool(holds))


def verdict(rows: Sequence[dict]) -> str:
    """supported: every part is. not supported: none is. Else it depends; not enough: where a part has too few pairs."""
    outcomes = [row["outcome"] for row in rows]
    if NOT_ENOUGH in outcomes:
        return "not enough"
    if all(outcome == SUPPORTED for outcome in outcomes):
        return "supported"
    return "depends" if SUPPORTED in outcomes else "not supported"
