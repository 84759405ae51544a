"""What the page is made from: the rows of the summaries, task by task, and the few records that say more than these."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from lossjax.training import records

Row = dict


class Evidence(NamedTuple):
    """rows: of summary-hybrid.jsonl and summary.jsonl. theory: of theory.jsonl. kept: corpora, Gaussian systems, tuned
    searches and trained networks, of hybrid-*.jsonl. job: the last of job.jsonl, command, setting and seconds.
    """

    rows: list[Row]
    theory: list[Row]
    kept: list[Row]
    job: Row | None = None


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
    gaussian: Row | None
    baseline: Row | None
    arms: list[Row]
    claims: list[Row]
    tuned: list[Tuned]
    seconds: float
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
    """The evidence in the output folder of the job; records of other code than the summary's are left aside."""
    rows = [row for name in ("summary-hybrid", "summary") for row in records.read(folder / f"{name}.jsonl")]
    codes = {row["environment"]["code"] for row in rows if row["kind"] == "protocol"}
    kept = {}
    for file in sorted(folder.glob("hybrid-*.jsonl")):
        for record in records.read(file):
            if record["environment"]["code"] in codes and record["key"]["kind"] != "recognition":
                kept[json.dumps(record["key"], sort_keys=True)] = record
    job = records.read(folder / "job.jsonl")
    return Evidence(rows, records.read(folder / "theory.jsonl"), list(kept.values()), job[-1] if job else None)


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
    return task._replace(protocol=protocol, arms=arms, seconds=sum(fold.seconds for fold in folds), folds=folds)


def _task(name: str, evidence: Evidence) -> Task:
    rows = [row for row in evidence.rows if row.get("task") == name]
    protocol = _first(row for row in rows if row["kind"] == "protocol") or {}
    kept = [record for record in evidence.kept if _about(record["key"]) == (name, protocol.get("data"))]
    arms = [row for row in rows if row["kind"] in ("arm", "pooled")]

    def one(kind):
        return _first(record for record in kept if record["key"]["kind"] == kind)

    return Task(
        name,
        protocol,
        one("corpus"),
        one("gaussian"),
        _first(row for row in rows if row["kind"] == "baseline"),
        arms,
        [row for row in rows if row["kind"] == "claim"],
        [_tuned(record, arms, protocol) for record in kept if record["key"]["kind"] == "search weights"],
        sum(record.get("seconds", 0) for record in kept if record["key"]["kind"] == "network"),
        [],
    )


def _first(rows: Iterable[Row]) -> Row | None:
    return next(iter(rows), None)


def _about(key):
    """(task, fingerprint of its data); a tuned search says so of the networks it is of."""
    key = key["of"][0] if key["kind"] == "search weights" else key
    return key["task"], key["data"]


def _tuned(record: Row, arms: Sequence[Row], protocol: Row) -> Tuned:
    key = record["key"]["of"][0]
    if key["kind"] == "gaussian":
        who, alignment = ("Gaussian mixtures",), "Gaussian"
    else:
        who, alignment = tuple(arm["name"] for arm in arms if _is_of(arm, key, protocol)), key["alignment"]["by"]
    return Tuned(who, alignment, record["key"]["model"], record["tried"], record["weights"])


def _is_of(arm: Row, key: Row, protocol: Row) -> bool:
    same = all(key[name] == arm[name] for name in ("criterion", "depth", "schedule", "rate"))
    own = arm.get("momentum")
    momentum = protocol["momentum"] if own is None else own
    begun = "after" in key if arm["after"] else key.get("start") == arm["start"]
    return same and begun and key["momentum"] == momentum and key["alignment"]["by"] == arm["alignment"]


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
