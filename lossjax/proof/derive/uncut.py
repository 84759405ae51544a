"""A function's own steps without its rounding: where it cuts a float in its bit pattern, exactly, nothing is cut.

Halves of a float, cut so that their products are exact, add up to the float however they are cut: of real numbers the upper
one is the whole. An exponent that is shifted into place is a power of 2.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.extend import core

_INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
}


class _Bits:
    """The bit pattern of a float, cut or not."""

    def __init__(self, of):
        self.of = of


class _Exponent:
    """A whole number, shifted to where a float has its exponent."""

    def __init__(self, of):
        self.of = of


def uncut(f: Callable) -> Callable:
    """F(z, t) without cuts in bit patterns, for exact arithmetic."""

    def whole(*args):
        closed = jax.make_jaxpr(f)(*args)
        return _run(closed.jaxpr, closed.consts, args)[0]

    return whole


def _run(jaxpr, consts, args) -> list:
    env = dict(zip(jaxpr.constvars, consts, strict=True)) | dict(zip(jaxpr.invars, args, strict=True))

    def read(v):
        return v.val if isinstance(v, core.Literal) else env[v]

    for eqn in jaxpr.eqns:
        env.update(zip(eqn.outvars, _step(eqn, [read(v) for v in eqn.invars]), strict=True))
    return [read(v) for v in jaxpr.outvars]


def _step(eqn, values) -> list:
    name = eqn.primitive.name
    if name in _INLINED:
        inner = eqn.params[_INLINED[name]]
        return _run(getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), values)
    if name == "and" and isinstance(values[0], _Bits):
        return [values[0]]
    if name == "shift_left":  # of integers, which nothing else in a loss shifts
        return [_Exponent(values[0])]
    if name == "bitcast_convert_type":
        return [_recast(eqn, values[0])]
    out = eqn.primitive.bind(*values, **eqn.params)
    return out if eqn.primitive.multiple_results else [out]


def _recast(eqn, value):
    if isinstance(value, _Bits):
        return value.of
    if isinstance(value, _Exponent):
        info = jnp.finfo(eqn.params["new_dtype"])
        return jnp.exp2((value.of - (1 - info.minexp)).astype(info.dtype))
    return _Bits(value)
