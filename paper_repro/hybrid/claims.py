"""The paper's three claims, each decided by one comparison of word errors, from records alone.

A comparison is written so that a positive difference is what the claim says. Its interval is over speakers x seeds, its
p that of random sign flips over seeds, by Holm over the deciding comparisons of a task. A claim is supported or
contradicted where the interval leaves out 0 and p is at most 5 %; with fewer seeds than the protocol's nothing is said.
A deciding comparison may hold and its claim not: a gap that narrows is not cured, and what harms less than the control
does not help. Then the verdict says so.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from scipy.stats import permutation_test

from lossjax.training import stats

from ..recogniser import paired_rates
from ..recogniser.paired_rates import Difference


class Comparison(NamedTuple):
    """Errors of `more` less errors of `less`; of two arms (a, b), the gap a - b stands for one."""

    what: str
    more: tuple[str, ...]
    less: tuple[str, ...]
    decides: bool = False


class Claim(NamedTuple):
    """fine: does it ask for the seeds of fine-tuning?"""

    says: str
    comparisons: tuple[Comparison, ...]
    fine: bool = False


_RANDOM = ("SE, constant rate", "CE, constant rate")


def _versus(what, more, less, decides=False):
    return Comparison(what, (more,), (less,), decides)


def _cured(start):
    return ("SE, " + start, "CE, " + start)


WORSE = Claim(
    "From a random start SE ends in a worse optimum than CE.",
    (
        _versus("SE - CE, each at its own constant rate", *_RANDOM, decides=True),
        _versus("SE - CE, each at its own rate, new-bob", "SE", "CE"),
        _versus("SE at the rate of CE - CE, constant", "SE, the rate of CE", "CE, constant rate"),
        _versus("SE at C/2 times the rate of CE - CE", "SE, C/2 times the rate of CE", "CE, constant rate"),
        _versus("SE on sigmoid outputs - CE, constant", "SE, sigmoid outputs, constant rate", "CE, constant rate"),
        _versus("SE on linear outputs - CE, constant", "SE, linear outputs, constant rate", "CE, constant rate"),
        _versus(
            "rescaled SE on linear outputs - CE, constant",
            "SE, linear outputs, rescaled, constant rate",
            "CE, constant rate",
        ),
        _versus("squared hinge - CE, constant", "squared hinge, constant rate", "CE, constant rate"),
    ),
)
_REMAINS = _versus("SE - CE, both from layer-wise CE", *_cured("layer-wise CE"))
CURED = Claim(
    "A good start cures it.",
    (
        Comparison("(SE - CE): random start - layer-wise CE", _RANDOM, _cured("layer-wise CE"), True),
        Comparison("(SE - CE): random start - autoencoders", _RANDOM, _cured("denoising autoencoders")),
        _versus("SE: random start - layer-wise CE", "SE, constant rate", "SE, layer-wise CE"),
        _versus("SE: random start - autoencoders", "SE, constant rate", "SE, denoising autoencoders"),
        _REMAINS,
    ),
)
_GAINS = _versus("CE - SE after CE (without the control)", "CE", "CE, then SE")
HELPS = Claim(
    "A few iterations of SE after CE lower the word errors.",
    (
        _versus("CE continued - SE, both after CE (the control)", "CE, then CE (control)", "CE, then SE", True),
        _GAINS,
        _versus("CE - CE continued (what the control alone gains)", "CE", "CE, then CE (control)"),
    ),
    fine=True,
)
CLAIMS = (WORSE, CURED, HELPS)

NOT_ENOUGH, NONE, SUPPORTED, CONTRADICTED = "not enough", "no difference shown", "supported", "contradicted"
NOTHING_TO_CURE, NOT_CURED = "nothing to cure", "narrowed, not cured"
HARMS_LESS = "harms, less than the control"


class Judged(NamedTuple):
    """verdict: of a deciding comparison, else None. p: adjusted by Holm where it decides."""

    claim: Claim
    comparison: Comparison
    difference: Difference
    p: float
    needed_seeds: int
    verdict: str | None


def judge(
    errors: Mapping[str, Int[np.ndarray, "_ n"]],
    words: Int[np.ndarray, " n"],
    speakers: Sequence[str],
    enough: int,
    enough_fine: int,
    decides: bool = True,
) -> list[Judged]:
    """errors: arm -> word errors by seed and utterance; comparisons of arms that are not there are left out.

    decides: False for word errors on which nothing is decided: no verdict, and no p is adjusted.
    """
    found = []
    for claim in CLAIMS:
        for comparison in claim.comparisons:
            if all(arm in errors for arm in comparison.more + comparison.less):
                a, b = _sides(errors, comparison)
                difference = paired_rates.compare(a, b, words, speakers)
                needed = enough_fine if claim.fine else enough
                own = comparison._replace(decides=comparison.decides and decides)
                found.append(Judged(claim, own, difference, _p(a, b), needed, None))
    return _decided(found)


def _sides(errors, comparison):
    seeds = min(len(errors[arm]) for arm in comparison.more + comparison.less)
    return [_gap([errors[arm][:seeds] for arm in side]) for side in (comparison.more, comparison.less)]


def _gap(parts):
    return parts[0] if len(parts) == 1 else parts[0] - parts[1]


def _p(a: Int[np.ndarray, "s n"], b: Int[np.ndarray, "s n"]) -> float:
    """Of random sign flips (Fisher 1935) over seeds, two-sided; of one seed 1."""
    if len(a) < 2:
        return 1.0
    gap = (a - b).sum(axis=1).astype(float)
    options = {"permutation_type": "samples", "n_resamples": stats.RESAMPLES, "rng": np.random.default_rng(0)}
    return float(permutation_test((gap,), lambda x, axis: np.mean(x, axis=axis), **options).pvalue)


def _decided(found: list[Judged]) -> list[Judged]:
    deciding = [i for i, one in enumerate(found) if one.comparison.decides]
    adjusted = stats.holm(np.array([found[i].p for i in deciding], float)) if deciding else np.zeros(0)
    for i, p in zip(deciding, adjusted):
        found[i] = found[i]._replace(p=float(p), verdict=verdict(found[i].difference, float(p), found[i].needed_seeds))
    worse = next((one.verdict for one in found if one.claim is WORSE and one.comparison.decides), None)
    for i in deciding:
        if found[i].claim is CURED and worse in (NONE, CONTRADICTED):
            found[i] = found[i]._replace(verdict=NOTHING_TO_CURE)
        elif found[i].verdict == SUPPORTED:
            found[i] = found[i]._replace(verdict=_supported(found[i].claim, found))
    return found


def _supported(claim: Claim, found: list[Judged]) -> str:
    """What becomes of a claim whose deciding comparison holds."""
    shown = {one.comparison: one.difference for one in found}
    if claim is CURED and _REMAINS in shown and shown[_REMAINS].low > 0:
        return NOT_CURED
    if claim is HELPS and _GAINS in shown and shown[_GAINS].high < 0:
        return HARMS_LESS
    return SUPPORTED


def verdict(difference: Difference, p: float, needed_seeds: int) -> str:
    """p: adjusted over the family."""
    if difference.seeds < needed_seeds:
        return NOT_ENOUGH
    if not p <= stats.LEVEL or difference.low <= 0 <= difference.high:
        return NONE
    return SUPPORTED if difference.difference > 0 else CONTRADICTED
