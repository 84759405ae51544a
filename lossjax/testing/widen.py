"""A jaxpr run again with every float in float64, whatever dtype it was traced in: casts between floats change nothing.

With a `size`, every number that goes in and every result of every primitive is moved by up to that much, relatively:
what rounding may do to the result of a program.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend import core

from ..proof.exact.plan import is_half

_CALLS = ("jaxpr", "call_jaxpr", "fun_jaxpr")
_INLINED = ("jit", "pjit", "closed_call", "core_call", "call", "remat", "remat2", "checkpoint")
_RULES = ("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr")
_EXACT = {
    *(
        "broadcast_in_dim",
        "reshape",
        "squeeze",
        "expand_dims",
        "transpose",
        "rev",
        "slice",
        "concatenate",
        "pad",
        "gather",
    ),
    *(
        "dynamic_slice",
        "dynamic_update_slice",
        "select_n",
        "neg",
        "abs",
        "sign",
        "max",
        "min",
        "reduce_max",
        "reduce_min",
    ),
    *(
        "split",
        "scatter",
        "sort",
        "clamp",
        "iota",
        "dot_general",
        "reduce_sum",
    ),  # of the last two, the operand is moved
}
_FACTORED = (
    "svd",
    "eigh",
    "eig",
    "qr",
    "geqrf",
    "schur",
)  # whose rounding is as large as that of the largest number in them
_REDUCTIONS = ("scatter-add", "scatter-mul", "scatter", "scatter-min", "scatter-max", "reduce")
_SAME = ("reduce_precision", "copy", "copy_p", "optimization_barrier", "stop_gradient")


def widened(closed, consts=None):
    """call(*args, phase, size, floor) -> the outputs of a closed jaxpr in float64; each phase moves numbers differently.

    consts: in place of its own. floor: numbers below move as if they were as large, for what underflows.
    """
    consts = closed.consts if consts is None else consts

    def call(*args, phase=0.0, size=None, floor=0.0):
        moved = _Moved(size, phase, floor)
        return _run(closed.jaxpr, [moved(_wide(c)) for c in consts], [moved(_wide(a)) for a in args], moved)

    return call


class _Moved:
    """Moves floats by relative amounts that their digits and places choose: no keys to thread through loops."""

    def __init__(self, size=None, phase=0.0, floor=0.0):
        self.size, self.phase, self.floor = size, phase, floor

    def __call__(self, v, terms=1):
        """A sum of many terms rounds as often: as if each of them were moved by more."""
        if self.size is None or not hasattr(v, "dtype") or v.dtype != np.float64:
            return v
        place = lax.reshape(lax.iota(np.float64, v.size), v.shape)
        digits = v * 1e9 + place * (0.6180339887 * (1 + self.phase))
        most = self.size * max(1.0, terms**0.5 / 4) * (2 * (digits - lax.floor(digits)) - 1)
        return v + (v + lax.sign(v) * self.floor) * most

    def as_a_whole(self, v):
        """A matrix of which every number is moved by as much as the largest."""
        if self.size is None or getattr(v, "dtype", None) != np.float64:
            return v
        return v + (self(jnp.ones_like(v) + v * 1e-3) - (1 + v * 1e-3)) * jnp.max(jnp.abs(v), initial=0.0)


def _run(jaxpr, consts, args, moved):
    env = dict(zip(jaxpr.constvars, map(_wide, consts), strict=True))
    env.update(zip(jaxpr.invars, map(_wide, args), strict=True))

    def read(v):
        return _wide(v.val) if isinstance(v, core.Literal) else env[v]

    for eqn in jaxpr.eqns:
        env.update(zip(eqn.outvars, _step(eqn, [read(v) for v in eqn.invars], moved), strict=True))
    return [read(v) for v in jaxpr.outvars]


def _step(eqn, values, moved):
    name, params = eqn.primitive.name, eqn.params
    if name in _SAME:
        return values
    if name in _INLINED or name in _RULES:
        return _inner(next(params[key] for key in _CALLS if key in params), values, moved)
    if name == "convert_element_type" and _float(eqn.invars[0].aval.dtype) and _float(params["new_dtype"]):
        return values
    if name == "bitcast_convert_type":
        values = [v.astype(var.aval.dtype) for v, var in zip(values, eqn.invars, strict=True)]
    elif name in _LOOPS:
        return _LOOPS[name](params, values, moved)
    else:
        params = {key: _retyped(value) for key, value in params.items()}
    if (terms := _terms(eqn)) > 1 or name in ("dot_general", "reduce_sum"):
        values = [moved(values[0], terms), *values[1:]]
    if name in _FACTORED:
        values = [moved.as_a_whole(v) for v in values]
    out = eqn.primitive.bind(*values, **params)
    if name in _EXACT:
        moved = _Moved()
    return [moved(_wide(v)) for v in (out if eqn.primitive.multiple_results else [out])]


def _inner(jaxpr, args, moved):
    """A jaxpr among the parameters of a primitive, closed or open."""
    return _run(getattr(jaxpr, "jaxpr", jaxpr), getattr(jaxpr, "consts", ()), args, moved)


def _scan(params, values, moved):
    consts, carry = params["num_consts"], params["num_consts"] + params["num_carry"]

    def body(c, x):
        out = _inner(params["jaxpr"], [*values[:consts], *c, *x], moved)
        return out[: carry - consts], out[carry - consts :]

    last, ys = lax.scan(body, values[consts:carry], values[carry:], params["length"], params["reverse"])
    return [*last, *ys]


def _cond(params, values, moved):
    branches = [lambda *a, b=b: _inner(b, a, moved) for b in params["branches"]]
    return lax.switch(values[0].astype(np.int32), branches, *values[1:])


def _while(params, values, moved):
    test, body = params["cond_nconsts"], params["cond_nconsts"] + params["body_nconsts"]

    def going(c):
        return _inner(params["cond_jaxpr"], [*values[:test], *c], moved)[0]

    return lax.while_loop(going, lambda c: _inner(params["body_jaxpr"], [*values[test:body], *c], moved), values[body:])


# By JAX's own functions: what moves the numbers is traced, and a jaxpr among the parameters may not hold it.
_LOOPS = {"scan": _scan, "cond": _cond, "while": _while}


def _retyped(x):
    """A parameter: dtypes widened, and the jaxpr of a reduction's own operation."""
    if isinstance(x, core.ClosedJaxpr):
        return jax.make_jaxpr(lambda *a: _inner(x, a, _Moved()))(*map(_shape, x.in_avals))
    if isinstance(x, core.Jaxpr):
        return jax.make_jaxpr(lambda *a: _inner(x, a, _Moved()))(*(_shape(v.aval) for v in x.invars)).jaxpr
    if isinstance(x, tuple) and hasattr(x, "_fields"):  # the functions of a linear solve
        return type(x)(*map(_retyped, x))
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        return _wider(np.dtype(x))
    return x


def _shape(aval):
    return jax.ShapeDtypeStruct(aval.shape, _wider(aval.dtype), weak_type=aval.weak_type)


def _float(dtype) -> bool:
    return isinstance(dtype, np.dtype) and (dtype.kind == "f" or is_half(dtype))


def _wider(dtype):
    if _float(dtype):
        return np.dtype(np.float64)
    return np.dtype(np.complex128) if isinstance(dtype, np.dtype) and dtype.kind == "c" else dtype


def floating(v) -> bool:
    """Is this an array of floats?"""
    return _float(getattr(v, "dtype", None))


def _wide(v):
    """An array or a number, its floats in float64."""
    dtype = v.dtype if hasattr(v, "dtype") else np.asarray(v).dtype
    wide = _wider(dtype)
    return v if wide is dtype else jnp.asarray(v, wide)


def work(jaxpr) -> int:
    """About how many numbers a jaxpr computes, terms of dot products counted."""
    total = 0
    for eqn in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        inside = list(_jaxprs(eqn))
        if inside and eqn.primitive.name not in _REDUCTIONS:
            total += sum(map(work, inside)) * eqn.params.get("length", 1)
            continue
        total += sum(int(np.prod(v.aval.shape, dtype=int)) for v in eqn.outvars) * _terms(eqn)
    return total


def _terms(eqn) -> int:
    """How many terms each number is a sum of."""
    shape = [v.aval.shape for v in eqn.invars]
    if eqn.primitive.name == "dot_general":
        (contracted, _), _ = eqn.params["dimension_numbers"]
        return int(np.prod([shape[0][i] for i in contracted], dtype=int))
    if eqn.primitive.name == "conv_general_dilated":
        return int(np.prod(shape[1], dtype=int)) // max(1, shape[1][eqn.params["dimension_numbers"].rhs_spec[0]])
    if eqn.primitive.name in ("reduce_sum", "cumsum"):
        axes = eqn.params.get("axes", (eqn.params.get("axis", 0),))
        return int(np.prod([shape[0][i] for i in axes], dtype=int))
    return 1


def primitives(jaxpr):
    """The names of all primitives, those of inner jaxprs included."""
    for eqn in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        yield eqn.primitive.name
        for inner in _jaxprs(eqn):
            yield from primitives(inner)


def _jaxprs(eqn):
    for value in eqn.params.values():
        for x in value if isinstance(value, tuple) else (value,):
            if isinstance(x, (core.Jaxpr, core.ClosedJaxpr)):
                yield x
