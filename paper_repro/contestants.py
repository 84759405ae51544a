"""Who is timed by `benchmark`, each in a process of its own: `prepare(work) -> turn`."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lossjax import turns

CLASSES, DIMS, CONTEXT, UTTERANCE = 102, 39, 5, 250
RATE = 0.05
ONE_CORE, ALL_CORES = "one core", "all cores"
SEARCH, PEAK = "search", "limit: matrix products alone"


class Work(NamedTuple):
    """members: of the population, in a turn; on one core `few`. frames: each of them is trained on. utterances: to decode."""

    members: int = 4
    few: int = 2
    frames: int = 10_240
    depth: int = 2
    width: int = 192
    batch: int = 256
    utterances: int = 130

    @property
    def steps(self) -> int:
        """Of a member in a turn."""
        return self.frames // self.batch

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the network."""
        return (2 * CONTEXT + 1) * DIMS, *[self.width] * self.depth, CLASSES

    @property
    def flops(self) -> int:
        """Of the matrix products of a frame: forward, to the weights, and to the layers below but the inputs."""
        products = [a * b for a, b in zip(self.widths, self.widths[1:])]
        return 2 * (3 * sum(products) - products[0])


def contestants() -> dict[tuple[str, str], list]:
    """(where, who) -> its processes."""
    everywhere = turns.one_device_a_core()
    return {
        (ONE_CORE, "population"): [(_population_on_one_core, {})],
        (ONE_CORE, "PyTorch loop"): [(_torch, {})],
        (ONE_CORE, PEAK): [(_peak_of_one_core, {})],
        (ALL_CORES, "population"): [(_population, everywhere)],
        (ALL_CORES, "its members one by one"): [(_one_by_one, {})],
        (ALL_CORES, PEAK): [(turns.peak, everywhere)],
        (ONE_CORE, SEARCH): [(_decoding, {})],
    }


def _one_core():
    """This process stays on one core; where that cannot be asked for, it does not."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _population_on_one_core(work):
    _one_core()
    return _population(work._replace(members=work.few))


def _peak_of_one_core(work):
    _one_core()
    return turns.peak(work)


def made_frames(work: Work) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features, first and last row of each frame's utterance, states."""
    rng, rows = np.random.default_rng(0), np.arange(work.frames, dtype=np.int32)
    first = rows - rows % UTTERANCE
    last = np.minimum(first + UTTERANCE - 1, work.frames - 1).astype(np.int32)
    features = rng.standard_normal((work.frames, DIMS), np.float32)
    return features, first, last, rng.integers(CLASSES, size=work.frames).astype(np.int32)


def _population(work):
    import jax

    return _trained(work, work.members, 1 if jax.default_backend() == "cpu" else work.members)


def _one_by_one(work):
    return _trained(work, 1, 1)


def _trained(work, size, width) -> Callable[[], None]:
    """All members in populations of this size."""
    import jax

    from lossjax.training.members import members
    from lossjax.training.population import Task, momentum, population

    from .corpora.context import Frames
    from .hybrid import criteria, networks, training
    from .hybrid.frames import Aligned

    *frames, states = made_frames(work)
    rows = np.arange(work.frames, dtype=np.int32)
    data = Aligned(
        Frames(*frames),
        CONTEXT,
        CLASSES,
        {},
        dict.fromkeys(("train", "dev"), rows),
        dict.fromkeys(("train", "dev"), states),
    )
    network = networks.over_rows(data, work.depth, work.width)
    task = Task(network, criteria.CE.loss, lambda params, examples: {}, work.batch, momentum)
    chosen = population(task, training.examples(data, probe=work.batch), size, block=1, width=width)
    who = members(np.arange(work.members), RATE, 0.9, scale=0.1)
    parts = [who.take(slice(first, first + size)) for first in range(0, work.members, size)]
    begun = [chosen.start(part) for part in parts]

    def turn():
        jax.block_until_ready([chosen.advance(part, state, 1, 1)[0] for part, state in zip(parts, begun)])

    return turn


def _torch(work) -> Callable[[], None]:
    import torch  # pyright: ignore[reportMissingImports]

    _one_core()
    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    features, first, last, states = (torch.tensor(column, device=device) for column in made_frames(work))
    first, last, states = first.long(), last.long(), states.long()
    neighbours = torch.arange(-CONTEXT, CONTEXT + 1, device=device)

    def network():
        layers: list[Any] = []
        for a, b in zip(work.widths, work.widths[1:]):
            layers += [torch.nn.Linear(a, b), torch.nn.Sigmoid()]
        return torch.nn.Sequential(*layers[:-1]).to(device)

    def turn():
        for seed in range(work.few):
            torch.manual_seed(seed)
            model = network()
            optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
            order = torch.randperm(work.frames, device=device)[: work.steps * work.batch]
            for rows in order.split(work.batch):
                window = (rows[:, None] + neighbours).clamp(first[rows][:, None], last[rows][:, None])
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(features[window].flatten(1)), states[rows]).backward()
                optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return turn


def _decoding(work) -> Callable[[], tuple]:
    """A turn: (task, seconds a frame, its Speed)."""
    _one_core()
    from .hybrid import tasks
    from .recogniser import language_model, speed, wordloop
    from .recogniser.hmm import topology

    known = {source.name: source for source in tasks.sources(full=False)}
    try:
        corpus = known["AN4"].read()
    except ValueError:  # DataError: no folder, or a damaged one
        corpus = known["digit lines"].read()
    words, made = tuple(corpus.lexicon), topology(corpus)
    loop, model = wordloop.word_loop(made, words), language_model.bigram(words, [u.words for u in corpus.train])
    table = wordloop.transitions(model, wordloop.Weights(0.6, 8.0, 10.0))
    rng = np.random.default_rng(0)
    acoustics = {
        u.name: rng.standard_normal((len(u.features), made.number), np.float32) - 5
        for u in corpus.test[: work.utterances]
    }
    return lambda: (corpus.name, corpus.frame_seconds, speed.decoding(acoustics, loop, table, runs=1))
