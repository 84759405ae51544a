"""Reading a one-hot target."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


@jax.custom_jvp
def _fixed(t):
    return t


@_fixed.defjvp
def _(primals, tangents):
    raise TypeError(
        "a one-hot target is a choice of a class: there is no derivative in it; use a loss with soft targets, "
        "such as softmax_cross_entropy, or jax.lax.stop_gradient(t)"
    )


def chosen(t: Float[Array, " K"]) -> Bool[Array, " K"]:
    """Where is the class of t? Differentiating through it in t raises TypeError."""
    return _fixed(t) > 0


def at(t: Float[Array, " K"], x: Float[Array, " K"]) -> Float[Array, ""]:
    """The entry of x at the class of t, whatever the others hold."""
    return jnp.sum(jnp.where(chosen(t), x, 0))


def best_other(z: Float[Array, " K"], t: Float[Array, " K"]) -> tuple[Float[Array, ""], Bool[Array, " K"]]:
    """The largest z of the other classes, -inf if there are none, and where it is: the first of equals."""
    wrong = jnp.where(chosen(t), -jnp.inf, z)
    # With a single class, or masked others, the place of the maximum must still not be the class itself.
    first = jnp.arange(z.shape[-1]) == jnp.argmax(wrong)
    return jnp.max(wrong), first & ~chosen(t)
