"""What `lossjax audit` does with its options: run, print, write."""

import sys

from rich.console import Console
from rich.progress import Progress

from ..output import folder, writable, write
from ..subject import UsageError
from ..ulp import DTYPES
from .page import as_json, as_markdown, renderable
from .run import LIBRARIES, audit


def run_audit(options) -> int:
    """Exit code 0: the audit ran, whatever it found in other people's code."""
    names = LIBRARIES if options.all else options.libraries
    if not names:
        raise UsageError(f"name a library, one of {', '.join(LIBRARIES)}, or --all")
    if options.workers is not None and options.workers < 1:
        raise UsageError(f"--workers is a number of processes, at least 1, got {options.workers}")
    folder(options.output, "--output")
    files = [options.output / name for name in ("audit.json", "audit.md")] if options.output is not None else []
    for file in files:  # before the work, not after it
        writable(file)
    dtypes = tuple(DTYPES) if options.dtype == "all" else (options.dtype,)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("audit", total=None)

        def watch(done, total, what):
            progress.update(bar, completed=done, total=total, description=what)

        found = audit(names, dtypes=dtypes, points=options.points, workers=options.workers, watch=watch)
    for file, text in zip(files, (as_json(found) + "\n", as_markdown(found))):
        write(file, text)
    if options.format == "json":
        print(as_json(found))
    elif options.format == "markdown":
        print(as_markdown(found))
    else:
        Console(width=None if sys.stdout.isatty() else 150).print(renderable(found))
    return 0
