"""Good starts: hidden layers trained one after another, with labels (layer-wise CE) or without (denoising autoencoders)."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lossjax.losses import sigmoid_cross_entropy, squared_error
from lossjax.training.members import members
from lossjax.training.models import Network
from lossjax.training.population import Examples, Task, momentum

from ..corpora.context import Windows
from . import networks, starts
from .config import AUTOENCODERS, CENTRES, LAYER_WISE, Protocol
from .criteria import CE
from .frames import Aligned
from .training import Trainer, compiled, member, stacked, train

KINDS = (LAYER_WISE, AUTOENCODERS)
# Share of the inputs that an autoencoder does not see, and its rate at momentum 0.9.
NOISE = 0.2
RATE = 0.1


class Pretraining:
    """Of the networks of one alignment; programs are compiled once, and a seed is trained once for a start and depth."""

    def __init__(self, data: Aligned, examples: Callable[[], Mapping[str, Examples]], protocol: Protocol):
        """examples: of `training.examples`. Sizes, batch, momentum and epochs are the protocol's."""
        self.data, self.examples, self.protocol = data, examples, protocol
        self._found: dict[tuple[str, int, int], Any] = {}
        self._discriminative = functools.cache(self._discriminative_of)
        self._restoring = functools.cache(self._restoring_all)

    def prepare(self, start: str, depth: int, seeds: Iterable[int]) -> None:
        """Train what is missing of these seeds, side by side."""
        new = [seed for seed in sorted(set(seeds)) if (start, depth, seed) not in self._found]
        if new:
            made = {LAYER_WISE: self.layer_wise, AUTOENCODERS: self.autoencoders}[start](depth, new)
            self._found |= {(start, depth, seed): params for seed, params in zip(new, made)}

    def get(self, start: str, depth: int, seed: int) -> Any:
        """First weights of a network, prepared before."""
        return self._found[start, depth, seed]

    def layer_wise(self, depth: int, seeds: list[int]) -> list[Any]:
        """For k = 1 ... depth - 1 a network of k layers is trained by CE for a few epochs; its hidden layers begin the next.

        (Seide et al. 2011 call it discriminative pre-training.) The output layer is drawn anew each time.
        """
        begun = self._fresh(1, seeds)
        for k in range(1, depth):
            trained = self._train(self._discriminative(k), CENTRES["CE"], seeds, begun)
            begun = [starts.with_hidden_of(old, new) for old, new in zip(trained, self._fresh(k + 1, seeds))]
        return begun

    def autoencoders(self, depth: int, seeds: list[int]) -> list[Any]:
        """Each layer learns to restore what it reads from four fifths of it, the weights back being the transposed ones.

        (Vincent et al. 2010.) Inputs are restored linearly, by squared error; outputs of sigmoids by sigmoids, by
        cross-entropy. Layers below are held. The output layer of the network is Glorot's.
        """
        fresh = self._fresh(depth, seeds)
        layers: list[list] = [[] for _ in seeds]
        for k in range(depth):
            begun = [_encoder(new["hidden"][k]["kernel"][...], below) for new, below in zip(fresh, layers)]
            done = self._train(self._restoring(), RATE, seeds, begun)
            layers = [[*below, (found["kernel"], found["bias"])] for below, found in zip(layers, done)]
        return [_filled(new, found) for new, found in zip(fresh, layers)]

    def _fresh(self, depth, seeds):
        network = networks.over_rows(self.data, depth, self.protocol.width)
        return [starts.weights(starts.GLOROT, network, seed) for seed in seeds]

    def _train(self, by: Trainer, rate, seeds, begun):
        """Every one of these networks for the epochs of pre-training, at a constant rate."""
        done, size, momentum = [], by.population.size, self.protocol.momentum
        for first in range(0, len(seeds), size):
            who = members(seeds[first : first + size], rate * (1 - momentum) / 0.1, momentum)
            never = np.zeros(len(who.seed), bool)
            out = train(by, who, stacked(begun[first : first + size]), self.protocol.pretraining_epochs, never)
            done += [member(out.params, i) for i in range(len(never))]
        return done

    def _discriminative_of(self, depth):
        network = networks.over_rows(self.data, depth, self.protocol.width)
        return self._compiled(network, CE.loss, lambda params, examples: {})

    def _restoring_all(self):
        def measure(params, examples):
            return {"restoring": jnp.mean(_AUTOENCODER.apply(params, examples["probe"].x))}

        return self._compiled(_AUTOENCODER, lambda z, t: z, measure)

    def _compiled(self, network, loss, measure):
        return compiled(Task(network, loss, measure, self.protocol.batch, momentum), self.examples())


def _encoder(kernel, below):
    """One autoencoder before its first step, above layers that are trained."""
    kernel = jnp.asarray(kernel)
    return {"below": below, "kernel": kernel, "bias": jnp.zeros(kernel.shape[1]), "back": jnp.zeros(kernel.shape[0])}


def _restored(params, windows: Windows):
    """How badly each frame is restored (n,): the mean over its numbers."""
    x = windows.gathered()
    for kernel, bias in params["below"]:
        x = jax.nn.sigmoid(x @ kernel + bias[None])
    x = jax.lax.stop_gradient(x)
    # Another corruption in every batch, the same in every run.
    key = jax.random.fold_in(jax.random.key(0, impl="threefry2x32"), jnp.sum(windows.rows))
    seen = x * jax.random.bernoulli(key, 1 - NOISE, x.shape)
    code = jax.nn.sigmoid(seen @ params["kernel"] + params["bias"][None])
    back = code @ params["kernel"].T + params["back"][None]
    loss = sigmoid_cross_entropy if params["below"] else squared_error
    return jnp.mean(loss(back, x), axis=-1)


_AUTOENCODER = Network("denoising autoencoder", lambda key, scale: None, _restored)


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
    return {LAYER_WISE: CENTRES["CE"], AUTOENCODERS: RATE}
