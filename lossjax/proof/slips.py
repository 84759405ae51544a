"""One slip in a derivation: a traced function with one step changed, as a person forgets, doubles or flips one.

A step is an equation of the jaxpr, and the slip is made on the way through one of its operands. Its value and its slope are
changed apart, because people forget a factor in one of the two.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core

from .steps import Step, shifts_of, steps_of

_SUMS = ("reduce_sum", "reduce_max", "dot_general", "cumsum", "concatenate", "gather", "scatter-add")
_CURVES = ("exp", "log", "log1p", "expm1", "tanh", "logistic", "abs", "sqrt", "rsqrt")
_ELEMENTWISE = (*_CURVES, "integer_pow", "square", "pow")
_COUPLED = ("div", "sub", "exp")
_MOST = 250


@dataclasses.dataclass(frozen=True)
class Slip:
    """A function of (z, t) with one step changed, and that in words."""

    text: str
    function: Callable


def slips(f: Callable, z, t) -> Iterator[Slip]:
    """Every slip in f(z, t), the commonest kinds first; z and t are one example."""
    closed = jax.make_jaxpr(f)(z, t)
    shifts = shifts_of(closed.jaxpr)
    steps = sorted(steps_of(closed, shifts), key=lambda s: s.constant is None)  # constants are forgotten first
    changes = ((words(s), s, change) for words, fits, change in _CHANGES for s in steps if fits(s))
    for text, step, change in itertools.islice(changes, _MOST):
        yield Slip(text, lambda z, t, step=step, change=change: _run(closed, shifts, (z, t), step, change))
    for step in (s for s in steps if s.like_z and s.primitive in _COUPLED and s.operand == 0):
        for text, change in (
            (
                f"the cross terms of the derivative of {step.told} were dropped: only the diagonal of its Jacobian were used",
                "diagonal",
            ),
            (f"the derivative of {step.told} were left out, 1 in the place of its Jacobian", "one"),
            (f"{step.told} were left out, z in its place", "z"),
        ):
            yield Slip(text, lambda z, t, s=step, c=change: _output(closed, shifts, z, t, s, c))


def _run(closed, shifts, args, step: Step, change, until: int | None = None):
    """The function with one step changed; with `until`, the result of that equation."""
    jaxpr = closed.jaxpr
    env = dict(zip(jaxpr.constvars, closed.consts)) | dict(zip(jaxpr.invars, args))
    for i, eqn in enumerate(jaxpr.eqns):
        values = [v.val if isinstance(v, core.Literal) else env[v] for v in eqn.invars]
        if i in shifts:
            values = [lax.stop_gradient(x) for x in values]
        if i == step.index and until is None:

            def through(x, eqn=eqn, values=values):
                return eqn.primitive.bind(*values[: step.operand], x, *values[step.operand + 1 :], **eqn.params)

            out = change(through, values[step.operand], step)
        else:
            out = eqn.primitive.bind(*values, **eqn.params)
        if i == until:
            return out
        env.update(zip(eqn.outvars, out if eqn.primitive.multiple_results else [out]))
    (out,) = jaxpr.outvars
    return out.val if isinstance(out, core.Literal) else env[out]


def _output(closed, shifts, z, t, step: Step, instead: str):
    """The function, of one vector within it the Jacobian cut to its diagonal or to 1, or z in its place."""

    def vector(z):
        return _run(closed, shifts, (z, t), step, None, until=step.index)

    slope = lax.stop_gradient(jnp.diagonal(jax.jacfwd(vector)(z))) if instead == "diagonal" else 1.0

    def change(f, x, s):
        return z if instead == "z" else lax.stop_gradient(f(x)) + slope * (z - lax.stop_gradient(z))

    return _run(closed, shifts, (z, t), step, change)


def _steeper(f, x, by):
    """F, its slope times `by`."""
    return f(lax.stop_gradient(x) + by * (x - lax.stop_gradient(x)))


def _slope(f, x):
    """The derivative of an elementwise f at x."""
    return jax.jvp(f, (x,), (jnp.ones_like(x),))[1]


def _with_slope(f, x, slope):
    """The value of f, and another slope."""
    return lax.stop_gradient(f(x)) + lax.stop_gradient(slope) * (x - lax.stop_gradient(x))


# The derivative of y = f(x), as it is written in y.
_IN_OUTPUT = {"logistic": lambda y: y * (1 - y), "tanh": lambda y: 1 - y * y, "exp": lambda y: y}


def _elementwise(s: Step):
    return s.of_z and s.same_shape and s.primitive in _ELEMENTWISE


def _bent(s: Step):
    return _elementwise(s) or (s.of_z and s.constant is not None and s.primitive in ("mul", "div"))


def _plain(s: Step):
    return s.same_shape and s.primitive not in _SUMS


# (words, where it can be made, how), the commonest first.
_CHANGES = (
    (lambda s: f"{s.name} were left out", _plain, lambda f, x, s: x),
    (lambda s: f"the derivative of {s.name} were left out", _bent, lambda f, x, s: _with_slope(f, x, 1.0)),
    (
        lambda s: f"{s.through} were a constant in {s.told}, as behind a stop_gradient",
        lambda s: s.of_z,
        lambda f, x, s: f(lax.stop_gradient(x)),
    ),
    (
        lambda s: f"{s.name} were differentiated, but left out of the value",
        lambda s: s.of_z and _plain(s) and s.primitive != "select_n",
        lambda f, x, s: lax.stop_gradient(x) + f(x) - lax.stop_gradient(f(x)),
    ),
    (lambda s: f"the sign of {s.name} were the other", lambda s: s.same_shape, lambda f, x, s: -f(x)),
    (
        lambda s: f"the derivative of {s.told} through {s.through} had the other sign",
        lambda s: s.of_z,
        lambda f, x, s: _steeper(f, x, -1),
    ),
    (
        lambda s: f"the derivative of {s.name} were taken twice",
        _elementwise,
        lambda f, x, s: _with_slope(f, x, _slope(f, x) ** 2),
    ),
    (
        lambda s: f"the derivative of {s.name} were taken at its output",
        _elementwise,
        lambda f, x, s: _with_slope(f, x, _slope(f, f(x))),
    ),
    (
        lambda s: f"the derivative of {s.name}, written in its output, were given its input",
        lambda s: s.of_z and s.primitive in _IN_OUTPUT,
        lambda f, x, s: _with_slope(f, x, _IN_OUTPUT[s.primitive](x)),
    ),
    (
        lambda s: f"the exponent of {s.name} were not brought down",
        lambda s: s.of_z and s.primitive in ("integer_pow", "pow", "square") and bool(s.constant),
        lambda f, x, s: _steeper(f, x, 1 / s.constant),
    ),
    (
        lambda s: f"{s.told} were a mean",
        lambda s: s.primitive == "reduce_sum" and s.size > 1,
        lambda f, x, s: f(x) / s.size,
    ),
)
