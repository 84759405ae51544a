"""One slip in a derivation: a traced function with one step changed, as a person forgets, doubles or flips one.

A step is an equation of the jaxpr, and the slip is made on the way through one of its operands. Its value and its slope are
changed apart, because people forget a factor in one of the two.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend import core

# What moves numbers and changes none: no slip is made there.
_MOVES = ("broadcast_in_dim", "reshape", "squeeze", "convert_element_type", "transpose", "copy", "stop_gradient")
_SUMS = ("reduce_sum", "reduce_max", "dot_general", "cumsum", "concatenate", "gather", "scatter-add")
_NAMES = {"logistic": "sigmoid", "log_softmax": "log_softmax", "reduce_sum": "sum", "reduce_max": "max"}
_INFIX = {"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "add_any": " + "}
_ELEMENTWISE = ("exp", "log", "log1p", "expm1", "tanh", "logistic", "abs", "sqrt", "rsqrt", "integer_pow", "square", "pow")
_COUPLED = ("div", "sub", "exp")
_MOST = 250


@dataclasses.dataclass(frozen=True)
class Slip:
    """A function of (z, t) with one step changed, and that in words."""

    text: str
    function: Callable


@dataclasses.dataclass(frozen=True)
class _Step:
    """The way through one operand of one equation."""

    index: int
    operand: int
    primitive: str
    name: str  # what the equation does to this operand
    through: str  # the operand
    told: str  # the result
    same_shape: bool
    of_z: bool
    constant: float | None  # what the operand meets, where that is a number
    size: int  # entries of the operand for each of the result
    like_z: bool  # a vector of the shape of z


def slips(f: Callable, z, t) -> Iterator[Slip]:
    """Every slip in f(z, t), the commonest kinds first; z and t are one example."""
    closed = jax.make_jaxpr(f)(z, t)
    shifts = _shifts(closed.jaxpr)
    steps = sorted(_steps(closed, shifts), key=lambda s: s.constant is None)  # constants are forgotten first
    changes = ((words(s), s, change) for words, fits, change in _CHANGES for s in steps if fits(s))
    for text, step, change in itertools.islice(changes, _MOST):
        yield Slip(text, lambda z, t, step=step, change=change: _run(closed, shifts, (z, t), step, change))
    for step in (s for s in steps if s.like_z and s.primitive in _COUPLED and s.operand == 0):
        for text, change in (
            (f"the cross terms of the derivative of {step.told} were dropped: only the diagonal of its Jacobian", "diagonal"),
            (f"the derivative of {step.told} were left out: its Jacobian", "one"),
            (f"{step.told} were left out, z in its place", "z"),
        ):
            yield Slip(text, lambda z, t, s=step, c=change: _output(closed, shifts, z, t, s, c))


def _run(closed, shifts, args, step: _Step, change, until: int | None = None):
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


def _output(closed, shifts, z, t, step: _Step, instead: str):
    """The function, of one vector within it the Jacobian cut to its diagonal or to 1, or z in its place."""

    def vector(z):
        return _run(closed, shifts, (z, t), step, None, until=step.index)

    slope = lax.stop_gradient(jnp.diagonal(jax.jacfwd(vector)(z))) if instead == "diagonal" else 1.0

    def change(f, x, s):
        return z if instead == "z" else lax.stop_gradient(f(x)) + slope * (z - lax.stop_gradient(z))

    return _run(closed, shifts, (z, t), step, change)


def _shifts(jaxpr) -> set[int]:
    """Maxima that are taken off their own argument, as softmax does: their derivative cancels, and is nobody's slip."""
    made = {v: (i, eqn) for i, eqn in enumerate(jaxpr.eqns) for v in eqn.outvars}

    def source(v):
        while not isinstance(v, core.Literal) and v in made:
            i, eqn = made[v]
            inputs = [x for x in eqn.invars if not isinstance(x, core.Literal)]
            if eqn.primitive.name not in (*_MOVES, "max") or len(inputs) != 1:
                break
            v = inputs[0]
        return v

    found = set()
    for eqn in jaxpr.eqns:
        if eqn.primitive.name == "sub":
            of, off = map(source, eqn.invars)
            i, top = made.get(off, (0, None)) if not isinstance(off, core.Literal) else (0, None)
            if top is not None and top.primitive.name == "reduce_max" and source(top.invars[0]) is of:
                found.add(i)
    return found


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


def _slope_only(f, x):
    return lax.stop_gradient(x) + f(x) - lax.stop_gradient(f(x))


def _elementwise(s: _Step):
    return s.of_z and s.same_shape and s.primitive in _ELEMENTWISE


def _bent(s: _Step):
    return _elementwise(s) or (s.of_z and s.constant is not None and s.primitive in ("mul", "div"))


def _plain(s: _Step):
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


def _steps(closed, shifts) -> Iterator[_Step]:
    jaxpr = closed.jaxpr
    known = dict(zip(jaxpr.constvars, closed.consts))
    of_z, varying = {jaxpr.invars[0]}, set(jaxpr.invars)
    words, idle = dict(zip(jaxpr.invars, "zt")), set()

    def value(v):
        return v.val if isinstance(v, core.Literal) else known.get(v)

    def told(v):
        x = value(v)
        return words.get(v, "...") if x is None else _number(x)

    for i, eqn in enumerate(jaxpr.eqns):
        inputs = [v for v in eqn.invars if not isinstance(v, core.Literal)]
        if all(v in known for v in inputs):
            out = eqn.primitive.bind(*map(value, eqn.invars), **eqn.params)
            known.update(zip(eqn.outvars, out if eqn.primitive.multiple_results else [out]))
            continue
        varying.update(eqn.outvars)
        if i in shifts or (inputs and all(v in idle for v in inputs)):
            idle.update(eqn.outvars)
            continue
        if any(v in of_z for v in inputs):
            of_z.update(eqn.outvars)
        names = [told(v) for v in eqn.invars]
        shifted = any(v in idle for v in inputs)
        words.update(dict.fromkeys(eqn.outvars, names[0] if shifted else _told(eqn, names)))
        out = eqn.outvars[0].aval
        if shifted or eqn.primitive.name in _MOVES or not _is_float(out):
            continue
        for j, v in enumerate(eqn.invars):
            if isinstance(v, core.Literal) or v not in varying or not _is_float(v.aval):
                continue
            others = [uniform(value(o)) for k, o in enumerate(eqn.invars) if k != j and value(o) is not None]
            number = eqn.params.get("y") if eqn.primitive.name == "integer_pow" else others[0] if others else None
            yield _Step(
                index=i,
                operand=j,
                primitive=eqn.primitive.name,
                name=_name(eqn, j, names),
                through=_short(names[j]),
                told=_told(eqn, names),
                same_shape=v.aval.shape == out.shape,
                of_z=v in of_z,
                constant=2.0 if eqn.primitive.name == "square" else number,
                size=math.prod(v.aval.shape) // max(math.prod(out.shape), 1),
                like_z=bool(out.shape) and out.shape == jaxpr.invars[0].aval.shape and v in of_z,
            )


def uniform(x) -> float | None:
    """The number that an array of constants holds everywhere, or None."""
    if x is None or not np.issubdtype(np.asarray(x).dtype, np.number) or not np.size(x):
        return None
    flat = np.asarray(x, np.float64).ravel()
    return float(flat[0]) if np.all(flat == flat[0]) else None


def _is_float(aval) -> bool:
    return np.issubdtype(aval.dtype, np.floating)


def _number(x) -> str:
    c = uniform(x)
    return "an array" if c is None else f"{c:.6g}"


def _told(eqn, names) -> str:
    """The equation as an expression, cut short."""
    p = eqn.primitive.name
    if p in _MOVES:
        return names[0]
    if p in _INFIX:
        return f"({_INFIX[p].join(map(_short, names))})"
    if p == "integer_pow":
        return f"{_short(names[0])}^{eqn.params['y']}"
    if p == "neg":
        return f"-{_short(names[0])}"
    if p == "select_n":
        return f"where({', '.join(map(_short, names[:0:-1]))})"
    if len(names) == 1 and names[0].startswith("(") and names[0].endswith(")"):
        return f"{_NAMES.get(p, p)}{_short(names[0])}"
    return f"{_NAMES.get(p, p)}({', '.join(map(_short, names))})"


def _short(text: str) -> str:
    return text if len(text) <= 32 else "(...)"


def _name(eqn, operand, names) -> str:
    """What the equation does to one of its operands."""
    p, known = eqn.primitive.name, 1 if eqn.primitive.name == "select_n" else 0  # the condition is nobody's other side
    other = next((_short(n) for k, n in enumerate(names) if k != operand and k >= known), "")
    if p == "mul":
        return f"the factor {other}"
    if p == "div":
        return f"the division by {other}" if operand == 0 else f"the numerator {other}"
    if p in ("add", "add_any", "sub"):
        return f"the term {other}"
    if p in ("max", "min"):
        return f"the {p} with {other}"
    if p == "select_n":
        return f"the where beside {other}" if len(names) == 3 else "the choice"
    if p == "clamp":
        return f"the clip to [{names[0]}, {names[2]}]"
    return _told(eqn, names)
