"""What flows between rules: balls, truth values that may be unknown, plain integers; how one becomes another."""

import numpy as np

from .balls import Ball, Tri, named
from .structure import each


class UnknownPrimitive(Exception):
    """A primitive without an exact meaning; the text names it."""


def ball(run, v):
    """A ball, whatever it was."""
    if isinstance(v, Ball):
        return v
    if isinstance(v, Tri):
        out = run.field.exact(v.value)
        if v.unknown is None:
            return out
        zero, one = (run.field.exact(np.full((1,) * len(v.shape), c)) for c in (0.0, 1.0))
        return run.field.either(v.unknown, out, zero, one)
    return run.field.exact(v)


def tri(v):
    """A truth value, whatever it was."""
    return v if isinstance(v, Tri) else Tri(np.asarray(v, bool))


def plain(run, v):
    """Decided booleans or integers; points where they are open are left to a sharper arithmetic."""
    if isinstance(v, Tri):
        if v.unknown is not None:
            run.mark("open", v.unknown)
        return v.value
    return v


def full(value, shape):
    """A scalar among arrays, repeated to their shape."""
    if value.shape[1:] == shape:
        return value
    inner = value.shape[1:] if len(value.shape) == len(shape) + 1 else (1,) * len(shape)
    return each(value, lambda c: np.broadcast_to(c.reshape((c.shape[0], *inner)), (c.shape[0], *shape)))


def choose(run, which, one, other):
    """`one` where which is true, else `other`; undecided where it is unknown and the two differ."""
    if one is other:
        return one
    if isinstance(one, Ball) or isinstance(other, Ball):
        return _choose_balls(run, which, ball(run, one), ball(run, other))
    if isinstance(one, Tri) or isinstance(other, Tri) or (one.dtype == bool and which.unknown is not None):
        one, other = tri(one), tri(other)
        value = np.where(which.value, one.value, other.value)
        parts = [np.zeros((1,) * value.ndim, bool) if t.unknown is None else t.unknown for t in (one, other, which)]
        unknown = np.where(which.value, parts[0], parts[1]) | parts[2]
        return Tri(value, unknown if unknown.any() else None, one.dep or other.dep)
    if which.unknown is not None:
        run.mark("open", which.unknown & (one != other))
    return np.where(which.value, one, other)


def _choose_balls(run, which, one, other):
    for c in (one, other):
        if c.x is not None and not c.dep and c.x.shape[0] == 1:
            named(c)  # a zero on the branch taken stays a zero, see Field.zeros
    out = run.field.select(which.value, one, other)
    if which.unknown is None:
        return out
    unknown = which.unknown
    if one.x is not None and other.x is not None:
        unknown = unknown & (one.x != other.x)
    same = run.field.same_name(one, other)
    unknown = unknown if same is None else unknown & ~same
    return run.field.either(unknown, out, one, other) if unknown.any() else out


def logic(name):
    """and, or, xor of truth values, one of which may be unknown."""
    function = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[name]

    def rule(run, op, a, b):
        a, b = tri(a), tri(b)
        value = function(a.value, b.value)
        if a.unknown is None and b.unknown is None:
            return Tri(value, None, a.dep or b.dep)
        ua, ub = (np.zeros((1,) * value.ndim, bool) if t.unknown is None else t.unknown for t in (a, b))
        unknown = ua | ub
        if name != "xor":
            settles = name == "or"
            unknown = unknown & ~((a.value == settles) & ~ua) & ~((b.value == settles) & ~ub)
        return Tri(value, unknown if unknown.any() else None, a.dep or b.dep)

    return rule
