"""One network of the table trained once more, from nothing but its row: does it come out the same, bit for bit?"""

import tempfile
from pathlib import Path
from typing import NamedTuple

from lossjax.training import records
from lossjax.training.bad_input import BadInputError

from ..recogniser.wordloop import Weights
from ..store import SAME, Store
from .config import Protocol
from .gaussians import prepared
from .provenance import provenance
from .runs import Lab
from .scoring import Search
from .stages import Stages
from .tasks import Source


class Again(NamedTuple):
    """weights: of the recorded network and of this one, the first digits of their SHA-256. errors: language model -> the
    word error rates of both. elsewhere: what of code and environment is not as it was.
    """

    weights: tuple[str, str]
    errors: dict[str, tuple[float, float]]
    elsewhere: list[str]

    @property
    def same(self) -> bool:
        """To the last bit."""
        return all(recorded == now for recorded, now in (self.weights, *self.errors.values()))


def again(folder: Path, source: Source, protocol: Protocol, arm: str, seed: int) -> Again:
    """Gaussian system, the network and the one it goes on from, trained in a folder of their own; then recognition.

    folder: of the summary. Rates and weights of the search are those of the rows: nothing is tuned.

    Raises: BadInputError for a row that is not there, or was made of other data; DataError for a corpus that cannot be
    used.
    """
    rows = _arms(folder, source.name)
    row = _row(rows, source.name, arm, seed)
    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place) / "hybrid-1of1.jsonl", provenance())
        task = prepared(source.name, source.read(), protocol, store, Path(place))
        lab = Lab(task, task.gaussian, store, Path(place))
        if row["states"] != lab.alignment.digest:
            raise BadInputError(
                f"the row of {arm!r} was made of other data, or another alignment of them, than are here"
            )
        stages = Stages(lab, protocol.arms, (1, 1), lambda *step: None)
        stages.rates.update({name: one["rate"] for name, one in rows.items()})
        run = stages.one(stages.named[arm], row["rate"], seed)
        for one in filter(None, (run.after, run)):
            list(lab.train([one]))
        found = _recognised(Search(task, store), lab, run, row)
        weights = lab.result(run)["weights"]
    errors = {model: (wer["by_seed"][seed], found[model]) for model, wer in row["wer"].items()}
    elsewhere = [name for name in SAME if row["environment"][name] != store.environment[name]]
    recorded = row["networks"][seed]
    return Again((recorded, weights[: len(recorded)]), errors, elsewhere)


def _arms(folder, task):
    rows = records.read(folder / "summary-hybrid.jsonl")
    return {r["name"]: r for r in rows if (r["task"], r["kind"], r.get("alignment")) == (task, "arm", "Gaussian")}


def _row(arms, task, arm, seed):
    if arm not in arms:
        known = ", ".join(map(repr, arms)) or "none at all"
        raise BadInputError(f"there is no row of {arm!r} on {task} (Gaussian alignment), only of {known}")
    if not 0 <= seed < arms[arm]["seeds"]:
        raise BadInputError(f"the row of {arm!r} has the seeds 0 to {arms[arm]['seeds'] - 1}, not {seed}")
    return arms[arm]


def _recognised(search, lab, run, row):
    """Language model -> word error rate."""
    system = search.network(lab, run)
    weights = {model: Weights(**wer["weights"][0]) for model, wer in row["wer"].items()}
    search.test(system, weights)
    return {model: search.store.get(search.test_key(system, model, w))["wer"] for model, w in weights.items()}
