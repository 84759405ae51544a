"""The derivatives of a function of one vector, as JAX gives them: linear in a direction, one vector for each."""

import dataclasses
from collections.abc import Callable

import jax
import numpy as np

from .flat import Flat, Vector
from .widen import primitives


@dataclasses.dataclass(frozen=True)
class Mode:
    """q(x, a): a derivative of `flat` along a direction a; `unit` counts the directions that show every element."""

    name: str
    flat: Flat
    call: Callable  # as users call it
    bare: Callable  # of the primal, which exact arithmetic evaluates
    out: Vector  # what an entry of q is an entry of
    along: tuple[Vector, ...]  # the vectors a is made of; q is linear in each

    @property
    def units(self) -> int:
        """How many unit directions there are: all pairs, where a is made of two vectors."""
        count = 1
        for v in self.along:
            count *= len(v)
        return count


def _rev(flat: Flat, f):
    def q(x, a):
        y, pull = jax.vjp(f, *flat.inputs.split(x))
        return flat.inputs.join(pull([c.astype(v.dtype) for c, v in zip(flat.outputs.split(a), y, strict=True)]))

    return q


def _fwd(flat: Flat, f):
    def q(x, a):
        return flat.outputs.join(jax.jvp(f, tuple(flat.inputs.split(x)), tuple(flat.inputs.split(a)))[1])

    return q


def _lin(flat: Flat, f):
    return lambda x, a: flat.outputs.join(jax.linearize(f, *flat.inputs.split(x))[1](*flat.inputs.split(a)))


def _fwd_over_rev(flat: Flat, f):
    m = len(flat.outputs)

    def q(x, a):
        def gradient(*leaves):
            y, pull = jax.vjp(f, *leaves)
            return pull([c.astype(v.dtype) for c, v in zip(flat.outputs.split(a[:m]), y, strict=True)])

        point, change = (tuple(flat.inputs.split(v)) for v in (x, a[m:]))
        return flat.inputs.join(jax.jvp(gradient, point, change)[1])

    return q


FIRST = ("rev", "fwd")
# As users call it, and the same quantity in exact arithmetic.
_OPERATORS = {
    "rev": (_rev, _rev),
    "fwd": (_fwd, _fwd),
    "lin": (_lin, _fwd),
    "fwd_over_rev": (_fwd_over_rev, _fwd_over_rev),
}
TITLES = {"rev": "reverse", "fwd": "forward", "lin": "linearised", "fwd_over_rev": "forward over reverse"}


def mode_of(name: str, flat: Flat) -> Mode:
    """The mode of this name: rev, fwd, lin or fwd_over_rev."""
    if name not in _OPERATORS:
        raise ValueError(f"unknown mode {name!r}; choose among {', '.join(_OPERATORS)}")
    call, bare = (operator(flat, f) for operator, f in zip(_OPERATORS[name], (flat.call, flat.bare)))
    out = flat.outputs if name in ("fwd", "lin") else flat.inputs
    along = {"rev": (flat.outputs,), "fwd_over_rev": (flat.outputs, flat.inputs)}.get(name, (flat.inputs,))
    return Mode(name, flat, call, bare, out, along)


def refusal(mode: Mode) -> str:
    """Why JAX does not differentiate this function in this mode, or nothing."""
    a = sum(len(v) for v in mode.along)
    try:
        jaxpr = jax.make_jaxpr(mode.call)(mode.flat.x, jax.ShapeDtypeStruct((a,), mode.flat.inputs.dtype))
    except (TypeError, ValueError) as error:  # of a while loop in reverse
        return str(error).strip().splitlines()[0][:120]
    # What JAX leaves of a custom_vjp in forward mode, and refuses to compile.
    return "a custom_vjp has no forward mode" if "custom_lin" in primitives(jaxpr) else ""


def pushed(flat: Flat, forward: bool) -> Flat:
    """The function whose derivative is of one order more: jvp of (x, v), or vjp at the own value, as check_grads nests."""
    if not forward:

        def pulled(f):
            def call(*leaves):
                y, pull = jax.vjp(f, *leaves)
                return list(pull(y))

            return call

        return Flat(pulled(flat.call), pulled(flat.bare), flat.inputs, flat.inputs.renamed("cotangent of {}"), flat.x)

    def nested(f):
        def call(*leaves):
            y, dy = jax.jvp(f, leaves[: len(leaves) // 2], leaves[len(leaves) // 2 :])
            return [*y, *dy]

        return call

    inputs, outputs = (v + v.renamed("tangent of {}") for v in (flat.inputs, flat.outputs))
    return Flat(nested(flat.call), nested(flat.bare), inputs, outputs, np.concatenate([flat.x, flat.x]))
