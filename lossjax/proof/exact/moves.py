"""Rules that move numbers to places told by integers: gather, scatter, dynamic slices, pad."""

import jax
import jax.numpy as jnp
import numpy as np

from .balls import Ball, Tri
from .structure import by_jax, fetch, flat, moved, reshape, wide
from .values import ball, choose, plain


def _gather(run, op, a, index):
    params = dict(op.params, fill_value=-1) if op.params.get("fill_value") is not None else op.params
    out, fill = moved(op, params, [a], [plain(run, index)], lambda n, p: [*n, *p])
    if not fill.any():
        return out
    value = op.params.get("fill_value")
    return choose(
        run, Tri(fill), run.field.exact(np.full((1,) * fill.ndim, np.nan if value is None else float(value))), out
    )


def _dynamic_slice(run, op, a, *index):
    return moved(op, op.params, [a], [plain(run, i) for i in index], lambda n, p: [*n, *p])[0]


def _dynamic_update_slice(run, op, a, update, *index):
    operands = [ball(run, a), ball(run, update)] if isinstance(a, Ball) or isinstance(update, Ball) else [a, update]
    return moved(op, op.params, operands, [plain(run, i) for i in index], lambda n, p: [*n, *p])[0]


def _pad(run, op, a, value):
    value = reshape(value, ())
    operands = [ball(run, a), ball(run, value)] if isinstance(a, Ball) or isinstance(value, Ball) else [a, value]
    return moved(op, op.params, operands, [], lambda n, p: n)[0]


def _scatter(run, op, a, index, updates):
    operands = [ball(run, a), ball(run, updates)] if isinstance(a, Ball) or isinstance(updates, Ball) else [a, updates]
    return moved(op, op.params, operands, [plain(run, index)], lambda n, p: [n[0], p[0], n[1]])[0]


def _accumulate(method):
    """scatter-add and its kin: one update of every example at a time, wherever JAX would put it."""

    def rule(run, op, a, index, updates):
        a, updates = ball(run, a), ball(run, updates)
        where = _targets(op, a.shape[1:], plain(run, index), updates.shape[1:])
        n = max(where.shape[0], a.shape[0], updates.shape[0])
        out, new, shape = wide(flat(a), n), wide(flat(updates), n), a.shape[1:]
        where = np.broadcast_to(where, (n, *where.shape[1:]))
        ranks = _rank(where)
        for rank in range(int(ranks.max(initial=-1)) + 1):
            mine = np.where(ranks == rank, where, -1)
            slot = _inverse(mine, out.shape[1])
            both = getattr(run.field, method)(out, fetch(new, np.maximum(slot, 0)))
            out = run.field.select(slot >= 0, both, out)
        return reshape(out, shape)

    return rule


def _rank(where):
    """How many earlier updates of the same example hit the same place; -1 for an update that is dropped."""
    order = np.argsort(where, axis=1, kind="stable")
    ordered = np.take_along_axis(where, order, 1)
    place = np.broadcast_to(np.arange(where.shape[1]), where.shape)
    new = np.ones(where.shape, bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    rank = np.empty(where.shape, int)
    np.put_along_axis(rank, order, place - np.maximum.accumulate(np.where(new, place, 0), axis=1), 1)
    return np.where(where < 0, -1, rank)


def _inverse(where, size):
    """For each place the update that hits it, or -1."""
    slot = np.full((where.shape[0], size + 1), -1)
    np.put_along_axis(slot, np.where(where < 0, size, where), np.arange(where.shape[1])[None], 1)
    return slot[:, :size]


def _targets(op, shape, index, update_shape):
    """Flat position of each update in the operand, (lead, updates); -1 where it is dropped."""
    # scatter-add is linear: its transpose, over element numbers, tells where each update goes
    numbers = jnp.arange(1, int(np.prod(shape, dtype=int)) + 1, dtype=jnp.float64).reshape(shape)
    params = {k: op.params[k] for k in ("dimension_numbers", "indices_are_sorted", "unique_indices", "mode")}

    def place(i):
        def scatter(u):
            return jax.lax.scatter_add(jnp.zeros(shape), i, u, **params)

        return jax.vjp(scatter, jnp.zeros(update_shape))[1](numbers)[0].reshape(-1)

    with jax.enable_x64(True):
        return np.rint(by_jax(place, [index])).astype(np.int64) - 1


MOVES = {
    "gather": _gather,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "pad": _pad,
    "scatter": _scatter,
    "scatter-add": _accumulate("add"),
    "scatter-mul": _accumulate("mul"),
}
