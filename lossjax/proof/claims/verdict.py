"""What became of one claim of one loss."""

import dataclasses

from ...losses.loss import Loss
from .evidence import Evidence
from .proofs import prove

CODE = "LJ011"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of one claim.

    state: "refuted", "proved" or "not refuted". method: how; points: how many were looked at; witness: the place that
    refutes, or that shows what exists.
    """

    loss: str
    claim: str
    claimed: object
    state: str
    method: str
    points: int
    witness: str = ""

    @property
    def ok(self) -> bool:
        """Not refuted?"""
        return self.state != "refuted"

    @property
    def code(self) -> str:
        """The code of the finding, "" where there is none."""
        return "" if self.ok else CODE

    def __str__(self) -> str:
        """One line."""
        state = f"not refuted ({self.points:,} points)" if self.state == "not refuted" else self.state
        parts = [f"{self.loss}: {self.claim} = {self.claimed}: {state}", self.method, self.witness]
        return "; ".join(p for p in parts if p)


def refuted(loss: Loss, claim: str, claimed: object, points: int, witness: str) -> Verdict:
    """A witness contradicts the claim."""
    return Verdict(loss.label, claim, claimed, "refuted", "", points, witness)


def shown(loss: Loss, claim: str, claimed: object, points: int, witness: str) -> Verdict:
    """The claim is that something exists, and here it is."""
    return Verdict(loss.label, claim, claimed, "proved", "a witness", points, witness)


def held(loss: Loss, found: Evidence, claim: str, claimed: object, points: int, note: str = "") -> Verdict:
    """Nothing contradicts the claim: proved where a proof is known."""
    proof = prove(found.exact, loss, claim)
    return Verdict(loss.label, claim, claimed, "proved" if proof else "not refuted", proof, points, note)
