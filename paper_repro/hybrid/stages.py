"""One task from its corpus to word errors: tune the rates, compare on fresh seeds, decode; each stage from the records.

With shards, every stage is shared out; the next begins when the records of all shards hold it.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..recogniser.align import align, jobs
from ..store import Store
from . import config
from .config import FIRST_TUNING_SEED, Arm
from .gaussians import Alignment, Task, alignment
from .runs import Lab, Run
from .scoring import Search, System

Tell = Callable[[str, int, int], None]


class UnfinishedError(Exception):
    """A stage waits for other shards: one sentence."""


class Choice(dict[str, float]):
    """Arm -> the rate at which it is compared."""


class Stages:
    """The stages of one task on one alignment."""

    def __init__(self, lab: Lab, arms: Sequence[Arm], part: tuple[int, int], tell: Callable[[str, int, int], None]):
        """part: (i, n), i from 1. tell: (stage, done, of) as it goes."""
        self.lab, self.arms, self.part, self.tell = lab, tuple(arms), part, tell
        self.rates = Choice()
        self.named = {arm.name: arm for arm in lab.protocol.arms}

    def run(self) -> None:
        """Every network of the comparison, trained."""
        free = [arm for arm in self.arms if not arm.after]
        fine = [arm for arm in self.arms if arm.after]
        for arms, name in ((free, "arms from a start"), (fine, "continuations")):
            self._train(f"tuning the rates of {name}", self.tuning(arms))
            for arm in arms:
                self.rates[arm.name] = self.rate(arm)
            self._train(f"comparing {name}", self.comparison(arms))

    def tuning(self, arms: Sequence[Arm]) -> list[Run]:
        """Every rate of the grid of each arm that has one of its own."""
        p = self.lab.protocol
        return [
            self.one(arm, rate, FIRST_TUNING_SEED + seed)
            for arm in arms
            if not arm.rate_of
            for rate in config.grid(p, arm)
            for seed in range(config.tuning_seeds(p, arm))
        ]

    def one(self, arm: Arm, rate: float, seed: int) -> Run:
        """A run, with the one that it goes on from."""
        parent = self.named[arm.after] if arm.after else None
        return Run(arm, rate, seed, self.one(parent, self.rates[parent.name], seed) if parent else None)

    def rate(self, arm: Arm) -> float:
        """Of least dev frame error at the end, the mean over tuning seeds, the lowest if tied; or that of another arm."""
        if arm.rate_of:
            factor = self.lab.data.classes / 2 if arm.compensated else 1.0
            return float(f"{self.rates[arm.rate_of] * factor:.4g}")
        error = self.errors(arm)
        return min(error, key=lambda rate: (error[rate], rate))

    def errors(self, arm: Arm) -> dict[float, float]:
        """Rate -> mean dev frame error of the tuning seeds."""
        found: dict[float, list[float]] = {}
        for run in self.tuning([arm]):
            found.setdefault(run.rate, []).append(self.lab.result(run)["dev_error"])
        return {rate: sum(errors) / len(errors) for rate, errors in found.items()}

    def at_edge(self, arm: Arm) -> bool:
        """Is the chosen rate the least or the greatest of the grid?"""
        grid = config.grid(self.lab.protocol, arm)
        return not arm.rate_of and self.rates[arm.name] in (min(grid), max(grid))

    def comparison(self, arms: Sequence[Arm]) -> list[Run]:
        """Each arm at its rate, on the seeds of the comparison."""
        return [run for arm in arms for run in self.seeds(arm)]

    def seeds(self, arm: Arm) -> list[Run]:
        """The runs of one arm that are compared."""
        return [self.one(arm, self.rates[arm.name], seed) for seed in range(config.seeds(self.lab.protocol, arm))]

    def runs(self) -> list[Run]:
        """Every network that was trained, once."""
        return self._distinct([*self.tuning(self.arms), *self.comparison(self.arms)])

    def _distinct(self, runs):
        # Two arms may share a run; the one that stands first decides what is logged of it.
        return list({self._text(run): run for run in reversed(runs)}.values())[::-1]

    def _train(self, stage, runs):
        runs = self._distinct(runs)
        own, done = _share(runs, self.part), 0
        for count in self.lab.train(own):
            done += count
            self.tell(stage, done, len(own))
        _barrier(stage, [run for run in runs if not self.lab.has(run)])

    def _text(self, run):
        return repr(self.lab.key(run))

    def decode(self, search: Search) -> None:
        """Tune the search of every arm on its first seeds, then recognise the test set with every network."""
        share = _share(self.arms, self.part)
        for done, arm in enumerate(share):
            search.tune(self.first(search, arm))
            self.tell("tuning the search", done + 1, len(share))
        models = search.models
        untuned = [
            a for a in self.arms for m in models if not search.store.has(search.tuning_key(self.first(search, a), m))
        ]
        _barrier("tuning the search", untuned)
        systems = [(arm, search.network(self.lab, run)) for arm in self.arms for run in self.seeds(arm)]
        own = _share(systems, self.part)
        for done, (arm, system) in enumerate(own):
            search.test(system, self.weights(search, arm))
            self.tell("decoding", done + 1, len(own))
        left = [
            1
            for arm, system in systems
            for m, w in self.weights(search, arm).items()
            if not search.store.has(search.test_key(system, m, w))
        ]
        _barrier("decoding", left)

    def first(self, search: Search, arm: Arm) -> list[System]:
        """The networks on whose dev words the search is tuned."""
        return [search.network(self.lab, run) for run in self.seeds(arm)[: self.lab.protocol.tuned_on]]

    def weights(self, search: Search, arm: Arm) -> dict:
        """Language model -> the tuned weights of an arm."""
        return {model: search.weights(self.first(search, arm), model) for model in search.models}


def _share(everything, part):
    i, n = part
    return everything[i - 1 :: n]


def _barrier(stage, missing):
    if missing:
        raise UnfinishedError(f"{stage}: {len(missing)} left for other shards; repeat this command when they are done")


def stages(
    task: Task, store: Store, folder: Path, part: tuple[int, int], tell: Tell
) -> Iterator[tuple[Stages, Search]]:
    """All alignments of a task, one after another: trained and decoded."""
    search = Search(task, store)
    baseline = [search.gaussian()]
    search.tune(baseline)
    search.test(baseline[0], {m: search.weights(baseline, m) for m in search.models})
    first = None
    for name in task.protocol.alignments:
        chosen = task.gaussian if first is None else realigned(task, first, name)
        arms = task.protocol.arms
        if first is not None:
            arms = tuple(arm for arm in arms if arm.name in task.protocol.realigned)
        made = Stages(
            Lab(task, chosen, store, folder), arms, part, lambda stage, *n, name=name: tell(f"{stage} ({name})", *n)
        )
        made.run()
        made.decode(search)
        first = first or made
        yield made, search


def realigned(task: Task, by: Stages, arm: str) -> Alignment:
    """The states that the first network of an arm gives, by log p(state | x) - log p(state)."""
    run = by.seeds(next(a for a in by.arms if a.name == arm))[0]
    score = by.lab.posteriors(run.arm.criterion, by.lab.depth(run.arm)).scorer(by.lab.weights(run))
    prior, states = by.lab.alignment.log_prior, {}
    for split in (task.corpus.train, task.corpus.dev, task.corpus.test):
        work, skipped = jobs(task.topology, split)
        states |= align(lambda us: [log_p - prior for log_p in score(us)], work, skipped).states
    return alignment(arm, task.corpus, task.topology, states)
