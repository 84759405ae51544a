"""What a network is trained on, and how its outputs become log posteriors for the search."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from lossjax.losses import (
    one_against_rest_squared_hinge,
    one_hot_squared_error,
    rescaled_squared_error,
    sigmoid_squared_error,
    softmax_cross_entropy,
    softmax_squared_error,
    sum_over_outputs,
)
from lossjax.training.metrics import linear_posterior, sigmoid_posterior, softmax_posterior

# Hui and Belkin's level of the right class from 42 classes on; with weight 1 the best output is M p(class).
LEVEL = 15.0
_RESCALED = rescaled_squared_error(1.0, LEVEL)
_SIGMOID = sum_over_outputs(sigmoid_squared_error)


class Criterion(NamedTuple):
    """loss(z, labels): one number an example, from the catalogue. log_posterior: z (n, c) -> log p (n, c).

    estimates: are the outputs estimates of posteriors that only clipping makes so? Then kappa stays low: the rarest
    states have priors near the clip, and would win everywhere.
    """

    name: str
    loss: Callable
    log_posterior: Callable
    estimates: bool = False


def _each_output(z, labels):
    return _SIGMOID(z, jax.nn.one_hot(labels, z.shape[-1], dtype=z.dtype))


CE = Criterion("CE", softmax_cross_entropy, softmax_posterior)
SE = Criterion("SE", softmax_squared_error, softmax_posterior)
SIGMOID_SE = Criterion("SE, sigmoid outputs", _each_output, sigmoid_posterior)
LINEAR_SE = Criterion("SE, linear outputs", one_hot_squared_error, linear_posterior, estimates=True)
RESCALED_SE = Criterion(
    "SE, linear outputs, rescaled", _RESCALED, lambda z: linear_posterior(z / LEVEL), estimates=True
)
# The squared hinge's best output is 2 p(class) - 1 (its surrogate is calibrated).
HINGE = Criterion(
    "squared hinge",
    one_against_rest_squared_hinge,
    lambda z: linear_posterior((1 + z) / 2),
    estimates=True,
)

ALL = (CE, SE, SIGMOID_SE, LINEAR_SE, RESCALED_SE, HINGE)
NAMED = {criterion.name: criterion for criterion in ALL}


def mean_loss(criterion: Criterion, z: jax.Array, labels: jax.Array) -> jax.Array:
    """Its mean over examples."""
    return jnp.mean(criterion.loss(z, labels))
