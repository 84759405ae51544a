"""A bar with the time left, for work that is told as it goes."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def bar(label: str, total: int, console: Console | None = None) -> Iterator[tuple[Callable, Callable]]:
    """`advance(steps)` and `tell(sentence)` of a bar, for run.Settings; sentences stand above it."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(label, total=total)
        yield lambda steps: progress.advance(task, steps), lambda sentence: progress.console.print(sentence)
