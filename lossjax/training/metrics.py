"""What is measured of a network after an epoch; all of it on the device, a NaN pre-activation counted as wrong."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .models import Network

BINS = 15
CONFIDENTLY_WRONG = 1e-2
# A linear output is a posterior only where it lies between 0 and 1.
FLOOR = 1e-4


def softmax_posterior(z: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """log p of a softmax output."""
    return jax.nn.log_softmax(z)


def sigmoid_posterior(z: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """log p of K sigmoid outputs, normalised."""
    return jax.nn.log_softmax(jax.nn.log_sigmoid(z))


def linear_posterior(z: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """log p of K linear outputs that estimate posteriors: clipped to [1e-4, 1] and normalised."""
    return jax.nn.log_softmax(jnp.log(jnp.clip(z, FLOOR, 1)))


def binary_posterior(z: Float[Array, " n"]) -> Float[Array, "n 2"]:
    """log p of the negative and of the positive class of one sigmoid output."""
    return jnp.stack([jax.nn.log_sigmoid(-z), jax.nn.log_sigmoid(z)], axis=-1)


def classification(network: Network, loss: Callable, posterior: Callable = softmax_posterior) -> Callable:
    """A measure for Task: of every split, `<split>_` and

    loss: its mean. error: share of wrong classes. nll: mean of -log p(right). ece: expected calibration error, in 15
    bins of equal width. signal: mean 2-norm of dL/dz, the gradient that training sees. confidently_wrong: share of
    examples with p(right) < 1e-2. zeros: share of the entries of dL/dz that are exactly 0.
    """

    def measure(params, data):
        return _each_split(lambda z, t: _classified(z, t, posterior) | _slopes(loss, z, t), network, params, data)

    return measure


def regression(network: Network, loss: Callable) -> Callable:
    """A measure for Task: of every split, `<split>_` and

    loss, signal, zeros: as of a classification. squared, absolute: mean (z - t)^2 and |z - t|.
    """

    def residuals(z, t):
        return {"squared": jnp.mean((z - t) ** 2), "absolute": jnp.mean(jnp.abs(z - t))}

    def measure(params, data):
        return _each_split(lambda z, t: residuals(z, t) | _slopes(loss, z, t), network, params, data)

    return measure


def _each_split(of_split, network, params, data: Mapping):
    found = {name: of_split(network.apply(params, x), t) for name, (x, t) in data.items()}
    return {f"{name}_{what}": value for name, values in found.items() for what, value in values.items()}


def labels(t: Array | np.ndarray) -> Int[Array, " n"]:
    """The class of each example: of labels, of one-hot targets, of 0 and 1 or -1 and 1."""
    t = jnp.asarray(t)
    if t.ndim == 2:
        return jnp.argmax(t, axis=-1)
    if jnp.issubdtype(t.dtype, jnp.integer):
        return jnp.maximum(t, 0)
    return (t > 0).astype(jnp.int32)


def _classified(z, t, posterior):
    z, right = z.astype(jnp.float32), labels(t)
    log_p = posterior(z)
    guess, sure = jnp.argmax(log_p, axis=-1), jnp.exp(jnp.max(log_p, axis=-1))
    finite = jnp.isfinite(z).reshape(len(z), -1).all(axis=-1)
    correct = (guess == right) & finite
    of_right = jnp.take_along_axis(log_p, right[:, None], axis=-1)[:, 0]
    return {
        "error": jnp.mean(~correct),
        "nll": -jnp.mean(of_right),
        "ece": calibration_error(sure, correct),
        "confidently_wrong": jnp.mean(~(of_right >= jnp.log(CONFIDENTLY_WRONG))),
    }


def calibration_error(sure: Float[Array, " n"], correct) -> Float[Array, ""]:
    """Expected calibration error: sum over bins of confidence of |sum of (correct - confidence)| / n (Guo et al. 2017)."""
    bins = jnp.clip((sure * BINS).astype(jnp.int32), 0, BINS - 1)
    gaps = jax.ops.segment_sum(correct - sure, bins, num_segments=BINS)
    return jnp.sum(jnp.abs(gaps)) / len(sure)


def _slopes(loss, z, t):
    value, slope = loss(z, t), jax.grad(lambda z: loss(z, t).sum())(z).astype(jnp.float32)
    return {
        "loss": jnp.mean(value.astype(jnp.float32)),
        "signal": jnp.mean(jnp.linalg.norm(slope.reshape(len(z), -1), axis=-1)),
        "zeros": jnp.mean(slope == 0),
    }
