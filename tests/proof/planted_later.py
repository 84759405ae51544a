"""More planted mistakes, written after the first had been swept and before any sweep of these.

Some mistakes of the first lot sit on a base that loses digits of its own, which hides them: two are planted again on a
base that is right. The others hide where a sweep may not look. The right ones replace four that turned out to be wrong
at the edge of the normal numbers or at large logits.
"""

import dataclasses

import jax
import jax.numpy as jnp
import planted_defects as first
from planted_defects import DEFECTS, DIGITS, RIGHT, derived, expit, odds, planted, right, softplus

from lossjax import losses
from lossjax.proof.audit import formulas


def odds_slope(z, t):
    e = jnp.exp(z - jnp.max(z))
    p = jnp.where(t > 0, 0, e / jnp.sum(e))
    return p - t * jnp.sum(p)


@planted(formulas.softplus, "binary", "value", {*DIGITS, "broken invariant"}, (-8.0, 0.0))
def wrong_sign_alone(z, t):
    """Below -6 the tail has the wrong sign."""
    tail = jnp.log1p(jnp.exp(-jnp.abs(z)))
    return jnp.where(z < -6, -tail, jnp.maximum(z, 0) + tail)


@planted(losses.softmax_cross_entropy, "one_hot", "value", {"wrong maths"}, ((1.0, 0.0, 0.5), (0.0, 0.0, 1.0)))
def third_class_dearer_alone(z, t):
    """The third class has a weight left from another experiment."""
    return jnp.sum(jnp.where(jnp.arange(z.shape[-1]) == 2, 1.002, 1).astype(z.dtype) * t) * odds(z, t)


@planted(formulas.logsumexp, "one_hot", "value", DIGITS, ((0.5,) * 100, (1.0,) + (0.0,) * 99), points="standard")
def whole_chunks_only(z, t):
    """In chunks of 64: what is left over is forgotten, beyond the first chunk."""
    kept = z[: max(z.shape[-1] // 64 * 64, min(z.shape[-1], 64))]
    top = jnp.max(kept)
    return top + jnp.log(jnp.sum(jnp.exp(kept - top)))


@planted(
    losses.softmax_cross_entropy,
    "one_hot",
    "value",
    {"wrong maths", "false NaN/inf"},
    ((0.5,) * 299 + (2.5,), (0.0,) * 299 + (1.0,)),
    points="standard",
)
def label_of_a_byte(z, t):
    """The label is kept in 8 bits, which hold 128 classes."""
    label = jnp.argmax(t).astype(jnp.int8).astype(jnp.int32)
    return odds(z, (jnp.arange(z.shape[-1]) == label).astype(z.dtype))


@planted(formulas.softplus, "binary", "grad", DIGITS, (8.015, 0.0), below=[softplus])
def held_table_entry(z, t):
    """One entry of a table is held too long: from 8 to 8.02."""
    return jnp.where((z > 8) & (z < 8.02), expit(jnp.full_like(z, 8)), expit(z))


@planted(
    losses.softmax_cross_entropy,
    "one_hot",
    "grad",
    {"false NaN/inf"},
    ((2.0, 0.5, 0.5), (1.0, 0.0, 0.0)),
    below=[odds],
)
def divided_by_the_gap(z, t):
    """Two losing classes that tie are divided by their gap, 0."""
    low, next_low = -jax.lax.top_k(-z, 2)[0] if z.shape[-1] > 2 else (z[0], z[0] - 1)
    return odds_slope(z, t) * ((low - next_low) / (low - next_low))


@planted(
    losses.half_squared_error,
    "real",
    "grad",
    {"wrong maths", "cancellation", "kink"},
    (1.0, 2e3),
    below=[lambda z, t: (z - t) * (z - t) / 2],
)
def clipped_target(z, t):
    """Targets beyond 1000 are taken for outliers."""
    return z - jnp.clip(t, -1e3, 1e3)


@planted(losses.gaussian_nll(1.0), "real", "value", DIGITS, (0.5, 0.0))
def rounded_constant(z, t):
    """log(2 pi) / 2 to five digits."""
    return 0.91894 + (z - t) * (0.5 * (z - t))


@right(losses.half_squared_error, "real", ("value", "grad", "hess"))
def tangent(z, t):
    """The derivative by hand, from the other side."""
    return derived(lambda z, t: (0.5 * (z - t)) * (z - t), lambda z, t: -(t - z))(z, t)


@right(losses.softmax_cross_entropy, "one_hot", ("value", "grad"))
def odds_against(z, t):
    """Cross-entropy without a logarithm of a sum over all classes."""
    return derived(odds, odds_slope)(z, t)


@right(losses.log_cosh, "real", ("value", "grad"))
def by_sinh(z, t):
    """log(1 + 2 sinh^2(r / 2)), and beyond 1 from the larger exponential."""

    def value(z, t):
        r = jnp.abs(z - t)
        s = jnp.sinh(jnp.where(r < 1, r, 0) / 2)
        return jnp.where(r < 1, jnp.log1p((2 * s) * s), r - jnp.log(2.0) + jnp.log1p(jnp.exp(-2 * r)))

    return derived(value, lambda z, t: jnp.tanh(z - t))(z, t)


@right(losses.logistic, "margin", ("value", "grad", "hess"))
def by_switch(z, t):
    """A switch between two programs, one a class."""
    return jax.lax.switch((t > 0).astype(jnp.int32), [jax.nn.softplus, lambda z: -jax.nn.log_sigmoid(z)], z)


@right(losses.crammer_singer, "one_hot", ("value", "grad"))
def by_sorting(z, t):
    """The best rival as the first of a sorted list: at a tie one of them has the whole derivative."""
    rival = jax.lax.top_k(jnp.where(t > 0, -jnp.inf, z), 1)[0][0]
    return jax.nn.relu(1 + rival - jnp.sum(t * z))


LIBRARY = dataclasses.replace(first.LIBRARY, cases=(*(d.case for d in DEFECTS), *RIGHT))
