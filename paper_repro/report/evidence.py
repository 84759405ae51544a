"""What the page is made from: the rows of the summaries, task by task, and the few records that say more than these."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from lossjax.training import records

from ..store import SAME, short

Row = dict


class Evidence(NamedTuple):
    """rows: of summary-hybrid.jsonl and summary.jsonl. theory: of theory.jsonl. kept: corpora and tuned searches, of
    hybrid-*.jsonl. jobs: of job.jsonl, command, setting and seconds, those of the last one's setting.
    """

    rows: list[Row]
    theory: list[Row]
    kept: list[Row]
    jobs: Sequence[Row] = ()


class Tuned(NamedTuple):
    """A tuned search. who: names of the arms it belongs to, one where no arm shares networks, or the baseline's."""

    who: tuple[str, ...]
    alignment: str
    model: str
    tried: list[list[float]]
    weights: Row


class Task(NamedTuple):
    """All that is known of one task; None or empty is what the records lack.

    folds: tasks over whose test sets this one's word errors are pooled; it has no networks of its own.
    """

    name: str
    protocol: Row
    corpus: Row | None
    baseline: Row | None
    arms: list[Row]
    claims: list[Row]
    tuned: list[Tuned]
    folds: list["Task"]

    @property
    def alignments(self) -> list[str]:
        """In the order of the records; the first is the Gaussian system's."""
        return list(dict.fromkeys(arm["alignment"] for arm in self.arms))

    @property
    def drawn(self) -> list[Row]:
        """The arms on the first alignment that have training curves."""
        return [arm for arm in self.arms if arm["alignment"] == self.alignments[0] and "curves" in arm]

    @property
    def models(self) -> list[str]:
        """Language models, the deciding one first."""
        return list(dict.fromkeys(model for arm in self.arms for model in arm["wer"]))

    def on(self, alignment: str) -> list[Row]:
        """The arms on one alignment."""
        return [arm for arm in self.arms if arm["alignment"] == alignment]


def read(folder: Path) -> Evidence:
    """The evidence in the output folder of the job; records of other code or another environment are left aside."""
    rows = [row for name in ("summary-hybrid", "summary") for row in records.read(folder / f"{name}.jsonl")]
    made, kept = [row["environment"] for row in rows if row["kind"] == "protocol"], {}
    for file in sorted(folder.glob("hybrid-*.jsonl")):
        for record in records.read(file):
            if record["key"]["kind"] in ("corpus", "search weights") and _same(record["environment"], made):
                kept[json.dumps(record["key"], sort_keys=True)] = record
    jobs = records.read(folder / "job.jsonl")
    jobs = [job for job in jobs if job["setting"] == jobs[-1]["setting"]]
    return Evidence(rows, records.read(folder / "theory.jsonl"), list(kept.values()), jobs)


def _same(environment, those):
    return any(all(environment[name] == other[name] for name in SAME) for other in those)


def tasks(evidence: Evidence) -> list[Task]:
    """The recognition tasks, in the order of the records; folds stand within the task that pools them."""
    names = dict.fromkeys(row["task"] for row in evidence.rows if row["kind"] in ("protocol", "pooled"))
    found = [_task(name, evidence) for name in names]
    pools = {row["task"] for row in evidence.rows if row["kind"] == "pooled"}

    def pool_of(task):
        return next((name for name in pools if task.name.startswith(f"{name}, fold ")), None)

    return [
        _pooled(task, [t for t in found if pool_of(t) == task.name]) if task.name in pools else task
        for task in found
        if not pool_of(task)
    ]


def _pooled(task: Task, folds: list[Task]) -> Task:
    protocol = folds[0].protocol if folds else {}
    arms = [{**arm, "depth": arm["depth"] or protocol.get("depth", 0)} for arm in task.arms]
    return task._replace(protocol=protocol, arms=arms, folds=folds)


def _task(name: str, evidence: Evidence) -> Task:
    rows = [row for row in evidence.rows if row.get("task") == name]
    protocol = _first(row for row in rows if row["kind"] == "protocol") or {}
    kept = [record for record in evidence.kept if _about(record["key"]) == (name, protocol.get("data"))]
    return Task(
        name,
        protocol,
        _first(record for record in kept if record["key"]["kind"] == "corpus"),
        _first(row for row in rows if row["kind"] == "baseline"),
        [row for row in rows if row["kind"] in ("arm", "pooled")],
        [row for row in rows if row["kind"] == "claim"],
        _tuned(rows, kept),
        [],
    )


def _first(rows: Iterable[Row]) -> Row | None:
    return next(iter(rows), None)


def _about(key):
    """(task, fingerprint of its data); a tuned search says so of the networks it is of."""
    key = key["of"][0] if key["kind"] == "search weights" else key
    return key["task"], key["data"]


def _tuned(rows: Sequence[Row], kept: Sequence[Row]) -> list[Tuned]:
    """The searches that the rows name as theirs: others are of other settings."""
    owners: dict[str, list[Row]] = {}
    for row in (row for row in rows if row["kind"] in ("arm", "baseline")):
        for search in (name for wer in row["wer"].values() for name in wer["searches"]):
            owners.setdefault(search, []).append(row)
    return [
        Tuned(
            tuple(row["name"] for row in own),
            own[0]["alignment"],
            record["key"]["model"],
            record["tried"],
            record["weights"],
        )
        for record in kept
        if record["key"]["kind"] == "search weights" and (own := owners.get(short(record["key"])))
    ]


def whole(theory: Sequence[Row]) -> bool:
    """Is every part of the theory there?"""
    parts = {record["key"]["part"] for record in theory}
    return {"symbolic", "every gap", "ratio", "bounds", "vanishing", "curves", "false zeros"} <= parts


def by_task(found: Sequence[Task], f: Callable[[Task], str]) -> str:
    """f of every task in one sentence: once where it is the same, else task by task; "" of tasks that say nothing."""
    said = {task.name: text for task in found if (text := f(task))}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {text}" for name, text in said.items())
