"""Cross-entropy against squared error on handwritten digits: tune the rate of each loss, then compare on fresh seeds.

Small, large and saturated starts; each loss at its own best rate, and SE at that of CE: an equal rate is not an equal
chance.
"""

import dataclasses
import functools
import itertools
import time
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from lossjax.data.dataset import Dataset
from lossjax.data.digits import digits
from lossjax.losses.softmax_cross_entropy import softmax_cross_entropy
from lossjax.losses.softmax_squared_error import softmax_squared_error
from lossjax.training.members import members as columns
from lossjax.training.models import Network, perceptron
from lossjax.training.population import Examples, Task, descent, population
from lossjax.training.population import train as train_population

from .config import Config
from .store import Store

LOSSES = {"CE": softmax_cross_entropy, "SE": softmax_squared_error}
NETWORKS = ("softmax regression", "one hidden layer")
# A loss, and the loss whose best rate it runs at.
ARMS = (("CE", "CE"), ("SE", "SE"), ("SE", "CE"))
# Tuning and comparison share no seed.
FIRST_TUNING_SEED = 1_000


@dataclasses.dataclass(frozen=True)
class Run:
    """One network trained once: all that decides its result, within a Config's epochs, batch and hidden units."""

    network: str
    loss: str
    start: str
    rate: float
    seed: int


def network(name: str, config: Config) -> Network:
    """64 pixels in, ten pre-activations out."""
    return perceptron(name, 64, *((config.hidden,) if name == "one hidden layer" else ()), 10)


def tuning(config: Config) -> list[Run]:
    """Every loss at every rate of the one common grid."""
    seeds = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + config.tuning_seeds)
    return [
        Run(network, loss, start, rate, seed)
        for network, start in conditions(config)
        for loss, rate, seed in itertools.product(LOSSES, config.rates, seeds)
    ]


def comparison(config: Config, rates: dict) -> list[Run]:
    """Each loss at its own rate, SE at that of CE as well, on fresh seeds; rates: (network, start, loss) -> rate."""
    arms = dict.fromkeys(
        (network, loss, start, rates[network, start, tuned_for])
        for network, start in conditions(config)
        for loss, tuned_for in ARMS
    )
    return [Run(*arm, seed) for arm in arms for seed in range(config.seeds)]


def conditions(config: Config) -> list[tuple[str, str]]:
    """Every network from every start."""
    return list(itertools.product(NETWORKS, [name for name, _ in config.starts]))


def measures(net: Network, data: Dataset) -> Callable:
    """A function of the parameters: what is logged every epoch. A NaN or infinite pre-activation counts as wrong.

    confident_wrong: share of training examples with p(right) < 1e-2. signal_CE, signal_SE: mean 2-norm of the error
    signal dL/dz over the training examples, derived. false_zeros: share of their SE gradient entries, normal numbers in
    float32, that `jax.grad` of the composed loss returns as exactly 0.
    """
    x = jnp.concatenate([split.x for split in (data.train, data.dev, data.test)])
    labels = jnp.concatenate([split.t for split in (data.train, data.dev, data.test)])
    train, dev = len(data.train.t), len(data.train.t) + len(data.dev.t)
    right = jax.nn.one_hot(labels[:train], data.classes)

    def composed(z):
        return jnp.sum((jax.nn.softmax(z) - right) ** 2)

    def measure(params, _):
        z = net.apply(params, x)
        finite = jnp.all(jnp.isfinite(z), axis=-1)
        wrong = ~((jnp.argmax(z, axis=-1) == labels) & finite)
        surprise = softmax_cross_entropy(z, labels)
        signals = {name: loss.gradient(z[:train], labels[:train]) for name, loss in LOSSES.items()}
        normal = jnp.abs(signals["SE"]) >= jnp.finfo(jnp.float32).tiny
        return {
            "train_error": wrong[:train].mean(),
            "dev_error": wrong[train:dev].mean(),
            "test_error": wrong[dev:].mean(),
            "test_nll": surprise[dev:].mean(),
            "confident_wrong": (~(surprise[:train] <= -jnp.log(1e-2))).mean(),
            "signal_CE": jnp.linalg.norm(signals["CE"], axis=-1).mean(),
            "signal_SE": jnp.linalg.norm(signals["SE"], axis=-1).mean(),
            "false_zeros": (normal & (jax.grad(composed)(z[:train]) == 0)).mean(),
        }

    return measure


def train(config: Config, runs: list[Run], store: Store) -> Iterator[int]:
    """Train what the store does not hold yet; yields the number of runs done, chunk after chunk."""
    missing = [run for run in runs if not store.has(key(config, run))]
    yield len(runs) - len(missing)
    for name, loss in itertools.product(NETWORKS, LOSSES):
        group = [run for run in missing if (run.network, run.loss) == (name, loss)]
        for first in range(0, len(group), _size(config)):
            chunk = group[first : first + _size(config)]
            began = time.perf_counter()
            _, history = train_population(_program(config, name, loss), _members(config, chunk), config.epochs)
            seconds = (time.perf_counter() - began) / len(chunk)
            store.add([(key(config, run), _result(config, run, history, i, seconds)) for i, run in enumerate(chunk)])
            yield len(chunk)


def _size(config):
    devices = len(jax.devices())
    return -(-config.chunk // devices) * devices


@functools.cache
def _program(config, name, loss):
    data, net = digits(), network(name, config)
    task = Task(net, LOSSES[loss], measures(net, data), config.batch, descent)
    return population(task, {"train": Examples(*data.train)}, _size(config), block=config.epochs + 1)


def key(config: Config, run: Run) -> dict:
    """What identifies a run in the records: its own settings and those that all runs share."""
    shared = {name: getattr(config, name) for name in ("epochs", "batch", "hidden", "target_error")}
    return {
        "kind": "run",
        "data": "digits",
        **dataclasses.asdict(run),
        "output_std": dict(config.starts)[run.start],
        **shared,
    }


def _members(config, runs):
    stds = dict(config.starts)
    seeds, rates, scales = zip(*((run.seed, run.rate, stds[run.start]) for run in runs))
    return columns(seeds, rates, scale=scales)


def _result(config, run, history, i, seconds):
    curves = {name: [float(f"{value:.6g}") for value in values[i]] for name, values in history.items()}
    tail = max(1, config.epochs // 10)
    return {
        "diverged": curves["test_nll"][-1] != curves["test_nll"][-1],
        "epochs_to_target": next((i for i, e in enumerate(curves["test_error"]) if e <= config.target_error), None),
        "final": {name: values[-1] for name, values in curves.items()},
        "dev_error_tail": float(np.mean(curves["dev_error"][-tail:])),
        # The curves of the many tuning runs would be most of the file, and nothing reads them.
        "curves": curves if run.seed < FIRST_TUNING_SEED else None,
        "seconds": round(seconds, 4),
    }
