"""Truth as a limit: beside a tie or a pole, and where an argument is infinite.

Beside a point z the function is evaluated, exactly, at z + 2^-p d for a few directions d and growing p; an infinity is
replaced by ever larger numbers. One limit is the truth, several are a kink, and what never settles stays undecided.
"""

import numpy as np

from ...extras import need
from .samples import AGREE, Place, column, evaluate, exponent, settle, subset
from .status import EXACT, KINK, NAN, UNDECIDED

_FEW = 64  # up to so many coordinates each gets its own two directions
_ENDS = 8
_RANDOM = 4
_NEAR = 10  # exp(-2^10) is below every floating dtype's zero, and 2048 bits can still tell it from 0


def limits(job, sheet):
    """Write the truth of all points that are a limit."""
    context = need("flint", "reference", "exact arithmetic").ctx
    before = context.prec
    try:
        for index in _parts(job, np.flatnonzero(sheet.special & ~sheet.infinite)):
            _beside(job, sheet, index)
        for index in _parts(job, np.flatnonzero(sheet.infinite)):
            _far(job, sheet, index)
    finally:
        context.prec = before


def _parts(job, index):
    size = max(1, job.chunk(1 << 17, 1 << 12) // len(directions(job.args[0].shape[1:])))
    return [index[i : i + size] for i in range(0, len(index), size)]


def directions(shape):
    """Both ways along every coordinate, or the outer ones of many, and along some directions without any symmetry.

    A coordinate's direction leans a little on one of those: alone, it would leave ties among the other coordinates.
    """
    count = int(np.prod(shape, dtype=int))
    if count == 1:
        return np.array([1.0, -1.0]).reshape((2, *shape))
    rng = np.random.default_rng(1)
    some = (1 + rng.permuted(np.tile(np.arange(count), (_RANDOM, 1)), axis=1)) * rng.choice(
        [-1.0, 1.0], (_RANDOM, count)
    )
    # Of many coordinates the first and the last ones: what is chosen among equals is the first or the last of them.
    axes = np.arange(count) if count <= _FEW else np.r_[:_ENDS, count - _ENDS : count]
    lean, along = some[axes % _RANDOM] * 2.0 ** -(10 + count.bit_length()), np.eye(count)[axes]
    rows = [some, -some, lean + along, lean - along]
    return np.concatenate(rows).reshape((-1, *shape))


def _beside(job, sheet, index):
    """Ties and poles: the first argument is moved; if that does not help, all of them."""
    p = 20 - job.tolerance.zero_exponent
    stages = [(p, 0), (2 * p + 7, 0), (4 * p + 13, 0)]
    open_ = _around(job, sheet, index, stages, only_first=True)
    if len(open_) and sum(a.dtype.kind == "f" for a in job.args) > 1:
        _around(job, sheet, open_, stages, only_first=False)


def _around(job, sheet, index, stages, only_first):
    """Sample around each point and write what comes out; the points still undecided."""
    moving = [i for i, a in enumerate(job.args) if a.dtype.kind == "f" and (i == 0 or not only_first)]
    sizes = [int(np.prod(job.args[i].shape[1:], dtype=int)) for i in moving]
    rows = directions((sum(sizes),))
    cuts = np.split(rows, np.cumsum(sizes)[:-1], axis=1)
    moves: list[np.ndarray | None] = [None] * len(job.args)
    for i, cut in zip(moving, cuts, strict=True):
        move = cut.reshape((len(rows), *job.args[i].shape[1:]))
        moves[i] = np.tile(move, (len(index),) + (1,) * (move.ndim - 1))
    place = Place(np.repeat(index, len(rows)), moves)
    return _settled_beside(job, sheet, index, len(rows), place, stages)


def _settled_beside(job, sheet, index, count, place, stages):
    """Write the limits of `count` samples around each point; the points still undecided."""
    first = evaluate(job, place, *stages[0])
    smooth = _smooth(job, first, count)
    open_ = []
    for points, ends in ((smooth, stages[:1]), (~smooth, stages)):
        if points.any():
            samples = np.flatnonzero(np.repeat(points, count))
            hi, lo, known, last = settle(job, subset(place, samples), ends, first.take(samples))
            shape = (int(points.sum()), count)
            parts = (v.reshape((*shape, *v.shape[1:])) for v in (hi, lo, known, last.tied, last.outside))
            open_.append(_write(job, sheet, index[points], *parts))
    return np.sort(np.concatenate(open_)) if open_ else index[:0]


def _smooth(job, first, count):
    """Points where all samples, at unlike distances, already give one number: there is nothing left to tend to."""
    if count <= 2:  # a scalar's two samples are equally far
        return np.zeros(len(first.hi) // count, bool)
    hi, tight = (v.reshape(-1, count, *v.shape[1:]) for v in (first.hi, first.tight))
    with np.errstate(invalid="ignore"):
        low, high = hi.min(1), hi.max(1)
        one = (low == high) | (high - low <= job.tolerance.ulp(low) * AGREE)
    apart = ~(first.tied | first.outside).reshape(-1, count).any(1)
    return apart & (one & tight.all(1)).reshape(len(apart), -1).all(1)


def _write(job, sheet, index, hi, lo, known, tied, outside):
    """Several limits per point (axis 1): one is the truth, several a kink. Returns the points still undecided."""
    usable = ~outside
    free = usable & ~tied
    usable = np.where(free.any(1, keepdims=True), free, usable)
    mask = usable.reshape((*usable.shape, *(1,) * (hi.ndim - 2)))
    settled = (known | ~mask).all(1) & mask.any(1)
    low = np.where(mask, hi, np.inf).min(1)
    high = np.where(mask, hi, -np.inf).max(1)
    pick = np.argmax(mask, axis=1)
    first = np.take_along_axis(hi, np.broadcast_to(pick[:, None], hi[:, :1].shape), 1)[:, 0]
    rest = np.take_along_axis(lo, np.broadcast_to(pick[:, None], lo[:, :1].shape), 1)[:, 0]
    with np.errstate(invalid="ignore"):
        one = (low == high) | (high - low <= job.tolerance.ulp(first) * AGREE)
        middle = np.where(low == -high, 0.0, low / 2 + high / 2)
    status = np.where(one, EXACT, KINK)
    status = np.where(np.isinf(low) & np.isinf(high) & (low != high), NAN, status)
    status = np.where(settled, status, UNDECIDED)
    none = ~usable.any(1)  # outside the domain on every side
    status[none] = NAN
    plain = status == EXACT
    sheet.hi[index] = np.where(plain, first, np.where(status == KINK, middle, np.nan))
    sheet.lo[index] = np.where(plain, rest, 0.0)
    sheet.low[index] = np.where(plain, first, np.where(status == KINK, low, np.nan))
    sheet.high[index] = np.where(plain, first, np.where(status == KINK, high, np.nan))
    sheet.status[index] = status
    sheet.blank_nan(index)
    return index[(status == UNDECIDED).reshape(len(index), -1).any(1)]


def _far(job, sheet, index):
    """Infinite arguments: large ones, where exponentials can still be told from zero and values agree, then ever larger."""
    p = 20 - job.tolerance.zero_exponent
    if exponent(job.args, index) <= _NEAR - 3:
        _grown(job, sheet, index, [(p, _NEAR), (p, _NEAR + 1)])
        index = index[(sheet.status[index] == UNDECIDED).reshape(len(index), -1).any(1)]
    if len(index):
        top = max(64, exponent(job.args, index) + 64)
        _grown(job, sheet, index, [(p, top), (p, 2 * top), (p, 4 * top)])


def _grown(job, sheet, index, stages):
    """All infinities grow alike, or the earlier ones faster, or the later ones."""
    several = max(
        (int(np.isinf(a[index]).reshape(len(index), -1).sum(1).max()) for a in job.args if a.dtype.kind == "f"),
        default=1,
    )
    ranks = np.arange(3 if several > 1 else 1)
    place = Place(np.repeat(index, len(ranks)), [None] * len(job.args), np.tile(ranks, len(index)))
    hi, lo, known, last = settle(job, place, stages, evaluate(job, place, *stages[0]))
    shape = (len(index), len(ranks))
    parts = [v.reshape((*shape, *v.shape[1:])) for v in (hi, lo, known, last.tied, last.outside)]
    _write(job, sheet, index, *parts)
    tied = parts[3].all(1)
    if tied.any():
        _grown_tied(job, sheet, index[tied], stages)
    status = sheet.status[index]
    final = len(stages) > 2  # before, what does not agree may yet be seen to grow
    astray = (
        final & (status == UNDECIDED) & (last.tight | column(last.outside, last.tight)).reshape(parts[0].shape).all(1)
    )
    status[((status == KINK) | astray) & ~column(tied, status)] = NAN
    sheet.status[index] = status
    sheet.blank_nan(index)


def _grown_tied(job, sheet, index, stages):
    """Infinite in one coordinate, tied in others: moved as well."""
    rows = directions(job.args[0].shape[1:])
    moves: list[np.ndarray | None] = [None] * len(job.args)
    moves[0] = np.tile(rows, (len(index),) + (1,) * (rows.ndim - 1))
    place = Place(np.repeat(index, len(rows)), moves, np.ones(len(rows) * len(index), int))
    stages = [(p * k + 7 * (k - 1), growth) for k, (p, growth) in zip((1, 2, 4), stages)]
    hi, lo, known, last = settle(job, place, stages, evaluate(job, place, *stages[0]))
    shape = (len(index), len(rows))
    _write(job, sheet, index, *(v.reshape((*shape, *v.shape[1:])) for v in (hi, lo, known, last.tied, last.outside)))
