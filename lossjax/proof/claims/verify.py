"""Hold every claim of a loss against evidence: refuted with a witness, proved by a method, or not refuted in n points.

A claimed supremum is refuted by a point above it, and by a search whose largest find stays below it. A `False` is a
claim like any other: it needs a witness, and the witness proves it.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from ...losses.loss import Loss
from . import deciders as claims_deciders
from . import judges as claims_judges
from .evidence import QUANTITIES, evidence
from .landscape import Landscape
from .verdict import Verdict

__all__ = ["Verdict", "flips", "verify"]

_JUDGES = {
    "convex": claims_judges.convex,
    **{claim: claims_judges.supremum(claim) for claim in QUANTITIES},
    "perfect": claims_judges.perfect,
    "proper": claims_deciders.proper,
    "calibrated": claims_deciders.calibrated,
    "affine": claims_deciders.affine,
    "canonical": claims_deciders.canonical,
    "kinks": claims_judges.kinks,
    "likelihood": claims_deciders.likelihood,
}


def verify(loss: Loss, only: str | None = None) -> list[Verdict]:
    """All claims of one loss, or `only` the one of that name, held against evidence in float64.

    Losses that differ in their claims only share the evidence, so that a second call costs little.
    """
    found = evidence(loss)
    with np.errstate(all="ignore"):
        verdicts = [judge(loss, found) for claim, judge in _JUDGES.items() if only in (None, claim)]
    return [v for v in verdicts if v is not None]


def flips(loss: Loss) -> Iterator[tuple[str, Loss]]:
    """(claim, the loss with that claim made wrong), for every claim: `verify` must refute each."""
    claims = loss.claims

    def flipped(name: str, value: object) -> tuple[str, Loss]:
        return name, loss.replace(claims=dataclasses.replace(claims, **{name: value}))

    for name in ("convex", "canonical", *(["affine"] if claims_deciders.soft(Landscape(loss)) else [])):
        yield flipped(name, not getattr(claims, name))
    for name in QUANTITIES:
        for wrong in _other_sizes(getattr(claims, name)):
            yield flipped(name, wrong)
    for by in (0.01, -0.01):
        yield flipped("perfect", lambda t, by=by: claims.perfect(t) + by)
    for name in ("proper", "calibrated"):
        given = getattr(claims, name)
        for wrong in (True, False) if given is None else (not given, None):
            yield flipped(name, wrong)
    yield flipped("kinks", "" if claims.kinks else "z = 0: the derivative there is 0")
    if (right := loss.likelihood) is not None:
        yield "likelihood", loss.replace(likelihood=lambda z, t, **p: 1.01 * right(z, t, **p))


def _other_sizes(c: float | None) -> tuple[float, ...]:
    """Wrong suprema instead of c; none where nothing is claimed."""
    if c is None:
        return ()
    if c == np.inf:
        return 1.0, 1e3
    return (1.0, np.inf) if c == 0 else (2 * c, c / 2, 1.001 * c, c / 1.001, np.inf)
