"""Enclosed numbers, whatever arithmetic encloses them: a whole number (the head) plus a ball.

1/(1+exp(-z)) at z = 100 is 1 minus something tiny, and the tiny part is all that matters to log(1-p). So a sum with a
whole number is kept as head + ball, the two are not added before they must be, and division, logarithm, exponential,
square root and product know what to do with a head. So a printed, naive formula keeps its tails at no extra precision.

Every array has a leading axis over points, of length N, or of length 1 for what all points share.
"""

import itertools

import numpy as np

_names = itertools.count(1 << 20)
ZERO = 0  # the name of the constant zero
_constants: dict[float, int] = {0.0: ZERO}


class Ball:
    """Real numbers: `head + (m, r)`.

    x: the float64 values where all of it is known exactly, else None. tag: names of elements; equal names are the same
    number by construction (the winner of a max and the entry that won), -1 is nameless. dep: it depends on the first
    argument.
    """

    __slots__ = ("_fold", "dep", "head", "m", "r", "tag", "x")

    def __init__(self, m, r=None, head=None, *, x=None, tag=None, dep=False):
        self.m, self.r, self.head, self.x, self.tag, self.dep = m, r, head, x, tag, dep
        self._fold = None

    @property
    def shape(self):
        return self.m.shape

    def each(self, function):
        """The same rearrangement applied to every component."""

        def go(c):
            return None if c is None else function(c)

        return Ball(function(self.m), go(self.r), go(self.head), x=go(self.x), tag=go(self.tag), dep=self.dep)


class Tri:
    """Truth values of comparisons: true, false or unknown."""

    __slots__ = ("dep", "unknown", "value")

    def __init__(self, value, unknown=None, dep=False):
        self.value, self.unknown, self.dep = value, unknown, dep

    @property
    def shape(self):
        return self.value.shape

    def each(self, function):
        return Tri(function(self.value), None if self.unknown is None else function(self.unknown), self.dep)


def named(ball):
    """Give the nameless elements of a ball names; equal constants share theirs."""
    if ball.tag is not None:
        if (ball.tag < 0).any():
            ball.tag = np.where(ball.tag < 0, _fresh(ball), ball.tag)
    elif ball.x is not None and not ball.dep and ball.x.shape[0] == 1 and ball.x.size <= 4096:
        flat = [_constants.setdefault(float(v) + 0.0, len(_constants)) for v in ball.x.ravel()]
        ball.tag = np.array(flat, np.int64).reshape(ball.x.shape)
    else:
        ball.tag = _fresh(ball)
    return ball


def _fresh(ball):
    count = int(np.prod(ball.shape[1:], dtype=int))
    return ((next(_names) << 20) + np.arange(count, dtype=np.int64)).reshape((1, *ball.shape[1:]))
