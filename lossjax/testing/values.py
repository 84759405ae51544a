"""The value that goes with a derivative rule: f's own, or the rule belongs to another function."""

import jax
import numpy as np

from ..proof.ulp import digits
from .flat import Flat
from .result import DerivativeError
from .widen import primitives

_RULES = {"custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"}


def hold_values(flat: Flat, mode: str):
    """Raise where a custom rule gives another value than the function itself, to half of the digits."""
    leaves = flat.inputs.split(jax.numpy.asarray(flat.x))
    if not _RULES.intersection(primitives(jax.make_jaxpr(flat.call)(*leaves))):
        return

    def with_rule(*leaves):
        if mode == "fwd":
            return jax.jvp(flat.call, leaves, leaves)[0]
        return (jax.linearize if mode == "lin" else jax.vjp)(flat.call, *leaves)[0]

    want, got = (np.asarray(flat.outputs.join(jax.jit(f)(*leaves))).astype(np.float64) for f in (flat.call, with_rule))
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(want)
        scale = np.abs(want) + np.sqrt(np.mean(want[finite] ** 2)) if finite.any() else np.abs(want)
        same = np.abs(got - want) <= np.sqrt(flat.eps) * scale
    wrong = np.flatnonzero(~same & ~((got == want) | (np.isnan(got) & np.isnan(want))))
    if len(wrong):
        first, n = int(wrong[0]), max(digits(p.dtype) for p in flat.outputs.parts)
        raise DerivativeError(
            f"{mode}: the value that a custom rule gives is not the function's own: {flat.outputs.name(first)} is "
            f"{got[first]:.{n}g} with the rule, {want[first]:.{n}g} without"
        )
