"""Rational points, floats without rounding, at which a derivation is held against code: some in every case."""

import dataclasses
import random

import numpy as np
import sympy as sp

from .setting import Setting

_FIRST = 8  # points wherever they fall
_EACH = 2  # points in every case
_TRIES = 200
_DIGITS = 40


@dataclasses.dataclass(frozen=True)
class Point:
    """One example, exactly."""

    at: Setting
    z: np.ndarray
    t: np.ndarray
    numbers: dict  # symbol -> rational number
    outputs: dict  # output symbol -> expression in z at this point

    def value(self, expr) -> sp.Expr:
        """An expression to forty digits."""
        return sp.N(sp.sympify(expr).xreplace(self.outputs).xreplace(self.numbers), _DIGITS)

    def __str__(self) -> str:
        """What a user would type."""
        return f"z = {self.z.tolist()}, t = {self.t.tolist()}"


def points(at: Setting, found: list) -> list[Point]:
    """Points on no boundary between cases: a few anywhere, and two or more in every case that chance finds.

    found: the cases of every entry.
    """
    rng, chosen = random.Random(0), []
    hits = {(i, j): 0 for i, entries in enumerate(found) for j in range(len(entries))}
    for trial in range(_TRIES):
        if len(chosen) >= _FIRST and min(hits.values()) >= _EACH:
            break
        point = _point(at, rng, near=trial % 2 == 1)
        places = [i for i in (_place(entries, point) for entries in found) if i is not None]
        if len(places) < len(found):
            continue
        if len(chosen) < _FIRST or any(hits[i, j] < _EACH for i, j in enumerate(places)):
            chosen.append(point)
            for i, j in enumerate(places):
                hits[i, j] += 1
    return chosen


def _place(entries, point):
    if len(entries) == 1:
        return 0
    return next((j for j, c in enumerate(entries) if c.holds(point.value)), None)


def _point(at, rng, near) -> Point:
    t = _target(at, rng)
    z = [_odd(rng, 256, 4) for _ in at.z.flat]
    if near:
        # Beside the target and beside one another, where the cases meet.
        z = [s + _odd(rng, 16 if rng.random() < 0.5 else 128, 512) for s in (t if not at.vector else [0] * len(z))]
    z, t = np.array(z, object).reshape(at.z.shape), np.array(t, object).reshape(at.z.shape)
    numbers = dict(zip(at.z.flat, z.flat)) | at.values
    numbers |= {s: x for s, x in zip(at.t.flat, t.flat) if isinstance(s, sp.Symbol)}
    outputs = {} if at.of_z is None else dict(zip(at.y.flat, at.of_z.flat))
    return Point(at, z.astype(np.float64), t.astype(np.float64), numbers, outputs)


def _odd(rng, size, parts):
    """An odd multiple of 1 / (16 parts), so that no sum of two lies on a round number."""
    return sp.Rational(2 * rng.randint(-8 * size // 16, 8 * size // 16) + 1, 16 * parts)


def _target(at, rng):
    name = at.loss.targets.name.removesuffix("^K")
    n = max(1, at.z.size)
    if name == "one_hot":
        return list(at.t.flat)
    if name == "simplex":
        cuts = sorted(rng.sample(range(1, 32), n - 1))
        return [sp.Rational(b - a, 32) for a, b in zip([0, *cuts], [*cuts, 32])]
    draw = {
        "unit": lambda: sp.Rational(rng.randint(0, 16), 16),
        "tanh": lambda: sp.Rational(rng.randint(-16, 16), 16),
        "binary": lambda: sp.Integer(rng.randint(0, 1)),
        "margin": lambda: sp.Integer(rng.choice((-1, 1))),
        "count": lambda: sp.Integer(rng.randint(0, 8)),
        "real": lambda: sp.Rational(rng.randint(-24, 24), 8),
    }[name]
    return [draw() for _ in range(n)]
