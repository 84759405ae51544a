"""Truth as a limit: beside a tie or a pole, and where an argument is infinite.

Beside a point z the function is evaluated, exactly, at z + 2^-p d for a few directions d and growing p; an infinity is
replaced by ever larger numbers. One limit is the truth, several are a kink, and what never settles stays undecided.
"""

import dataclasses

import numpy as np

from ...extras import need
from .arb import balls
from .balls import Ball, named
from .run import EVENTS, run_plan
from .status import EXACT, KINK, NAN, UNDECIDED

_FEW = 64  # up to so many coordinates each gets its own two directions
_ENDS = 8
_RANDOM = 4
_AGREE = 2.0**-8  # ulp
_NEAR = 10  # exp(-2^10) is below every floating dtype's zero, and still above what 2048 bits cannot tell from it


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
    lean, along = some[axes % _RANDOM] * 2.0**-10, np.eye(count)[axes]
    rows = [some, -some, lean + along, lean - along]
    return np.concatenate(rows).reshape((-1, *shape))


@dataclasses.dataclass
class Place:
    """Samples: points of the sweep, moved. moves[i] is None, or a direction per sample for argument i."""

    index: np.ndarray
    moves: list
    rank: np.ndarray | None = None  # how fast each sample lets its infinities grow


def _inputs(job, place, p, growth):
    """The arguments at stage (p, growth) as balls, one reader per argument."""
    readers = []
    for i, a in enumerate(job.args):
        rows, move = a[place.index], place.moves[i]
        if a.dtype.kind != "f" or (move is None and np.isfinite(rows).all()):
            readers.append((lambda field, r=rows, d=i == 0: _plain_input(field, r, d)))
        else:
            readers.append(lambda field, r=rows, m=move, d=i == 0: _moved(field, r, m, p, growth, place.rank, d))
    return readers


def _plain_input(field, rows, dep):
    return named(field.exact(rows, dep=dep)) if rows.dtype.kind == "f" else rows


def _moved(field, rows, move, p, growth, rank, dep):
    arb = field.k.arb
    finite = np.isfinite(rows)
    m, _ = field.k.lift(np.where(finite, rows, 0.0))
    if not finite.all():
        flat = (~finite).reshape(len(rows), -1)
        order = np.cumsum(flat, axis=1).reshape(rows.shape)
        last = flat.sum(1).reshape((-1,) + (1,) * (rows.ndim - 1))
        steps = np.where(rank.reshape(last.shape) == 1, order, np.where(rank.reshape(last.shape) == 2, last - order, 0))
        power = np.frompyfunc(lambda e: arb(2) ** int(e), 1, 1)(growth + 8 * steps)
        m = np.where(finite, m, power * np.where(rows < 0, -1.0, 1.0).astype(object))
    if move is not None:
        m = m + np.where(finite, move, 0.0).astype(object) * (arb(2) ** -p)
    return named(Ball(m, dep=dep))


class Values:
    """What a stage gave: hi, lo, entrywise tight; per sample: tied, outside the domain (NaN is meant)."""

    def __init__(self, n, shape):
        self.hi, self.lo = np.full((n, *shape), np.nan), np.zeros((n, *shape))
        self.tight = np.zeros((n, *shape), bool)
        self.tied, self.outside = np.zeros(n, bool), np.zeros(n, bool)


def _evaluate(job, place, p, growth):
    """One stage, at rising precision until tight."""
    kernel, out = balls(), Values(len(place.index), job.output)
    top = _exponent(job.args, place.index)
    bits = 256
    exponential = 2 ** (growth + 1) if growth < 2 * _NEAR else 0
    while bits < p + max(top, growth + 64) + 160 + exponential:
        bits *= 2
    first = bits
    cap = max(job.max_bits if top < 16 else 2048, bits)
    todo = np.arange(len(place.index))
    while len(todo) and bits <= cap:
        need("flint", "reference", "exact arithmetic").ctx.prec = bits
        part = _subset(place, todo)
        (hi, lo, r), events = run_plan(kernel, job.plan, _inputs(job, part, p, growth), len(todo))
        tight = job.tolerance.close(hi, r) & ~_column(events["open"] | events["endless"], hi)
        zero = job.tolerance.small(hi, r)  # a limit that small is zero, exact or not
        hi, lo = np.where(zero, 0.0, hi), np.where(zero, 0.0, lo)
        out.hi[todo], out.lo[todo], out.tight[todo] = hi, lo, tight
        out.tied[todo] = events["tie"] | events["open"]
        broken = np.isnan(r).reshape(len(todo), -1).any(1)
        out.outside[todo] = broken & ~np.any([events[e] for e in EVENTS if e != "tie"], axis=0)
        lost = out.outside[todo] | events["endless"]
        if bits >= 4 * first:  # two numbers still equal here are equal by construction
            lost = lost | events["unsure"] | events["open"]
        todo = todo[~tight.reshape(len(todo), -1).all(1) & ~lost]
        bits *= 2
    return out


def _exponent(args, index):
    """The largest binary exponent among the finite arguments."""
    sizes = [np.abs(a[index][np.isfinite(a[index])]).max(initial=1.0) for a in args if a.dtype.kind == "f"]
    return int(np.frexp(max(sizes, default=1.0))[1])


def _subset(place, i):
    moves = [None if m is None else m[i] for m in place.moves]
    return Place(place.index[i], moves, None if place.rank is None else place.rank[i])


def _column(flag, like):
    return flag.reshape((-1,) + (1,) * (like.ndim - 1))


def _settle(job, place, stages):
    """The limit of every sample, entry by entry (hi, lo, known), and the values of the last stage."""
    first, second = (_evaluate(job, place, *s) for s in stages[:2])
    known = _agree(job, first, second)
    hi, lo = second.hi.copy(), second.lo.copy()
    open_ = np.flatnonzero(~known.reshape(len(known), -1).all(1) & ~second.outside)
    if len(open_):
        third = _evaluate(job, _subset(place, open_), *stages[2])
        h, ok = _trend(job, [_take(first, open_), _take(second, open_), third])
        kept = known[open_]
        hi[open_] = np.where(kept, hi[open_], h)
        lo[open_] = np.where(kept, lo[open_], third.lo * np.isfinite(h) * (h == third.hi))
        known[open_] |= ok
    return hi, lo, known, second


def _take(v, i):
    out = Values.__new__(Values)
    out.hi, out.lo, out.tight, out.tied, out.outside = v.hi[i], v.lo[i], v.tight[i], v.tied[i], v.outside[i]
    return out


def _agree(job, a, b):
    """Entries tight at both stages, and the same number."""
    with np.errstate(invalid="ignore"):
        gap = np.abs((a.hi - b.hi) + (a.lo - b.lo))
        near = gap <= job.tolerance.ulp(b.hi) * _AGREE
    return a.tight & b.tight & (near | (a.hi == b.hi))


def _trend(job, stages):
    """Three stages: agreement of the last two, decay to zero, or growth without bound."""
    a, b, c = stages
    tight = a.tight & b.tight & c.tight
    with np.errstate(all="ignore"):
        x, y, z = np.abs(a.hi), np.abs(b.hi), np.abs(c.hi)
        decay = (z <= y * 2.0**-8) & (y <= x * 2.0**-8)
        alike = (np.sign(a.hi) == np.sign(b.hi)) & (np.sign(b.hi) == np.sign(c.hi))
        grow = alike & (y > x) & ((z == np.inf) | (z - y >= 0.9 * (y - x)))
    same = _agree(job, b, c)
    limit = np.where(same, c.hi, np.where(decay, 0.0, np.where(grow, np.copysign(np.inf, c.hi), np.nan)))
    return limit, same | (tight & (decay | grow))


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
    hi, lo, known, last = _settle(job, place, stages)
    shape = (len(index), len(rows))
    return _write(
        job, sheet, index, *(v.reshape((*shape, *v.shape[1:])) for v in (hi, lo, known, last.tied, last.outside))
    )


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
        one = (low == high) | (high - low <= job.tolerance.ulp(first) * _AGREE)
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
    """Infinite arguments: large ones, whose exponentials can still be told from zero, then ever larger ones."""
    p = 20 - job.tolerance.zero_exponent
    if _exponent(job.args, index) <= _NEAR - 3:
        _grown(job, sheet, index, [(p, _NEAR + i) for i in range(3)])
        index = index[(sheet.status[index] == UNDECIDED).reshape(len(index), -1).any(1)]
    if len(index):
        top = max(64, _exponent(job.args, index) + 64)
        _grown(job, sheet, index, [(p, top), (p, 2 * top), (p, 4 * top)])


def _grown(job, sheet, index, stages):
    """All infinities grow alike, or the earlier ones faster, or the later ones."""
    several = max(
        (int(np.isinf(a[index]).reshape(len(index), -1).sum(1).max()) for a in job.args if a.dtype.kind == "f"),
        default=1,
    )
    ranks = np.arange(3 if several > 1 else 1)
    place = Place(np.repeat(index, len(ranks)), [None] * len(job.args), np.tile(ranks, len(index)))
    hi, lo, known, last = _settle(job, place, stages)
    shape = (len(index), len(ranks))
    parts = [v.reshape((*shape, *v.shape[1:])) for v in (hi, lo, known, last.tied, last.outside)]
    _write(job, sheet, index, *parts)
    tied = parts[3].all(1)
    if tied.any():
        _grown_tied(job, sheet, index[tied], stages)
    status = sheet.status[index]
    astray = (status == UNDECIDED) & (last.tight | _column(last.outside, last.tight)).reshape(parts[0].shape).all(1)
    status[((status == KINK) | astray) & ~_column(tied, status)] = NAN
    sheet.status[index] = status
    sheet.blank_nan(index)


def _grown_tied(job, sheet, index, stages):
    """Infinite in one coordinate, tied in others: moved as well."""
    rows = directions(job.args[0].shape[1:])
    moves: list[np.ndarray | None] = [None] * len(job.args)
    moves[0] = np.tile(rows, (len(index),) + (1,) * (rows.ndim - 1))
    place = Place(np.repeat(index, len(rows)), moves, np.ones(len(rows) * len(index), int))
    (p, _), factors = stages[0], (1, 2, 4)
    stages = [(p * k + 7 * (k - 1), growth) for k, (_, growth) in zip(factors, stages, strict=True)]
    hi, lo, known, last = _settle(job, place, stages)
    shape = (len(index), len(rows))
    _write(job, sheet, index, *(v.reshape((*shape, *v.shape[1:])) for v in (hi, lo, known, last.tied, last.outside)))
