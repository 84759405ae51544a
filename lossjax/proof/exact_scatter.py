"""Where scatter-add puts each update: found by letting JAX transpose it over element numbers."""

import jax
import jax.numpy as jnp
import numpy as np

from .exact_structure import by_jax


def targets(op, shape, index, update_shape):
    """Flat position of each update in the operand, (lead, updates); -1 where it is dropped."""
    numbers = jnp.arange(1, int(np.prod(shape, dtype=int)) + 1, dtype=jnp.float64).reshape(shape)
    params = {k: op.params[k] for k in ("dimension_numbers", "indices_are_sorted", "unique_indices", "mode")}

    def place(i):
        def scatter(u):
            return jax.lax.scatter_add(jnp.zeros(shape), i, u, **params)

        return jax.vjp(scatter, jnp.zeros(update_shape))[1](numbers)[0].reshape(-1)

    with jax.enable_x64(True):
        return np.rint(by_jax(place, [index])).astype(np.int64) - 1
