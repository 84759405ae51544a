"""Evaluate a plan over many points at once; control flow included."""

import jax
import numpy as np

from .balls import Ball, Tri
from .choice import Choice
from .plan import is_half
from .rules import apply
from .structure import each, join
from .values import UnknownPrimitive, choose, plain, tri

STEPS = 1_000  # of a while loop; beyond, the point is left undecided
EVENTS = ("tie", "pole", "doubt", "unsure", "open", "endless")


class Run:
    """One evaluation: an arithmetic, and what happened at each of n points.

    tie: decided by equality. pole: a division by exactly zero and the like. doubt: a function that this precision could
    not enclose. unsure: a comparison that it could not decide; the result holds either outcome. open: an integer or a
    branch hangs on something undecided, so whatever came out does not count. endless: a while loop has not ended.
    """

    def __init__(self, kernel, n):
        self.n = n
        self.field = Choice(kernel, self.mark)
        self.events = {event: np.zeros(n, bool) for event in EVENTS}
        self._log2 = None

    def mark(self, event, mask):
        if mask.any():
            self.events[event] |= mask.reshape(mask.shape[0], -1).any(1)

    def log2(self):
        if self._log2 is None:
            self._log2 = self.field.log(Ball(*self.field.k.lift(np.full((1,), 2.0))))
        return self._log2

    def constant(self, value):
        """A constant of the jaxpr, shared by all points."""
        value = np.asarray(value)[None]
        floating = value.dtype.kind == "f" or is_half(value.dtype)
        return self.field.exact(value) if floating else value

    def evaluate(self, plan, arguments):
        slots = dict(enumerate(arguments))
        slots.update((slot, self.constant(value)) for slot, value in plan.constants.items())
        for op in plan.ops:
            values = [slots[s] for s in op.ins]
            control = _CONTROL.get(op.primitive.name)
            out = control(self, op, values) if control else apply(self, op, values)
            slots.update(zip(op.outs, out, strict=True))
            for slot in op.dead:
                slots.pop(slot, None)
        return [slots[s] for s in plan.outs]


def _scan(run, op, values):
    p = op.params
    consts, rest = values[: p["num_consts"]], values[p["num_consts"] :]
    carry, xs = rest[: p["num_carry"]], rest[p["num_carry"] :]
    (plan,) = op.inner["jaxpr"]
    steps = range(p["length"])
    stacks = []
    for i in reversed(steps) if p["reverse"] else steps:
        slices = [each(x, lambda c, i=i: c[:, i]) for x in xs]
        out = run.evaluate(plan, [*consts, *carry, *slices])
        carry = out[: p["num_carry"]]
        stacks.append([each(y, lambda c: c[:, None]) for y in out[p["num_carry"] :]])
    stacks = stacks[::-1] if p["reverse"] else stacks
    return [*carry, *(join(list(ys), 1) for ys in zip(*stacks, strict=True))]


def _cond(run, op, values):
    index, arguments = values[0], values[1:]
    if isinstance(index, Tri):
        index = plain(run, index)
    index = index.astype(np.int64)
    plans = op.inner["branches"]
    used = sorted({int(np.clip(i, 0, len(plans) - 1)) for i in np.unique(index)})
    outs = {i: run.evaluate(plans[i], arguments) for i in used}
    result = outs[used[-1]]
    for i in used[-2::-1]:
        result = [choose(run, _like(Tri(index <= i), a), a, b) for a, b in zip(outs[i], result, strict=True)]
    return result


def _like(which, value):
    """A condition of each point, with the rank of the value it chooses."""
    return each(which, lambda c: c.reshape((c.shape[0], *(1,) * (len(value.shape) - 1))))


def _while(run, op, values):
    p = op.params
    test_consts, rest = values[: p["cond_nconsts"]], values[p["cond_nconsts"] :]
    consts, carry = rest[: p["body_nconsts"]], list(rest[p["body_nconsts"] :])
    (test,), (body,) = op.inner["cond_jaxpr"], op.inner["body_jaxpr"]
    for step in range(1, STEPS + 1):
        going = tri(run.evaluate(test, [*test_consts, *carry])[0])
        if going.unknown is not None:
            run.mark("open", going.unknown)
            going = Tri(going.value & ~going.unknown, None, going.dep)
        if not going.value.any():
            break
        new = run.evaluate(body, [*consts, *carry])
        carry = [choose(run, _like(going, a), a, b) for a, b in zip(new, carry, strict=True)]
        if step == STEPS:
            run.mark("endless", going.value)
    return carry


def _custom_linear_solve(run, op, values):
    raise UnknownPrimitive("custom_linear_solve")


_CONTROL = {"scan": _scan, "cond": _cond, "while": _while, "custom_linear_solve": _custom_linear_solve}


def run_plan(kernel, plan, arguments, n):
    """hi, lo, radius (float64, leading axis n) of the single output, and the events."""
    run = Run(kernel, n)
    with np.errstate(all="ignore"), jax.enable_x64(True):
        out = run.evaluate(plan, [a(run.field) for a in arguments])[0]
        if not isinstance(out, Ball):
            out = run.field.exact(plain(run, out))
        parts = kernel.output(run.field.fold(out))
    shape = out.shape[1:]
    return tuple(np.broadcast_to(p, (n, *shape)) for p in parts), run.events
