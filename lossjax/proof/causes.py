"""A wrong result that is related to the right one everywhere: a factor, a shift, another axis, another loss."""

import jax.numpy as jnp
import numpy as np

from ..losses import ALL
from .relation import ENOUGH, MOST, WRONG, Relation, close, same

_LITTLE = 1e-3
_POINTS = 1024  # at which other losses are tried


def constant(r: Relation) -> tuple[str, str] | None:
    """One factor everywhere."""
    c = None if r.extra else same(r.ratio[r.usable])
    if c is None or abs(c - 1) < WRONG:
        return None
    if abs(c + 1) < WRONG:
        return "LJ002", "the sign is wrong: got = -want everywhere"
    return "LJ001", f"off by a constant factor: got = {_named(c, r)} * want everywhere"


def _named(c: float, r: Relation) -> str:
    names = {2.0: "2", 0.5: "1/2"}
    if r.batch:
        rows, classes = r.batch
        one = "N (the batch; or K, as both are equal here)" if rows == classes else "N"
        names |= {float(rows): one, 1 / rows: f"1/{one}", float(rows * classes): "N K", 1 / (rows * classes): "1/(N K)"}
    elif r.classes:
        names = {float(r.classes): "K", 1 / r.classes: "1/K"} | names
    return next((text for x, text in names.items() if abs(c / x - 1) < WRONG), f"{c:.4g}")


def slope(r: Relation) -> tuple[str, str] | None:
    """The derivative of the output, missing or extra; a constant factor may go with it."""
    for name, factor in () if r.extra else _slopes(r.z, r.got.shape):
        for text, f in ((f"an extra factor {name}", factor), (f"a missing factor {name}", 1 / factor)):
            c = same((r.ratio / f)[r.usable])
            if c is not None:
                also = "" if abs(c - 1) < WRONG else f", and a factor {c:.4g}"
                return "LJ003", f"{text}, the derivative of the output: dL/da and dL/dz are confused{also}"
    return None


def factor(r: Relation) -> tuple[str, str] | None:
    """Another factor that depends on z or t, missing or extra."""
    for name, x in () if r.extra else _factors(r):
        for text, f in ((f"a missing factor {name}", 1 / x), (f"an extra factor {name}", x)):
            c = same((r.ratio / f)[r.usable])
            if c is not None:
                return "LJ005", f"{text}" + ("" if abs(c - 1) < WRONG else f", and a factor {c:.4g}")
    return None


def _outputs(z):
    s = 1 / (1 + np.exp(-z))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return s, e / e.sum(axis=1, keepdims=True)


def _slopes(z, shape):
    s, p = _outputs(z)
    links = [("sigma'(z)", s * (1 - s)), ("tanh'(z)", 1 - np.tanh(z) ** 2), ("exp(z)", np.exp(z))]
    if z.shape[1] > 1:
        links.append(("y_k (1 - y_k)", p * (1 - p)))
    return [(name, np.broadcast_to(x, shape)) for name, x in links if x.shape[1] in (1, shape[1])]


def _factors(r: Relation):
    s, p = _outputs(r.z)
    found = [
        ("z", r.z),
        ("t", r.t),
        ("1 - t", 1 - r.t),
        ("sigma(z)", s),
        ("1 - sigma(z)", 1 - s),
        ("tanh(z)", np.tanh(z := r.z)),
    ]
    found += [("z - t", z - r.t), ("|z|", np.abs(z)), ("sigma(z) - t", s - r.t)]
    if z.shape[1] > 1:
        at_target = (p * r.t).sum(axis=1, keepdims=True)
        found += [("y_k", p), ("1 - y_k", 1 - p), ("y_t", at_target), ("1 - y_t", 1 - at_target)]
        found += [("the norm of z", np.linalg.norm(z, axis=1, keepdims=True)), ("y_k - t_k", p - r.t)]
    return [(name, np.broadcast_to(x, r.got.shape)) for name, x in found if x.shape[1] in (1, r.got.shape[1])]


def dropped_cross_terms(r: Relation) -> tuple[str, str] | None:
    """Every off-diagonal entry of the Hessian is 0."""
    if r.quantity != "hess" or not r.classes or r.got.shape[1] != r.classes**2:
        return None
    off = np.broadcast_to(~np.eye(r.classes, dtype=bool).reshape(1, -1), r.got.shape) & r.usable
    if off.any() and np.all(r.got[off] == 0):
        return "LJ004", "the cross terms are dropped: every off-diagonal entry of the Hessian is 0"
    return None


def zero(r: Relation) -> tuple[str, str] | None:
    """Nothing arrives."""
    if not r.extra and np.mean(r.got[r.usable] == 0) > MOST:
        return (
            "LJ005",
            "zero everywhere: a stop_gradient, an argmax, a comparison or a rounding cuts the derivative off",
        )
    return None


def wrong_axis(r: Relation) -> tuple[str, str] | None:
    """Of a batch: want sums to 0 over one axis, got over the other; or one is the other transposed."""
    if not r.batch or r.got.shape[1] != r.batch[0] * r.batch[1]:
        return None
    rows = (r.usable | r.idle).all(axis=1)
    got, want = (x[rows].reshape(-1, *r.batch) for x in (r.got, r.want))
    if len(got) < ENOUGH:
        return None
    if r.batch[0] == r.batch[1] and np.allclose(got, want.swapaxes(1, 2), rtol=WRONG, atol=1e-4):
        return "LJ005", "transposed: got[i, j] = want[j, i], rows and columns of the batch are exchanged"

    def sums_to_zero(x, axis):
        return np.mean(np.abs(x.sum(axis=axis)) <= 1e-3 * np.abs(x).sum(axis=axis)) > MOST

    for axis, name, other in ((2, "classes", "batch"), (1, "batch", "classes")):
        if sums_to_zero(want, axis) and not sums_to_zero(got, axis) and sums_to_zero(got, 3 - axis):
            return "LJ005", f"normalised over the wrong axis: got sums to 0 over the {other}, want over the {name}"
    return None


def permuted(r: Relation) -> tuple[str, str] | None:
    """The entries of a vector in another order."""
    if not r.vector or r.classes < 3 or r.batch:
        return None
    rows = (r.usable | r.idle).all(axis=1)
    index = np.arange(r.classes)
    for name, order in (
        ("by one place", np.roll(index, 1)),
        ("by one place", np.roll(index, -1)),
        ("end to end", index[::-1]),
    ):
        if rows.sum() > ENOUGH and close(r.got[rows], r.want[rows][:, order]):
            return "LJ005", f"the entries are in another order: want shifted or turned {name}"
    return None


def shifted(r: Relation) -> tuple[str, str] | None:
    """The difference is a number, or depends on the target alone."""
    off = (r.got - r.want)[r.usable]
    if len(off) < ENOUGH or r.quantity == "hess" or r.extra:
        return None
    middle = np.median(off)
    if abs(middle) > _LITTLE and np.mean(np.abs(off - middle) < WRONG * abs(middle)) > MOST:
        return "LJ005", f"a constant is added: got = want {middle:+.4g} everywhere"
    if r.vector and not r.batch and r.classes > 2:
        rows = r.usable.all(axis=1)
        for move in (1, -1):
            if rows.sum() > ENOUGH and close((r.got - r.want)[rows], (r.t - np.roll(r.t, move, axis=1))[rows]):
                return "LJ005", "the target is another one: its entries are shifted by one place"
    t = np.broadcast_to(r.t, r.got.shape)[r.usable] if r.t.shape[1] in (1, r.got.shape[1]) else None
    if t is None or len(np.unique(t)) < 2:
        return None
    slope, level = np.linalg.lstsq(np.stack([t, np.ones_like(t)], 1), off, rcond=None)[0]
    if np.mean(np.abs(off - slope * t - level) < WRONG * max(abs(slope), abs(level))) > MOST:
        line = f"{slope:+.4g} t" + (f" {level:+.4g}" if abs(level) > WRONG * abs(slope) else "")
        return "LJ005", f"the target is another one: got = want {line}, whatever z"
    return None


def another_loss(r: Relation) -> tuple[str, str] | None:
    """Got is what another loss of the catalogue has, and the wanted one has not: where all three are close, it tells nothing."""
    seen = np.flatnonzero(r.usable.any(axis=1))
    if r.quantity != "grad" or r.batch or not len(seen):
        return None
    at = seen[np.linspace(0, len(seen) - 1, _POINTS).astype(int)]  # always as many, so that nothing is compiled anew
    got, want, usable = r.got[at], r.want[at], r.usable[at]
    z, t = (jnp.asarray(x[at] if r.classes else x[at, 0], jnp.float32) for x in (r.z, r.t))
    for loss in ALL:
        if (loss.event_ndim == 1) != (r.classes > 0) or _of_so_many(loss, r.classes):
            continue
        other = np.asarray(loss.gradient(z, t), np.float64).reshape(_POINTS, -1)
        rows = usable & np.isfinite(other)
        if rows.sum() <= 0.3 * usable.sum() or close(want[rows], other[rows]):
            continue
        if close(got[rows], other[rows]) and np.ptp(other[rows]) > WRONG:
            return "LJ005", f"another loss: it is the gradient of {loss.label}"
    return None


def _of_so_many(loss, classes) -> bool:
    """Does the loss have weights for another number of classes?"""
    return any(np.size(x) not in (1, classes) for x in loss.params.values()) and classes > 0
