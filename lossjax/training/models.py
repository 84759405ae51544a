"""Networks as two pure functions that return pre-activations only; Flax stays inside this file."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx


class Network(NamedTuple):
    """`init(key, scale) -> params` and `apply(params, x) -> z`, x of shape (n, *features), z of (n, classes) or (n,).

    `scale` may be traced: it makes a start small or saturated. What it scales is the network's to say.
    """

    name: str
    init: Callable
    apply: Callable


class _Perceptron(nnx.Module):
    def __init__(self, widths, activation, dtype, rngs):
        *hidden, last = pairwise(widths)
        glorot, normal = nnx.initializers.glorot_uniform(), nnx.initializers.normal(1.0)
        self.hidden = nnx.List([_linear(shape, glorot, dtype, rngs) for shape in hidden])
        self.output = _linear(last, normal, dtype, rngs)
        self.activation = activation

    def __call__(self, x):
        x = x.reshape(len(x), -1)
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.output(x)


def _linear(shape, kernel_init, dtype, rngs):
    return nnx.Linear(*shape, kernel_init=kernel_init, dtype=dtype, rngs=rngs)


def perceptron(name: str, *widths: int, activation: Callable = jax.nn.sigmoid, dtype=jnp.float32) -> Network:
    """Layers (Glorot uniform, zero biases), then a linear one; two widths make a linear model.

    scale: the standard deviation of the output weights; the same key draws the same standard normal ones at every
    scale. dtype: that of the products and of z; weights are float32.
    """

    def rescale(model, scale):
        kernel = model.output.kernel
        kernel[...] = kernel[...] * scale

    return of_module(name, lambda key: _Perceptron(widths, activation, dtype, nnx.Rngs(key)), rescale)


def of_module(name: str, make: Callable, rescale: Callable) -> Network:
    """The network of any nnx module: `make(key) -> module`; `rescale(module, scale)` changes its first weights in place.

    The module must return pre-activations and keep no state besides its weights.
    """
    graph, _ = nnx.split(nnx.eval_shape(lambda: make(jax.random.key(0))))

    def init(key, scale):
        model = make(key)
        rescale(model, scale)
        return nnx.state(model)

    def apply(params, x):
        return nnx.merge(graph, params)(x)

    return Network(name, init, apply)


def single(network: Network) -> Network:
    """The network with its one output as a number per example, z of shape (n,)."""
    return network._replace(apply=lambda params, x: network.apply(params, x)[:, 0])
