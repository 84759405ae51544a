"""Samples beside a point or on the way to infinity: evaluated at a few stages, and what they tend to."""

import dataclasses

import numpy as np

from ...extras import need
from .arb import balls
from .balls import Ball, named
from .run import EVENTS, run_plan

AGREE = 2.0**-8  # ulp
_HUGE = 20  # where infinities have grown to 2^20, exponentials of them are beyond all bits


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

    def take(self, i):
        """Those of the samples i."""
        out = Values.__new__(Values)
        out.hi, out.lo, out.tight = self.hi[i], self.lo[i], self.tight[i]
        out.tied, out.outside = self.tied[i], self.outside[i]
        return out


def evaluate(job, place, p, growth):
    """The samples at one stage, at rising precision until tight."""
    kernel, out = balls(), Values(len(place.index), job.output)
    top = exponent(job.args, place.index)
    bits = 256
    exponential = 2 ** (growth + 1) if growth < _HUGE else 0
    while bits < p + max(top, growth + 64) + 160 + exponential:
        bits *= 2
    first = bits
    cap = max(job.max_bits if top < 16 else 2048, bits)
    todo = np.arange(len(place.index))
    while len(todo) and bits <= cap:
        need("flint", "reference", "exact arithmetic").ctx.prec = bits
        part = subset(place, todo)
        (hi, lo, r), events = run_plan(kernel, job.plan, _inputs(job, part, p, growth), len(todo))
        tight = job.tolerance.close(hi, r) & ~column(events["open"] | events["endless"], hi)
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


def exponent(args, index):
    """The largest binary exponent among the finite arguments."""
    sizes = [np.abs(a[index][np.isfinite(a[index])]).max(initial=1.0) for a in args if a.dtype.kind == "f"]
    return int(np.frexp(max(sizes, default=1.0))[1])


def subset(place, i):
    """The samples i of a place."""
    moves = [None if m is None else m[i] for m in place.moves]
    return Place(place.index[i], moves, None if place.rank is None else place.rank[i])


def column(flag, like):
    """A mask of samples, of the rank of `like`."""
    return flag.reshape((-1,) + (1,) * (like.ndim - 1))


def settle(job, place, stages, first):
    """The limit of every sample, entry by entry (hi, lo, known), and the values of the stage that showed it.

    first: the values of the first stage; where there is no other, they are the limit.
    """
    if len(stages) == 1:
        return first.hi, first.lo, first.tight, first
    second, *last = stages[1:]
    second = evaluate(job, place, *second)
    known = _agree(job, first, second)
    hi, lo = second.hi.copy(), second.lo.copy()
    open_ = np.flatnonzero(~known.reshape(len(known), -1).all(1) & ~second.outside)
    if len(open_) and last:
        third = evaluate(job, subset(place, open_), *last[0])
        h, ok = _trend(job, [first.take(open_), second.take(open_), third])
        kept = known[open_]
        hi[open_] = np.where(kept, hi[open_], h)
        lo[open_] = np.where(kept, lo[open_], third.lo * np.isfinite(h) * (h == third.hi))
        known[open_] |= ok
    return hi, lo, known, second


def _agree(job, a, b):
    """Entries tight at both stages, and the same number."""
    with np.errstate(invalid="ignore"):
        gap = np.abs((a.hi - b.hi) + (a.lo - b.lo))
        near = gap <= job.tolerance.ulp(b.hi) * AGREE
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
