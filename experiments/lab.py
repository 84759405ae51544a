"""Where networks are trained: tuned on the dev split over one grid, compared on fresh seeds, every network recorded."""

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from rich.console import Console

from lossjax.data.dataset import Dataset
from lossjax.training import records
from lossjax.training.members import Members, grid, members
from lossjax.training.population import Examples, Task
from lossjax.training.progress import bar
from lossjax.training.run import Settings, run

# Tuning and comparison share no seed.
FIRST_TUNING_SEED = 1_000
# One size of program for tuning and comparing, so that it is compiled once; as many as there are pairs.
CHUNK = 30


@dataclasses.dataclass(frozen=True)
class Lab:
    """Trains populations for one claim. folder: of the networks' records, which are found again. quiet: no bars."""

    folder: Path
    console: Console
    quiet: bool = False

    def train(
        self,
        label: str,
        task: Task,
        who: Members,
        data: Mapping[str, Examples],
        epochs: int,
        curves: Sequence[str] = (),
    ) -> list[dict]:
        """A record a member: `last`, every metric after the last epoch, and those `curves`, an entry an epoch."""
        # What a record keeps is part of its name: only the program decides the rest.
        name = f"{label}; {', '.join(curves)}"

        def kept(history):
            last = {name: values[-1] for name, values in history.items()}
            return {"last": last, "curves": {name: history[name] for name in curves}}

        if self.quiet:
            return run(name, task, who, data, epochs, self._settings(kept))
        with bar(label, len(who.seed) * (epochs + 1), self.console) as (advance, tell):
            return run(name, task, who, data, epochs, self._settings(kept, tell=tell, progress=advance))

    def _settings(self, kept, tell=lambda sentence: None, **options):
        # The records' own code is part of what made them.
        code = records.provenance(Path(__file__))["code"]
        return Settings(self.folder / code, chunk=CHUNK, result=kept, tell=tell, **options)


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every loss gets, the same for all. rates: the one grid; scales: starts, name -> scale of initial weights."""

    rates: Sequence[float]
    tuning_seeds: int
    seeds: int
    epochs: int
    scales: Mapping[str, float]
    curves: Sequence[str] = ()


def splits(data: Dataset, targets: Callable = lambda t: t) -> dict[str, Examples]:
    """The three splits for a trainer, the targets as the loss wants them."""
    return {name: Examples(part.x, targets(part.t)) for name, part in zip(("train", "dev", "test"), data[2:])}


def one_hot(classes: int) -> Callable:
    """Labels -> rows of 0 and 1, float32."""
    return lambda labels: np.eye(classes, dtype=np.float32)[labels]


def tune(
    lab: Lab, about: Mapping, task: Task, data: Mapping[str, Examples], budget: Budget, score: Callable[[dict], float]
) -> list[dict]:
    """A row a start: the mean score, lower is better, at every rate of the grid, and the best rate, the lowest if tied.

    score: of a record; NaN counts as the worst of all.
    """
    seeds = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + budget.tuning_seeds)
    who = grid(seeds, budget.rates, scales=tuple(budget.scales.values()))
    found = lab.train(_label(about, "tuning"), task, who, data, budget.epochs, budget.curves)
    shape = (len(budget.scales), len(budget.rates), len(seeds))
    scores = np.array([np.inf if np.isnan(value := score(record)) else value for record in found]).reshape(shape)
    return [_choice(about, start, budget.rates, of_start.mean(-1)) for start, of_start in zip(budget.scales, scores)]


def _choice(about, start, rates, means):
    best = min(range(len(rates)), key=lambda i: (means[i], rates[i]))
    curve = [[rate, float(mean)] for rate, mean in zip(rates, means)]
    edge = rates[best] in (min(rates), max(rates))
    return {"kind": "tuning", **about, "start": start, "rate": rates[best], "at_edge": edge, "grid": curve}


def compare(
    lab: Lab,
    about: Mapping,
    task: Task,
    data: Mapping[str, Examples],
    budget: Budget,
    rates: Iterable[Mapping[str, float]],
    derived: Mapping[str, Callable[[dict], float]] = MappingProxyType({}),
) -> list[dict]:
    """Fresh seeds: a row for every start of every mapping start -> rate; equal rates are trained once.

    A row has, by metric, a value a seed (`values`: those after the last epoch, and `derived` from the records), and the
    quartiles of the curves over seeds.
    """
    wanted = sorted({(start, rate) for of_start in rates for start, rate in of_start.items()})
    arms = [members(range(budget.seeds), rate, scale=budget.scales[start]) for start, rate in wanted]
    who = Members(*(np.concatenate(columns) for columns in zip(*arms)))
    found = lab.train(_label(about, "comparing"), task, who, data, budget.epochs, budget.curves)
    several = (found[i : i + budget.seeds] for i in range(0, len(found), budget.seeds))
    return [_arm(about, *arm, of_arm, derived) for arm, of_arm in zip(wanted, several)]


def _arm(about, start, rate, found, derived):
    values = {name: [_rounded(record["last"][name]) for record in found] for name in found[0]["last"]}
    values |= {name: [_rounded(of(record)) for record in found] for name, of in derived.items()}
    return {
        "kind": "arm",
        **about,
        "start": start,
        "rate": rate,
        "diverged": sum(record["diverged"] is not None for record in found),
        "values": values,
        "quartiles": {name: _quartiles(found, name) for name in found[0]["curves"]},
    }


def _quartiles(found, name):
    """[lower quartile, median, upper quartile] an epoch; a diverged run's NaN is left to the count of these."""
    curves = np.array([record["curves"][name] for record in found], float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return [[_rounded(v) for v in entry] for entry in np.nanquantile(curves, (0.25, 0.5, 0.75), axis=0).T.tolist()]


def _rounded(value):
    return None if value is None or np.isnan(value) else float(f"{value:.5g}")


def _label(about, what):
    return ", ".join([*map(str, about.values()), what])


def first_below(name: str, target: float) -> Callable[[dict], float]:
    """Of a record: the first epoch after which this curve is at most `target`; NaN if it never is."""

    def epochs(record):
        reached = (i for i, value in enumerate(record["curves"][name]) if value is not None and value <= target)
        return next(reached, float("nan"))

    return epochs
