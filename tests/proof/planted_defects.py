"""Losses with one mistake each, of the sort that numerical code has, and right ones written unusually.

They were written, with the classes that count as found, before any sweep saw them, by somebody who had not read which
points a sweep takes. A mistake that a sweep misses stays as it is, and is stated as missed.
"""

import dataclasses
import math

import jax
import jax.numpy as jnp

from lossjax import losses
from lossjax.proof.audit import formulas
from lossjax.proof.audit.case import Case, Library


@dataclasses.dataclass(frozen=True)
class Defect:
    """A mistake: the quantity and dtype it is in, the classes that name it, and an input at which it shows."""

    case: Case
    quantity: str
    dtype: str
    classes: frozenset[str]
    at: tuple
    points: str


DEFECTS: list[Defect] = []
RIGHT: list[Case] = []
ORDERS = ("value", "grad", "hess")
NOT_FINITE = {"false NaN/inf", "early overflow"}
DIGITS = {"wrong maths", "cancellation"}


def derived(value, slope):
    """The function `value`, with `slope` as its derivative in z."""

    @jax.custom_jvp
    def f(z, t):
        return value(z, t)

    @f.defjvp
    def _(primals, tangents):
        slopes = slope(*primals) * tangents[0]
        return f(*primals), slopes if slopes.shape == f(*primals).shape else jnp.sum(slopes)

    return f


def planted(formula, targets, quantity, classes, at, *, below=(), dtype="float32", points="quick"):
    """The decorated function is the quantity that is wrong; `below` are those of lower order, which are right."""

    def declare(f):
        call = f
        for lower in reversed(below):
            call = derived(lower, call)
        upto = ORDERS[: max(2, ORDERS.index(quantity) + 1)]
        case = Case(f.__name__, f"{f.__name__}(z, t)", formula, targets, call, quantities=upto, dtypes=(dtype,))
        DEFECTS.append(Defect(case, quantity, dtype, frozenset(classes), at, points))
        return f

    return declare


def right(formula, targets, quantities):
    """The decorated function is right in these quantities."""

    def declare(f):
        case = Case(f.__name__, f"{f.__name__}(z, t)", formula, targets, f, quantities=quantities, dtypes=("float32",))
        RIGHT.append(case)
        return f

    return declare


def softplus(z, t=None):
    return jnp.maximum(z, 0) + jnp.log1p(jnp.exp(-jnp.abs(z)))


def expit(z):
    e = jnp.exp(-jnp.abs(z))
    return jnp.where(z < 0, e, 1) / (1 + e)


def log_normaliser(z):
    top = jax.lax.stop_gradient(jnp.max(z))
    return top + jnp.log(jnp.sum(jnp.exp(z - top)))


def log_cosh(z, t):
    r = jnp.abs(z - t)
    near = jnp.where(r < 1, r, 0)
    return jnp.where(r < 1, jnp.log1p(2 * jnp.sinh(near / 2) ** 2), r - math.log(2) + jnp.log1p(jnp.exp(-2 * r)))


def cross_entropy(z, t):
    return log_normaliser(z) - jnp.sum(t * z)


@planted(losses.log_cosh, "real", "value", DIGITS, (0.02, 0.0))
def short_series(z, t):
    """The second term of the series is forgotten, in a window so small that it hardly shows."""
    r = z - t
    return jnp.where(jnp.abs(r) < 0.03, r * r / 2, log_cosh(z, t))


@planted(formulas.softplus, "binary", "value", DIGITS, (10.5, 0.0))
def early_identity(z, t):
    """Beyond a threshold that is good for half precision, softplus is taken for z."""
    return jnp.where(z > 10, z, softplus(z))


@planted(losses.sigmoid_cross_entropy, "unit", "value", {*DIGITS, "broken invariant"}, (-8.0, 0.0))
def wrong_sign(z, t):
    """The tail's logarithm is subtracted in one of three branches."""
    tail = jnp.log1p(jnp.exp(-jnp.abs(z)))
    return jnp.where(z < -6, -tail, jnp.maximum(z, 0) + tail) - z * t


@planted(formulas.softplus, "binary", "value", NOT_FINITE, (95.0, 0.0))
def late_guard(z, t):
    """The guard against overflow is at 100, where float32 overflows at 88.7."""
    return jnp.where(z > 100, z, jnp.log1p(jnp.exp(jnp.minimum(z, 100))))


@planted(losses.logistic, "margin", "grad", {"false zero", "wrong maths"}, (-60.0, 1.0))
def clipped_for_one(z, t):
    """The margin is clipped to 50, for one of the two classes."""
    return jnp.where(t > 0, softplus(-jnp.clip(z, -50, 50)), softplus(z))


@planted(
    losses.half_squared_error,
    "real",
    "grad",
    {"wrong maths"},
    (1.0, -2.0),
    below=[lambda z, t: (z - t) * (z - t) / 2],
)
def absolute_target(z, t):
    """Right for all targets but negative ones."""
    return z - jnp.abs(t)


@planted(
    losses.multiclass_perceptron,
    "one_hot",
    "grad",
    {"kink", "broken invariant"},
    ((1.0, 2.0, 2.0), (1.0, 0.0, 0.0)),
    below=[lambda z, t: jnp.max(z) - jnp.sum(t * z)],
)
def undivided_tie(z, t):
    """At a tie every best class gets the whole derivative."""
    return (z == jnp.max(z)).astype(z.dtype) - t


@planted(losses.half_squared_error, "real", "grad", {"false NaN/inf"}, (2.0, 2.0))
def root_of_square(z, t):
    """The absolute value is taken as a root, which has no derivative at the target."""
    return jnp.sqrt((z - t) ** 2) ** 2 / 2


@planted(losses.log_cosh, "real", "value", NOT_FINITE, (14.0, 0.0), dtype="float16")
def guarded_cosh(z, t):
    """The guard keeps cosh from the overflow of float32, not of float16."""
    r = jnp.abs(z - t)
    near = jnp.where(r < 1, r, 0)
    middle = jnp.log(jnp.cosh(jnp.minimum(r, 20)))
    return jnp.where(r < 1, jnp.log1p(2 * jnp.sinh(near / 2) ** 2), jnp.where(r < 20, middle, r - math.log(2)))


@planted(formulas.sigmoid, "binary", "value", {"false zero", "cancellation"}, (-20.0, 0.0))
def by_tanh(z, t):
    """The lower tail is rounded to 0, the upper is right."""
    return 0.5 * (1 + jnp.tanh(z / 2))


@planted(losses.softmax_cross_entropy, "one_hot", "value", {"wrong maths"}, ((1.0, 0.0, 0.5), (0.0, 0.0, 1.0)))
def third_class_dearer(z, t):
    """The third class has a weight left from another experiment."""
    weight = jnp.where(jnp.arange(z.shape[-1]) == 2, 1.002, 1).astype(z.dtype)
    return jnp.sum(weight * t) * cross_entropy(z, t)


@planted(losses.softmax_squared_error, "simplex", "value", {"wrong maths"}, ((1.0, 0.0, 0.5), (0.0, 0.0, 1.0)))
def mean_of_many(z, t):
    """Twice the mean, which is the sum over 2 classes only."""
    return 2 * jnp.mean((jax.nn.softmax(z) - t) ** 2)


@planted(losses.sigmoid_cross_entropy, "unit", "value", NOT_FINITE, (-120.0, 0.0))
def unguarded_target(z, t):
    """For negative logits, the logarithm of a probability that underflows, times a target of 0."""
    log_s = jnp.where(z > 0, -jnp.log1p(jnp.exp(-jnp.abs(z))), jnp.log(expit(z)))
    return -t * log_s + (1 - t) * softplus(z)


@planted(losses.log_cosh, "real", "grad", DIGITS, (0.98, 0.0), below=[log_cosh])
def rational_tanh(z, t):
    """A rational approximation on [-1, 1] that is 1e-5 off at its ends."""
    r = z - t
    x = jnp.clip(r, -1, 1)
    near = x * (105 + 10 * x * x) / (105 + 45 * x * x + x**4)
    return jnp.where(jnp.abs(r) < 1, near, jnp.tanh(r))


@planted(formulas.poisson_nll, "count", "value", {*NOT_FINITE, "broken invariant"}, (-120.0, 0.0), points="standard")
def log_of_rate(z, t):
    """Through the rate, whose logarithm the compiler undoes and eager evaluation takes."""
    rate = jnp.exp(z)
    return rate - t * jnp.log(rate)


@planted(losses.huber(delta=1.0), "real", "value", DIGITS, (1.008, 0.0))
def wide_middle(z, t):
    """The quadratic part goes on to 1.01."""
    r = jnp.abs(z - t)
    return jnp.where(r <= 1.01, r * r / 2, r - 0.5)


@planted(
    losses.logistic,
    "margin",
    "hess",
    {"false zero", *NOT_FINITE},
    (-60.0, 1.0),
    below=[lambda z, t: softplus(-t * z), lambda z, t: -t * expit(-t * z)],
)
def one_sided_curvature(z, t):
    """Its square overflows on one side."""
    e = jnp.exp(-t * z)
    return e / (1 + e) ** 2


@planted(
    losses.squared_hinge,
    "margin",
    "hess",
    {"wrong maths"},
    (0.5, -1.0),
    below=[lambda z, t: jnp.maximum(0, 1 - t * z) ** 2, lambda z, t: -2 * t * jnp.maximum(0, 1 - t * z)],
)
def signed_curvature(z, t):
    """2 t for 2 t^2: right for one class."""
    return jnp.where(t * z < 1, 2 * t, 0)


@planted(formulas.softplus, "binary", "grad", DIGITS, (5e-4, 0.0), below=[softplus])
def flat_at_zero(z, t):
    """A constant in a window around 0."""
    return jnp.where(jnp.abs(z) < 1e-3, 0.5, expit(z))


@planted(formulas.softplus, "binary", "grad", DIGITS, (-1.0, 0.0), below=[softplus])
def differences(z, t):
    """Central differences for a derivative."""
    return (softplus(z + 0.02) - softplus(z - 0.02)) / 0.04


@planted(losses.softmax_cross_entropy, "one_hot", "value", {*DIGITS, "broken invariant"}, ((0.0, 18.0), (1.0, 0.0)))
def padded_logarithm(z, t):
    """A small number is added, so that the logarithm never sees 0."""
    return -jnp.log(jnp.sum(t * jax.nn.softmax(z)) + 1e-7)


@planted(
    losses.softmax_cross_entropy,
    "one_hot",
    "hess",
    {"wrong maths", "broken invariant"},
    ((1.0, 0.0, 0.5), (0.0, 0.0, 1.0)),
    below=[cross_entropy],
)
def fixed_normaliser(z, t):
    """The gradient is right; the normaliser is held fixed when it is differentiated."""
    return jnp.exp(z - jax.lax.stop_gradient(log_normaliser(z))) - t


@planted(losses.sigmoid_cross_entropy, "unit", "value", DIGITS, (5.0, 1.0))
def shaved_target(z, t):
    """Targets are kept a little below 1."""
    return softplus(z) - z * jnp.minimum(t, 0.999)


@planted(losses.log_cosh, "real", "value", DIGITS, (1.5, 0.0), dtype="float64")
def short_constant(z, t):
    """log 2 to seven digits."""
    r = jnp.abs(z - t)
    near = jnp.where(r < 1, r, 0)
    return jnp.where(r < 1, jnp.log1p(2 * jnp.sinh(near / 2) ** 2), r - 0.6931472 + jnp.log1p(jnp.exp(-2 * r)))


@planted(formulas.logsumexp, "one_hot", "value", NOT_FINITE, ((0.0, 95.0), (1.0, 0.0)))
def first_subtracted(z, t):
    """The first logit is subtracted, not the largest."""
    return z[0] + jnp.log(jnp.sum(jnp.exp(z - z[0])))


@planted(
    losses.crammer_singer,
    "one_hot",
    "value",
    {"wrong maths", "kink", "false zero"},
    ((1.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
)
def tie_is_right(z, t):
    """A rival as good as the right class costs nothing, where it costs the margin."""
    rival = jnp.max(jnp.where(t > 0, -jnp.inf, z))
    y = jnp.sum(t * z)
    return jnp.where(rival == y, 0, jnp.maximum(0, 1 + rival - y))


# Right, if unusual.


@right(losses.half_squared_error, "real", ORDERS)
def halved_first(z, t):
    """A product of unlike factors, one of them halved: nothing overflows before the value does."""
    return jnp.vdot(z - t, 0.5 * (z - t))


@right(losses.huber(delta=1.0), "real", ORDERS)
def by_clipping(z, t):
    """No branches: c (r - c / 2), c the residual clipped to [-1, 1]."""
    r = z - t
    c = jnp.clip(r, -1, 1)
    return c * (r - c / 2)


@right(losses.squared_hinge, "margin", ORDERS)
def by_conditional(z, t):
    """A conditional of two programs."""
    return jax.lax.cond(t * z < 1, lambda r: r * r, jnp.zeros_like, 1 - t * z)


@right(formulas.sigmoid, "binary", ("value", "grad"))
def exponential_of_softplus(z, t):
    """The exponential of a logarithm that keeps its tails."""
    return jnp.exp(-jnp.logaddexp(-z, 0))


@right(losses.sigmoid_cross_entropy, "unit", ("value",))
def mixed(z, t):
    """The mean of both losses, weighed by the target: two terms that are never negative."""
    return t * jax.nn.softplus(-z) + (1 - t) * jax.nn.softplus(z)


@right(losses.multiclass_perceptron, "one_hot", ("value", "grad"))
def best_gap(z, t):
    """The largest of the gaps to the right class; a tie shares the derivative."""
    return jnp.max(z - jnp.sum(t * z))


def odds(z, t):
    """The softmax from the odds against the right class: log(1 + sum_k e^(z_k - z_y)), k not y."""
    gap = jnp.where(t > 0, -jnp.inf, z - jnp.sum(t * z))
    top = jnp.maximum(0, jnp.max(gap))
    inside = jnp.exp(-top) - 1 + jnp.sum(jnp.exp(gap - top))
    return jnp.where(top > 0, top + jnp.log1p(inside), jnp.log1p(jnp.sum(jnp.exp(jnp.minimum(gap, 0)))))


def _odds_slope(z, t):
    p = jnp.where(t > 0, 0, jnp.exp(z - log_normaliser(z)))
    return p - t * jnp.sum(p)


RIGHT.append(
    Case(
        "odds",
        "odds(z, t)",
        losses.softmax_cross_entropy,
        "one_hot",
        derived(odds, _odds_slope),
        quantities=("value", "grad"),
        dtypes=("float32",),
    )
)


@right(losses.log_cosh, "real", ("value", "grad"))
def by_scan(z, t):
    """log cosh r = log(1 + sinh^2 r) / 2 below 5; a loop of one turn around it."""
    r = z - t
    near = jnp.clip(r, -5, 5)
    far = jnp.abs(r) - math.log(2) + jnp.log1p(jnp.exp(-2 * jnp.abs(r)))
    cost, _ = jax.lax.scan(lambda c, s: (c + jnp.log1p(s * s) / 2, None), jnp.zeros_like(r), jnp.sinh(near)[None])
    return jnp.where(jnp.abs(r) < 5, cost, far)


LIBRARY = Library(
    name="planted",
    distribution="lossjax",
    imports="from planted_defects import *",
    cases=(*(d.case for d in DEFECTS), *RIGHT),
    left_out={},
)
