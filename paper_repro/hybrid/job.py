"""The hybrid comparison on every task that is here; its rows are written to summary-hybrid.jsonl."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from lossjax.data.dataset import DataError
from lossjax.training import records

from ..store import Store, alike
from . import stages, summary, tasks
from .config import Protocol, check
from .gaussians import described, prepared
from .provenance import provenance
from .stages import Tell, UnfinishedError
from .summary import Part
from .tasks import Source


@dataclasses.dataclass(frozen=True)
class Job:
    """sources: of the tasks wanted. protocols: task -> how. part: (i, n), the shard. say: sentences for the reader.

    refuse: called with a task that cannot be done, and why.
    """

    sources: list[Source]
    protocols: Mapping[str, Protocol]
    folder: Path
    part: tuple[int, int]
    say: Callable[[str], None]
    refuse: Callable[[Source, str], None]
    tell: Callable[[str], Tell]


def run(job: Job) -> list[dict]:
    """The rows of all tasks; a task that waits for other shards has none, and is named.

    A task whose rows are there, made by the same code of the same data and settings, is done, unless the records that
    they come from are there as well.
    """
    for protocol in job.protocols.values():
        check(protocol)
    i, n = job.part
    own, path = job.folder / f"hybrid-{i}of{n}.jsonl", job.folder / "summary-hybrid.jsonl"
    store = Store(own, provenance(), [p for p in sorted(job.folder.glob("hybrid-*.jsonl")) if p != own])
    if store.left_aside:
        job.say(f"{store.left_aside} records of other code or another environment are left aside")
    before = _by_protocol(records.read(path))
    done, rows, folds = {name: r for name, r in before.items() if _whole(job, name, r, store)}, [], {}
    for source, corpus in tasks.readable(job.sources, job.refuse):
        if source.protocol in done and _of_these(done[source.protocol], job, source, corpus, store):
            continue
        done.pop(source.protocol, None)
        try:
            parts = _task(job, source, corpus, store)
        except UnfinishedError as waits:
            job.say(f"{source.name}: {waits}")
            continue
        except DataError as problem:
            job.refuse(source, str(problem))
            continue
        rows += [summary.settings(parts), *(row for part in parts for row in summary.rows(part))]
        if source.fold_of:
            folds.setdefault(source.fold_of, []).append(parts[0])
    for name, parts in folds.items():
        if len(parts) == sum(source.fold_of == name for source in job.sources):
            rows += summary.pooled(name, parts)
    found = _by_protocol([{**row, "environment": store.environment} for row in rows])
    found |= _of_others(before, job, store) | done
    order = [*job.protocols, *found]
    rows = [row for name in sorted(found, key=order.index) for row in found[name]]
    records.write(path, rows)
    return rows


def _by_protocol(rows) -> dict[str, list[dict]]:
    """Folds lie with what pools them."""
    found: dict[str, list[dict]] = {}
    for row in rows:
        found.setdefault(row["task"].split(", fold ")[0], []).append(row)
    return found


def _of_others(before, job, store):
    """Rows of tasks that were not asked for this time, where the same code has made them."""
    asked = {source.protocol for source in job.sources}
    mine = {
        name: [r for r in rows if r["environment"]["code"] == store.environment["code"]]
        for name, rows in before.items()
    }
    if left := sorted(name for name in before if name not in asked and len(mine[name]) < len(before[name])):
        job.say(f"rows of other code are left out: {', '.join(left)}")
    return {name: rows for name, rows in mine.items() if rows and name not in asked}


def _whole(job, name, rows, store) -> bool:
    """Are these all the rows of a task with these settings, made by this code here?"""
    sources = {source.name for source in job.sources if source.protocol == name}
    settings = {row["task"]: row for row in rows if row["kind"] == "protocol"}
    if not sources or set(settings) != sources or not all(alike(row, store.environment) for row in rows):
        return False
    wanted = records.plain(dataclasses.asdict(job.protocols[name]))
    same = all({key: row[key] for key in wanted} == wanted for row in settings.values())
    return same and (name in sources or any(row["kind"] == "pooled" for row in rows))


def _of_these(rows, job, source, corpus, store) -> bool:
    """Are they of this corpus, and is what they come from not here?"""
    settings = next(row for row in rows if row["kind"] == "protocol" and row["task"] == source.name)
    about, key = described(source.name, corpus, job.protocols[source.protocol])
    return settings["data"] == about["data"] and not store.has(key)


def _task(job, source, corpus, store) -> list[Part]:
    """The task on every alignment."""
    if len({u.speaker for u in corpus.test if u.words}) < 2:
        raise DataError("its test words are of fewer than two speakers, and intervals need two")
    place = job.folder / "weights"
    task = prepared(source.name, corpus, job.protocols[source.protocol], store, place)
    return [Part(task, *made) for made in stages.stages(task, store, place, job.part, job.tell(source.name))]
