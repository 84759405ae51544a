"""Every seed with examples of its own: intervals are then over draws of the data too, not over starts alone.

The members of a population share its data. Here these are the numbers of examples, and a network carries what the
numbers stand for beside its weights: drawn by the key of its seed, the same for every loss, and never moved.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from lossjax.data import regression
from lossjax.training.models import Network
from lossjax.training.population import Examples


class Sizes(NamedTuple):
    """Examples of each split, numbered in this order."""

    train: int
    dev: int
    test: int

    def numbers(self) -> dict[str, np.ndarray]:
        """Split -> the numbers of its examples."""
        return dict(zip(self._fields, np.split(np.arange(sum(self)), np.cumsum(self)[:-1])))

    def data(self) -> dict[str, Examples]:
        """What a population is given. A target of one column, as z has columns: it is not looked at."""
        return {name: Examples(i, np.zeros((len(i), 1), np.float32)) for name, i in self.numbers().items()}


def carrying(net: Network, draw: Callable) -> Network:
    """The network with its own examples, `draw(key, scale) -> (x, t)`: z at number i has t_i as its last column.

    scale: a member's, free to choose among draws; the output weights start alike, at the scale 0.1.
    """

    def init(key, scale):
        x, t = draw(jax.random.fold_in(key, 1), scale)
        return {"weights": net.init(key, 0.1), "x": x, "t": t}

    def apply(params, i):
        x, t = jax.lax.stop_gradient((params["x"][i], params["t"][i]))
        return jnp.column_stack([net.apply(params["weights"], x), t])

    return Network(f"{net.name}, own examples", init, apply)


class _Rng:
    """What a noise asks of a generator, by a key."""

    def __init__(self, key: Key[Array, ""]):
        self._key = key

    def normal(self, size: int) -> Float[Array, " n"]:
        return jax.random.normal(self._key, (size,))

    def standard_t(self, df: float, size: int) -> Float[Array, " n"]:
        return jax.random.t(self._key, df, (size,))


def made(noises: tuple[regression.Noise, ...], sizes: Sizes) -> Callable:
    """A draw of t = mean(x) + noise, the noise of the number `scale`; the test targets are the mean itself."""

    def draw(key, scale):
        of_x, of_noise = jax.random.split(key)
        x = jax.random.uniform(of_x, (sum(sizes), regression.INPUTS), minval=-1.0, maxval=1.0)
        drawn = [noise.draw(_Rng(of_noise), x) for noise in noises]
        chosen = jnp.select([scale == k for k in range(len(noises))], drawn)
        clean = jnp.arange(sum(sizes)) >= sizes.train + sizes.dev
        return x, regression.mean(x) + jnp.where(clean, 0, chosen)

    return draw


def resplit(x: Float[np.ndarray, "n d"], t: Float[np.ndarray, " n"]) -> Callable:
    """A draw of the order of these examples, so of the splits."""

    def draw(key, scale):
        order = jax.random.permutation(key, len(t))
        return jnp.asarray(x)[order], jnp.asarray(t)[order]

    return draw
