"""Gaussian mixtures with diagonal covariance, one for each HMM state: likelihoods, statistics, update, splitting."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Int32

# A variance is at least this share of the global one.
VARIANCE_FLOOR = 0.02
# A component is split where each half has so many frames; one with fewer than LEAST keeps its mean and variance.
FRAMES_TO_SPLIT = 80
LEAST = 5
# The halves lie so many standard deviations to each side.
SPLIT = 0.2
# Frames that are computed at a time.
CHUNK = 1024


class Mixtures(NamedTuple):
    """C states of M components in D dimensions; an unused component has log weight minus infinity."""

    log_weight: Float32[np.ndarray | Array, "c m"]
    mean: Float32[np.ndarray | Array, "c m d"]
    variance: Float32[np.ndarray | Array, "c m d"]


class Statistics(NamedTuple):
    """Sums over frames of the share of each component, times 1, x and x^2."""

    frames: Float64[np.ndarray, "c m"]
    sums: Float64[np.ndarray, "c m d"]
    squares: Float64[np.ndarray, "c m d"]


def one_gaussian(states: int, mean: Float[np.ndarray, " d"], variance: Float[np.ndarray, " d"]) -> Mixtures:
    """The same single Gaussian for every state."""
    shape = (states, 1, len(mean))
    copies = (np.broadcast_to(x, shape).astype(np.float32) for x in (mean, variance))
    return Mixtures(np.zeros((states, 1), np.float32), *copies)


def log_likelihood(mixtures: Mixtures, features: Float32[np.ndarray, "n d"]) -> Float32[np.ndarray, "n c"]:
    """log p(x | s) = log sum_m w_sm N(x; mean_sm, variance_sm) of every frame and state."""
    found = np.empty((len(features), len(mixtures.log_weight)), np.float32)
    for rows in _chunks(len(features)):
        found[rows] = _log_likelihood(mixtures, _filled(features[rows], 0.0))[: len(found[rows])]
    return found


@jax.jit
def _log_likelihood(mixtures, x):
    states, components, d = mixtures.mean.shape
    precision = 1 / mixtures.variance.reshape(-1, d)
    mean = mixtures.mean.reshape(-1, d)
    # -1/2 sum (x - mean)^2 / variance, expanded into a product of matrices.
    factors = jnp.concatenate([-0.5 * precision, mean * precision], axis=1)
    quadratic = jnp.concatenate([x**2, x], axis=1) @ factors.T
    constant = _constants(mixtures).reshape(-1) - 0.5 * jnp.sum(mean**2 * precision, axis=1)
    return jax.nn.logsumexp((quadratic + constant[None]).reshape(-1, states, components), axis=2)


def _chunks(frames):
    return (slice(start, min(start + CHUNK, frames)) for start in range(0, frames, CHUNK))


def _filled(rows, value):
    """Rows filled up to a whole chunk, so that there is one shape to compile."""
    return np.pad(rows, ((0, CHUNK - len(rows)), *((0, 0),) * (rows.ndim - 1)), constant_values=value)


def _constants(mixtures):
    return mixtures.log_weight - 0.5 * jnp.sum(jnp.log(2 * jnp.pi * mixtures.variance), axis=-1)


@jax.jit
def _sums(mixtures, features, states):
    """Statistics of frames (n, d), each of its own state; frames of state -1 count for nothing."""
    mean, variance = mixtures.mean[states], mixtures.variance[states]
    distance = jnp.sum((features[:, None, :] - mean) ** 2 / variance, axis=2)
    share = jax.nn.softmax(_constants(mixtures)[states] - 0.5 * distance, axis=1) * (states >= 0)[:, None]
    each = share[:, :, None] * features[:, None, :]
    parts = (share, each, each * features[:, None, :])
    number = len(mixtures.log_weight)
    return tuple(jax.ops.segment_sum(part, jnp.maximum(states, 0), num_segments=number) for part in parts)


def nothing(mixtures: Mixtures) -> Statistics:
    """Statistics of no frame."""
    shape = mixtures.mean.shape
    return Statistics(np.zeros(shape[:2]), np.zeros(shape), np.zeros(shape))


def statistics(mixtures: Mixtures, features: Float32[np.ndarray, "n d"], states: Int32[np.ndarray, " n"]) -> Statistics:
    """Sums over frames that are aligned to these states (-1: to none), shared among the components of their state.

    Over a corpus they are added up in float64.
    """
    total = nothing(mixtures)
    for rows in _chunks(len(features)):
        for sums, part in zip(total, _sums(mixtures, _filled(features[rows], 0.0), _filled(states[rows], -1))):
            sums += np.asarray(part)
    return total


def updated(old: Mixtures, found: Statistics, floor: Float[np.ndarray, " d"]) -> Mixtures:
    """Maximum likelihood: weights, means and variances of the shares, a variance no less than `floor`.

    A component with fewer than 5 frames keeps mean and variance, a state without frames its weights as well.
    """
    frames = found.frames[:, :, None]
    mean = found.sums / np.maximum(frames, 1)
    variance = np.maximum(found.squares / np.maximum(frames, 1) - mean**2, floor)
    enough = frames >= LEAST
    total = found.frames.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        log_weight = np.where(total > 0, np.log(found.frames / np.maximum(total, 1e-30)), old.log_weight)
    columns = log_weight, np.where(enough, mean, old.mean), np.where(enough, variance, old.variance)
    return Mixtures(*(column.astype(np.float32) for column in columns))


def split(mixtures: Mixtures, frames: Float[np.ndarray, "c m"]) -> Mixtures:
    """Twice as many components: each one that has frames enough becomes two, 0.2 standard deviations to either side."""
    log_weight, mean, variance = map(np.asarray, mixtures)
    splits = frames >= 2 * FRAMES_TO_SPLIT
    half = np.where(splits, log_weight - np.log(2), log_weight)
    other = np.where(splits, half, -np.inf)
    shift = np.where(splits[:, :, None], SPLIT * np.sqrt(variance), 0)
    columns = [half, other], [mean + shift, mean - shift], [variance, variance]
    return Mixtures(*(np.concatenate(column, axis=1).astype(np.float32) for column in columns))
