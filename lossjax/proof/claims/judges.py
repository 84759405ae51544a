"""One judge for each claim about shape and size: from the evidence to a verdict, None where nothing is claimed."""

import jax
import numpy as np

from ...losses.loss import Loss
from .evidence import QUANTITIES, Evidence
from .search import Jump, grows, short
from .verdict import Verdict, held, refuted, shown

ABOVE = 1e-9  # relative: a find this far above a claimed supremum refutes it
BELOW = 1e-6  # relative: a search that stays this far below refutes it
_NEAR = 1e-7  # how close the search comes to an infimum in a curved valley
_WORDS = {"slope": "|dL/dz|", "curvature": "|d2L/dz2|", "value": "L"}


def convex(loss: Loss, found: Evidence) -> Verdict:
    """A negative curvature, or a derivative that falls at a kink, is what tells."""
    low, (jumps, more) = found.lowest, found.jumps
    claimed, points, curvature = loss.claims.convex, low.points + more, -low.value
    falls = [j for j in jumps if j.after < j.before]
    witness = ""
    if curvature < -1e-9:
        witness = f"curvature {short(curvature)} at {low.place()}"
        exact = found.curvature_at(low)
        if not exact < 0:
            witness = ""
    elif falls:
        witness = f"the derivative {_steps(falls[0])}"
    least = f"least curvature found {short(curvature)} at {low.place()}"
    if claimed:
        if witness:
            return refuted(loss, "convex", claimed, points, witness)
        return held(loss, found, "convex", claimed, points, least)
    if witness:
        return shown(loss, "convex", claimed, points, witness + (" (exact arithmetic)" if curvature < -1e-9 else ""))
    return refuted(loss, "convex", claimed, points, f"nowhere concave: {least}")


def _steps(j: Jump) -> str:
    return f"jumps from {short(j.before)} to {short(j.after)} at z = {short(j.z)}, t = {short(j.t)}"


def supremum(claim: str):
    """The judge of a claimed least upper bound."""
    quantity = QUANTITIES[claim]
    word = _WORDS[quantity]

    def judge(loss: Loss, found: Evidence) -> Verdict | None:
        c = getattr(loss.claims, claim)
        if c is None:
            return None
        top = found.top[quantity]
        place = f"{word} = {short(top.value)} at {top.place()}"
        if c == np.inf:
            h = found.heights[quantity]
            growth = f"largest {word} within |z| <= 1e2, 1e4, 1e6, 1e8: {', '.join(f'{v:.4g}' for v in h)}"
            if not grows(h):
                return refuted(loss, claim, c, top.points, f"bounded: {growth}")
            return held(loss, found, claim, c, top.points, growth)
        if top.value > c + ABOVE * (1e-3 + abs(c)):
            return refuted(loss, claim, c, top.points, f"exceeded: {place}")
        if top.value < c - BELOW * abs(c):
            return refuted(loss, claim, c, top.points, f"not the least: the largest found is {place}")
        return held(loss, found, claim, c, top.points, place)

    return judge


def perfect(loss: Loss, found: Evidence) -> Verdict:
    """The least value found over z at each target must be the claimed one."""
    name, points, worst = getattr(loss.claims.perfect, "__name__", "perfect"), 0, (0.0, "")
    for t, low, z, n in found.infima:
        with jax.enable_x64(True):
            claimed = float(loss.claims.perfect(t))
        points += n
        # Far out, a value that is a difference of pre-activations carries their rounding.
        error = max(abs(claimed - low) - 1e-14 * np.abs(z).max(), 0.0) / (1 + abs(low))
        if not error <= worst[0]:
            witness = f"at t = {short(t)} the least L found is {short(low)}, at z = {short(z)}, not {short(claimed)}"
            worst = error, witness
    if not worst[0] <= _NEAR:
        return refuted(loss, "perfect", name, points, worst[1])
    return held(loss, found, "perfect", name, points)


def kinks(loss: Loss, found: Evidence) -> Verdict:
    """Jumps of the derivative are claimed exactly where they are, with a choice between their sides."""
    claimed, (jumps, points), (bad, more) = loss.claims.kinks, found.jumps, found.badly_chosen
    points = max(points, more)
    if jumps and not claimed:
        return refuted(loss, "kinks", "none", points, f"the derivative {_steps(jumps[0])}")
    if bad:
        at = " and ".join(short(a) for a in bad[0].at)
        return refuted(
            loss, "kinks", claimed or "none", points, f"{at} is chosen where the derivative {_steps(bad[0])}"
        )
    if claimed and not jumps:
        return refuted(loss, "kinks", claimed, points, "the derivative jumps nowhere")
    if claimed:
        return shown(loss, "kinks", claimed, points, f"the derivative {_steps(jumps[0])}")
    return held(loss, found, "kinks", "none", points)
