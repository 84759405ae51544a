"""Rearrangements: rules that move numbers without touching them, the same for every arithmetic.

What has no direct numpy counterpart (gather, scatter, dynamic slices, pad) is done by JAX itself on element numbers,
and the numbers are then fetched from where JAX would have fetched them.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from .balls import Ball, Tri

Value = TypeVar("Value", np.ndarray, Ball, Tri)


def each(value: Value, function: Callable[[np.ndarray], np.ndarray]) -> Value:
    """The same rearrangement of every array of a value."""
    return function(value) if isinstance(value, np.ndarray) else value.each(function)


def reshape(value, shape):
    """One example reshaped."""
    return each(value, lambda c: c.reshape((c.shape[0], *shape)))


def wide(value, n):
    """The same value with its leading axis of length n."""
    return each(value, lambda c: c if c.shape[0] == n else np.broadcast_to(c, (n, *c.shape[1:])))


def _broadcast_in_dim(value, *_, shape, broadcast_dimensions, **__):
    def go(c):
        inner = [1] * len(shape)
        for axis, d in enumerate(broadcast_dimensions):
            inner[d] = c.shape[axis + 1]
        return np.broadcast_to(c.reshape((c.shape[0], *inner)), (c.shape[0], *shape))

    return each(value, go)


def _transpose(value, *, permutation, **_):
    return each(value, lambda c: c.transpose((0, *(p + 1 for p in permutation))))


def _slice(value, *, start_indices, limit_indices, strides, **_):
    strides = strides or (1,) * len(start_indices)
    cut = tuple(slice(a, b, s) for a, b, s in zip(start_indices, limit_indices, strides, strict=True))
    return each(value, lambda c: c[(slice(None), *cut)])


def _squeeze(value, *, dimensions, **_):
    return each(value, lambda c: np.squeeze(c, tuple(d + 1 for d in dimensions)))


def _expand_dims(value, *, dimensions, **_):
    return each(value, lambda c: np.expand_dims(c, tuple(d + 1 for d in dimensions)))


def _rev(value, *, dimensions, **_):
    return each(value, lambda c: np.flip(c, tuple(d + 1 for d in dimensions)))


def _concatenate(*values, dimension, **_):
    return join(values, dimension + 1)


def _split(value, *, sizes, axis, **_):
    ends = np.cumsum(sizes)
    return [
        each(value, lambda c, a=e - s, b=e: np.take(c, range(a, b), axis + 1)) for s, e in zip(sizes, ends, strict=True)
    ]


def _stack(*values, axis=0, **_):
    return join([each(v, lambda c: np.expand_dims(c, axis + 1)) for v in values], axis + 1)


def _unstack(value, *, axis=0, **_):
    count = value.shape[axis + 1]
    return [each(value, lambda c, i=i: np.take(c, i, axis + 1)) for i in range(count)]


def _tile(value, *, reps, **_):
    return each(value, lambda c: np.tile(c, (1, *reps)))


DIRECT = {
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": lambda value, *_, new_sizes, **__: reshape(value, new_sizes),
    "transpose": _transpose,
    "slice": _slice,
    "squeeze": _squeeze,
    "expand_dims": _expand_dims,
    "rev": _rev,
    "concatenate": _concatenate,
    "split": _split,
    "stack": _stack,
    "unstack": _unstack,
    "tile": _tile,
}


def join(values, axis) -> Any:  # of the kind of its values, which a checker cannot follow
    """Concatenate values, component by component."""
    n = max(v.shape[0] for v in values)
    values = [wide(v, n) for v in values]
    if all(isinstance(v, np.ndarray) for v in values):
        return np.concatenate(values, axis)
    if any(isinstance(v, Tri) for v in values):
        return _join_tri([v if isinstance(v, Tri) else Tri(v) for v in values], axis)

    def component(name, missing, everyone=False):
        parts = [getattr(v, name) for v in values]
        absent = [p is None for p in parts]
        if all(absent) or (everyone and any(absent)):
            return None
        return np.concatenate([np.full(v.shape, missing) if p is None else p for v, p in zip(values, parts)], axis)

    return Ball(
        np.concatenate([v.m for v in values], axis),
        component("r", 0.0),
        component("head", 0.0),
        x=component("x", 0.0, everyone=True),
        tag=component("tag", -1),
        dep=any(v.dep for v in values),
    )


def _join_tri(values, axis):
    unknown = None
    if any(v.unknown is not None for v in values):
        parts = [np.zeros(v.shape, bool) if v.unknown is None else v.unknown for v in values]
        unknown = np.concatenate(parts, axis)
    return Tri(np.concatenate([v.value for v in values], axis), unknown, any(v.dep for v in values))


def flat(value):
    """One example flattened."""
    return each(value, lambda c: c.reshape(c.shape[0], -1))


def fetch(value, where):
    """Elements of a flat value (lead, n) at positions (lead, ...)."""
    shape = where.shape[1:]
    index = where.reshape(where.shape[0], -1)

    def go(c):
        if index.shape[0] == 1:
            return c[:, index[0]].reshape((c.shape[0], *shape))
        if c.shape[0] == 1:
            return c[0][index].reshape((index.shape[0], *shape))
        return np.take_along_axis(c, index, 1).reshape((index.shape[0], *shape))

    return each(value, go)


def by_jax(function, arrays):
    """A function of one example on integer arrays with leading axes, evaluated by JAX once for each distinct example.

    Distinct examples are few (labels), and their number is padded to a power of two, at least 8: JAX compiles for every new
    shape.
    """
    if all(a.shape[0] == 1 for a in arrays):
        return jax.tree.map(lambda o: np.asarray(o)[None], function(*(jnp.asarray(a[0]) for a in arrays)))
    n = max(a.shape[0] for a in arrays)
    rows = np.concatenate([np.broadcast_to(a, (n, *a.shape[1:])).reshape(n, -1).astype(np.int64) for a in arrays], 1)
    _, first, back = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    padded = np.concatenate([first, np.repeat(first[:1], max(8, 1 << (len(first) - 1).bit_length()) - len(first))])
    axes = tuple(None if a.shape[0] == 1 else 0 for a in arrays)
    out = jax.vmap(function, axes)(*(jnp.asarray(a[0] if a.shape[0] == 1 else a[padded]) for a in arrays))
    return jax.tree.map(lambda o: np.asarray(o)[back.reshape(-1)], out)


def moved(op, params, operands, plain, order):
    """A primitive that only moves elements of `operands`, run on element numbers; `plain` are its integer arguments.

    order(operands, plain) puts the arguments in the primitive's order. Negative numbers in the answer are fill.
    """
    key = tuple(v.shape[1:] for v in operands)
    where = None if plain else op.memo.get(key)
    if where is None:
        where = by_jax(lambda *p: op.primitive.bind(*order(_numbers(operands), list(p)), **params), plain)
        if not plain:
            op.memo[key] = where
    pool = join([flat(v) for v in operands], 1) if len(operands) > 1 else flat(operands[0])
    return fetch(pool, np.maximum(where, 0)), where < 0


def _numbers(operands):
    """Arrays shaped like one example of the operands, their elements numbered through."""
    start, numbers = 0, []
    for v in operands:
        count = int(np.prod(v.shape[1:], dtype=int))
        numbers.append(jnp.arange(start, start + count, dtype=jnp.int32).reshape(v.shape[1:]))
        start += count
    return numbers
