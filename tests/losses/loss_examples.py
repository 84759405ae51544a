"""Tame examples of every target set, away from kinks, for tests that go through the catalogue."""

import jax.numpy as jnp
import numpy as np

KINDS = {
    "real": lambda rng, shape: rng.normal(size=shape),
    "unit": lambda rng, shape: rng.uniform(0.05, 0.95, size=shape),
    "binary": lambda rng, shape: rng.integers(0, 2, size=shape).astype(float),
    "margin": lambda rng, shape: rng.choice([-1.0, 1.0], size=shape),
    "tanh": lambda rng, shape: rng.uniform(-0.95, 0.95, size=shape),
    "count": lambda rng, shape: rng.integers(0, 9, size=shape).astype(float),
    "one_hot": lambda rng, shape: np.eye(shape[-1])[rng.integers(0, shape[-1], size=shape[:-1])],
    "simplex": lambda rng, shape: rng.dirichlet(np.ones(shape[-1]), size=shape[:-1]),
}

# One number outside each set, put in place of an entry of the target.
OUTSIDE = {
    "real": np.inf,
    "unit": 1.5,
    "binary": 0.5,
    "margin": 0.0,
    "tanh": -1.25,
    "count": 2.5,
    "one_hot": 0.5,
    "simplex": -0.5,
}


def kind(loss) -> str:
    """The name of the target set of one output."""
    return loss.targets.name.removesuffix("^K")


def example(loss, batch=(6,), classes=4, dtype=jnp.float32, seed=0):
    """z and t of this batch shape, of a few units."""
    rng = np.random.default_rng(seed)
    shape = (*batch, classes) if loss.event_ndim else batch
    z = 1.5 * rng.normal(size=shape)
    return jnp.asarray(z, dtype), jnp.asarray(KINDS[kind(loss)](rng, shape), dtype)
