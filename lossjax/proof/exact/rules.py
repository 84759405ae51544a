"""What every primitive means. One table; the arithmetic behind it is whatever the run has been given."""

import numpy as np

from .balls import Ball, Tri, named
from .moves import MOVES
from .reduce import REDUCTIONS
from .structure import DIRECT, by_jax
from .values import UnknownPrimitive, ball, choose, full, logic, plain, tri


def apply(run, op, values):
    """The outputs of one primitive, a list."""
    name = op.primitive.name
    if name in CHOOSING:
        for v in values:
            if isinstance(v, Ball):
                named(v)  # the original, before anything rearranged is made of it
    if name in ELEMENTWISE:
        values = [full(v, op.shapes[0]) for v in values]
    if name in DIRECT:
        out = DIRECT[name](*values, **op.params)
    elif all(isinstance(v, np.ndarray) for v in values) and not _makes_floats(op):
        out = _integers(op, name, values)
    elif name in RULES:
        out = RULES[name](run, op, *values)
    else:
        raise UnknownPrimitive(name)
    return list(out) if isinstance(out, (list, tuple)) else [out]


def _integers(op, name, values):
    """Integers and booleans that hang on no comparison of balls: numpy, or JAX itself."""
    if name in NUMPY:
        return NUMPY[name](*values)
    if name == "iota":
        return _iota(None, op)
    if name == "convert_element_type":
        return values[0].astype(op.dtypes[0])
    if name == "select_n":
        return _select(None, op, *values)
    if name not in PLAIN and name not in RULES:
        raise UnknownPrimitive(name)
    return by_jax(lambda *a: op.primitive.bind(*a, **op.params), values)


def _makes_floats(op):
    return any(d.kind not in "biu" for d in op.dtypes)


NUMPY = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
NUMPY |= {"lt_to": np.less, "le_to": np.less_equal}
NUMPY |= {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "neg": np.negative,
    "max": np.maximum,
    "min": np.minimum,
}
NUMPY |= {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
    "abs": np.abs,
    "sign": np.sign,
}

# Integer and boolean primitives that JAX itself evaluates; those that also take balls are in RULES.
PLAIN = {
    "population_count",
    "clz",
    "shift_left",
    "shift_right_logical",
    "shift_right_arithmetic",
    "rem",
    "nextafter",
    "random_bits",
}


def _unary(name):
    return lambda run, op, a: getattr(run.field, name)(ball(run, a))


def _binary(name):
    return lambda run, op, a, b: getattr(run.field, name)(ball(run, a), ball(run, b))


def _function(name):
    return lambda run, op, a: run.field.unary(name, ball(run, a))


def _function2(name):
    return lambda run, op, a, b: run.field.binary(name, ball(run, a), ball(run, b))


def _iota(run, op, *_):
    shape = op.params["shape"]
    count = np.arange(shape[op.params["dimension"]])
    inner = [1] * len(shape)
    inner[op.params["dimension"]] = -1
    out = np.broadcast_to(count.reshape((1, *inner)), (1, *shape)).astype(op.dtypes[0], copy=False)
    return _by_dtype(run, op, out)


def _by_dtype(run, op, array):
    return run.field.exact(array) if _makes_floats(op) else array


def _convert(run, op, a):
    kind = op.dtypes[0].kind
    if kind not in "biu":
        return ball(run, a)
    if isinstance(a, np.ndarray) or (isinstance(a, Tri) and kind == "b"):
        return a.astype(op.dtypes[0]) if isinstance(a, np.ndarray) else a
    if isinstance(a, Tri):
        return plain(run, a).astype(op.dtypes[0])
    if kind == "b":
        return run.field.compare("ne", a, run.field.exact(np.zeros((1,) * len(a.shape))))
    return _to_integer(run, op, a)


def _to_integer(run, op, a):
    """Truncation towards zero."""
    sign, _ = run.field.order(a, run.field.exact(np.zeros((1,) * len(a.shape))), ties=False)
    low, high = (run.field.whole(n, a) for n in ("floor", "ceil"))
    out = run.field.select(sign < 0, high, low)
    run.mark("open", ~run.field.k.finite((out.m, out.r)))
    x = np.nan_to_num(run.field.k.float(out.m))
    info = np.iinfo(op.dtypes[0])
    return np.clip(x, info.min, info.max).astype(op.dtypes[0])


def _select(run, op, which, *cases):
    if isinstance(which, np.ndarray) and which.dtype != bool:
        out = cases[-1]
        for i in range(len(cases) - 2, -1, -1):
            out = choose(run, Tri(which == i), cases[i], out)
        return out
    return choose(run, tri(which), cases[1], cases[0]) if len(cases) == 2 else cases[0]


def _not(run, op, a):
    return Tri(~a.value, a.unknown, a.dep)


def _clamp(run, op, low, a, high):
    f = run.field
    return f.max(f.max(ball(run, a), ball(run, low)), ball(run, high), least=True)


def _compare(name):
    def rule(run, op, a, b):
        if isinstance(a, Tri) or isinstance(b, Tri):
            out = logic("xor")(run, op, a, b)
            return out if name == "ne" else _not(run, op, out)
        return run.field.compare(name, a, b)

    return rule


def _cbrt(run, op, a):
    f = run.field
    a = ball(run, a)
    size = f.abs(a)
    zero = f.is_zero(a)
    third = f.div(f.one(a), f.exact(np.full((1, *a.shape[1:]), 3.0)))
    root = f.exp(f.mul(third, f.log(f.select(zero, f.one(a), size))))
    return f.select(zero, f.exact(np.zeros((1, *a.shape[1:]))), f.mul(f.sign(a), root))


def _rem(run, op, a, b):
    """The remainder a - b trunc(a / b)."""
    f = run.field
    a, b = ball(run, a), ball(run, b)
    quotient = f.div(a, b)
    low, high = f.whole("floor", quotient), f.whole("ceil", quotient)
    sign, _ = f.order(quotient, f.exact(np.zeros((1,) * len(a.shape))), ties=False)
    steps = f.select(sign < 0, high, low)
    return f.sub(a, f.mul(b, steps))


RULES = {
    "add": _binary("add"),
    "add_any": _binary("add"),
    "sub": _binary("sub"),
    "mul": _binary("mul"),
    "div": _binary("div"),
    "neg": _unary("neg"),
    "max": _binary("max"),
    "min": lambda run, op, a, b: run.field.max(ball(run, a), ball(run, b), least=True),
    "abs": _unary("abs"),
    "sign": _unary("sign"),
    "exp": _unary("exp"),
    "exp2": lambda run, op, a: run.field.exp(run.field.mul(ball(run, a), run.log2())),
    "expm1": _unary("expm1"),
    "log": _unary("log"),
    "log1p": _unary("log1p"),
    "sqrt": _unary("sqrt"),
    "rsqrt": _unary("rsqrt"),
    "logistic": _unary("logistic"),
    "tanh": _unary("tanh"),
    "square": lambda run, op, a: run.field.mul(ball(run, a), ball(run, a)),
    "integer_pow": lambda run, op, a: run.field.integer_pow(ball(run, a), op.params["y"]),
    "pow": _binary("pow"),
    "atan2": _function2("atan2"),
    "polygamma": _function2("polygamma"),
    "igamma": _function2("igamma"),
    "igammac": _function2("igammac"),
    "is_finite": _unary("finite"),
    "floor": lambda run, op, a: run.field.whole("floor", ball(run, a)),
    "ceil": lambda run, op, a: run.field.whole("ceil", ball(run, a)),
    "round": lambda run, op, a: run.field.whole("round", ball(run, a)),
    "iota": _iota,
    "convert_element_type": _convert,
    "select_n": _select,
    "clamp": _clamp,
    "not": _not,
}
RULES |= {"cbrt": _cbrt, "rem": _rem, **REDUCTIONS, **MOVES}
RULES |= {name: logic(name) for name in ("and", "or", "xor")}
RULES |= {name: _compare(name) for name in ("lt", "le", "gt", "ge", "eq", "ne")}
RULES |= {"lt_to": _compare("lt"), "le_to": _compare("le")}
_NAMES = "sin cos tan atan asin acos asinh acosh atanh sinh cosh erf erfc erf_inv lgamma digamma bessel_i0e bessel_i1e"
RULES |= {name: _function(name) for name in _NAMES.split()}
ELEMENTWISE = {"add", "add_any", "sub", "mul", "div", "max", "min", "pow", "select_n", "clamp", *NUMPY}
ELEMENTWISE |= {"atan2", "polygamma", "igamma", "igammac", "rem"}
CHOOSING = {"max", "min", "reduce_max", "reduce_min", "argmax", "argmin", "sort", "top_k", "clamp", "cummax", "cummin"}


def known():
    """The names of all primitives that mean something here; control flow and calls are the interpreter's."""
    return {*RULES, *PLAIN, *NUMPY, *DIRECT, "scan", "cond", "while"}
