"""Sums, products and quotients of enclosed numbers, heads kept apart as long as they can be."""

import numpy as np

from .balls import ZERO, Ball

_BIG = 2.0**20  # heads beyond this are folded into the ball


def whole(x):
    """Are all of these small whole numbers?"""
    return x is not None and bool(np.all((np.rint(x) == x) & (np.abs(x) <= _BIG)))


def _one(x, value):
    return x is not None and x.shape[0] == 1 and bool(np.all(x == value))


class Field:
    """Arithmetic on Ball values over a kernel of (m, r) pairs; `mark(event, mask)` reports poles and doubts."""

    def __init__(self, kernel, mark):
        self.k, self.mark = kernel, mark

    # Making and folding

    def exact(self, x, dep=False):
        x = np.asarray(x, np.float64)
        m, r = self.k.lift(x)
        return Ball(m, r, x=x, dep=dep)

    def ball(self, pair, *parents, head=None, x=None):
        m, r = pair
        return Ball(m, r, head, x=x, dep=any(p.dep for p in parents))

    def fold(self, a):
        """The pair (m, r) of the whole number, the head added in."""
        if a.head is None:
            return a.m, a.r
        if a._fold is None:
            a._fold = self.k.add(self.k.lift(a.head), (a.m, a.r))
        return a._fold

    def spoil(self, a, bad):
        """Undecided where `bad`."""
        if not np.any(bad):
            return a
        bad = np.broadcast_to(bad, np.broadcast_shapes(np.shape(bad), a.shape))
        wide = a.each(lambda c: np.broadcast_to(c, bad.shape))
        m, r = self.k.spoil((wide.m, wide.r), bad)
        return Ball(m, r, wide.head, dep=a.dep)

    def watch(self, out, *inputs, pole=None, outside=None):
        """Report where finite arguments gave no finite result: a pole, or doubt; outside the domain NaN is meant."""
        bad = ~self.k.finite((out.m, out.r))
        if bad.any():
            for a in inputs:
                bad = bad & self.k.finite((a.m, a.r))
            if outside is not None:
                bad = bad & ~outside()
            if pole is not None:
                at = pole()
                self.mark("pole", bad & at)
                bad = bad & ~at
            self.mark("doubt", bad)
        return out

    def is_negative(self, a):
        sign, unknown = self.k.sign(self.fold(a))
        return sign < 0 if unknown is None else (sign < 0) & ~unknown

    def zeros(self, a):
        """Where a is zero for good, not only at this point: a constant, a target, a branch not taken. None: nowhere."""
        if a.x is not None and not a.dep:
            zero = a.x == 0
        elif a.tag is not None:
            zero = a.tag == ZERO
        else:
            return None
        return zero if zero.any() else None

    def is_zero(self, a):
        sign, unknown = self.k.sign(self.fold(a))
        return sign == 0 if unknown is None else (sign == 0) & ~unknown

    # Ring operations

    def neg(self, a):
        m, r = self.k.neg((a.m, a.r))
        x = None if a.x is None else -a.x
        tag = None if self.zeros(a) is None or not a.dep else np.where(a.tag == ZERO, ZERO, -1)
        return Ball(m, r, None if a.head is None else -a.head, x=x, tag=tag, dep=a.dep)

    def add(self, a, b):
        out = self._add(a, b)
        if (a.tag is not None or b.tag is not None) and out.dep and out is not a and out is not b:
            zero, other = self.zeros(a), self.zeros(b)
            if zero is not None and other is not None:
                out.tag = np.where(zero & other, ZERO, -1)
        return out

    def _add(self, a, b):
        if a.x is not None and b.x is not None:
            s = a.x + b.x
            back = s - a.x
            if np.all((a.x - (s - back)) + (b.x - back) == 0):
                return self.ball(self.k.add((a.m, a.r), (b.m, b.r)), a, b, x=s)
        if (a.x is None and b.x is not None) or not whole(a.x):
            a, b = b, a
        if a.x is not None:
            return self._add_exact(a, b)
        pair = self.k.add((a.m, a.r), (b.m, b.r))
        return self.ball(pair, a, b, head=self._heads(a.head, b.head))

    def _add_exact(self, a, b):
        """A is exact: its whole numbers go into the head."""
        if not a.x.any():
            if np.broadcast_shapes(a.shape, b.shape) != b.shape:
                b = b.each(lambda c: np.broadcast_to(c, np.broadcast_shapes(a.shape, b.shape)))
            return b if b.dep or not a.dep else Ball(b.m, b.r, b.head, x=b.x, dep=True)
        int_part = np.where((np.rint(a.x) == a.x) & (np.abs(a.x) <= _BIG), a.x, 0.0)
        if np.array_equal(int_part, a.x):
            pair = b.m, b.r
        else:
            pair = self.k.add(self.k.lift(a.x - int_part), (b.m, b.r))
        head = self._heads(int_part, b.head)
        if pair[0].shape != (full := np.broadcast_shapes(pair[0].shape, a.shape)):
            pair = np.broadcast_to(pair[0], full), None if pair[1] is None else np.broadcast_to(pair[1], full)
        out = self.ball(pair, a, b, head=head)
        if head is not None and head.shape[1:] != out.shape[1:]:
            out.head = np.broadcast_to(head, (head.shape[0], *out.shape[1:]))
        return out

    def _heads(self, a, b):
        head = b if a is None else a if b is None else a + b
        return None if head is None or not head.any() else head

    def sub(self, a, b):
        return self.add(a, self.neg(b))

    def mul(self, a, b):
        """A zero that is zero for good makes the product zero, whatever garbage the other factor holds."""
        out = self._mul(a, b)
        zeros = [zero for zero in (self.zeros(a), self.zeros(b)) if zero is not None]
        if not zeros or out is a or out is b:
            return out
        zero = zeros[0] | zeros[-1]
        zero = np.broadcast_to(zero, np.broadcast_shapes(zero.shape, out.shape))
        if not self.k.finite((out.m, out.r)).all():
            out = self.select(zero, self.exact(np.zeros((1, *out.shape[1:]))), out)
        if out.dep:
            out.tag = np.where(zero, ZERO, -1)
        return out

    def _mul(self, a, b):
        if _one(b.x, 1) or _one(b.x, -1):
            a, b = b, a
        if (_one(a.x, 1) or _one(a.x, -1)) and a.shape[1:] == b.shape[1:]:
            return b if a.x.flat[0] == 1 else self.neg(b)
        if a.x is not None and b.x is not None:
            return self._mul_exact(a, b)
        if a.x is None:
            a, b = b, a
        if whole(a.x) and b.head is not None and np.abs(b.head).max(initial=0) <= _BIG:
            pair = self._scaled((b.m, b.r), a.x)
            return self.ball(pair, a, b, head=self._heads(None, a.x * b.head))
        if a.head is not None and b.head is not None:
            return self._mul_heads(a, b)
        if a.x is not None:
            return self.ball(self._scaled(self.fold(b), a.x), a, b)
        return self.ball(self.k.mul(self.fold(a), self.fold(b)), a, b)

    def _scaled(self, pair, x):
        """A pair times exact numbers: nothing rounds where those are 0, 1, -1."""
        if np.all((x == 0) | (np.abs(x) == 1)):
            return self.k.scale(pair, x)
        return self.k.mul(pair, self.k.lift(x))

    def _mul_exact(self, a, b):
        x = a.x * b.x
        simple = any(np.all((c == 0) | (np.abs(c) == 1)) for c in (a.x, b.x))
        if not simple and not (whole(a.x) and whole(b.x)):
            x = None
        pair = self._scaled((b.m, b.r), a.x) if x is None or not simple else self.k.lift(x)
        if x is not None and not simple:
            pair = self.k.lift(x)
        return self.ball(pair, a, b, x=x)

    def _mul_heads(self, a, b):
        k, ma, mb = self.k, (a.m, a.r), (b.m, b.r)
        small = max(np.max(np.abs(a.head)), np.max(np.abs(b.head))) ** 2 <= _BIG
        if not small:
            return self.ball(k.mul(self.fold(a), self.fold(b)), a, b)
        cross = k.add(k.mul(k.lift(a.head), mb), k.mul(k.lift(b.head), ma))
        return self.ball(k.add(cross, k.mul(ma, mb)), a, b, head=self._heads(None, a.head * b.head))

    def div(self, a, b):
        if _one(b.x, 1):
            return a
        if a.x is not None and not a.x.any() and b.x is not None and b.x.all():
            return self.exact(np.broadcast_to(0.0 * a.x, np.broadcast_shapes(a.shape, b.shape)), a.dep or b.dep)
        out = self._div(a, b)
        out = self.watch(out, a, b, pole=lambda: self.is_zero(b))
        if a.dep and (zero := self.zeros(a)) is not None:
            out.tag = np.broadcast_to(np.where(zero, ZERO, -1), out.shape)
        return out

    def _div(self, a, b):
        k, q = self.k, None
        if b.head is not None and (a.head is not None or whole(a.x)):
            q = self._quotient_head(a, b)
        elif b.head is not None and b.m is a.m and a.head is None:
            return self._own_share(a, b)
        if q is None:
            return self.ball(k.div(self.fold(a), self.fold(b)), a, b)
        ha, ma = (a.x, k.lift(0 * a.x)) if a.head is None else (a.head, (a.m, a.r))
        # a/b = q + (a - q b)/b with the head of the numerator cancelled by the choice of q, exactly
        top = k.add(k.add(k.lift(ha - q * b.head), ma), k.neg(k.mul(k.lift(q), (b.m, b.r))))
        return self.ball(k.div(top, self.fold(b)), a, b, head=self._heads(None, q))

    def _quotient_head(self, a, b):
        """The head of a/b, where b is close to +-1; None where it nowhere is."""
        ha = a.x if a.head is None else a.head
        near = (np.abs(b.head) == 1) & (self.k.size(b.m) < 0.5)
        q = np.where(near, ha * b.head, 0.0)
        return q if q.any() else None

    def _own_share(self, a, b):
        """A / (h + a) = 1 - h / (h + a), where |a| is the larger part."""
        k = self.k
        big = self.k.size(a.m) > 2 * np.abs(b.head)
        if not big.any():
            return self.ball(k.div(self.fold(a), self.fold(b)), a, b)
        plain, rest = self.fold(a), k.lift(-b.head)
        top = self.choose(big, rest, plain)
        return self.ball(k.div(top, self.fold(b)), a, b, head=np.where(big, 1.0, 0.0))

    # Choosing

    def choose(self, mask, one, other):
        """Pairs: `one` where mask, else `other`."""
        m = np.where(mask, one[0], other[0])
        if one[1] is None and other[1] is None:
            return m, None
        return m, np.where(mask, 0.0 if one[1] is None else one[1], 0.0 if other[1] is None else other[1])

    def select(self, mask, one, other):
        """Balls: `one` where mask, else `other`; names and exactness survive."""
        if one is other:
            return one
        shape = np.broadcast_shapes(mask.shape, one.shape, other.shape)
        if mask.shape[0] == 1 and one.shape[1:] == other.shape[1:] and (mask.all() or not mask.any()):
            chosen = one if mask.all() else other
            return chosen if chosen.shape[1:] == shape[1:] else chosen.each(lambda c: np.broadcast_to(c, shape))
        m, r = self.choose(mask, (one.m, one.r), (other.m, other.r))
        head = None
        if one.head is not None or other.head is not None:
            head = np.where(mask, 0.0 if one.head is None else one.head, 0.0 if other.head is None else other.head)
            head = np.broadcast_to(head, (head.shape[0], *shape[1:]))
        x = np.where(mask, one.x, other.x) if one.x is not None and other.x is not None else None
        tag = None
        if one.tag is not None or other.tag is not None:
            tag = np.where(mask, -1 if one.tag is None else one.tag, -1 if other.tag is None else other.tag)
        return Ball(m, r, head, x=x, tag=tag, dep=one.dep or other.dep)
