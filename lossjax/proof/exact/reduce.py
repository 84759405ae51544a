"""Rules that look along an axis: reductions, cumulative sums, products of matrices, sorting."""

import numpy as np

from .balls import Ball
from .choice import pick
from .structure import each, join
from .values import UnknownPrimitive, ball, logic


def last(value, axes):
    """The given axes of one example gathered into one last axis."""

    def go(c):
        kept = [i for i in range(1, c.ndim) if i - 1 not in axes]
        c = c.transpose((0, *kept, *(a + 1 for a in axes)))
        return c.reshape((*c.shape[: 1 + len(kept)], -1))

    return each(value, go)


def _cut(value, start, end):
    return each(value, lambda c: c[..., start:end])


def tree(value, combine, empty):
    """Combine along the last axis, pairwise."""
    if value.shape[-1] == 0:
        return empty
    while (n := value.shape[-1]) > 1:
        half = n // 2
        left, right, rest = (_cut(value, s, e) for s, e in ((0, half), (half, 2 * half), (2 * half, n)))
        value = combine(left, right)
        if n % 2:
            value = join([value, rest], len(value.shape) - 1)
    return each(value, lambda c: c[..., 0])


def _reduce(method, start):
    def rule(run, op, a):
        a = last(ball(run, a), op.params["axes"])
        return tree(a, getattr(run.field, method), run.field.exact(np.full(a.shape[:-1], float(start))))

    return rule


def _reduce_logic(name):
    def rule(run, op, a):
        return tree(last(a, op.params["axes"]), lambda x, y: logic(name)(run, op, x, y), None)

    return rule


def _reduce_best(least):
    return lambda run, op, a: run.field.reduce_max(last(ball(run, a), op.params["axes"]), least)


def _argbest(least):
    def rule(run, op, a):
        index, _, unknown = run.field.best(last(ball(run, a), op.params["axes"]), least)
        if unknown is not None:
            run.mark("open", unknown)
        return index.astype(op.params["index_dtype"])

    return rule


def _cumulative(combine):
    def rule(run, op, a):
        axis, reverse = op.params["axis"] + 1, op.params["reverse"]
        a = ball(run, a)
        before = (slice(None),) * axis
        steps = [each(a, lambda c, i=i: c[(*before, slice(i, i + 1))]) for i in range(a.shape[axis])]
        steps = steps[::-1] if reverse else steps
        for i in range(1, len(steps)):
            steps[i] = combine(run, steps[i - 1], steps[i])
        return join(steps[::-1] if reverse else steps, axis) if steps else a

    return rule


def _logaddexp(run, op, a):
    f = run.field
    return f.log(_cumulative(lambda run, x, y: f.add(x, y))(run, op, f.exp(ball(run, a))))


def _dot(run, op, a, b):
    (ca, cb), (ba, bb) = op.params["dimension_numbers"]
    a, b = ball(run, a), ball(run, b)
    fa = [i for i in range(len(a.shape) - 1) if i not in (*ca, *ba)]
    fb = [i for i in range(len(b.shape) - 1) if i not in (*cb, *bb)]

    def left(c):
        c = c.transpose((0, *(i + 1 for i in (*ba, *fa, *ca))))
        cut = 1 + len(ba) + len(fa)
        return c.reshape((*c.shape[:cut], *(1,) * len(fb), -1))

    def right(c):
        c = c.transpose((0, *(i + 1 for i in (*bb, *fb, *cb))))
        cut = 1 + len(bb)
        return c.reshape((*c.shape[:cut], *(1,) * len(fa), *c.shape[cut : cut + len(fb)], -1))

    product = _spread(run, each(a, left), each(b, right))
    return tree(product, run.field.add, run.field.exact(np.zeros(product.shape[:-1])))


def _spread(run, a, b):
    """A product of which each factor may have to be repeated."""
    inner = np.broadcast_shapes(a.shape[1:], b.shape[1:])
    a, b = (each(v, lambda c: np.broadcast_to(c, (c.shape[0], *inner))) for v in (a, b))
    return run.field.mul(a, b)


def _sort(run, op, *operands):
    axis, keys = op.params["dimension"] + 1, op.params["num_keys"]
    if keys != 1 or not isinstance(operands[0], Ball):
        raise UnknownPrimitive(f"sort by {keys} keys")
    ahead = [each(v, lambda c: np.moveaxis(c, axis, -1)) for v in operands]
    index, unknown = run.field.argsort(ahead[0])
    out = [each(pick(v, index), lambda c: np.moveaxis(c, -1, axis)) for v in ahead]
    if unknown is not None:
        run.mark("open", unknown)
    return out


def _top_k(run, op, a):
    index, unknown = run.field.argsort(ball(run, a))
    index = index[..., ::-1][..., : op.params["k"]]
    if unknown is not None:
        run.mark("open", unknown)
    return [pick(a, index), index.astype(np.int32)]


REDUCTIONS = {
    "reduce_sum": _reduce("add", 0),
    "reduce_prod": _reduce("mul", 1),
    "reduce_max": _reduce_best(False),
    "reduce_min": _reduce_best(True),
    "argmax": _argbest(False),
    "argmin": _argbest(True),
    "cumsum": _cumulative(lambda run, a, b: run.field.add(a, b)),
    "cumprod": _cumulative(lambda run, a, b: run.field.mul(a, b)),
    "cummax": _cumulative(lambda run, a, b: run.field.max(a, b)),
    "cummin": _cumulative(lambda run, a, b: run.field.max(a, b, least=True)),
    "cumlogsumexp": _logaddexp,
    "dot_general": _dot,
    "sort": _sort,
    "top_k": _top_k,
}
REDUCTIONS |= {"reduce_" + name: _reduce_logic(name) for name in ("and", "or", "xor")}
