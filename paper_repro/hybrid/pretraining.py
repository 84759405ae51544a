"""Good starts: hidden layers trained one after another, with labels (layer-wise CE) or without (denoising autoencoders)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lossjax.losses import sigmoid_cross_entropy, squared_error
from lossjax.training.members import members
from lossjax.training.models import Network
from lossjax.training.population import Examples, Task, momentum

from ..corpora.context import gather
from . import networks, starts
from .config import CENTRES, Protocol
from .criteria import CE
from .frames import Aligned
from .measures import error
from .training import Trainer, compiled, member, stacked, train

# Share of the inputs that an autoencoder does not see, and its rate at momentum 0.9.
NOISE = 0.2
RATE = 0.1


def layer_wise(data: Aligned, protocol: Protocol, depth: int, seeds: list[int]) -> list[Any]:
    """For k = 1 ... depth - 1 a network of k layers is trained by CE for a few epochs; its hidden layers begin the next.

    (Seide et al. 2011 call it discriminative pre-training.) The output layer is drawn anew each time.
    """
    begun = [starts.weights(starts.GLOROT, networks.over_rows(data, 1, protocol.width), seed) for seed in seeds]
    for k in range(1, depth):
        trained = _train(
            _discriminative(data, k, protocol.width, protocol.batch), protocol, CENTRES["CE"], seeds, begun
        )
        deeper = networks.over_rows(data, k + 1, protocol.width)
        fresh = [starts.weights(starts.GLOROT, deeper, seed) for seed in seeds]
        begun = [starts.with_hidden_of(old, new) for old, new in zip(trained, fresh)]
    return begun


def _train(by: Trainer, protocol, rate, seeds, begun):
    """Every one of these networks for the epochs of pre-training, at a constant rate."""
    done, size = [], by.population.size
    rate *= (1 - protocol.momentum) / 0.1
    for first in range(0, len(seeds), size):
        who = seeds[first : first + size]
        few = members(who, rate, protocol.momentum)
        out = train(
            by, few, stacked(begun[first : first + size]), protocol.pretraining_epochs, np.zeros(len(who), bool)
        )
        done += [member(out.params, i) for i in range(len(who))]
    return done


def _discriminative(data, depth, width, batch):
    network = networks.over_rows(data, depth, width)

    def measure(params, examples):
        return {"dev_error": error(network.apply(params, examples["dev"].x), examples["dev"].t)}

    return compiled(Task(network, CE.loss, measure, batch, momentum), _examples(data))


def _examples(data):
    return {split: Examples(data.rows[split], data.states[split]) for split in ("train", "dev")}


def autoencoders(data: Aligned, protocol: Protocol, depth: int, seeds: list[int]) -> list[Any]:
    """Each layer learns to restore what it reads from four fifths of it, the weights back being the transposed ones.

    (Vincent et al. 2010.) Inputs are restored linearly, by squared error; outputs of sigmoids by sigmoids, by
    cross-entropy. Layers below are held. The output layer of the network is Glorot's.
    """
    fresh = [starts.weights(starts.GLOROT, networks.over_rows(data, depth, protocol.width), seed) for seed in seeds]
    layers: list[list] = [[] for _ in seeds]
    for k in range(depth):
        begun = [
            {
                "below": below,
                "kernel": jnp.asarray(new["hidden"][k]["kernel"][...]),
                "bias": jnp.zeros(protocol.width),
                "back": jnp.zeros(new["hidden"][k]["kernel"][...].shape[0]),
            }
            for below, new in zip(layers, fresh)
        ]
        by = compiled(
            Task(_autoencoder(data), lambda z, t: z, _restoring(data), protocol.batch, momentum), _examples(data)
        )
        done = _train(by, protocol, RATE, seeds, begun)
        layers = [[*below, (found["kernel"], found["bias"])] for below, found in zip(layers, done)]
    return [_filled(new, found) for new, found in zip(fresh, layers)]


def _autoencoder(data: Aligned) -> Network:
    """From rows (n,) to how badly each is restored (n,): the mean over its numbers."""

    def apply(params, rows):
        x = gather(data.frames, rows, data.context)
        for kernel, bias in params["below"]:
            x = jax.nn.sigmoid(x @ kernel + bias[None])
        x = jax.lax.stop_gradient(x)
        # Another corruption in every batch, the same in every run.
        key = jax.random.fold_in(jax.random.key(0, impl="threefry2x32"), jnp.sum(rows))
        seen = x * jax.random.bernoulli(key, 1 - NOISE, x.shape)
        code = jax.nn.sigmoid(seen @ params["kernel"] + params["bias"][None])
        back = code @ params["kernel"].T + params["back"][None]
        loss = sigmoid_cross_entropy if params["below"] else squared_error
        return jnp.mean(loss(back, x), axis=-1)

    return Network("denoising autoencoder", lambda key, scale: None, apply)


def _restoring(data):
    apply = _autoencoder(data).apply
    return lambda params, examples: {"restoring": jnp.mean(apply(params, examples["dev"].x))}


def _filled(fresh, layers):
    known = {}
    for k, (kernel, bias) in enumerate(layers):
        known |= {(k, "kernel"): kernel, (k, "bias"): bias}

    def leaf(path, old):
        names: list[Any] = [getattr(part, "key", None) for part in path]
        return known[names[1], names[2]] if names[0] == "hidden" else old

    return jax.tree_util.tree_map_with_path(leaf, fresh)


def rates() -> dict:
    """Of pre-training, at momentum 0.9; not tuned."""
    return {"layer-wise CE": CENTRES["CE"], "denoising autoencoders": RATE}


HOW = {"layer-wise CE": layer_wise, "denoising autoencoders": autoencoders}
