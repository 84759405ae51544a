"""Every claim of every loss holds, every flipped one is refuted with a witness, what is called proved has a method."""

import dataclasses

import numpy as np
import pytest

from lossjax.losses import (
    ALL,
    hinge,
    huber,
    perceptron,
    sigmoid_cross_entropy,
    sigmoid_focal,
    sigmoid_squared_error,
    tanh_squared_error,
)
from lossjax.losses.claims import INF, zero
from lossjax.losses.domain import REAL
from lossjax.losses.loss import Loss, identity
from lossjax.proof.claims import flips, verify
from lossjax.proof.codes import CODES

sympy = pytest.importorskip("sympy")
pytest.importorskip("flint")


# Module scope: the claims of a loss and their flips run next to each other and share its evidence.
@pytest.fixture(scope="module", params=ALL, ids=lambda loss: loss.label)
def loss(request) -> Loss:
    return request.param


def test_every_claim_holds(loss):
    verdicts = verify(loss)
    assert [str(v) for v in verdicts if not v.ok] == []
    for v in verdicts:
        assert v.state in ("proved", "not refuted")
        assert v.method if v.state == "proved" else v.points > 0 and str(v.points) in str(v).replace(",", "")


def test_every_flipped_claim_is_refuted_with_a_witness(loss):
    flipped = list(flips(loss))
    for claim, wrong in flipped:
        (verdict,) = verify(wrong, claim)
        print(verdict)
        assert verdict.state == "refuted", str(verdict)
        assert verdict.witness
        assert verdict.code in CODES
    claimed = {c for c, _ in flipped}
    sizes = {name for name in ("lipschitz", "smooth", "bound") if getattr(loss.claims, name) is not None}
    assert {"convex", "canonical", "perfect", "proper", "calibrated", "kinks"} | sizes <= claimed


UNPROVED = {("weighted[sigmoid_cross_entropy]", "lipschitz")}  # |w(t) (s - t)| is not concave in t


def test_shape_is_proved_for_scalars_and_every_denial_by_a_witness(loss):
    states = {v.claim: v.state for v in verify(loss)}
    denied = {name for name in ("convex", "canonical", "proper", "calibrated") if getattr(loss.claims, name) is False}
    shape = {"convex", "lipschitz", "smooth", "bound", "kinks"} if loss.event_ndim == 0 else set()
    for claim in denied | shape:
        expected = "not refuted" if (loss.name, claim) in UNPROVED else "proved"
        assert states[claim] == expected, claim


@pytest.mark.parametrize(
    ("loss", "claim", "words"),
    [
        (sigmoid_cross_entropy, "proper", "the output rises from 0 to 1"),
        (sigmoid_cross_entropy, "canonical", "SymPy: dL/dz - (output - t) = 0"),
        (hinge, "calibrated", "Bartlett, Jordan and McAuliffe"),
        (perceptron, "calibrated", "a witness"),
        (sigmoid_squared_error, "convex", "a witness"),
        (sigmoid_focal(2.0, 0.25), "smooth", "balls over"),
    ],
    ids=lambda x: getattr(x, "label", None),
)
def test_a_proof_names_its_method(loss, claim, words):
    (verdict,) = verify(loss, claim)
    assert verdict.state == "proved"
    assert words in verdict.method


def _made(**changes) -> Loss:
    """A loss of somebody else: (z - t)^2 / 2 with wrong parts."""
    whole = huber(1.0).replace(
        name="made",
        targets=REAL,
        params={},
        formula=lambda z, t: (z - t) ** 2 / 2,
        value=lambda z, t: (z - t) ** 2 / 2,
        grad=lambda z, t: z - t,
        hess=lambda z, t: np.ones_like(z) if isinstance(z, np.ndarray) else 0 * z + 1,
        output=identity,
    )
    claims = dataclasses.replace(
        whole.claims, lipschitz=INF, smooth=1.0, bound=INF, perfect=zero, canonical=True, kinks=""
    )
    return whole.replace(claims=claims, **changes)


def test_a_loss_made_here_passes_and_its_wrong_parts_do_not():
    assert all(v.ok for v in verify(_made()))
    steep = _made(hess=lambda z, t: 0 * z + 1.5)
    assert not verify(steep, "smooth")[0].ok
    shifted = _made(value=lambda z, t: (z - t) ** 2 / 2 + 0.5)
    assert not verify(shifted, "perfect")[0].ok


def test_a_derivative_chosen_outside_the_subdifferential_is_refuted():
    wrong = hinge.replace(grad=lambda z, t: hinge.grad(z, t) + 2.0 * (t * z == 1))
    (verdict,) = verify(wrong, "kinks")
    assert verdict.state == "refuted"
    assert "is chosen where" in verdict.witness


def test_a_box_proof_fails_below_the_supremum():
    from lossjax.proof.claims import boxes as claims_boxes
    from lossjax.proof.claims.exact import read

    exact = read(sigmoid_focal(2.0, 0.25))
    assert exact is not None
    slopes = [sympy.diff(found[0].expr, exact.u) for _, _, found in exact.cases]
    top = sigmoid_focal(2.0, 0.25).claims.lipschitz
    assert all(claims_boxes.below(s, exact.u, top) > 0 for s in slopes)
    assert not all(claims_boxes.below(s, exact.u, 0.999 * top) > 0 for s in slopes)


def test_an_unsound_proof_is_refused():
    """Sturm's theorem decides signs: a rational function that dips below 0 between samples is not nonnegative."""
    from lossjax.proof.claims.exact import Rational, read

    exact = read(tanh_squared_error)
    assert exact is not None
    v = exact.v
    touches, dips = (v - 2) ** 2, (v - 2) ** 2 - sympy.Rational(1, 10**9)
    assert exact.nonnegative(Rational(touches, sympy.Integer(0), sympy.oo))
    assert not exact.nonnegative(Rational(touches, sympy.Integer(0), sympy.oo), strict=True)
    assert not exact.nonnegative(Rational(dips, sympy.Integer(0), sympy.oo))
    assert not exact.nonnegative(Rational(1 / (v - 3), sympy.Integer(0), sympy.oo))
