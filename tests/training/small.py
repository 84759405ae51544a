"""A small task and its data, for tests; run as a program, it trains a population in a folder, to be killed."""

import resource
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from lossjax.losses.softmax_cross_entropy import softmax_cross_entropy
from lossjax.training.bad_input import BadInputError
from lossjax.training.members import grid
from lossjax.training.models import perceptron
from lossjax.training.population import Examples, Task
from lossjax.training.run import Settings, _text, run

PROGRAM = [sys.executable, __file__]
NET = perceptron("small", 3, 4, 2)
RNG = np.random.default_rng(1)
X = RNG.normal(size=(29, 3)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int32)
DATA = {"train": Examples(X[:21], LABELS[:21]), "dev": Examples(X[21:], LABELS[21:])}


def weights(params, _):
    """A measure that shows every weight."""
    return {f"w{i}_{j:04}": w for i, leaf in enumerate(jax.tree.leaves(params)) for j, w in enumerate(jnp.ravel(leaf))}


def total(params, _):
    """A measure that is quick to compile."""
    return {"total": sum(jnp.sum(leaf) for leaf in jax.tree.leaves(params))}


def task(loss=softmax_cross_entropy, network=NET, measure=weights, batch=4, **options):
    return Task(network, loss, measure, batch, **options)


EPOCHS = 12
MEMBERS = grid(range(3), (0.1, 1.0), (0.5,), (0.3,))


def train(folder, epochs=EPOCHS, members=MEMBERS, measure=total, **settings):
    """Records of a run that saves after every epoch."""
    options = {"block": 1, "save_seconds": 0.0, "tell": lambda sentence: None} | settings
    return run("small", task(measure=measure), members, DATA, epochs, Settings(Path(folder), **options))


def results(found):
    """What a run decides, by what decides it."""
    return {_text(r["key"]): (r["weights"], r["history"], r["diverged"]) for r in found}


if __name__ == "__main__":
    jax.config.update("jax_num_cpu_devices", 2)

    if len(sys.argv) > 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)

    def say(what):
        print(what, flush=True)

    try:
        train(sys.argv[1], int(sys.argv[2]), chunk=4, tell=say, progress=say)
    except (BadInputError, KeyboardInterrupt) as stop:
        print(stop, file=sys.stderr)
        sys.exit(2 if isinstance(stop, BadInputError) else 130)
