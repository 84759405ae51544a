"""The softmax beside a one-hot target: what its losses need, in few passes over the classes."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from . import pair
from .one_hot import Label, at, others
from .softmax import LIFT

_FEW = 8  # weights that are summed one after another: what is lost beside a 1 is less than half an ulp each


class OneHotWeights(NamedTuple):
    """The weights exp(-gap), gap the distance to the largest z, times LIFT: small ones together are a normal number."""

    gap: Float[Array, ""]  # of the label's class
    own: Float[Array, ""]  # its weight
    others: Float[Array, " K"]  # the other weights, 0 at the label
    wrong: Float[Array, ""]  # their sum


def weights(z: Float[Array, " K"], t: Float[Array, " K"] | Label) -> OneHotWeights:
    """The weights of z. One +inf is the limit p = 1 there; several of them, or -inf throughout, give NaN."""
    peak, chosen = jnp.max(z), at(t, z)
    one = pair.one(peak)
    rest = others(t, lifted_exp(below(z, peak), one))
    wrong, own = total(rest), lifted_exp(below(chosen, peak), one)
    several = jnp.isinf(peak) & (wrong + own > LIFT)
    gap = jnp.where(chosen == peak, 0, peak - chosen)
    return OneHotWeights(gap, own, rest, jnp.where(several, jnp.nan, wrong))


def below(z: Float[Array, "..."], peak: Float[Array, ""]) -> Float[Array, "..."]:
    """z - peak, 0 where both are inf."""
    x = z - jnp.minimum(peak, jnp.finfo(z.dtype).max)
    return jnp.where(x > 0, 0, x)  # a minimum looks for NaN as well


def lifted_exp(x: Float[Array, "..."], one: Float[Array, ""]) -> Float[Array, "..."]:
    """LIFT exp(x) as a square, since exp(x) may be flushed; one = 1 is no number that XLA knows, or it would undo that."""
    root = LIFT**0.5 * one * jnp.exp(0.5 * x)
    return root * root


def total(x: Float[Array, " K"]) -> Float[Array, ""]:
    """The sum of weights times LIFT, over blocks of classes: beside a weight of 1 thousands of small ones would be lost.

    The sums of many blocks are cut at 8 binary places: thousands of the first parts are summed without rounding.
    """
    classes = x.shape[-1]
    width = max(n for n in range(1, max(1, min(40, classes // 2)) + 1) if classes % n == 0)
    blocks = jnp.sum(x.reshape(-1, width), axis=1)
    if width + len(blocks) <= _FEW:
        return jnp.sum(lax.optimization_barrier(blocks))  # or XLA makes one sum of both
    unit = LIFT / 256
    coarse = jnp.floor(blocks * (1 / unit)) * unit
    return jnp.sum(coarse) + jnp.sum(blocks - coarse)
