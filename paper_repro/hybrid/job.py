"""The hybrid comparison on every task that is here; its rows are written to summary-hybrid.jsonl."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from lossjax.training import records

from ..store import Store
from . import stages, summary, tasks
from .config import Protocol, check
from .gaussians import prepared
from .stages import Tell, UnfinishedError
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
    """sources: of the tasks wanted. protocols: task -> how. part: (i, n), the shard. said: sentences for the reader."""

    sources: list[Source]
    protocols: Mapping[str, Protocol]
    folder: Path
    part: tuple[int, int]
    say: Callable[[str], None]
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
    rows = []
    for name, corpus in tasks.readable(job.sources, job.say):
        try:
            rows += _task(job, name, corpus, store)
        except UnfinishedError as waiting:
            job.say(f"{name}: {waiting}")
    records.write(job.folder / "summary-hybrid.jsonl", [{**row, "environment": store.environment} for row in rows])
    return rows


def _task(job, name, corpus, store):
    task = prepared(name, corpus, job.protocols[name], store, job.folder / "weights")
    rows = [summary.settings(task)]
    for made, search in stages.stages(task, store, job.folder / "weights", job.part, job.tell(name)):
        rows += summary.rows(task, made, search)
    return rows
