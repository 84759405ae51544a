"""What every primitive means. One table; the arithmetic behind it is whatever the run has been given."""

import numpy as np

from .balls import Ball, Tri, named
from .exact_choice import pick
from .exact_structure import DIRECT, by_jax, each, fetch, flat, join, moved, reshape, wide


class UnknownPrimitive(Exception):
    """A primitive without an exact meaning; the text names it."""


def apply(run, op, values):
    """The outputs of one primitive, a list."""
    name = op.primitive.name
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


NUMPY = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal}
NUMPY |= {"add": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative, "max": np.maximum, "min": np.minimum}
NUMPY |= {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "not": np.invert, "abs": np.abs, "sign": np.sign}

# Integer and boolean primitives that JAX itself evaluates; those that also take balls are in RULES.
PLAIN = {"population_count", "clz", "shift_left", "shift_right_logical", "shift_right_arithmetic", "rem", "nextafter", "random_bits"}


def _ball(run, v):
    """A ball, whatever it was."""
    if isinstance(v, Ball):
        return v
    if isinstance(v, Tri):
        out = run.field.exact(v.value)
        return out if v.unknown is None else run.field.spoil_unknown(out, v.unknown)
    return run.field.exact(v)


def _tri(v):
    return v if isinstance(v, Tri) else Tri(np.asarray(v, bool))


def _plain(run, v):
    """Decided booleans or integers; points where they are open are left to a sharper arithmetic."""
    if isinstance(v, Tri):
        if v.unknown is not None:
            run.mark("open", v.unknown)
        return v.value
    return v


def _unary(name):
    return lambda run, op, a: getattr(run.field, name)(_ball(run, a))


def _binary(name):
    return lambda run, op, a, b: getattr(run.field, name)(_ball(run, a), _ball(run, b))


def _function(name):
    return lambda run, op, a: run.field.unary(name, _ball(run, a))


def _function2(name):
    return lambda run, op, a, b: run.field.binary(name, _ball(run, a), _ball(run, b))


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
        return _ball(run, a)
    if isinstance(a, np.ndarray) or (isinstance(a, Tri) and kind == "b"):
        return a.astype(op.dtypes[0]) if isinstance(a, np.ndarray) else a
    if isinstance(a, Tri):
        return _plain(run, a).astype(op.dtypes[0])
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
    return choose(run, _tri(which), cases[1], cases[0]) if len(cases) == 2 else cases[0]


def choose(run, which, one, other):
    """`one` where which is true, else `other`; undecided where it is unknown and the two differ."""
    if one is other:
        return one
    if len(which.shape) != len(one.shape):
        which = reshape(which, (1,) * (len(one.shape) - 1))
    if isinstance(one, Ball) or isinstance(other, Ball):
        return _choose_balls(run, which, _ball(run, one), _ball(run, other))
    if isinstance(one, Tri) or isinstance(other, Tri) or (one.dtype == bool and which.unknown is not None):
        one, other = _tri(one), _tri(other)
        value = np.where(which.value, one.value, other.value)
        parts = [np.zeros((1,) * value.ndim, bool) if t.unknown is None else t.unknown for t in (one, other, which)]
        unknown = np.where(which.value, parts[0], parts[1]) | parts[2]
        return Tri(value, unknown if unknown.any() else None, one.dep or other.dep)
    if which.unknown is not None:
        run.mark("open", which.unknown & (one != other))
    return np.where(which.value, one, other)


def _choose_balls(run, which, one, other):
    for c in (one, other):
        if c.x is not None and not c.dep and c.x.shape[0] == 1:
            named(c)  # a zero on the branch taken stays a zero, see Field.zeros
    out = run.field.select(which.value, one, other)
    if which.unknown is None:
        return out
    unknown = which.unknown
    if one.x is not None and other.x is not None:
        unknown = unknown & (one.x != other.x)
    same = run.field._same_name(one, other)
    return run.field.spoil_unknown(out, unknown if same is None else unknown & ~same)


def _logic(name):
    """and, or, xor of truth values, one of which may be unknown."""
    function = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[name]

    def rule(run, op, a, b):
        a, b = _tri(a), _tri(b)
        value = function(a.value, b.value)
        if a.unknown is None and b.unknown is None:
            return Tri(value, None, a.dep or b.dep)
        ua, ub = (np.zeros((1,) * value.ndim, bool) if t.unknown is None else t.unknown for t in (a, b))
        unknown = ua | ub
        if name != "xor":
            settles = name == "or"
            unknown = unknown & ~((a.value == settles) & ~ua) & ~((b.value == settles) & ~ub)
        return Tri(value, unknown if unknown.any() else None, a.dep or b.dep)

    return rule


def _not(run, op, a):
    return Tri(~a.value, a.unknown, a.dep)


def _last(value, axes):
    """The given axes of one example gathered into one last axis."""

    def go(c):
        kept = [i for i in range(1, c.ndim) if i - 1 not in axes]
        c = c.transpose((0, *kept, *(a + 1 for a in axes)))
        return c.reshape((*c.shape[: 1 + len(kept)], -1))

    return each(value, go)


def _tree(value, combine, empty):
    """Combine along the last axis, pairwise."""
    if value.shape[-1] == 0:
        return empty
    while (n := value.shape[-1]) > 1:
        half = n // 2
        left, right = (each(value, lambda c, s=s: c[..., s : s + half]) for s in (0, half))
        rest = each(value, lambda c: c[..., 2 * half :])
        value = combine(left, right)
        if n % 2:
            value = join([value, rest], len(value.shape) - 1)
    return each(value, lambda c: c[..., 0])


def _reduce(method, start):
    def rule(run, op, a):
        a = _last(_ball(run, a), op.params["axes"])
        return _tree(a, getattr(run.field, method), run.field.exact(np.full(a.shape[:-1], float(start))))

    return rule


def _reduce_logic(name):
    def rule(run, op, a):
        return _tree(_last(a, op.params["axes"]), lambda x, y: _logic(name)(run, op, x, y), None)

    return rule


def _reduce_best(least):
    return lambda run, op, a: run.field.reduce_max(_last(_ball(run, a), op.params["axes"]), least)


def _argbest(least):
    def rule(run, op, a):
        index, _, unknown = run.field.best(_last(_ball(run, a), op.params["axes"]), least)
        if unknown is not None:
            run.mark("open", unknown)
        return index.astype(op.params["index_dtype"])

    return rule


def _cumulative(combine):
    def rule(run, op, a):
        axis, reverse = op.params["axis"] + 1, op.params["reverse"]
        a = _ball(run, a)
        steps = [each(a, lambda c, i=i: np.take(c, [i], axis)) for i in range(a.shape[axis])]
        steps = steps[::-1] if reverse else steps
        for i in range(1, len(steps)):
            steps[i] = combine(run, steps[i - 1], steps[i])
        return join(steps[::-1] if reverse else steps, axis) if steps else a

    return rule


def _logaddexp(run, op, a):
    f = run.field
    return f.log(_cumulative(lambda run, x, y: f.add(x, y))(run, op, f.exp(_ball(run, a))))


def _clamp(run, op, low, a, high):
    f = run.field
    low, high = (v if len(v.shape) == len(a.shape) else reshape(v, (1,) * (len(a.shape) - 1)) for v in (low, high))
    return f.max(f.max(_ball(run, a), _ball(run, low)), _ball(run, high), least=True)


def _dot(run, op, a, b):
    (ca, cb), (ba, bb) = op.params["dimension_numbers"]
    a, b = _ball(run, a), _ball(run, b)
    fa = [i for i in range(len(a.shape) - 1) if i not in (*ca, *ba)]
    fb = [i for i in range(len(b.shape) - 1) if i not in (*cb, *bb)]

    def left(c):
        c = c.transpose((0, *(i + 1 for i in (*ba, *fa, *ca))))
        cut = 1 + len(ba) + len(fa)
        return c.reshape((*c.shape[:cut], *(1,) * len(fb), -1))

    def right(c):
        c = c.transpose((0, *(i + 1 for i in (*bb, *fb, *cb))))
        cut = 1 + len(bb)
        return c.reshape((*c.shape[:cut], *(1,) * len(fa), *c.shape[cut : cut + len(fb)], -1))

    product = _spread(run, each(a, left), each(b, right))
    return _tree(product, run.field.add, run.field.exact(np.zeros(product.shape[:-1])))


def _spread(run, a, b):
    """A product of which each factor may have to be repeated."""
    inner = np.broadcast_shapes(a.shape[1:], b.shape[1:])
    a, b = (each(v, lambda c: np.broadcast_to(c, (c.shape[0], *inner))) for v in (a, b))
    return run.field.mul(a, b)


def _sort(run, op, *operands):
    axis, keys = op.params["dimension"] + 1, op.params["num_keys"]
    if keys != 1 or not isinstance(operands[0], Ball):
        raise UnknownPrimitive(f"sort by {keys} keys")
    ahead = [each(v, lambda c: np.moveaxis(c, axis, -1)) for v in operands]
    index, unknown = run.field.argsort(ahead[0])
    out = [each(pick(v, index), lambda c: np.moveaxis(c, -1, axis)) for v in ahead]
    if unknown is not None:
        run.mark("open", unknown)
    return out


def _top_k(run, op, a):
    index, unknown = run.field.argsort(_ball(run, a))
    index = index[..., ::-1][..., : op.params["k"]]
    if unknown is not None:
        run.mark("open", unknown)
    return [pick(a, index), index.astype(np.int32)]


def _gather(run, op, a, index):
    params = dict(op.params, fill_value=-1) if op.params.get("fill_value") is not None else op.params
    out, fill = moved(op, params, [a], [_plain(run, index)], lambda n, p: [*n, *p])
    if not fill.any():
        return out
    value = op.params.get("fill_value")
    return choose(run, Tri(fill), run.field.exact(np.full((1,) * fill.ndim, np.nan if value is None else float(value))), out)


def _dynamic_slice(run, op, a, *index):
    return moved(op, op.params, [a], [_plain(run, i) for i in index], lambda n, p: [*n, *p])[0]


def _dynamic_update_slice(run, op, a, update, *index):
    operands = [_ball(run, a), _ball(run, update)] if isinstance(a, Ball) or isinstance(update, Ball) else [a, update]
    return moved(op, op.params, operands, [_plain(run, i) for i in index], lambda n, p: [*n, *p])[0]


def _pad(run, op, a, value):
    value = reshape(value, ())
    operands = [_ball(run, a), _ball(run, value)] if isinstance(a, Ball) or isinstance(value, Ball) else [a, value]
    return moved(op, op.params, operands, [], lambda n, p: n)[0]


def _scatter(run, op, a, index, updates):
    operands = [_ball(run, a), _ball(run, updates)] if isinstance(a, Ball) or isinstance(updates, Ball) else [a, updates]
    return moved(op, op.params, operands, [_plain(run, index)], lambda n, p: [n[0], p[0], n[1]])[0]


def _accumulate(method):
    """scatter-add and its kin: one update of every example at a time, wherever JAX would put it."""

    def rule(run, op, a, index, updates):
        from .exact_scatter import targets

        a, updates = _ball(run, a), _ball(run, updates)
        where = targets(op, a.shape[1:], _plain(run, index), updates.shape[1:])
        n = max(where.shape[0], a.shape[0], updates.shape[0])
        out, new, shape = wide(flat(a), n), wide(flat(updates), n), a.shape[1:]
        where = np.broadcast_to(where, (n, *where.shape[1:]))
        for rank in range(int(_rank(where).max(initial=-1)) + 1):
            mine = np.where(_rank(where) == rank, where, -1)
            slot = _inverse(mine, out.shape[1])
            both = getattr(run.field, method)(out, fetch(new, np.maximum(slot, 0)))
            out = run.field.select(slot >= 0, both, out)
        return reshape(out, shape)

    return rule


def _rank(where):
    """How many earlier updates of the same example hit the same place; -1 for an update that is dropped."""
    same = (where[:, :, None] == where[:, None, :]) & np.tri(where.shape[1], k=-1, dtype=bool)
    return np.where(where < 0, -1, same.sum(-1))


def _inverse(where, size):
    """For each place the update that hits it, or -1."""
    slot = np.full((where.shape[0], size + 1), -1)
    np.put_along_axis(slot, np.where(where < 0, size, where), np.arange(where.shape[1])[None], 1)
    return slot[:, :size]


def _compare(name):
    def rule(run, op, a, b):
        if isinstance(a, Tri) or isinstance(b, Tri):
            out = _logic("xor")(run, op, a, b)
            return out if name == "ne" else _not(run, op, out)
        return run.field.compare(name, a, b)

    return rule


def _identity(run, op, a):
    return a


RULES = {
    "add": _binary("add"),
    "add_any": _binary("add"),
    "sub": _binary("sub"),
    "mul": _binary("mul"),
    "div": _binary("div"),
    "neg": _unary("neg"),
    "max": _binary("max"),
    "min": lambda run, op, a, b: run.field.max(_ball(run, a), _ball(run, b), least=True),
    "abs": _unary("abs"),
    "sign": _unary("sign"),
    "exp": _unary("exp"),
    "exp2": lambda run, op, a: run.field.exp(run.field.mul(_ball(run, a), run.log2())),
    "expm1": _unary("expm1"),
    "log": _unary("log"),
    "log1p": _unary("log1p"),
    "sqrt": _unary("sqrt"),
    "rsqrt": _unary("rsqrt"),
    "logistic": _unary("logistic"),
    "tanh": _unary("tanh"),
    "square": lambda run, op, a: run.field.mul(_ball(run, a), _ball(run, a)),
    "integer_pow": lambda run, op, a: run.field.integer_pow(_ball(run, a), op.params["y"]),
    "pow": _binary("pow"),
    "atan2": _function2("atan2"),
    "polygamma": _function2("polygamma"),
    "igamma": _function2("igamma"),
    "igammac": _function2("igammac"),
    "is_finite": _unary("finite"),
    "floor": lambda run, op, a: run.field.whole("floor", _ball(run, a)),
    "ceil": lambda run, op, a: run.field.whole("ceil", _ball(run, a)),
    "round": lambda run, op, a: run.field.whole("round", _ball(run, a)),
    "iota": _iota,
    "convert_element_type": _convert,
    "select_n": _select,
    "clamp": _clamp,
    "not": _not,
    "reduce_sum": _reduce("add", 0),
    "reduce_prod": _reduce("mul", 1),
    "reduce_max": _reduce_best(False),
    "reduce_min": _reduce_best(True),
    "argmax": _argbest(False),
    "argmin": _argbest(True),
    "cumsum": _cumulative(lambda run, a, b: run.field.add(a, b)),
    "cumprod": _cumulative(lambda run, a, b: run.field.mul(a, b)),
    "cummax": _cumulative(lambda run, a, b: run.field.max(a, b)),
    "cummin": _cumulative(lambda run, a, b: run.field.max(a, b, least=True)),
    "cumlogsumexp": _logaddexp,
    "dot_general": _dot,
    "sort": _sort,
    "top_k": _top_k,
    "gather": _gather,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "pad": _pad,
    "scatter": _scatter,
    "scatter-add": _accumulate("add"),
    "scatter_add": _accumulate("add"),
    "scatter-mul": _accumulate("mul"),
    "scatter_mul": _accumulate("mul"),
    "real": _identity,
}
RULES |= {name: _logic(name) for name in ("and", "or", "xor")}
RULES |= {"reduce_" + name: _reduce_logic(name) for name in ("and", "or", "xor")}
RULES |= {name: _compare(name) for name in ("lt", "le", "gt", "ge", "eq", "ne")}
RULES |= {
    name: _function(name)
    for name in ("sin", "cos", "tan", "atan", "asin", "acos", "asinh", "acosh", "atanh", "sinh", "cosh")
    + ("erf", "erfc", "erf_inv", "lgamma", "digamma", "bessel_i0e", "bessel_i1e")
}
