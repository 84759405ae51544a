"""`lossjax bench --training`: a population of small networks against loops that train them one after another.

64 networks 784-100-10 on MNIST, batches of 64, one epoch of plain gradient descent: the trainer, an idiomatic Flax loop
(`nnx.jit` of the step), an idiomatic PyTorch loop as one process and as two, and `vmap` alone. Each runs in processes
of its own, started and compiled before anything is timed, and they take turns slice by slice, so that drift meets all
alike. The limit is the FLOPs of the matrix products over the rate of a large one, measured in the same run.
"""

import contextlib
import gzip
import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lossjax import turns
from lossjax.extras import MissingExtraError

WIDTHS = (784, 100, 10)
RATE = 0.1
TRAINER = "lossjax"


class Work(NamedTuple):
    """networks: in all, trained in `slices` equal parts. examples: of an epoch, the first of MNIST's 60,000."""

    networks: int = 64
    slices: int = 4
    batch: int = 64
    examples: int = 60_000

    @property
    def part(self) -> int:
        """Networks that are trained in one turn."""
        return self.networks // self.slices

    @property
    def flops(self) -> int:
        """Of the matrix products of one example: forward, to the weights, and to the hidden units."""
        first, second = WIDTHS[0] * WIDTHS[1], WIDTHS[1] * WIDTHS[2]
        return 2 * (2 * (first + second) + second)


WORK = Work()


def run_training_bench(options, work: Work = WORK) -> int:
    """Measure and print; exit code 0."""
    from lossjax.environment import environment

    mnist(1)  # in a process of its own nobody would hear why it is missing
    load = os.getloadavg()[0]
    rows = measure(work)
    if options.format == "json":
        about = {"environment": environment(), "load": load, "work": work._asdict()}
        print(json.dumps({**about, "rows": rows}, indent=1))
        return 0
    print(f"{work.networks} networks {'-'.join(map(str, WIDTHS))}, batch {work.batch}, an epoch of {work.examples}")
    print(f"examples; load of this computer at the start: {load:.1f} on {os.cpu_count()} cores")
    for r in rows:
        ratio = f"{r['lossjax_is_faster']:8.2f} x" if "lossjax_is_faster" in r else " " * 10
        print(
            f"{r['by']:30}{r['examples_per_second']:14,.0f} examples/s{ratio}  {100 * r['of_limit']:6.1f} % of the limit"
        )
    return 0


def measure(work: Work) -> list[dict]:
    """A row for each contestant: median examples a second, median ratio to the trainer, share of the limit."""
    with contextlib.ExitStack() as stack:
        teams = {name: team for name, make in CONTESTANTS.items() if (team := turns.start(make, work, stack))}
        taken = [{name: team() for name, team in teams.items()} for _ in range(work.slices)]
    limit = statistics.median(turn.pop(PEAK) for turn in taken) / work.flops
    count = work.part * (work.examples // work.batch) * work.batch
    rows = [
        _row(name, [turn[name] for turn in taken], [turn[TRAINER] for turn in taken], count, limit) for name in taken[0]
    ]
    return [*rows, {"by": "limit: matrix products alone", "examples_per_second": limit, "of_limit": 1.0}]


def _row(name, seconds, trainer, count, limit):
    rate = count / statistics.median(seconds)
    ratio = {} if name == TRAINER else {"lossjax_is_faster": statistics.median(a / b for a, b in zip(seconds, trainer))}
    return {"by": name, "examples_per_second": rate, "of_limit": rate / limit, **ratio}


# Contestants: `prepare(work) -> turn`, which trains the networks of a slice


def _trainer(work, devices=None, width=None):
    import jax

    from lossjax.losses.softmax_cross_entropy import softmax_cross_entropy
    from lossjax.training import width as widths
    from lossjax.training.members import members
    from lossjax.training.models import perceptron
    from lossjax.training.population import Examples, Task, descent, population

    task = Task(perceptron("bench", *WIDTHS), softmax_cross_entropy, lambda params, data: {}, work.batch, descent)
    data, who = {"train": Examples(*mnist(work.examples))}, members(np.arange(work.part), RATE, scale=0.1)
    width = width or widths.best(task, data, who)
    chosen = population(task, data, work.part, block=1, width=width, devices=devices and jax.local_devices()[:devices])

    def turn():
        state, _ = chosen.advance(who, chosen.start(who), 1, 1)
        jax.block_until_ready(state)

    return turn


def _vmap(work):
    return _trainer(work, devices=1, width=work.part)


def _flax(work):
    import jax
    import optax
    from flax import nnx

    x, t = mnist(work.examples)

    class Network(nnx.Module):
        def __init__(self, rngs):
            self.hidden = nnx.Linear(*WIDTHS[:2], rngs=rngs)
            self.output = nnx.Linear(*WIDTHS[1:], rngs=rngs)

        def __call__(self, x):
            return self.output(nnx.sigmoid(self.hidden(x)))

    @nnx.jit
    def step(model, optimizer, x, t):
        def objective(model):
            return optax.softmax_cross_entropy_with_integer_labels(model(x), t).mean()

        optimizer.update(model, nnx.grad(objective)(model))

    def turn():
        for seed in range(work.part):
            model = Network(nnx.Rngs(seed))
            optimizer = nnx.Optimizer(model, optax.sgd(RATE), wrt=nnx.Param)
            for chosen in _batches(np.random.default_rng(seed), work):
                step(model, optimizer, x[chosen], t[chosen])
            jax.block_until_ready(nnx.state(model))

    return turn


def _batches(rng, work):
    steps = work.examples // work.batch
    return rng.permutation(work.examples)[: steps * work.batch].reshape(steps, work.batch)


def _torch(work, share=1):
    import torch  # pyright: ignore[reportMissingImports]

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if share > 1:
        torch.set_num_threads(max(1, torch.get_num_threads() // share))
    x, t = (torch.tensor(values, device=device) for values in mnist(work.examples))
    t = t.long()

    def turn():
        for seed in range(work.part // share):
            torch.manual_seed(seed)
            hidden, output = (torch.nn.Linear(*shape) for shape in (WIDTHS[:2], WIDTHS[1:]))
            model = torch.nn.Sequential(hidden, torch.nn.Sigmoid(), output).to(device)
            optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
            for chosen in torch.tensor(_batches(np.random.default_rng(seed), work), device=device):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x[chosen]), t[chosen]).backward()
                optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return turn


def _torch_half(work):
    return _torch(work, share=2)


PEAK = "peak"
CONTESTANTS: dict[str, Callable] = {
    TRAINER: lambda work: [(_trainer, turns.one_device_a_core())],
    "lossjax, vmap alone": lambda work: [(_vmap, {})],
    "Flax, nnx.jit step": lambda work: [(_flax, {})],
    "PyTorch": lambda work: [(_torch, {})],
    "PyTorch, two processes": lambda work: [(_torch_half, {})] * 2,
    PEAK: lambda work: [(turns.peak, turns.one_device_a_core())],
}


def mnist(examples: int) -> tuple[np.ndarray, np.ndarray]:
    """The first training examples, pixels in [0, 1] and labels, from the folder `mnist` of LOSSJAX_DATA."""
    folder = Path(os.environ.get("LOSSJAX_DATA", "")) / "mnist"

    def read(name, header, size):
        with gzip.open(folder / name) as file:
            return np.frombuffer(file.read(header + size * examples)[header:], np.uint8).reshape(examples, size)

    try:
        x, t = read("train-images-idx3-ubyte.gz", 16, 784), read("train-labels-idx1-ubyte.gz", 8, 1)
    except OSError as error:
        raise MissingExtraError(f"bench --training needs MNIST in $LOSSJAX_DATA/mnist: {error}") from None
    return x.astype(np.float32) / 255, t[:, 0].astype(np.int32)
