"""The softmax beside a one-hot target: what its losses need, in few passes over the classes and without a choice in any.

On a CPU a pass over K classes that is one sum of arithmetic runs at the speed of memory. XLA makes slow loops of choices
by a condition, of two sums in one, and of constants that two loops share. Therefore every pass has a `one` of its own,
a 1 that the compiler does not know, made of the pass before, and takes its constants from it.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from . import pair
from .one_hot import Label, at, others
from .softmax import LIFT


class OneHotWeights(NamedTuple):
    """The weights exp(-gap), gap the distance to the largest z, times LIFT: small ones together are a normal number."""

    peak: Float[Array, ""]  # the largest z
    gap: Float[Array, ""]  # of the label's class
    own: Float[Array, ""]  # its weight
    wrong: Float[Array, ""]  # the sum of the other weights


def weights(z: Float[Array, " K"], t: Float[Array, " K"] | Label) -> OneHotWeights:
    """The weights of z. One +inf is the limit p = 1 there; several of them, or -inf throughout, give NaN."""
    peak = jnp.max(z)
    one = pair.one(peak)
    # Beside the largest weight each of many small ones would be rounded away.
    large = jnp.sum(others(t, one) * coarse(lifted_exp(below(z, peak, one), one), one))
    one = pair.one(large)
    e = lifted_exp(below(z, peak, one), one)
    wrong = large + jnp.sum(others(t, one) * (e - coarse(e, one)))
    one = pair.one(wrong)
    chosen = at(t, z)
    own = lifted_exp(below(chosen, peak, one), one)
    several = jnp.isinf(peak) & (wrong + own > LIFT)
    gap = jnp.where(chosen == peak, 0, peak - chosen)
    return OneHotWeights(peak, gap, own, jnp.where(several, jnp.nan, wrong))


def below(z: Float[Array, "..."], peak: Float[Array, ""], one: Float[Array, ""]) -> Float[Array, "..."]:
    """z - peak, 0 where both are inf."""
    return jnp.minimum(z - jnp.minimum(peak, jnp.finfo(z.dtype).max) * one, 0 * one)


def lifted_exp(x: Float[Array, "..."], one: Float[Array, ""]) -> Float[Array, "..."]:
    """LIFT exp(x) as a square, since exp(x) may be flushed."""
    root = (LIFT**0.5 * one) * jnp.exp(x * (0.5 * one))
    return root * root


def coarse(e: Float[Array, "..."], one: Float[Array, ""]) -> Float[Array, "..."]:
    """The weight to 8 binary places: thousands of these are summed without rounding."""
    unit = LIFT / 256
    return jnp.floor(e * (one / unit)) * (one * unit)
