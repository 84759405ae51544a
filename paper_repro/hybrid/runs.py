"""Single trainings of a task: their keys, where they begin, training what the records do not hold."""

import dataclasses
import functools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from lossjax.training.members import members

from .. import memory
from ..store import Store
from . import config, frames, measures, networks, pretraining, starts, training, weights
from .config import FIRST_TUNING_SEED, Arm
from .criteria import NAMED
from .gaussians import Alignment, Task
from .pretraining import Pretraining


@dataclasses.dataclass(frozen=True)
class Run:
    """One network of one arm. after: the run whose network it goes on from."""

    arm: Arm
    rate: float
    seed: int
    after: "Run | None" = None


class Lab:
    """Trains runs of one task on one alignment; programs are compiled once."""

    def __init__(self, task: Task, alignment: Alignment, store: Store, folder: Path):
        """folder: of weights.

        Raises: DataError for fewer training frames than a batch, and for a split without aligned frames.
        """
        frames.check(alignment.data, task.protocol.batch)
        self.task, self.alignment, self.store, self.folder = task, alignment, store, folder
        self.protocol, self.data = task.protocol, alignment.data
        self._parents = {arm.after for arm in self.protocol.arms}
        self.examples = functools.cache(lambda: training.examples(self.data, self.protocol.probe))
        self.pretraining = Pretraining(self.data, self.examples, self.protocol)
        self.program = functools.cache(self._program)
        self.posteriors = functools.cache(self._posteriors)

    def key(self, run: Run) -> dict:
        """All that decides the result of a run."""
        arm, p = run.arm, self.protocol
        start = {"start": arm.start}
        if arm.start in pretraining.KINDS:
            start |= {"pretraining_epochs": p.pretraining_epochs, "pretraining_rates": pretraining.rates()}
        return {
            "kind": "network",
            **self.task.about,
            "alignment": {"by": self.alignment.name, "states": self.alignment.digest},
            "criterion": arm.criterion,
            "context": self.data.context,
            "depth": self.depth(arm),
            "width": p.width,
            **({"after": self.key(run.after)} if run.after else start),
            "schedule": arm.schedule,
            "rate": run.rate,
            "momentum": config.momentum(p, arm),
            "batch": p.batch,
            "epochs": config.epochs(p, arm),
            "probe": p.probe,
            "seed": run.seed,
        }

    def depth(self, arm: Arm) -> int:
        """Hidden layers of an arm's network."""
        return arm.depth or self.protocol.depth

    def has(self, run: Run) -> bool:
        """Is it recorded, and are its weights there if they are needed?"""
        key = self.key(run)
        return self.store.has(key) and (not self.kept(run) or self.weights(run) is not None)

    def kept(self, run: Run) -> bool:
        """Weights are kept of what is decoded or gone on from."""
        return run.seed < FIRST_TUNING_SEED or run.arm.name in self._parents

    def result(self, run: Run) -> dict:
        """Its record."""
        return self.store.get(self.key(run))

    def weights(self, run: Run) -> Any | None:
        """Its last weights; None where they are missing or damaged."""
        key = self.key(run)
        return weights.load(
            weights.path(self.folder, key), self._like(self.depth(run.arm)), self.result(run)["weights"]
        )

    def _like(self, depth):
        network = networks.plain(self.data, depth, self.protocol.width)
        return jax.eval_shape(lambda: network.init(jax.random.key(0), 1.0))

    def _program(self, criterion: str, depth: int, theory: bool) -> training.Trainer:
        network = networks.over_rows(self.data, depth, self.protocol.width)
        measure = measures.measure(network, NAMED[criterion], theory)
        return training.trainer(self.examples(), network, NAMED[criterion], measure, self.protocol.batch)

    def _posteriors(self, criterion: str, depth: int) -> networks.Posteriors:
        return networks.Posteriors(
            self.data, networks.over_rows(self.data, depth, self.protocol.width), NAMED[criterion]
        )

    def train(self, runs: list[Run]) -> Iterator[int]:
        """Train what is missing; yields the number of runs done, chunk after chunk."""
        missing = [run for run in runs if not self.has(run)]
        yield len(runs) - len(missing)
        groups: dict = {}
        for run in missing:
            of = run.arm.criterion, self.depth(run.arm), config.epochs(self.protocol, run.arm), self._theory(run)
            groups.setdefault(of, []).append(run)
        for (criterion, depth, epochs, theory), group in groups.items():
            for start in {run.arm.start for run in group if not run.after} & set(pretraining.KINDS):
                self.pretraining.prepare(start, depth, [run.seed for run in group if run.arm.start == start])
            size = self.program(criterion, depth, theory).population.size
            for first in range(0, len(group), size):
                chunk = group[first : first + size]
                self.store.add(self._train(chunk, self.program(criterion, depth, theory), epochs))
                yield len(chunk)

    def _theory(self, run):
        return run.arm.name in self.protocol.theory and run.seed < FIRST_TUNING_SEED

    def _train(self, runs, by, epochs):
        began = time.perf_counter()
        momenta = [config.momentum(self.protocol, run.arm) for run in runs]
        who = members([run.seed for run in runs], [run.rate for run in runs], momenta)
        halving = np.array([run.arm.schedule == config.NEW_BOB for run in runs])
        out = training.train(by, who, training.stacked([self._first(run) for run in runs]), epochs, halving)
        seconds = (time.perf_counter() - began) / len(runs)
        return [self._recorded(run, out, i, seconds) for i, run in enumerate(runs)]

    def _first(self, run):
        if run.after:
            return self.weights(run.after)
        depth = self.depth(run.arm)
        if run.arm.start in pretraining.KINDS:
            return self.pretraining.get(run.arm.start, depth, run.seed)
        network = networks.over_rows(self.data, depth, self.protocol.width)
        return starts.weights(starts.NAMED[run.arm.start], network, run.seed)

    def _recorded(self, run, out, i, seconds):
        key, params = self.key(run), training.member(out.params, i)
        if out.diverged[i] >= 0:
            # Frozen before the step that failed, it might still recognise; it is to be wrong about everything.
            params = jax.tree.map(lambda leaf: np.full_like(leaf, np.nan), params)
        if self.kept(run):
            weights.save(weights.path(self.folder, key), params)
        curves = {name: _rounded(values[i]) for name, values in out.history.items()}
        result = {
            "diverged": int(out.diverged[i]) if out.diverged[i] >= 0 else None,
            "dev_error": curves["dev_error"][-1],
            "weights": weights.digest(params),
            "seconds": round(seconds, 3),
            "memory": memory.peak(),
        }
        if run.seed < FIRST_TUNING_SEED:
            posteriors = self.posteriors(run.arm.criterion, self.depth(run.arm))
            for split in ("dev", "test"):
                z = posteriors.z(params, self.data.rows[split])
                result[split] = measures.final(NAMED[run.arm.criterion], z, self.data.states[split])
            result |= {"curves": curves, "rates": _rounded(out.rates[i])}
        return key, result


def _rounded(values):
    return [float(f"{v:.6g}") if np.ndim(v) == 0 else _rounded(v) for v in values]
