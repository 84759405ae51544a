"""What is logged of a network at every epoch: dev error, criterion, and what theory says of its error signals.

On a fixed set of training frames (the probe) the error signal dL/dz of CE and of SE behind a softmax is derived, and
that of SE also taken from `jax.grad` of the composed loss, in float32 and bfloat16. A signal is weak where the right
state has p < 1/2 and the 2-norm of SE's signal is below a tenth of CE's. At uniform output it is 2/C of it, and so
weak signals are of two kinds: attenuated, at least 1/C of CE's (2/C, within a factor of two); vanishing, below that. A
false zero is an entry that autodiff returns as 0 where the derived one is a normal number of the dtype.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32

from lossjax.losses import softmax_cross_entropy, softmax_squared_error
from lossjax.training.metrics import CONFIDENTLY_WRONG, calibration_error
from lossjax.training.models import Network

from .criteria import Criterion, mean_loss
from .networks import CHUNK

# p(right) of a frame falls into one of these, the last from 0.99 to 1.
EDGES = (0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
BINS = len(EDGES)
WEAK = 0.1


def measure(network: Network, criterion: Criterion, theory: bool) -> Callable:
    """A measure for Task: dev_error, dev_loss; train_loss on the probe; with `theory`, `signals` of it."""

    def found(params, data):
        def judged(x, states):
            z = network.apply(params, x)
            return wrong(z, states), criterion.loss(z, states)

        (x, states), (errors, losses) = data["probe"], by_block(judged, *data["dev"])
        z = network.apply(params, x)
        return {
            "dev_error": jnp.mean(errors),
            "dev_loss": jnp.mean(losses),
            "train_loss": mean_loss(criterion, z, states),
            **(signals(z, states) if theory else {}),
        }

    return found


def by_block(f: Callable, x: Any, t: Any, block: int = CHUNK) -> Any:
    """f(x, t), some numbers an example, computed for `block` examples at a time: of the others no output is held."""
    count = len(x)
    if count <= block:
        return f(x, t)

    def one(first):
        # Behind the end the last example stands, and is cut off again.
        rows = jnp.minimum(first + jnp.arange(block), count - 1)
        return f(x[rows], t[rows])

    found = jax.lax.map(one, jnp.arange(0, count, block))
    return jax.tree.map(lambda values: values.reshape(-1, *values.shape[2:])[:count], found)


def wrong(z: Float[Array, "n c"], states) -> Bool[Array, " n"]:
    """Frames with another state first, or with an output that is not finite."""
    return ~((jnp.argmax(z, axis=-1) == states) & jnp.isfinite(z).all(axis=-1))


def signals(z: Float[Array, "n c"], states) -> dict[str, Array]:
    """confidently_wrong: share with p(right) < 1e-2. By bins of p(right), arrays (10,): in_bin, the share of the frames,
    signal_CE, signal_SE, mean norms. weak, attenuated, vanishing: shares of the frames. false_zeros_float32, _bfloat16.
    """
    classes = z.shape[-1]
    p_right = jnp.exp(-softmax_cross_entropy(z, states))
    norms = {name: _norms(loss, z, states) for name, loss in _SOFTMAX}
    # What is not a number has no probability of being right.
    known = jnp.where(jnp.isnan(p_right), 0, p_right)
    place = jnp.clip(jnp.searchsorted(jnp.array(EDGES), known, side="right") - 1, 0, BINS - 1)
    count = jax.ops.segment_sum(jnp.ones_like(p_right), place, num_segments=BINS)
    by_bin = {
        name: jax.ops.segment_sum(n, place, num_segments=BINS) / jnp.maximum(count, 1) for name, n in norms.items()
    }
    ratio = norms["SE"] / norms["CE"]
    weak = (p_right < 0.5) & (ratio < WEAK)
    return {
        "confidently_wrong": jnp.mean(~(p_right >= CONFIDENTLY_WRONG)),
        "in_bin": count / len(z),
        "signal_CE": by_bin["CE"],
        "signal_SE": by_bin["SE"],
        "weak": jnp.mean(weak),
        "attenuated": jnp.mean(weak & (ratio >= 1 / classes)),
        "vanishing": jnp.mean(weak & (ratio < 1 / classes)),
        "false_zeros_float32": false_zeros(z, states, jnp.float32),
        "false_zeros_bfloat16": false_zeros(z, states, jnp.bfloat16),
    }


_SOFTMAX = (("CE", softmax_cross_entropy), ("SE", softmax_squared_error))


def _norms(loss, z, states):
    return jnp.linalg.norm(loss.gradient(z, states), axis=-1)


def false_zeros(z: Float[Array, "n c"], states, dtype) -> Float[Array, ""]:
    """Share of the entries of SE's gradient that `jax.grad` of the composed loss returns as 0, of all entries."""
    z = z.astype(dtype)
    right = jax.nn.one_hot(states, z.shape[-1], dtype=dtype)
    composed = jax.grad(lambda z: jnp.sum((jax.nn.softmax(z) - right) ** 2))(z)
    derived = softmax_squared_error.gradient(z, states).astype(jnp.float32)
    return jnp.mean((jnp.abs(derived) >= jnp.finfo(dtype).tiny.astype(jnp.float32)) & (composed == 0))


def final(
    criterion: Criterion, z: Iterable[Float[np.ndarray, "_ c"]], states: Int32[np.ndarray, " n"]
) -> dict[str, float]:
    """Of one split at the end: error, loss (the network's own criterion), nll and ece of its log posteriors.

    z: of all frames in order, some at a time.
    """
    parts, done = [], 0
    for some in z:
        parts.append(_of_frames(criterion, some, states[done : done + len(some)]))
        done += len(some)
    frames = {name: jnp.concatenate([part[name] for part in parts]) for name in parts[0]}
    found = {name: jnp.mean(frames[name]) for name in ("error", "loss", "nll")}
    found["ece"] = jax.jit(calibration_error)(frames["sure"], frames["right"])
    return {name: float(value) for name, value in found.items()}


@functools.partial(jax.jit, static_argnums=0)
def _of_frames(criterion, z, states):
    log_p = criterion.log_posterior(z)
    return {
        "error": wrong(z, states),
        "loss": criterion.loss(z, states),
        "nll": -jnp.take_along_axis(log_p, states[:, None], axis=-1)[:, 0],
        "sure": jnp.exp(jnp.max(log_p, axis=-1)),
        "right": ~wrong(log_p, states) & jnp.isfinite(z).all(axis=-1),
    }
