"""Elementary functions of enclosed numbers, with and without heads."""

import numpy as np

from .balls import Ball
from .field import Field


class Functions(Field):
    """Field, and exp, log, powers and the rest."""

    def _masked(self, near, mine, rest, *parents):
        """A result with head 1 and ball `mine()` where `near`, else the ball `rest()`."""
        if not near.any():
            return self.ball(rest(), *parents)
        if near.all():
            return self.ball(mine(), *parents, head=np.ones(near.shape))
        return self.ball(self.choose(near, mine(), rest()), *parents, head=near.astype(np.float64))

    def exp(self, a):
        pair = self.fold(a)
        near = self.k.size(pair[0]) < 0.5
        out = self._masked(near, lambda: self.k.expm1(pair), lambda: self.k.exp(pair), a)
        return self.watch(out, a)

    def expm1(self, a):
        return self.watch(self.ball(self.k.expm1(self.fold(a)), a), a)

    def log(self, a):
        if a.head is None:
            out = self.ball(self.k.log(self.fold(a)), a)
        else:
            near = (a.head == 1) & (self.k.size(a.m) < 0.5)
            pair = a.m, a.r
            if near.all():
                out = self.ball(self.k.log1p(pair), a)
            elif near.any():
                out = self.ball(self.choose(near, self.k.log1p(pair), self.k.log(self.fold(a))), a)
            else:
                out = self.ball(self.k.log(self.fold(a)), a)
        return self.watch(out, a, pole=lambda: self.is_zero(a), outside=lambda: self.is_negative(a))

    def log1p(self, a):
        return self.log(self.add(self.exact(np.ones((1,) * len(a.shape))), self._inexact(a)))

    def _inexact(self, a):
        """The same number, not known to be exact: so that a sum with it keeps the head apart."""
        return Ball(a.m, a.r, a.head, dep=a.dep) if a.x is not None else a

    def sqrt(self, a):
        if a.head is None:
            return self.watch(self.ball(self.k.sqrt(self.fold(a)), a), a, outside=lambda: self.is_negative(a))
        near = (a.head == 1) & (self.k.size(a.m) < 0.5)
        root = self.k.sqrt(self.fold(a))

        def rest():
            return self.k.div((a.m, a.r), self.k.add(self.k.lift(np.ones((1,) * len(a.shape))), root))

        return self.watch(self._masked(near, rest, lambda: root, a), a, outside=lambda: self.is_negative(a))

    def rsqrt(self, a):
        return self.div(self.one(a), self.sqrt(a))

    def one(self, a):
        return self.exact(np.ones((1, *a.shape[1:])))

    def logistic(self, a):
        m = self.fold(a)
        sign, _ = self.k.sign(m)
        flip = np.where(sign > 0, -1.0, 1.0)
        e = self.k.exp(self.k.scale(m, flip))  # exp(-|a|), or a little beyond 1 where the sign is open: harmless
        share = self.k.div(e, self.k.add(self.k.lift(np.ones((1,) * len(a.shape))), e))
        positive = sign > 0
        pair = self.k.scale(share, flip)
        return self.watch(self.ball(pair, a, head=self._heads(None, positive.astype(np.float64))), a)

    def tanh(self, a):
        """sign(a) (1 - 2 e/(1+e)) with e = exp(-2|a|); by expm1 near 0."""
        k, m = self.k, self.fold(a)
        one = k.lift(np.ones((1,) * len(a.shape)))
        side = np.where(k.sign(m)[0] < 0, -1.0, 1.0)  # where the sign is open: they hold on either side
        size = k.scale(m, side)
        double = k.add(size, size)
        t = k.expm1(k.neg(double))  # exp(-2|a|) - 1
        near = k.size(m[0]) < 0.5
        small = k.div(k.neg(t), k.add(k.add(one, one), t))
        e = k.exp(k.neg(double))
        tail = k.div(k.add(e, e), k.add(one, e))
        pair = k.scale(self.choose(near, small, k.neg(tail)), side)
        return self.watch(self.ball(pair, a, head=self._heads(None, np.where(near, 0.0, side))), a)

    def integer_pow(self, a, n):
        if n < 0:
            return self.div(self.one(a), self.integer_pow(a, -n))
        if n == 0:
            return self.one(a)
        out = None
        while n:
            if n & 1:
                out = a if out is None else self.mul(out, a)
            n >>= 1
            a = self.mul(a, a) if n else a
        return out

    def pow(self, a, b):
        if b.x is not None and b.x.size and np.all(b.x == b.x.flat[0]) and b.x.flat[0] == np.rint(b.x.flat[0]):
            if abs(b.x.flat[0]) <= 64:
                out = self.integer_pow(a, int(b.x.flat[0]))
                return self._wide(out, b)
        if b.x is not None and _all(b.x, 0.5):
            return self._wide(self.sqrt(a), b)
        return self._pow(a, b)

    def _wide(self, a, b):
        shape = np.broadcast_shapes(a.shape, b.shape)
        return a if a.shape == shape else a.each(lambda c: np.broadcast_to(c, shape))

    def _pow(self, a, b):
        """exp(b log a), with 0**positive = 0, x**0 = 1, and negative bases to whole powers."""
        base_sign, unknown = self.k.sign(self.fold(a))
        if unknown is None and b.x is not None and (base_sign <= 0).any():
            return self._pow_signed(a, b, base_sign)
        return self.exp(self.mul(b, self.log(a)))

    def _pow_signed(self, a, b, sign):
        size = self.select(sign < 0, self.neg(a), a)
        safe = self.select(sign == 0, self.one(a), size)
        body = self.exp(self.mul(b, self.log(safe)))
        odd = np.where((sign < 0) & (np.remainder(b.x, 2) == 1), -1.0, 1.0)
        body = self.mul(self.exact(odd), body)
        at_zero = np.where(b.x == 0, 1.0, np.where(b.x > 0, 0.0, np.nan))
        at_zero = np.broadcast_to(at_zero, np.broadcast_shapes(at_zero.shape, sign.shape))
        self.mark("pole", (sign == 0) & np.isnan(at_zero))
        bad = (sign < 0) & (b.x != np.rint(b.x))
        return self.spoil(self.select(sign == 0, self.exact(at_zero), body), bad)

    def unary(self, name, a):
        """A function with neither heads nor a rule of its own."""
        pair = getattr(self.k, name)(self.fold(a)) if hasattr(self.k, name) else self.k.special(name, self.fold(a))
        return self.watch(self.ball(pair, a), a)

    def binary(self, name, a, b):
        return self.watch(self.ball(self.k.special2(name, self.fold(a), self.fold(b)), a, b), a, b)


def _all(x, value):
    return bool(np.all(x == value))
