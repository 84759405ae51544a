"""What exact arithmetic says at chosen patterns of a sweep: of the worst result, of the float64 twin, of near-ties."""

import jax
import numpy as np

from ...losses.loss import Loss
from ..exact import EXACT, truth
from ..subject import derivative, from_loss
from ..ulp import ulp
from .kernel import THRESHOLDS
from .twins import quantity_of, twin_of

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Exact:
    """The exact truth of one quantity at one target, at chosen patterns."""

    def __init__(self, loss: Loss, quantity: str, target: float):
        self.f, self.target = quantity_of(loss, quantity), np.float32(target)
        self.double = twin_of(loss, quantity)
        self.formula = derivative(from_loss(loss).truth(_FLOAT32), quantity, 0, False)

    def _truth(self, z):
        return truth(self.formula, z, np.full(z.shape, self.target), dtype=_FLOAT64)

    def _twin(self, z):
        with jax.enable_x64(True):
            return np.asarray(jax.jit(self.double)(z.astype(np.float64), np.full(z.shape, np.float64(self.target))))

    def errors(self, bits):
        """(got, truth, error in ulps of float32) at patterns."""
        z = bits.view(np.float32)
        got = np.asarray(jax.jit(self.f)(z, np.full(z.shape, self.target))).astype(np.float64)
        want = self._truth(z)
        with np.errstate(invalid="ignore"):
            error = np.abs((got - want.hi) - want.lo) / ulp(want.hi, _FLOAT32)
            return got, want.hi, np.where(got == want.hi, np.abs(want.lo) / ulp(want.hi, _FLOAT32), error)

    def twin(self, bits):
        """The twin's largest error at patterns of normal inputs and results: (float64 ulps, float32 ulps, share, points).

        share: of the error that the twin is to judge, or of an ulp of float32 where that is more.
        """
        z = bits.view(np.float32)
        tiny, top = np.finfo(np.float32).tiny, np.finfo(np.float32).max
        z = z[np.isfinite(z) & ((z == 0) | (np.abs(z) >= tiny))]
        if not len(z):
            return 0.0, 0.0, 0.0, 0
        want, twin, error = self._truth(z), self._twin(z), self.errors(z.view(np.uint32))[2]
        usual = (want.status == EXACT) & (np.abs(want.hi) <= top) & ((np.abs(want.hi) >= tiny) | (want.hi == 0))
        hi, lo, twin, error = (x[usual] for x in (want.hi, want.lo, twin, error))
        if not len(hi):
            return 0.0, 0.0, 0.0, 0
        gap = np.abs((twin - hi) - lo)
        single = gap / ulp(hi, _FLOAT32)
        share = single / np.maximum(error, 1)
        return float((gap / ulp(hi, _FLOAT64)).max()), float(single.max()), float(share.max()), len(gap)

    def misjudged(self, bits) -> int:
        """At how many patterns the exact error lies on the other side of a threshold than the twin's."""
        if not len(bits):
            return 0
        z = bits.view(np.float32)
        got, _, error = self.errors(bits)
        twin = self._twin(z)
        by_twin = np.abs(got - twin) / ulp(twin, _FLOAT32)
        sides = [(error > x) != (by_twin > x) for x in THRESHOLDS]
        return int(np.any(sides, axis=0).sum())
