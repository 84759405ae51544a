"""Networks as two pure functions that return pre-activations only; Flax stays inside this file."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import jax
from flax import nnx


class Network(NamedTuple):
    """`init(key, output_std) -> params` and `apply(params, x) -> z`, x of shape (batch, inputs), z of (batch, classes).

    `output_std`, the standard deviation of the output weights, may be traced: it makes a start small or saturated.
    """

    name: str
    init: Callable
    apply: Callable


class _Perceptron(nnx.Module):
    def __init__(self, widths, output_std, rngs):
        *hidden, last = pairwise(widths)
        self.hidden = nnx.List([_linear(shape, nnx.initializers.glorot_uniform(), rngs) for shape in hidden])
        self.output = _linear(last, nnx.initializers.normal(output_std), rngs)

    def __call__(self, x):
        for layer in self.hidden:
            x = jax.nn.sigmoid(layer(x))
        return self.output(x)


def _linear(shape, kernel_init, rngs):
    return nnx.Linear(*shape, kernel_init=kernel_init, rngs=rngs)


def perceptron(name: str, *widths: int) -> Network:
    """Sigmoid layers (Glorot uniform, zero biases), then a linear one; two widths make a linear model.

    The same key draws the same standard normal output weights at every `output_std`.
    """

    def make(key, output_std):
        return _Perceptron(widths, output_std, nnx.Rngs(key))

    graph, _ = nnx.split(nnx.eval_shape(lambda: make(jax.random.key(0), 1.0)))

    def init(key, output_std):
        return nnx.state(make(key, output_std))

    def apply(params, x):
        return nnx.merge(graph, params)(x)

    return Network(name, init, apply)
