"""Where training begins: random weights of several sizes, the same draws of a seed at all of them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from lossjax.training.members import keys
from lossjax.training.models import Network


class Start(NamedTuple):
    """Weights uniform in +- gain r, biases 0; the output layer times `output` besides.

    r = sqrt(6 / (a + b)) for a layer from a to b units (Glorot and Bengio 2010), or 1 / sqrt(a) where `fan_in`.
    """

    name: str
    gain: float = 1.0
    output: float = 1.0
    fan_in: bool = False


GLOROT = Start("Glorot")
UNIFORM = Start("uniform 1/sqrt(n)", fan_in=True)
LARGE = Start("4 x Glorot", gain=4.0)
SMALL_OUTPUT = Start("4 x Glorot, small output", gain=4.0, output=0.1)
RANDOM = (GLOROT, UNIFORM, LARGE, SMALL_OUTPUT)
NAMED = {start.name: start for start in RANDOM}


def weights(start: Start, network: Network, seed: int) -> Any:
    """The first parameters of a network; layers that two networks share begin alike."""
    key = keys(seed)[0]

    def drawn(path, leaf):
        if leaf.ndim < 2:
            return jnp.zeros_like(leaf)
        a, b = leaf.shape
        reach = start.gain * (1 / a**0.5 if start.fan_in else (6 / (a + b)) ** 0.5)
        layer, is_output = _layer(path)
        draws = jax.random.uniform(jax.random.fold_in(key, layer), leaf.shape, minval=-1, maxval=1)
        return draws * (reach * (start.output if is_output else 1.0))

    shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), 1.0))
    return jax.tree_util.tree_map_with_path(lambda path, s: drawn(path, jnp.zeros(s.shape, s.dtype)), shapes)


def _layer(path):
    """(number, is it the output layer?) of a weight; the output has number 0 at every depth."""
    names: list[Any] = [getattr(part, "key", None) for part in path]
    return (0, True) if names[0] == "output" else (1 + names[1], False)


def with_hidden_of(trained: Any, fresh: Any) -> Any:
    """`fresh`, with the hidden layers that `trained` has too taken from there."""
    known: dict[str, Array] = {
        jax.tree_util.keystr(path): leaf
        for path, leaf in jax.tree_util.tree_flatten_with_path(trained)[0]
        if not _layer(path)[1]
    }
    return jax.tree_util.tree_map_with_path(lambda path, leaf: known.get(jax.tree_util.keystr(path), leaf), fresh)
