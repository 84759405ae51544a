"""The judges of how a loss decides and speaks of probabilities: proper, calibrated, affine, canonical, likelihood."""

import jax
import jax.numpy as jnp
import numpy as np

from ...losses.loss import Loss
from .evidence import Evidence
from .landscape import Landscape
from .risk import states_probabilities
from .search import short
from .verdict import Verdict, held, refuted, shown

_SAME = 1e-9  # equalities of ordinary numbers
_CLASSES = ("unit", "binary", "margin", "tanh", "one_hot", "simplex")
_MIXED = {"unit": (0.0, 1.0), "tanh": (-1.0, 1.0), "real": (-1.0, 3.0), "count": (0.0, 4.0)}


def proper(loss: Loss, found: Evidence) -> Verdict | None:
    """The least conditional risk must lie where the output is the posterior."""
    claimed = loss.claims.proper
    if not states_probabilities(found.land):
        if claimed is None:
            return None
        return refuted(loss, "proper", claimed, 0, "the output is no probability of a class")
    points, witness = 0, ""
    for risks in found.risks:
        points += len(risks.minima)
        for m in risks.minima:
            y = risks.outputs(m.z[None])[0]
            if not witness and not np.abs(y - m.posterior).max() <= 1e-4:
                witness = f"posterior {short(m.posterior)}: the risk is {short(m.risk)} at the output {short(y)}"
                if (honest := risks.truthful(m.posterior)) is not None:
                    risk = risks.at(honest[None], m.posterior[None])[0]
                    witness += f" and {short(risk)} at the posterior itself"
    return _unless(loss, found, "proper", witness, points, "the least risk is at the posterior, at every one tried")


def calibrated(loss: Loss, found: Evidence) -> Verdict | None:
    """Deciding for another class than the most probable must cost more than the least risk."""
    claimed = loss.claims.calibrated
    if found.land.product or found.land.kind not in _CLASSES:
        if claimed is None:
            return None
        return refuted(loss, "calibrated", claimed, 0, "the targets are no classes")
    misled = [m for risks in found.risks for m in risks.minima if m.misled]
    points = sum(len(r.minima) for r in found.risks)
    witness = ""
    if misled:
        m = misled[0]
        witness = (
            f"posterior {short(m.posterior)}: the risk is {short(m.wrong_risk)} at z = {short(m.wrong_z)}, "
            f"which does not decide for the most probable class; the least found is {short(m.risk)}"
        )
    return _unless(loss, found, "calibrated", witness, points, "deciding wrongly costs more, at every posterior tried")


def _unless(loss, found, claim, witness, points, otherwise):
    """A claim that one posterior can disprove."""
    claimed = getattr(loss.claims, claim)
    if claimed is None:
        return refuted(loss, claim, "None", points, "but the loss has classes: " + (witness or otherwise))
    if claimed:
        return refuted(loss, claim, claimed, points, witness) if witness else held(loss, found, claim, claimed, points)
    return shown(loss, claim, claimed, points, witness) if witness else refuted(loss, claim, claimed, points, otherwise)


def canonical(loss: Loss, found: Evidence) -> Verdict:
    """Is dL/dz = output - t at every point of the field?"""
    points, worst, witness = 0, 0.0, ""
    for chart, x, c, sample in found.land.field:
        z, t = chart.place(x, c)
        want = sample.output - t
        error = np.nan_to_num(np.abs(sample.grad - want) / (1 + np.abs(want)), nan=0.0)
        error = error if error.ndim == 1 else error.max(axis=1)
        points += len(z)
        i = int(np.argmax(error))
        if error[i] > max(worst, _SAME):
            worst, at = error[i], f"z = {short(z[i])}, t = {short(t[i])}"
            witness = f"dL/dz = {short(sample.grad[i])}, output - t = {short(want[i])} at {at}"
    return _equality(loss, found, "canonical", witness, points, "dL/dz = output - t at every point")


def soft(land: Landscape) -> bool:
    """Has the loss targets between its classes, so that being affine in the target says something?"""
    return land.kind in (*_MIXED, "simplex")


def affine(loss: Loss, found: Evidence) -> Verdict | None:
    """Is L(z, sum_k s_k t_k) = sum_k s_k L(z, t_k) at random points and shares?"""
    land = found.land
    if not soft(land):
        return None
    z, t, ends, shares = _mixtures(land)
    value = land.at(z, t).value
    mixed = np.sum([s * land.at(z, end).value for s, end in zip(shares, ends)], axis=0)
    error = np.abs(value - mixed) / (1 + np.abs(mixed))
    i, witness = int(np.nanargmax(error)), ""
    if error[i] > _SAME:
        at = f"z = {short(z[i])}, t = {short(t[i])}"
        witness = f"L = {short(value[i])}, but {short(mixed[i])} as the mean over the classes, at {at}"
    return _equality(loss, found, "affine", witness, len(z), "L is the mean over the classes at every point")


def _mixtures(land):
    """Points z with a mixed target t, and the extreme targets and shares that it mixes."""
    rng, n = np.random.default_rng(2), 256
    if land.kind == "simplex":
        k = land.sizes[-1]
        share = rng.dirichlet(np.ones(k), size=n)
        return rng.normal(size=(n, k), scale=3.0), share, [np.broadcast_to(e, (n, k)) for e in np.eye(k)], share.T
    low, high = _MIXED[land.kind]
    share = rng.integers(1, 4, size=n) / 4  # quarters: a count stays whole
    z = rng.normal(size=n if land.scalar else (n, land.sizes[-1]), scale=3.0)
    ends = [np.full(z.shape, end) for end in (low, high)]
    t = low + (high - low) * (share if land.scalar else np.broadcast_to(share[:, None], z.shape))
    return z, t, ends, (1 - share, share)


def _equality(loss, found, claim, witness, points, otherwise):
    """A claim that one point can disprove, and whose denial one point shows."""
    claimed = getattr(loss.claims, claim)
    if claimed:
        return refuted(loss, claim, claimed, points, witness) if witness else held(loss, found, claim, claimed, points)
    return shown(loss, claim, claimed, points, witness) if witness else refuted(loss, claim, claimed, points, otherwise)


def likelihood(loss: Loss, found: Evidence) -> Verdict | None:
    """L + log p must not depend on z; targets without a probability (soft ones) are passed over."""
    if loss.likelihood is None:
        return None
    land, name = found.land, getattr(loss.likelihood, "__name__", "likelihood")
    rng, points, targets, worst, witness = np.random.default_rng(3), 0, 0, 1e-8, ""
    for t in land.charts[0].targets:
        z = rng.normal(size=(24, *np.shape(t)), scale=3.0) + (t if land.kind == "real" else 0.0)
        logs = np.array([_log_likelihood(loss, point, t) for point in z])
        if not np.isfinite(logs).all():
            continue
        total = land.at(z, np.broadcast_to(t, z.shape)).value + logs
        points, targets = points + len(z), targets + 1
        i, j = int(np.argmax(total)), int(np.argmin(total))
        spread = (total[i] - total[j]) / (1 + np.abs(logs).max())
        if spread > worst:
            sums = [f"{short(total[k])} at z = {short(z[k])}" for k in (i, j)]
            worst, witness = spread, f"L + log p = {' and '.join(sums)}, t = {short(t)}"
    if targets < 2:
        witness = "the log-likelihood is finite at fewer than two targets"
    if witness:
        return refuted(loss, "likelihood", name, points, witness)
    return held(loss, found, "likelihood", name, points)


def _log_likelihood(loss, z, t):
    if np.ndim(t) and np.all(t == np.rint(t)):
        t = t.astype(int)  # counts of a multinomial
    with jax.enable_x64(True):
        params = {k: jnp.asarray(v, np.float64) for k, v in loss.params.items()}
        try:
            return float(loss.likelihood(jnp.asarray(z), jnp.asarray(t), **params))
        except ValueError:  # jax.scipy.stats refuses counts that are no whole numbers
            return float("nan")
