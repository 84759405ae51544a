"""How a claim of a scalar loss is proved: by SymPy, by a theorem whose premises are checked, by balls over boxes.

Every proof presupposes that the search has not refuted the claim: that a supremum is reached and an infimum approached
is a witness' part, that nothing lies beyond is the proof's.
"""

from ...losses.loss import Loss
from .decisions import calibrated, proper
from .exact import Exact
from .lowest import perfect
from .shapes import convex, kinks, supremum
from .symbols import Piece, pieces


def prove(exact: Exact | None, loss: Loss, claim: str) -> str:
    """How SymPy, a theorem with checked premises, or balls over boxes prove a claim; "" where nothing does."""
    if exact is None or claim not in _PROOFS or (exact.forked and claim not in _FORKED):
        return ""
    try:
        return _PROOFS[claim](exact, loss)
    except exact.failures:
        return ""


def _against_output(exact, make):
    """make(dL/dz, output, t) on the common pieces of the loss and its output."""
    out = []
    for t, shift, found in exact.cases:
        outputs = pieces(lambda z, t: exact.loss.output(z), t, exact.u, shift)
        for p in found:
            for q in outputs:
                low, high = max(p.low, q.low), min(p.high, q.high)
                if low < high:
                    common = Piece(low, high, None)
                    out.append(exact.rational(make(exact.sp.diff(p.expr, exact.u), q.expr, t), common))
    return out


def _canonical(exact, loss):
    if loss.claims.canonical and all(r.expr == 0 for r in _against_output(exact, lambda g, y, t: g - (y - t))):
        return "SymPy: dL/dz - (output - t) = 0"
    return ""


def _affine(exact, loss):
    sp = exact.sp
    if not loss.claims.affine or exact.span is None:
        return ""
    ((t, _, found),) = exact.cases
    if all(sp.expand(sp.diff(p.expr, t, 2)) == 0 for p in found):
        return "SymPy: d2L/dt2 = 0"
    return ""


_FORKED = ("bound", "lipschitz", "smooth", "proper", "calibrated")  # what is sound with more readings than the loss has
_PROOFS = {
    "convex": convex,
    "bound": supremum("bound", 0),
    "lipschitz": supremum("lipschitz", 1),
    "smooth": supremum("smooth", 2),
    "kinks": kinks,
    "canonical": _canonical,
    "affine": _affine,
    "proper": proper,
    "calibrated": calibrated,
    "perfect": perfect,
}
