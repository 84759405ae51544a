"""Searches on a landscape: suprema, growth without bound, curvature of either sign, kinks."""

import dataclasses
import itertools
from typing import Any

import numpy as np

from .landscape import Landscape

_ROUNDS = 45
_FINEST = 1e-9


@dataclasses.dataclass(frozen=True)
class Extreme:
    """The largest number found, where, and how many points were looked at."""

    value: float
    z: Any
    t: Any
    points: int

    def place(self) -> str:
        """The point in words."""
        return f"z = {short(self.z)}, t = {short(self.t)}"


def short(x) -> str:
    """A number or a vector with ten digits."""
    return f"{x:.10g}" if np.ndim(x) == 0 else "[" + ", ".join(f"{v:.10g}" for v in np.ravel(x)) + "]"


def climb(f, x, step=0.5, rounds=_ROUNDS):
    """Maximise f(x [P, M, D]) -> [P, M] from x [P, D]: try all 3^D neighbours, halve the step when none is better."""
    moves = np.array(list(itertools.product((0.0, -1.0, 1.0), repeat=x.shape[1])))
    step = np.full(len(x), float(step))
    rows = np.arange(len(x))
    best = _defined(f(x[:, None, :]))[:, 0]
    for _ in range(rounds):
        if step.max() < _FINEST:
            break
        near = x[:, None, :] + step[:, None, None] * moves
        values = _defined(f(near))
        # The centre has been rounded to the same place, so any gain is a gain.
        winner = np.argmax(values, axis=1)
        better = values[rows, winner] > best
        x = np.where(better[:, None], near[rows, winner], x)
        best = np.where(better, values[rows, winner], best)
        step = np.where(better, 1.5 * step, 0.5 * step)
    return x, best


def _defined(values):
    return np.where(np.isnan(values), -np.inf, values)


def supremum(land: Landscape, quantity: str, sign: float = 1.0, starts: int = 6) -> Extreme:
    """The largest sign * quantity found over all charts, by a grid and a climb from its best places."""
    found, points = [], 0
    for chart, x, c, sample in land.field:
        values = _defined(sign * getattr(sample, quantity))
        points += len(values)
        order = np.argsort(-values, kind="stable")
        # The best grid points, and the best of each configuration: equal heights hide behind one another.
        first = np.unique(c[order], return_index=True)[1]
        top = np.unique(np.concatenate([order[:starts], order[np.sort(first)]]))
        top = top[np.isfinite(values[top])]
        where = order[0]
        if np.isfinite(values[where]) and len(top):

            def f(near, chart=chart, c=c[top]):
                flat = near.reshape(-1, near.shape[-1])
                z, t = chart.place(flat, np.repeat(c, near.shape[1]))
                return sign * getattr(land.at(z, t), quantity).reshape(near.shape[:2])

            before = land.evaluated
            y, best = climb(f, x[top])
            points += land.evaluated - before
            i = int(np.argmax(best))
            z, t = chart.place(y[i : i + 1], c[top][i : i + 1])
            found.append((float(best[i]), z[0], t[0]))
        else:
            z, t = chart.place(x[where : where + 1], c[where : where + 1])
            found.append((float(values[where]), z[0], t[0]))
    value, z, t = max(found, key=lambda e: e[0])
    return Extreme(value, z, t, points)


def heights(land: Landscape, quantity: str) -> list[float]:
    """The largest quantity found within |z| <= 1e2, 1e4, 1e6 and 1e8, each at least the one before."""
    out = []
    for radius in (1e2, 1e4, 1e6, 1e8):
        tops = [0.0]
        for chart, x, c, sample in land.field:
            z, t = chart.place(x, c)
            reach = np.abs(z) if z.ndim == 1 else np.abs(z).max(axis=1)
            centre = np.abs(t) if land.kind == "real" and t.ndim == 1 else 0.0
            inside = (reach - centre <= radius) & ~np.isnan(getattr(sample, quantity))
            tops.append(float(getattr(sample, quantity)[inside].max(initial=0.0)))
        out.append(max(tops))
    return out


def grows(h: list[float]) -> bool:
    """Does a sequence of heights over equal factors of distance grow at least as a logarithm does?"""
    if not np.isfinite(h[-1]):
        return True
    steps = np.diff(h)
    return bool(np.all(steps > 0) and np.all(steps[1:] >= 0.5 * steps[:-1]))


@dataclasses.dataclass(frozen=True)
class Jump:
    """The derivative along a direction jumps from `before` to `after`; `at` are the derivatives on the spot."""

    z: Any
    t: Any
    before: float
    after: float
    at: tuple[float, ...]

    def chosen(self) -> bool:
        """Do the derivatives on the spot lie between the one-sided ones?"""
        low, high = min(self.before, self.after), max(self.before, self.after)
        slack = 1e-5 * (1 + high - low)
        return all(low - slack <= a <= high + slack for a in self.at)


def _lines(land: Landscape):
    """(base, direction, target) of the lines along which kinks are looked for."""
    chart = land.charts[0] if land.scalar else land.charts[min(1, len(land.charts) - 1)]
    if land.scalar:
        return [(np.zeros(()), np.ones(()), t) for t in chart.targets]
    rng = np.random.default_rng(0)
    k = chart.classes
    pairs = rng.normal(size=(6, 2, k))
    return [(3 * base, v / np.linalg.norm(v), t) for t in chart.targets for base, v in pairs]


def jumps(land: Landscape) -> tuple[list[Jump], int]:
    """Jumps of the derivative along lines: every cell of a grid where it changes is bisected to neighbouring floats."""
    lines = _lines(land)
    s = land.levels if land.scalar else np.linspace(-9, 9, 361)
    base, v, t = (np.array(part) for part in zip(*lines))
    count = len(lines)

    def slope(line, s):
        step = s if land.scalar else s[:, None] * v[line]
        grad = land.at(base[line] + step, t[line]).grad
        return grad if land.scalar else np.sum(grad * v[line], axis=1)

    shift = t if land.scalar and land.kind == "real" else np.zeros(count)
    grid = np.sort(s[None, :] + shift[:, None], axis=1)
    line = np.repeat(np.arange(count), grid.shape[1])
    before = land.evaluated
    g = slope(line, grid.ravel()).reshape(grid.shape)
    change = np.abs(np.diff(g, axis=1))
    steep = np.where(np.isfinite(change), change, 0.0) / np.maximum(np.diff(grid, axis=1), 1e-300)
    candidates = np.argsort(-steep.ravel(), kind="stable")[: 40 * min(count, 12)]
    row, column = np.unravel_index(candidates, steep.shape)
    keep = change[row, column] > 1e-9
    row, column = row[keep], column[keep]
    a, b = grid[row, column], grid[row, column + 1]
    ga, gb = g[row, column], g[row, column + 1]
    for _ in range(75):
        middle = 0.5 * (a + b)
        gm = slope(row, middle) if len(row) else gb
        left = np.abs(gm - ga) >= np.abs(gb - gm)
        a, ga = np.where(left, a, middle), np.where(left, ga, gm)
        b, gb = np.where(left, middle, b), np.where(left, gm, gb)
    found = []
    real = np.flatnonzero(np.abs(gb - ga) > 1e-6 * (1 + np.abs(ga)))
    if len(real):
        delta = 1e-7 * (1 + np.abs(a[real]))
        sides = slope(row[real], a[real] - delta), slope(row[real], b[real] + delta)
        for i, before_, after in zip(real, *sides):
            z = base[row[i]] + (b[i] if land.scalar else b[i] * v[row[i]])
            if abs(after - before_) > 1e-5 * (1 + abs(before_)):
                found.append(Jump(z, t[row[i]], before_, after, (ga[i], gb[i])))
    return found, land.evaluated - before


def choices(land: Landscape) -> tuple[list[Jump], int]:
    """The derivative at ties of a vector loss, along lattice directions, between those just before and just after."""
    chart = land.charts[min(1, len(land.charts) - 1)]
    k = chart.classes
    if k > 3:
        return [], 0
    spots = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=k)))
    moves = np.array([m for m in itertools.product((-1.0, 0.0, 1.0), repeat=k) if any(m)])
    moves = moves[: len(moves) // 2]
    z = np.repeat(spots, len(moves) * len(chart.targets), axis=0)
    v = np.tile(np.repeat(moves, len(chart.targets), axis=0), (len(spots), 1))
    t = np.tile(chart.targets, (len(spots) * len(moves), 1))
    delta = 1e-7
    along = [np.sum(land.at(z + d * v, t).grad * v, axis=1) for d in (-delta, 0.0, delta)]
    found = [Jump(z_, t_, a, b, (on,)) for z_, t_, a, on, b in zip(z, t, *along)]
    return [j for j in found if not j.chosen()], 3 * len(z)
