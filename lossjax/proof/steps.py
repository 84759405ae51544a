"""The steps of a traced function, and what each does in words."""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
from jax.extend import core

# What moves numbers and changes none: no slip is made there.
_MOVES = ("broadcast_in_dim", "reshape", "squeeze", "convert_element_type", "transpose", "copy", "stop_gradient")
_NAMES = {"logistic": "sigmoid", "log_softmax": "log_softmax", "reduce_sum": "sum", "reduce_max": "max"}
_INFIX = {"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "add_any": " + "}


@dataclasses.dataclass(frozen=True)
class Step:
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


def shifts_of(jaxpr) -> set[int]:
    """Maxima that are taken off their own argument, as softmax does: their derivative cancels, and is nobody's slip."""
    made = {v: (i, eqn) for i, eqn in enumerate(jaxpr.eqns) for v in eqn.outvars}

    def source(v):
        while not isinstance(v, core.Literal) and v in made:
            _, eqn = made[v]
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


def steps_of(closed, shifts: set[int]) -> Iterator[Step]:
    """Every way through an equation of a closed jaxpr of (z, t) that depends on either; shifts: see `shifts_of`."""
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
            others = [_uniform(value(o)) for k, o in enumerate(eqn.invars) if k != j and value(o) is not None]
            number = float(eqn.params["y"]) if eqn.primitive.name == "integer_pow" else others[0] if others else None
            yield Step(
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


def _uniform(x) -> float | None:
    """The number that an array of constants holds everywhere, or None."""
    if x is None or not np.issubdtype(np.asarray(x).dtype, np.number) or not np.size(x):
        return None
    flat = np.asarray(x, np.float64).ravel()
    return float(flat[0]) if np.all(flat == flat[0]) else None


def _is_float(aval) -> bool:
    return np.issubdtype(aval.dtype, np.floating)


def _number(x) -> str:
    c = _uniform(x)
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
