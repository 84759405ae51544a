"""Comparisons and what is decided by them: max, abs, sign, sort. Undecided never picks a branch; equality is a tie.

A tie is marked where two different numbers that depend on the first argument are found equal: the derivative JAX takes
there is a convention, and the truth has to be found beside the point.
"""

import numpy as np

from .balls import Ball, Tri, named
from .functions import Functions
from .structure import each


class Choice(Functions):
    """Functions, and everything that looks at which of two numbers is the larger."""

    def order(self, a, b, ties=True):
        """Sign of a - b and where it is unknown (None: nowhere)."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        if a is b:
            return np.zeros(shape, np.int8), None
        sign, unknown = self._order(a, b)
        same = self.same_name(a, b)
        if same is not None:
            sign = np.where(same, np.int8(0), sign)
            unknown = None if unknown is None else unknown & ~same
        if ties and (a.dep or b.dep):
            tie = sign == 0
            if unknown is not None:
                tie = tie & ~unknown
            self.mark("tie", tie if same is None else tie & ~same)
        return sign, unknown

    def _order(self, a, b):
        if a.x is not None and b.x is not None:
            sign = (a.x > b.x).astype(np.int8) - (a.x < b.x)
            unknown = np.isnan(a.x) | np.isnan(b.x)
            return sign, unknown if unknown.any() else None
        for one, other, flip in ((a, b, 1), (b, a, -1)):
            if other.x is not None and other.x.shape[0] == 1 and np.isinf(other.x).all():
                unknown = ~self.k.finite((one.m, one.r))
                return np.broadcast_to((-flip * np.sign(other.x)).astype(np.int8), unknown.shape), _or_none(unknown)
        return self.k.sign(self.fold(self.sub(a, b)))

    def same_name(self, a, b):
        if a.tag is None and b.tag is None:
            return None
        for c in (a, b):
            if c.tag is None and c.x is not None and not c.dep:
                named(c)
        if a.tag is None or b.tag is None:
            return None
        return (a.tag == b.tag) & (a.tag >= 0)

    def compare(self, name, a, b):
        sign, unknown = self.order(a, b)
        test = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal}
        value = sign != 0 if name == "ne" else test[name](sign, 0)
        if unknown is not None and name in ("eq", "ne"):  # unequal is decided wherever the order is, and only there
            value = np.where(unknown, name == "ne", value)
        return Tri(value, unknown, a.dep or b.dep)

    def max(self, a, b, least=False):
        sign, unknown = self.order(named(a), named(b))
        out = self.select(sign <= 0 if least else sign >= 0, a, b)
        return out if unknown is None else self.either(unknown, out, a, b)

    def either(self, unknown, out, one, other):
        """`out`, but a ball that holds both `one` and `other` where it is unknown which of them it is."""
        shape = np.broadcast_shapes(unknown.shape, out.shape)
        unknown = np.broadcast_to(unknown, shape)
        self.mark("unsure", unknown)
        out, one, other = (v.each(lambda c: np.broadcast_to(c, shape)) for v in (out, one, other))
        both = self.ball(self.k.hull(unknown, self.fold(one), self.fold(other)), one, other)
        return self.select(unknown, both, out)

    def abs(self, a):
        sign, unknown = self._sign(a)
        out = self.select(sign < 0, self.neg(a), a)
        return out if unknown is None else self.either(unknown, out, self.neg(a), a)

    def sign(self, a):
        sign, unknown = self._sign(a)
        out, one = self.exact(sign), self.one(a)
        return out if unknown is None else self.either(unknown, out, self.neg(one), one)

    def _sign(self, a):
        sign, unknown = self.k.sign(self.fold(a))
        if a.dep:
            self.mark("tie", (sign == 0) if unknown is None else (sign == 0) & ~unknown)
        return sign, unknown

    def whole(self, name, a):
        """floor, ceil, round: locally constant, with a tie where the argument sits on a step."""
        pair = self.fold(a)
        out = Ball(*self.k.whole(name, pair))
        shift = 0.5 if name == "round" else 0.0
        step = self.sub(self.sub(a, Ball(out.m, out.r)), self.exact(np.full((1,) * len(a.shape), shift)))
        other = self.sub(self.sub(a, Ball(out.m, out.r)), self.exact(np.full((1,) * len(a.shape), -shift)))
        if a.dep:
            self.mark("tie", self.is_zero(step) | self.is_zero(other))
        return self.watch(out, a)

    def finite(self, a):
        known = self.k.finite((a.m, a.r))
        if a.x is not None:
            return Tri(known)
        return Tri(known, _or_none(~known), a.dep)

    # The largest of many, along the last axis

    def best(self, a, least=False):
        """Index of the winner along the last axis, the winner, and where that is unknown."""
        named(a)
        score = self.k.float(self.fold(a)[0])
        score = np.where(np.isnan(score), -np.inf, -score if least else score)
        index = np.argmax(score, axis=-1)[..., None]
        while True:
            winner = pick(a, index)
            sign, unknown = self.order(a, winner, ties=False)
            better = (sign < 0) if least else (sign > 0)
            better = better if unknown is None else better & ~unknown
            if not better.any():
                break
            index = np.where(better.any(-1, keepdims=True), better.argmax(-1)[..., None], index)
        self.order(a, winner)
        return index[..., 0], winner, unknown

    def reduce_max(self, a, least=False):
        _, winner, unknown = self.best(a, least)
        out = winner.each(lambda c: c[..., 0])
        if unknown is None:
            return out
        for i in range(a.shape[-1]):  # every rival that might be the winner
            mine = unknown[..., i]
            if mine.any():
                out = self.either(mine, out, out, a.each(lambda c, i=i: c[..., i]))
        return out

    def argsort(self, a):
        """Order along the last axis, ascending, and where a neighbour is undecided."""
        named(a)
        index = np.lexsort(self._limbs(self.fold(a)[0])[::-1], axis=-1)
        s = pick(a, index)
        sign, unknown = self.order(s.each(lambda c: c[..., :-1]), s.each(lambda c: c[..., 1:]))
        # What the floats cannot tell apart may still stand the wrong way round.
        wrong = sign > 0 if unknown is None else (sign > 0) | unknown
        return index, _or_none(wrong.any(-1, keepdims=True))

    def _limbs(self, m):
        """Midpoints as several floats, the largest first: beside a tie they differ far below a float's range, 2^-4700."""
        limbs, first, k = [], np.inf, self.k
        for _ in range(6):
            part = k.float(m)
            limbs.append(np.where(np.isnan(part), first, part))
            part = np.where(np.isfinite(part), part, 0.0)
            rest = k.add((m, None), k.neg(k.lift(part)))[0] if part.any() else m
            m, first = k.mul((rest, None), k.lift(np.array([2.0**1000])))[0], 0.0
        return limbs


def _or_none(mask):
    return mask if mask.any() else None


def pick(value, index):
    """take_along_axis along the last axis for every component, whatever its leading length."""

    def go(c):
        lead = max(c.shape[0], index.shape[0])
        c = np.broadcast_to(c, (lead, *c.shape[1:]))
        return np.take_along_axis(c, np.broadcast_to(index, (lead, *index.shape[1:])), axis=-1)

    return each(value, go)
