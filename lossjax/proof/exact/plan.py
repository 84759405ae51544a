"""A jaxpr made ready to be evaluated many times: calls inlined, common subexpressions joined, dead code removed."""

import dataclasses

import jax
import numpy as np
from jax.extend import core

from ..primal import NoTruth

_CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "call": "call_jaxpr",
    "remat": "jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
}
_SAME = (
    "stop_gradient",
    "copy",
    "copy_p",
    "optimization_barrier",
    "reduce_precision",
    "pbroadcast",
    "pvary",
    "sharding_constraint",
)


@dataclasses.dataclass
class Op:
    """One primitive: slots it reads, slots it writes, and the plans of its inner jaxprs (scan, while, cond)."""

    primitive: core.Primitive
    params: dict
    ins: tuple[int, ...]
    outs: tuple[int, ...]
    dtypes: tuple
    shapes: tuple
    inner: dict
    dead: tuple[int, ...] = ()
    memo: dict = dataclasses.field(default_factory=dict)  # what does not depend on the points


@dataclasses.dataclass
class Plan:
    """Slots 0..n-1 are the arguments; `constants` are numpy values of further slots."""

    arguments: int
    constants: dict[int, np.ndarray]
    ops: list[Op]
    outs: list[int]
    shapes: list[tuple[int, ...]]  # of what comes out of one example

    def width(self):
        """The size of the largest intermediate of one example."""
        sizes = [int(np.prod(s, dtype=int)) for op in self.ops for s in op.shapes]
        inner = [plan.width() for op in self.ops for plans in op.inner.values() for plan in plans]
        return max([1, *sizes, *inner])

    def primitives(self):
        """The names of all primitives, those of inner plans included."""
        for op in self.ops:
            yield op.primitive.name
            for inner in op.inner.values():
                for plan in inner:
                    yield from plan.primitives()


class _Planner:
    def __init__(self, arguments):
        self.count, self.constants, self.ops = arguments, {}, []
        self.known, self.literals, self.keep = {}, {}, []
        self.keys: set[int] = set()  # slots of random keys, which are no numbers

    def slot(self):
        self.count += 1
        return self.count - 1

    def constant(self, value):
        if jax.numpy.issubdtype(getattr(value, "dtype", np.int32), jax.dtypes.prng_key):
            self.keys.add(self.slot())
            return self.count - 1
        value = np.asarray(value)
        key = (value.dtype, value.shape, value.tobytes()) if value.size <= 64 and value.dtype != object else id(value)
        if key not in self.literals:
            self.literals[key] = self.slot()
            self.constants[self.literals[key]] = value
            self.keep.append(value)  # its id stays taken
        return self.literals[key]

    def walk(self, jaxpr, consts, args):
        env = dict(zip(jaxpr.constvars, consts, strict=True))
        env.update(zip(jaxpr.invars, args, strict=True))

        def read(v):
            return self.constant(v.val) if isinstance(v, core.Literal) else env[v]

        for eqn in jaxpr.eqns:
            env.update(zip(eqn.outvars, self.equation(eqn, tuple(read(v) for v in eqn.invars)), strict=True))
        return [read(v) for v in jaxpr.outvars]

    def equation(self, eqn, ins):
        name = eqn.primitive.name
        if name in _SAME or _float_cast(eqn):
            return ins
        if name in _CALLS and (inner := eqn.params.get(_CALLS[name])) is not None:
            jaxpr = getattr(inner, "jaxpr", inner)
            return self.walk(jaxpr, [self.constant(c) for c in getattr(inner, "consts", ())], ins)
        key = self.key(eqn, ins)
        if key is None or key not in self.known:
            outs = tuple(self.slot() for _ in eqn.outvars)
            dtypes = tuple(v.aval.dtype for v in eqn.outvars)
            shapes = tuple(v.aval.shape for v in eqn.outvars)
            self.ops.append(Op(eqn.primitive, eqn.params, ins, outs, dtypes, shapes, _inner(eqn.params)))
            if key is None:
                return outs
            self.known[key] = outs
        return self.known[key]

    def key(self, eqn, ins):
        try:
            key = (eqn.primitive, ins, tuple(sorted(eqn.params.items(), key=lambda kv: kv[0])))
            hash(key)
        except TypeError:
            return None
        return key


def _float_cast(eqn):
    """Casts between floating dtypes are the identity."""
    if eqn.primitive.name != "convert_element_type":
        return False
    kinds = [v.aval.dtype for v in (*eqn.invars, *eqn.outvars)]
    return all(k.kind == "f" or is_half(k) for k in kinds)


def is_half(dtype):
    """bfloat16 and the like, which numpy does not call floating."""
    return dtype.kind == "V" or "float" in dtype.name


def _inner(params):
    found = {}
    for key, value in params.items():
        closed = value if isinstance(value, (tuple, list)) else (value,)
        if closed and all(isinstance(c, core.ClosedJaxpr) for c in closed):
            found[key] = [plan(c) for c in closed]
    return found


def plan(closed):
    """The plan of a closed jaxpr."""
    planner = _Planner(len(closed.jaxpr.invars))
    consts = [planner.constant(c) for c in closed.consts]
    outs = planner.walk(closed.jaxpr, consts, range(len(closed.jaxpr.invars)))
    shapes, ops = [v.aval.shape for v in closed.jaxpr.outvars], _alive(planner.ops, outs)
    if not planner.keys.isdisjoint([*outs, *(slot for op in ops for slot in op.ins)]):
        raise NoTruth("no truth: what comes out hangs on a random key; pass the random numbers as an argument")
    return Plan(len(closed.jaxpr.invars), planner.constants, ops, outs, shapes)


def _alive(ops, outs):
    """Without dead code, each operation told which slots nobody reads after it."""
    needed, kept = set(outs), []
    for op in reversed(ops):
        if not needed.intersection(op.outs):
            continue
        last = tuple(s for s in {*op.ins, *op.outs} if s not in needed)
        needed.update(op.ins)
        kept.append(dataclasses.replace(op, dead=last))
    return kept[::-1]
