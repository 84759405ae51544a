"""Several losses on one data set, each at its own best rate: what most of the claims come down to."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import optax

from lossjax.data.dataset import Dataset
from lossjax.training.members import Members
from lossjax.training.metrics import classification, softmax_posterior
from lossjax.training.models import Network
from lossjax.training.population import Task, descent

from .hypothesis import Part, Values, filled
from .lab import Budget, Lab, compare, first_below, one_hot, splits, tune


class Entrant(NamedTuple):
    """A loss; how its outputs are read as log posteriors; whether its targets are rows of 0 and 1 rather than labels."""

    loss: Callable
    posterior: Callable = softmax_posterior
    rows: bool = False


def every_start(tuned: list[dict]) -> dict[str, float]:
    """Start -> the rate chosen for it."""
    return {row["start"]: row["rate"] for row in tuned}


def contest(
    lab: Lab,
    data: Dataset,
    net: Network,
    entrants: Mapping[str, Entrant],
    budget: Budget,
    batch: int,
    optimiser: Callable[[Members], optax.GradientTransformation] = descent,
    chosen: Callable[[list[dict]], Mapping[str, float]] = every_start,
    **about: str,
) -> list[dict]:
    """Rows of tuning (least dev error, mean over the last tenth of the epochs) and of comparing.

    chosen: rows of tuning -> starts to compare, each with its rate.
    """
    rows, dev_error = [], late("dev_error", budget, failed=1.0)
    for name, (loss, posterior, as_rows) in entrants.items():
        parts = splits(data, one_hot(data.classes)) if as_rows else splits(data)
        task = Task(net, loss, classification(net, loss, posterior), batch, optimiser)
        who = {"data": data.name, "loss": name, **about}
        tuned = tune(lab, who, task, parts, budget, dev_error)
        rows += [*tuned, *compare(lab, who, task, parts, budget, [chosen(tuned)])]
    return rows


def late(metric: str, budget: Budget, failed: float) -> Callable[[dict], float]:
    """Of a record: the mean of this curve over the last tenth of the epochs; where it diverged, `failed` for its values."""
    tail = max(1, budget.epochs // 10)

    def mean(record):
        return float(np.mean([failed if v is None else v for v in record["curves"][metric][-tail:]]))

    return mean


def early(metric: str, epochs: int) -> Callable[[dict], float]:
    """Of a record: the mean of this curve before each of the first epochs, those left out in which it has no value."""

    def mean(record):
        known = [v for v in record["curves"][metric][:epochs] if v is not None]
        return float(np.mean(known)) if known else float("nan")

    return mean


def epochs_to(target: float, budget: Budget) -> Callable[[dict], float]:
    """Of a record: the epochs to a dev error of `target`; one more than there are where it is never reached."""
    reached = first_below("dev_error", target)

    def epochs(record):
        found = reached(record)
        return budget.epochs + 1 if np.isnan(found) else found

    return epochs


def only(measure: Callable, *names: str) -> Callable:
    """The measure, reduced to these names: what else it would take is neither compiled nor run."""

    def measured(params, data):
        found = measure(params, data)
        return {name: found[name] for name in names}

    return measured


class Arms:
    """The arms of a claim's rows, found by what they are."""

    def __init__(self, rows: list[dict]):
        """Of records, or of rows before they are."""
        self._arms = [row for row in rows if row["kind"] == "arm"]

    def of(self, **what: str | float) -> dict:
        """The one arm with these entries.

        Raises: LookupError where there is none, or another.
        """
        found = [row for row in self._arms if all(row[key] == value for key, value in what.items())]
        if len(found) != 1:
            raise LookupError(f"{len(found)} arms are {what}")
        return found[0]

    def every(self, key: str) -> list:
        """The different entries under a key, in order."""
        return list(dict.fromkeys(row[key] for row in self._arms if key in row))

    def values(self, metric: str, **what: str | float) -> Values:
        """A metric of that arm, a value a seed."""
        return self.of(**what)["values"][metric]


def lower_error(
    arms: Arms, says: str, names: tuple[str, str], metric: str = "test_error", points: float = 0.0, **what: str | float
) -> Part:
    """The first loss has the lower test error than the second, or one at most `points` percentage points higher."""
    a, b = (arms.values(metric, loss=name, **what) for name in names)
    return Part(says, names, a, b, "% error", 1.0, margin=points / 100, scale=100)


def edges(rows: list[dict]) -> list[str]:
    """A sentence on rates that were compared and are the lowest or highest of their grid, and one where all rates are alike."""
    compared = {(_name(row), row["rate"]) for row in rows if row["kind"] == "arm"}
    tuned = [
        row for row in rows if row["kind"] == "tuning" and row["at_edge"] and (_name(row), row["rate"]) in compared
    ]
    alike = [_name(row) for row in tuned if len({score for _, score in row["grid"]}) == 1]
    outside = [f"{_name(row)} ({row['rate']:g})" for row in tuned if _name(row) not in alike]
    said = [f"At an edge of the grid, where a better rate may lie beyond it: {'; '.join(outside)}."] if outside else []
    return said + ([f"All rates of the grid are alike: {'; '.join(alike)}."] if alike else [])


# A rate whose dev error rises by this factor on fresh seeds was chosen by luck.
_LUCK = 2.0


def chosen_by_luck(rows: list[dict]) -> list[str]:
    """A sentence on rates, tuned for dev error, whose dev error on fresh seeds is more than twice that of the tuning seeds."""
    found = []
    for row in (row for row in rows if row["kind"] == "tuning" and row.get("tuned_for", "error") == "error"):
        said = dict(map(tuple, row["grid"]))[row["rate"]]
        for arm in (arm for arm in rows if arm["kind"] == "arm" and _name(arm) == _name(row)):
            if arm["rate"] == row["rate"] and (fresh := filled(arm["values"]["dev_error"], 1.0).mean()) > _LUCK * said:
                found.append(f"{_name(row)} ({row['rate']:g}): {100 * said:.3g} % and {100 * fresh:.3g} %")
    why = "Chosen by luck: rates whose dev error with the tuning seeds is less than half that with fresh ones, so that what is"
    return [f"{why} said of these arms may be the rate's fault: {'; '.join(found)}."] if found else []


def never_arrived(rows: list[dict]) -> list[str]:
    """A sentence on arms with runs that never reached the target: what is made of their epochs is cut off there."""
    arms = [row for row in rows if row["kind"] == "arm" and None in row["values"].get("epochs", ())]
    counts = [(row, row["values"]["epochs"].count(None), len(row["values"]["epochs"])) for row in arms]
    several = [f"{_name(row)} ({row['rate']:g}): {failed} of {of}" for row, failed, of in counts]
    said = "Never at the target, counted as one epoch more than there were, so that gaps, slow-downs and shares are cut off there"
    return [f"{said}: {'; '.join(dict.fromkeys(several))}."] if several else []


_NAMED_BY = ("data", "part", "condition", "loss", "tuned_for", "start", "decay")


def _name(row):
    return ", ".join(str(row[key]) for key in _NAMED_BY if key in row)
