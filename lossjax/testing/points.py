"""Kinds of points at which a test looks: ordinary ones, ties and kinks, tails, very small and very large numbers."""

import jax.numpy as jnp
import ml_dtypes
import numpy as np

# name -> (a random generator, a shape) -> numbers
KINDS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "zeros": lambda rng, shape: np.zeros(shape),  # where ties are: of max, of abs, of relu
    "tail": lambda rng, shape: rng.uniform(10, 30, shape) * rng.choice([-1.0, 1.0], shape),  # where sigmoids are flat
    "ones": lambda rng, shape: np.ones(shape),  # the margin of a hinge
    "equal": lambda rng, shape: np.full(shape, rng.standard_normal()),
    "tiny": lambda rng, shape: rng.standard_normal(shape) * 1e-4,
    "large": lambda rng, shape: rng.standard_normal(shape) * 1e3,
    "integers": lambda rng, shape: rng.integers(-3, 4, shape).astype(np.float64),
}


def point(kind: str, shape, dtype, seed: int):
    """An array of this kind."""
    x = np.asarray(KINDS[kind](np.random.default_rng(seed), shape))
    if np.abs(x).max(initial=0) > float(ml_dtypes.finfo(jnp.dtype(dtype)).max):
        raise ValueError(f"points of the kind {kind!r} are beyond the range of {dtype}")
    return jnp.asarray(x, dtype)
