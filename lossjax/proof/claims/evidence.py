"""Everything that searching one loss brings to light, each part once and only when a claim asks for it."""

import functools

import jax
import numpy as np

from ...losses.loss import Loss
from ..exact import truth
from ..primal import primal
from .exact import Exact, read
from .landscape import Landscape
from .risk import Risks, infimum
from .search import Extreme, Jump, choices, heights, jumps, supremum

QUANTITIES = {"lipschitz": "slope", "smooth": "curvature", "bound": "value"}


class Evidence:
    """What searching a loss has brought to light; independent of its claims, so that flipped claims share it."""

    def __init__(self, loss: Loss):
        """Nothing is searched before it is needed."""
        self.loss, self.land = loss, Landscape(loss)

    @functools.cached_property
    def exact(self) -> Exact | None:
        """The printed formula in exact terms, where it can be read."""
        return read(self.loss)

    @functools.cached_property
    def top(self) -> dict[str, Extreme]:
        """The supremum found of each quantity."""
        return {q: supremum(self.land, q) for q in QUANTITIES.values()}

    @functools.cached_property
    def heights(self) -> dict[str, list[float]]:
        """How each quantity grows with distance."""
        return {q: heights(self.land, q) for q in QUANTITIES.values()}

    @functools.cached_property
    def lowest(self) -> Extreme:
        """The most negative curvature found (its value is minus that curvature)."""
        return supremum(self.land, "low", sign=-1.0)

    def curvature_at(self, place: Extreme) -> float:
        """The least curvature at a place, from the printed formula in exact arithmetic."""
        z, t, one = np.asarray(place.z), np.asarray(place.t), self.land.at(place.z[None], place.t[None])
        v = np.ones(()) if self.land.scalar else np.linalg.eigh(one.hess[0])[1][:, 0]
        formula = primal(lambda z, t: self.loss.formula(z, t, **self.loss.params))

        def along(z, t, v):
            return jax.jvp(lambda z: jax.jvp(lambda z: formula(z, t), (z,), (v,))[1], (z,), (v,))[1]

        return float(truth(along, z[None], t[None], v[None], dtype=np.dtype(np.float64)).hi[0])

    @functools.cached_property
    def jumps(self) -> tuple[list[Jump], int]:
        """Kinks."""
        return jumps(self.land)

    @functools.cached_property
    def badly_chosen(self) -> tuple[list[Jump], int]:
        """Derivatives on the spot outside the one-sided ones."""
        found, points = self.jumps
        more, n = ([], 0) if self.land.scalar else choices(self.land)
        return [j for j in found if not j.chosen()] + more, points + n

    @functools.cached_property
    def risks(self) -> tuple[Risks, ...]:
        """Conditional risks for 2 and, for vectors, 3 classes."""
        if self.land.scalar:
            return (Risks(self.land, 2),)
        return tuple(Risks(self.land, k) for k in self.land.sizes if k <= 3)

    @functools.cached_property
    def infima(self) -> list:
        """(t, inf over z of L(z, t), the minimiser, points) at every target of the small charts."""
        out = []
        for chart in self.land.charts:
            if chart.classes <= 3:
                low, z, n = infimum(self.land, chart.targets, chart.classes)
                out += [(chart.targets[i], low[i], z[i], n // len(low)) for i in range(len(low))]
        return out


_KEPT = 8
_evidence: dict[tuple, Evidence] = {}


def evidence(loss: Loss) -> Evidence:
    """The evidence on a loss; shared by losses that differ in their claims only."""
    params = tuple((k, np.asarray(v, np.float64).tobytes()) for k, v in loss.params.items())
    functions = (loss.formula, loss.value, loss.grad, loss.hess, loss.output)
    key = (loss.name, loss.event_ndim, loss.targets.name, functions, params)
    if key not in _evidence:
        while len(_evidence) >= _KEPT:
            del _evidence[next(iter(_evidence))]
        _evidence[key] = Evidence(loss)
    return _evidence[key]
