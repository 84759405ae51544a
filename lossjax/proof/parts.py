"""A wrong result that is right in a part: of the domain, of the range, of each example."""

from collections.abc import Iterator

import numpy as np

from .relation import ENOUGH, MOST, WRONG, Relation, same


def detached(r: Relation) -> tuple[str, str] | None:
    """Got is the same at every z, for each target."""
    if r.t.shape[1] != 1 or r.got.shape[1] != 1 or r.quantity == "hess":
        return None
    groups = [
        (r.got[rows], r.want[rows]) for rows in (r.usable & (r.t == v) for v in np.unique(r.t)) if rows.sum() > ENOUGH
    ]
    flat = [np.ptp(g) <= WRONG * np.abs(g).max() < np.ptp(w) for g, w in groups]
    if groups and all(flat):
        return "LJ005", "got does not depend on z: for each target it is one number"
    return None


def clipped(r: Relation) -> tuple[str, str] | None:
    """Got is want, cut off at a level."""
    got, want = r.got[r.wrong], r.want[r.wrong]
    if len(got) < ENOUGH:
        return None
    level = same(np.abs(got))
    if level is not None and np.mean((np.abs(want) > level) & (got * want > 0)) > MOST:
        return "LJ005", f"clipped: got is want cut off at {level:.4g}"
    return None


def each_example(r: Relation) -> tuple[str, str] | None:
    """Each example's gradient has a factor of its own."""
    if not r.vector or r.got.shape[1] < 3:
        return None
    ratio = np.where(r.usable, r.ratio, np.nan)
    rows = r.usable.sum(axis=1) >= 3
    if rows.sum() < ENOUGH:
        return None
    middle = np.nanmedian(ratio[rows], axis=1, keepdims=True)
    if np.nanmean(np.where(np.isnan(ratio[rows]), np.nan, np.abs(ratio[rows] / middle - 1) < WRONG)) < MOST:
        return None
    norm = np.linalg.norm(r.got[rows], axis=1)
    if same(norm) is not None:
        return "LJ005", "normalised: each example's gradient is divided by its norm"
    return "LJ005", "each example has a factor of its own: its direction is right, its length is not"


def part(r: Relation) -> tuple[str, str] | None:
    """Wrong in one part of the domain and right in the rest."""
    shape, judged = r.got.shape, r.usable | r.idle
    for name, inside in _parts(r):
        inside = np.broadcast_to(inside, shape) & judged
        outside = judged & ~inside
        if inside.sum() < ENOUGH or outside.sum() < ENOUGH:
            continue
        if r.wrong[inside].mean() < 0.6 or r.wrong[outside].mean() > 1 - MOST:
            continue
        there = inside & r.wrong
        if np.mean(r.idle[there]) > MOST:
            return "LJ005", f"not zero where it should be, {name} only"
        if np.mean(r.got[there] == 0) > MOST:
            return "LJ005", f"zero {name} only: no gradient arrives there"
        c = same(r.ratio[there & r.usable])
        how = "" if c is None else " with the wrong sign" if abs(c + 1) < WRONG else f" by a factor {c:.4g}"
        return "LJ005", f"wrong {name} only{how}"
    return None


def _parts(r: Relation) -> Iterator[tuple[str, np.ndarray]]:
    if r.vector and not r.batch:
        target = (r.t == r.t.max(axis=1, keepdims=True)) & (r.t > 0)
        yield "at the target's entry", target
        yield "at the entries other than the target's", ~target
        yield "at the largest entry of z", r.z == r.z.max(axis=1, keepdims=True)
        for k, name in ((0, "first"), (-1, "last")):
            yield f"at the {name} entry", np.arange(r.classes) == np.arange(r.classes)[k]
    if (r.vector and not r.batch) or r.t.shape[1] == 1:
        soft = np.asarray(~np.isin(r.t, (-1, 0, 1)).any(axis=1, keepdims=True))
        yield "at soft targets", soft
    if r.t.shape[1] == 1 and r.z.shape[1] == 1:
        for v in np.unique(r.t):
            yield f"at t = {v:g}", r.t == v
        yield "at t > 0", r.t > 0
        for what, x in (("z", r.z), ("z - t", r.z - r.t), ("t z", r.t * r.z)):
            yield f"at {what} > 0", x > 0
            yield f"at {what} < 0", x < 0
        for what, x in (
            ("z", r.z),
            ("-z", -r.z),
            ("|z|", np.abs(r.z)),
            ("|z - t|", np.abs(r.z - r.t)),
            ("t z", r.t * r.z),
        ):
            rows = (r.usable | r.idle) & np.isfinite(x)
            bad, good = x[rows & r.wrong], x[rows & ~r.wrong]
            if len(bad) and len(good):
                for low in (float(np.quantile(bad, 0.02)), float(np.quantile(good, 0.98))):
                    yield f"beyond {what} = {low:.2g}", x >= low
            if len(bad):
                high = float(np.quantile(bad, 0.98))
                yield f"where {what} is below {high:.2g}", x <= high
