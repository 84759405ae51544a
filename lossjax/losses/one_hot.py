"""Reading a one-hot target, given as such or by its class."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Label:
    """The one-hot target of a class: z at the class is read, not summed out of K products with 0 and 1."""

    index: Any  # integers; whatever JAX puts in the place of an array
    classes: int = dataclasses.field(metadata={"static": True})


@jax.custom_jvp
def _fixed(t):
    return t


@_fixed.defjvp
def _(primals, tangents):
    raise TypeError(
        "a one-hot target is a choice of a class: there is no derivative in it; use a loss with soft targets, "
        "such as softmax_cross_entropy, or jax.lax.stop_gradient(t)"
    )


def chosen(t: Float[Array, " K"] | Label) -> Bool[Array, " K"]:
    """Where is the class of t? Differentiating through it in t raises TypeError."""
    if isinstance(t, Label):
        return jnp.arange(t.classes) == t.index
    return _fixed(t) > 0


def others(t: Float[Array, " K"] | Label, x: Float[Array, " K"]) -> Float[Array, " K"]:
    """x, with 0 at the class of t."""
    return jnp.where(chosen(t), 0, x)


def at(t: Float[Array, " K"] | Label, x: Float[Array, " K"]) -> Float[Array, ""]:
    """The entry of x at the class of t, whatever the others hold."""
    if isinstance(t, Label):
        return jax.lax.dynamic_index_in_dim(x, t.index, keepdims=False)
    return jnp.sum(jnp.where(chosen(t), x, 0))


def put(t: Float[Array, " K"] | Label, x: Float[Array, " K"], y: Float[Array, ""]) -> Float[Array, " K"]:
    """x, with y at the class of t."""
    return jnp.where(chosen(t), y, x)


def best_other(z: Float[Array, " K"], t: Float[Array, " K"]) -> tuple[Float[Array, ""], Bool[Array, " K"]]:
    """The largest z of the other classes, -inf if there are none, and where it is: the first of equals."""
    wrong = jnp.where(chosen(t), -jnp.inf, z)
    # With a single class, or masked others, the place of the maximum must still not be the class itself.
    first = jnp.arange(z.shape[-1]) == jnp.argmax(wrong)
    return jnp.max(wrong), first & ~chosen(t)
