"""The hybrid comparison on every task that is here; its rows are written to summary-hybrid.jsonl."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from lossjax.data.dataset import DataError
from lossjax.training import records

from ..store import Store
from . import stages, summary, tasks
from .config import Protocol, check
from .gaussians import prepared
from .stages import Tell, UnfinishedError
from .summary import Part
from .tasks import Source

_ROOM = Path(__file__).parent
# What makes results; the settings in config.py are part of the keys.
SOURCES = tuple(
    sorted(
        [
            *(_ROOM / f"{n}.py" for n in ("criteria", "frames", "gaussians", "measures", "networks", "newbob")),
            *(_ROOM / f"{n}.py" for n in ("pretraining", "runs", "scoring", "starts", "training", "weights")),
            *(_ROOM.parent / "recogniser").glob("*.py"),
            *(_ROOM.parent / "corpora").glob("*.py"),
        ]
    )
)


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
    """The rows of all tasks; a task that waits for other shards has none, and is named."""
    for protocol in job.protocols.values():
        check(protocol)
    i, n = job.part
    own = job.folder / f"hybrid-{i}of{n}.jsonl"
    store = Store(own, SOURCES, [p for p in sorted(job.folder.glob("hybrid-*.jsonl")) if p != own])
    if store.left_aside:
        job.say(f"{store.left_aside} records of other code or another environment are left aside")
    rows, folds = [], {}
    for source, corpus in tasks.readable(job.sources, job.refuse):
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
    path = job.folder / "summary-hybrid.jsonl"
    rows = [*({**row, "environment": store.environment} for row in rows), *_of_others(path, job, store)]
    records.write(path, rows)
    return rows


def _of_others(path, job, store):
    """Rows of tasks that were not asked for this time, where the same code has made them."""
    asked = {name for source in job.sources for name in (source.name, source.protocol)}
    rows = (row for row in records.read(path) if row["task"] not in asked)
    return [row for row in rows if row["environment"]["code"] == store.environment["code"]]


def _task(job, source, corpus, store) -> list[Part]:
    """The task on every alignment."""
    if len({u.speaker for u in corpus.test if u.words}) < 2:
        raise DataError("its test words are of fewer than two speakers, and intervals need two")
    place = job.folder / "weights"
    task = prepared(source.name, corpus, job.protocols[source.protocol], store, place)
    return [Part(task, *made) for made in stages.stages(task, store, place, job.part, job.tell(source.name))]
