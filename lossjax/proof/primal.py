"""The primal of a function: every custom derivative rule inlined, every stop_gradient stripped.

A rule that somebody wrote by hand must not vouch for itself. `jax.grad(primal(f))` is the derivative of what f
computes, by JAX's rules for elementary primitives alone.
"""

import functools

import jax
import numpy as np
from jax.extend import core


class NoTruth(Exception):
    """The primal has no derivative that could be judged: it is iterative or implicit."""


_HELP = (
    "no truth without a reference: {} has no meaningful derivative once its custom rule is stripped; "
    "give a reference with --like"
)
_IMPLICIT = ("custom_linear_solve", "custom_root")
_HIDDEN = "no truth without a reference: {} hides {} from exact arithmetic; give a reference with --like"
_HIDES = {
    "random_bits": "a random number",
    "random_gamma": "a random number",
    "random_unwrap": "a random number",
    "pure_callback": "Python code",
    "io_callback": "Python code",
}
_INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "call": "call_jaxpr",
}
_RULES = ("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr")


def primal(f, *, keep_stop_gradient=False, keep_linear_solve=False):
    """F with every custom_jvp/custom_vjp rule inlined (its primal kept) and stop_gradient stripped.

    keep_linear_solve: trust JAX's implicit derivative of solutions of linear systems, for which there is no other truth.
    """
    given = {"stop_gradient": keep_stop_gradient, "custom_linear_solve": keep_linear_solve}
    keep = frozenset(name for name, kept in given.items() if kept)

    @functools.wraps(f)
    def stripped(*args, **kwargs):
        leaves, tree = jax.tree.flatten((args, kwargs))
        traced = [i for i, leaf in enumerate(leaves) if hasattr(leaf, "dtype") or isinstance(leaf, (bool, int, float))]

        def flat(*values):
            full = list(leaves)
            for i, value in zip(traced, values, strict=True):
                full[i] = value
            a, k = jax.tree.unflatten(tree, full)
            return f(*a, **k)

        values = [leaves[i] for i in traced]
        closed, shape = jax.make_jaxpr(flat, return_shape=True)(*values)
        out = _run(closed, values, keep, False)
        return jax.tree.unflatten(jax.tree.structure(shape), out)

    return stripped


def _run(closed, args, keep, inside):
    """Evaluate a closed jaxpr on tracers; `inside` says that a custom rule has been stripped around it."""
    jaxpr = getattr(closed, "jaxpr", closed)
    env = dict(zip(jaxpr.constvars, getattr(closed, "consts", ()), strict=True))
    env.update(zip(jaxpr.invars, args, strict=True))
    for eqn in jaxpr.eqns:
        values = [v.val if isinstance(v, core.Literal) else env[v] for v in eqn.invars]
        env.update(zip(eqn.outvars, _step(eqn, values, keep, inside), strict=True))
    return [v.val if isinstance(v, core.Literal) else env[v] for v in jaxpr.outvars]


def _step(eqn, values, keep, inside) -> list:
    name, params = eqn.primitive.name, eqn.params
    if name in _INLINED:
        return _run(params[_INLINED[name]], values, keep, inside)
    if name == "platform_index":  # exact arithmetic stands on no platform: the branch of any other
        return [np.int32(next(i for i, p in enumerate(params["platforms"]) if p is None or "cpu" in p))]
    if name == "cond" and isinstance(values[0], np.integer):
        return _run(params["branches"][int(values[0])], values[1:], keep, inside)
    if name in _RULES:
        if "_custom_root" in str(getattr(params["call_jaxpr"].jaxpr, "debug_info", "")):
            raise NoTruth(_HELP.format("custom_root"))
        return _run(params["call_jaxpr"], values, keep, True)
    if name == "stop_gradient" and name not in keep:
        return values
    if name == "custom_linear_solve" and name in keep:
        return eqn.primitive.bind(*values, **params)
    if name in _IMPLICIT or (name == "while" and inside):
        raise NoTruth(_HELP.format(name))
    if name in _HIDES:
        raise NoTruth(_HIDDEN.format(name, _HIDES[name]))
    out = eqn.primitive.bind(*values, **_rewrite(params, keep, inside))
    return out if eqn.primitive.multiple_results else [out]


def _rewrite(params, keep, inside):
    """The same parameters, with every inner jaxpr (scan, cond, while, remat) stripped as well."""

    def strip(x):
        if isinstance(x, core.ClosedJaxpr):
            return jax.make_jaxpr(lambda *a: _run(x, a, keep, inside))(*_shapes(x.in_avals))
        if isinstance(x, core.Jaxpr):
            return jax.make_jaxpr(lambda *a: _run(x, a, keep, inside))(*_shapes(v.aval for v in x.invars)).jaxpr
        if isinstance(x, tuple) and x and isinstance(x[0], core.ClosedJaxpr):
            return tuple(strip(y) for y in x)
        return x

    return {key: strip(value) for key, value in params.items()}


def _shapes(avals):
    return [jax.ShapeDtypeStruct(a.shape, a.dtype, weak_type=a.weak_type) for a in avals]
