"""What a loss claims about itself, as data that a check can refute."""

import dataclasses
from collections.abc import Callable

from jaxtyping import Array

from .parameter import Number

INF = float("inf")


@dataclasses.dataclass(frozen=True)
class Claims:
    """Facts about L(z, t) as a function of the pre-activation z, over all targets of the loss.

    convex: L is convex in z. A False is itself a claim: there is a negative curvature.
    lipschitz: sup over z, t of the 2-norm of dL/dz (inf: unbounded), the least such constant.
    smooth: sup of the spectral norm of d2L/dz2 where it exists (inf: unbounded).
    bound: sup of L (inf: unbounded above), the least such constant.
        For each of the three None is no claim: the constant depends on K, or was not derived.
    perfect: t -> inf over z of L, the value of a perfect prediction (a Python function of the target as numpy floats).
    proper: strictly proper as a score of the probability `output(z)`; None where the output is no probability.
    calibrated: classification-calibrated: the sign (argmax) of the minimiser of the conditional risk is the Bayes
        class, at every posterior; None for regression.
    affine: L is affine in the target, so that a soft target costs the mean of its classes.
    canonical: the link is canonical, dL/dz = output(z) - t.
    kinks: where L is not differentiable in z, and the derivative chosen there; "" for none.
    A family made of traced parameters has traced constants, or weaker ones where they need a search.
    """

    convex: bool
    lipschitz: Number | None
    smooth: Number | None
    bound: Number | None
    perfect: Callable
    proper: bool | None = None
    calibrated: bool | None = None
    affine: bool = False
    canonical: bool | Array = False
    kinks: str = ""

    def replace(self, **changes) -> "Claims":
        """The same claims with some changed."""
        return dataclasses.replace(self, **changes)


def zero(t):
    """The value of a perfect prediction where that is 0 at every target."""
    return 0.0
