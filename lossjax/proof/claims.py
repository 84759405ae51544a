"""Hold every claim of a loss against evidence: refuted (with a witness), proved (with a method) or not refuted (in n points).

A claimed supremum is refuted by a point above it, and by a search whose largest find stays below it. A `False` is a claim
like any other: it needs a witness, and the witness proves it.
"""

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np

from ..losses.claims import Claims
from ..losses.loss import Loss
from .claims_landscape import Landscape
from .claims_risk import Risks, infimum, states_probabilities
from .claims_search import Extreme, Jump, choices, grows, heights, jumps, short, supremum

ABOVE = 1e-9  # relative: a find this far above a claimed supremum refutes it
BELOW = 1e-6  # relative: a search that stays this far below refutes it
_SAME = 1e-9  # equalities of ordinary numbers
_SMOOTH = {"lipschitz": "slope", "smooth": "curvature", "bound": "value"}
_WORDS = {"slope": "|dL/dz|", "curvature": "|d2L/dz2|", "value": "L"}
CODE = "LJ011"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of one claim.

    state: "refuted", "proved" or "not refuted". method: how; points: how many were looked at; witness: the place that
    refutes, or that proves a claim of existence.
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


class Evidence:
    """What searching a loss has brought to light; independent of its claims, so that flipped claims share it."""

    def __init__(self, loss: Loss):
        """Nothing is searched before it is needed."""
        self.land = Landscape(loss)

    @functools.cached_property
    def top(self) -> dict[str, Extreme]:
        """The supremum found of each quantity."""
        return {q: supremum(self.land, q) for q in _SMOOTH.values()}

    @functools.cached_property
    def heights(self) -> dict[str, list[float]]:
        """How each quantity grows with distance."""
        return {q: heights(self.land, q) for q in _SMOOTH.values()}

    @functools.cached_property
    def lowest(self) -> Extreme:
        """The most negative curvature found (its value is minus that curvature)."""
        return supremum(self.land, "low", sign=-1.0)

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


@functools.lru_cache(maxsize=8)
def _evidence(key, held) -> Evidence:
    return Evidence(held.loss)


class _Held:
    """A loss that compares equal to any other: the key alone tells evidence apart."""

    def __init__(self, loss):
        self.loss = loss

    def __eq__(self, other):
        return isinstance(other, _Held)

    def __hash__(self):
        return 0


def evidence(loss: Loss) -> Evidence:
    """The evidence on a loss; shared by losses that differ in their claims only."""
    params = tuple((k, np.asarray(v, np.float64).tobytes()) for k, v in loss.params.items())
    functions = (loss.formula, loss.value, loss.grad, loss.hess, loss.output)
    return _evidence((loss.name, loss.event_ndim, loss.targets.name, functions, params), _Held(loss))


def verify(loss: Loss, only: str | None = None) -> list[Verdict]:
    """All claims of one loss (or `only` one of them) held against evidence, in float64."""
    found = evidence(loss)
    out = []
    for claim, judge in _JUDGES.items():
        if only in (None, claim):
            with np.errstate(all="ignore"):
                verdict = judge(loss, found)
            if verdict is not None:
                out.append(verdict)
    return out


def flips(loss: Loss) -> Iterator[tuple[str, Loss]]:
    """(claim, the loss with that claim made wrong), for every claim: each must be refuted."""
    claims = loss.claims

    def flipped(name, value) -> tuple[str, Loss]:
        return name, loss.replace(claims=dataclasses.replace(claims, **{name: value}))

    for name in ("convex", "canonical"):
        yield flipped(name, not getattr(claims, name))
    if _soft(Landscape(loss)):
        yield flipped("affine", not claims.affine)
    for name in _SMOOTH:
        c = getattr(claims, name)
        if c is not None:
            wrong = (1.0, 1e3) if c == np.inf else (1.0, np.inf) if c == 0 else (2 * c, c / 2, 1.001 * c, c / 1.001, np.inf)
            yield from (flipped(name, w) for w in wrong)
    for by in (0.01, -0.01):
        yield flipped("perfect", lambda t, by=by: claims.perfect(t) + by)
    for name in ("proper", "calibrated"):
        given = getattr(claims, name)
        wrong = (True, False) if given is None else (not given, None)
        yield from (flipped(name, w) for w in wrong)
    yield flipped("kinks", "" if claims.kinks else "z = 0: the derivative there is 0")
    if (likelihood := loss.likelihood) is not None:
        yield "likelihood", loss.replace(likelihood=lambda z, t, **p: 1.01 * likelihood(z, t, **p))


# One judge a claim


def _verdict(loss, claim, state, method, points, witness="", claimed=None):
    claimed = getattr(loss.claims, claim) if claimed is None else claimed
    return Verdict(loss.label, claim, claimed, state, method, points, witness)


def _convex(loss, e):
    low = e.lowest
    curvature = -low.value
    jumps, n = e.jumps
    points = low.points + n
    concave = [j for j in jumps if j.after < j.before]
    witness = ""
    if curvature < -1e-9:
        witness = f"curvature {short(curvature)} at {low.place()}"
    elif concave:
        j = concave[0]
        witness = f"the derivative falls from {short(j.before)} to {short(j.after)} at z = {short(j.z)}, t = {short(j.t)}"
    if loss.claims.convex:
        if witness:
            return _verdict(loss, "convex", "refuted", "", points, witness)
        return _held(loss, "convex", points, f"least curvature found {short(curvature)} at {low.place()}")
    if witness:
        return _verdict(loss, "convex", "proved", f"witness: {witness}", points)
    return _verdict(loss, "convex", "refuted", "", points, f"no negative curvature: the least found is {short(curvature)}, at {low.place()}")


def _supremum(claim):
    quantity = _SMOOTH[claim]
    word = _WORDS[quantity]

    def judge(loss, e):
        c = getattr(loss.claims, claim)
        if c is None:
            return None
        top = e.top[quantity]
        points, found = top.points, f"{word} = {short(top.value)} at {top.place()}"
        if c == np.inf:
            h = e.heights[quantity]
            growth = f"largest {word} within |z| <= 1e2, 1e4, 1e6, 1e8: {', '.join(f'{v:.4g}' for v in h)}"
            if not grows(h):
                return _verdict(loss, claim, "refuted", "", points, f"bounded: {growth}")
            return _held(loss, claim, points, growth)
        if top.value > c + ABOVE * (1e-3 + abs(c)):
            return _verdict(loss, claim, "refuted", "", points, f"exceeded: {found}")
        if top.value < c - BELOW * abs(c):
            return _verdict(loss, claim, "refuted", "", points, f"not the least: the largest {word} found is only {short(top.value)}, at {top.place()}")
        return _held(loss, claim, points, found)

    return judge


def _perfect(loss, e):
    points, worst = 0, (0.0, "")
    for t, low, z, n in e.infima:
        claimed = float(loss.claims.perfect(t))
        points += n
        error = abs(claimed - low) / (1 + abs(low))
        if not error <= worst[0]:
            worst = error, f"at t = {short(t)} the least L found is {short(low)}, at z = {short(z)}, not {short(claimed)}"
    shown = getattr(loss.claims.perfect, "__name__", "perfect")
    if worst[0] > 1e-8:
        return _verdict(loss, "perfect", "refuted", "", points, worst[1], shown)
    return _held(loss, "perfect", points, "", shown)


def _proper(loss, e):
    claimed = loss.claims.proper
    if not states_probabilities(e.land):
        if claimed is None:
            return None
        return _verdict(loss, "proper", "refuted", "", 0, "the output is no probability of a class")
    lies, points = [], 0
    for risks in e.risks:
        for m in risks.minima:
            y = risks.outputs(m.z[None])[0]
            if np.abs(y - m.posterior).max() > 1e-4:
                lies.append((risks, m, y))
        points += len(risks.minima)
    witness = ""
    if lies:
        risks, m, y = lies[0]
        witness = f"posterior {short(m.posterior)}: the risk is {short(m.risk)} at the output {short(y)}"
        honest = risks.truthful(m.posterior)
        if honest is not None:
            witness += f" and {short(risks.at(honest[None], m.posterior[None])[0])} at the posterior itself"
    return _existence(loss, "proper", claimed, witness, points, "the least risk is at the posterior, for every posterior tried")


def _calibrated(loss, e):
    claimed = loss.claims.calibrated
    if e.land.product or e.land.kind not in ("unit", "binary", "margin", "tanh", "one_hot", "simplex"):
        if claimed is None:
            return None
        return _verdict(loss, "calibrated", "refuted", "", 0, "the targets are no classes")
    misled = [m for risks in e.risks for m in risks.minima if m.misled]
    points = sum(len(r.minima) for r in e.risks)
    witness = ""
    if misled:
        m = misled[0]
        witness = (
            f"posterior {short(m.posterior)}: the risk is {short(m.wrong_risk)} at z = {short(m.wrong_z)}, "
            f"which does not decide for the most probable class; the least found is {short(m.risk)}"
        )
    return _existence(loss, "calibrated", claimed, witness, points, "at every posterior tried, deciding wrongly costs more")


def _existence(loss, claim, claimed, witness, points, otherwise):
    """A claim that a single posterior can disprove."""
    if claimed is None:
        return _verdict(loss, claim, "refuted", "", points, "None, but the loss has classes: " + (witness or otherwise), "None")
    if claimed and witness:
        return _verdict(loss, claim, "refuted", "", points, witness)
    if claimed:
        return _held(loss, claim, points, otherwise)
    if witness:
        return _verdict(loss, claim, "proved", f"witness: {witness}", points)
    return _verdict(loss, claim, "refuted", "", points, otherwise)


def _canonical(loss, e):
    points, worst = 0, (0.0, "")
    for chart, x, c, sample in e.land.field:
        z, t = chart.place(x, c)
        with np.errstate(all="ignore"):
            want = e.land.output(z) - t
            error = np.abs(sample.grad - want) / (1 + np.abs(want))
        points += len(z)
        flat = np.where(np.isnan(error), 0.0, error)
        flat = flat if flat.ndim == 1 else flat.max(axis=1)
        i = int(np.argmax(flat))
        if flat[i] > worst[0]:
            worst = flat[i], f"dL/dz = {short(sample.grad[i])}, output - t = {short(want[i])} at z = {short(z[i])}, t = {short(t[i])}"
    differs = worst[1] if worst[0] > _SAME else ""
    if loss.claims.canonical:
        if differs:
            return _verdict(loss, "canonical", "refuted", "", points, differs)
        return _held(loss, "canonical", points, "")
    if differs:
        return _verdict(loss, "canonical", "proved", f"witness: {differs}", points)
    return _verdict(loss, "canonical", "refuted", "", points, "dL/dz = output - t at every point")


def _soft(land) -> bool:
    """Has the loss targets between its classes, so that being affine in the target says something?"""
    return land.kind in ("real", "unit", "tanh", "count", "simplex")


def _affine(loss, e):
    land = e.land
    if not _soft(land):
        return None
    z, t, ends, shares = _mixtures(land)
    value = land.at(z, t).value
    mixed = sum(s * land.at(z, end).value for s, end in zip(shares, ends))
    error = np.abs(value - mixed) / (1 + np.abs(mixed))
    i = int(np.nanargmax(error))
    differs = f"at z = {short(z[i])}, L = {short(value[i])} at t = {short(t[i])}, the mean over its classes is {short(mixed[i])}"
    if loss.claims.affine:
        if error[i] > _SAME:
            return _verdict(loss, "affine", "refuted", "", len(z), differs)
        return _held(loss, "affine", len(z), "")
    if error[i] > _SAME:
        return _verdict(loss, "affine", "proved", f"witness: {differs}", len(z))
    return _verdict(loss, "affine", "refuted", "", len(z), "L is the mean over the classes at every point")


def _mixtures(land):
    """Points z with a mixed target t, and the extreme targets and shares that it mixes."""
    rng = np.random.default_rng(2)
    n = 256
    if land.scalar or land.product:
        low, high = {"unit": (0.0, 1.0), "tanh": (-1.0, 1.0), "real": (-1.0, 3.0), "count": (0.0, 4.0)}[land.kind]
        shape = (n,) if land.scalar else (n, land.sizes[-1])
        share = rng.integers(1, 4, size=n) / 4  # quarters: a count stays whole
        z, one = rng.normal(size=shape, scale=3.0), np.ones(shape)
        wide = share if land.scalar else share[:, None] * one
        return z, low + wide * (high - low), (low * one, high * one), (1 - share, share)
    k = land.sizes[-1]
    share = rng.dirichlet(np.ones(k), size=n)
    return rng.normal(size=(n, k), scale=3.0), share, [np.broadcast_to(e, (n, k)) for e in np.eye(k)], share.T


def _kinks(loss, e):
    found, points = e.jumps
    bad, n = e.badly_chosen
    points = max(points, n)
    claimed = loss.claims.kinks
    if found and not claimed:
        j = found[0]
        return _verdict(loss, "kinks", "refuted", "", points, f"the derivative jumps from {short(j.before)} to {short(j.after)} at z = {short(j.z)}, t = {short(j.t)}")
    if bad and claimed:
        j = bad[0]
        at = " and ".join(short(a) for a in j.at)
        return _verdict(loss, "kinks", "refuted", "", points, f"the derivative chosen at z = {short(j.z)}, t = {short(j.t)} is {at}, outside [{short(j.before)}, {short(j.after)}]")
    if claimed and not found:
        return _verdict(loss, "kinks", "refuted", "", points, "the derivative jumps nowhere")
    if claimed:
        j = found[0]
        return _verdict(loss, "kinks", "proved", f"witness: the derivative jumps from {short(j.before)} to {short(j.after)} at z = {short(j.z)}, t = {short(j.t)}", points)
    return _held(loss, "kinks", points, "", "none")


def _likelihood(loss, e):
    if loss.likelihood is None:
        return None
    land = e.land
    params = {k: np.asarray(v, np.float64) for k, v in loss.params.items()}
    points, worst, spoken = 0, (0.0, ""), 0
    for t in land.charts[0].targets:
        rng = np.random.default_rng(3)
        z = rng.normal(size=(24, *np.shape(t)), scale=3.0) + (t if land.kind == "real" else 0.0)
        logs = np.array([_log_likelihood(loss, point, t, params) for point in z])
        if not np.isfinite(logs).all():
            continue  # a soft target has no probability
        total = land.at(z, np.broadcast_to(t, z.shape)).value + logs
        points, spoken = points + len(z), spoken + 1
        i, j = int(np.argmax(total)), int(np.argmin(total))
        spread = (total[i] - total[j]) / (1 + np.abs(logs).max())
        if spread > worst[0]:
            worst = spread, f"L + log p = {short(total[i])} at z = {short(z[i])} and {short(total[j])} at z = {short(z[j])}, t = {short(t)}"
    name = getattr(loss.likelihood, "__name__", "likelihood")
    if spoken < 2:
        return _verdict(loss, "likelihood", "refuted", "", points, "the log-likelihood is finite at fewer than two targets", name)
    if worst[0] > 1e-8:
        return _verdict(loss, "likelihood", "refuted", "", points, worst[1], name)
    return _held(loss, "likelihood", points, "", name)


def _log_likelihood(loss, z, t, params):
    import jax

    with jax.enable_x64(True):
        return float(loss.likelihood(z, t, **params))


def _held(loss, claim, points, note, claimed=None):
    """Not refuted; proved where a proof is known."""
    return _verdict(loss, claim, "not refuted", note, points, claimed=claimed)


_JUDGES = {
    "convex": _convex,
    **{claim: _supremum(claim) for claim in _SMOOTH},
    "perfect": _perfect,
    "proper": _proper,
    "calibrated": _calibrated,
    "affine": _affine,
    "canonical": _canonical,
    "kinks": _kinks,
    "likelihood": _likelihood,
}
__all__ = ["Claims", "Verdict", "flips", "verify"]
