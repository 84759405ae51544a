"""A small task and its data, for tests; run as a program, it trains a population in a folder, to be killed."""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from lossjax.losses.softmax_cross_entropy import softmax_cross_entropy
from lossjax.training import metrics
from lossjax.training.members import grid
from lossjax.training.models import perceptron
from lossjax.training.population import Examples, Task
from lossjax.training.run import Settings, run

NET = perceptron("small", 3, 4, 2)
RNG = np.random.default_rng(1)
X = RNG.normal(size=(29, 3)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int32)
DATA = {"train": Examples(X[:21], LABELS[:21]), "dev": Examples(X[21:], LABELS[21:])}


def weights(params, _):
    """A measure that shows every weight."""
    return {f"w{i}_{j}": w for i, leaf in enumerate(jax.tree.leaves(params)) for j, w in enumerate(jnp.ravel(leaf))}


def task(loss=softmax_cross_entropy, network=NET, measure=weights, batch=4, **options):
    return Task(network, loss, measure, batch, **options)


EPOCHS = 12
MEMBERS = grid(range(3), (0.1, 1.0), (0.5,), (0.3,))


def train(folder, epochs=EPOCHS, members=MEMBERS, measured=None, **settings):
    """Records of a run that saves after every epoch."""
    chosen = task(measure=measured or metrics.classification(NET, softmax_cross_entropy))
    options = {"block": 1, "save_seconds": 0.0, "tell": lambda sentence: None} | settings
    return run("small", chosen, members, DATA, epochs, Settings(Path(folder), **options))


if __name__ == "__main__":
    jax.config.update("jax_num_cpu_devices", 2)
    said = []
    train(sys.argv[1], chunk=4, tell=lambda sentence: print(sentence, flush=True), progress=said.append)
    print(json.dumps({"entries": sum(said)}))
