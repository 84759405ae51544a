"""What `lossjax check` and `lossjax compare` do with their options: find the subject, watch, run, print, write."""

import ast
import contextlib
import difflib
import importlib
import os
import re
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_NOT_FOUND = "is it installed, or in this folder?"
_IMPORT = re.compile(r"^\w+(\.\w+)*:\w+(\.\w+)*$")


def run_check(options) -> int:
    """Exit code 0 clean, 1 findings."""
    from lossjax.proof.output import writable
    from lossjax.proof.subject import UsageError

    writable(options.output)
    if options.workers is not None and options.workers < 1:
        raise UsageError(f"--workers is a number of processes, at least 1, got {options.workers}")
    if options.points == "all":
        from lossjax.cli import use_host_devices

        use_host_devices(os.cpu_count() or 1)
        from lossjax.proof.every_float.command import run_sweeps

        report = run_sweeps(options)
    elif any(":" in name for name in options.names):
        with contextlib.redirect_stdout(sys.stderr):  # what a stranger's code prints is no part of the report
            report = _foreign(options)
    else:
        report = _catalogue(options)
    from lossjax.proof.text import page_of

    emit(report, page_of(report), options)
    return 0 if report.ok else 1


def run_compare(options) -> int:
    """Exit code 0 where both are right, 1 where one is wrong or they differ."""
    from lossjax.proof.check import find
    from lossjax.proof.output import writable
    from lossjax.proof.versus import compare

    writable(options.output)
    specs = (options.a, options.b)
    with contextlib.redirect_stdout(sys.stderr):  # what a stranger's code prints is no part of the report
        a, b = (load(spec) if ":" in spec else find(spec) for spec in specs)
        report = compare(
            a,
            b,
            names=specs,
            dtype=options.dtype,
            points=options.points,
            quantity=options.quantity,
            event_ndim=options.event_ndim,
            targets=options.targets,
            like=options.like,
            params=parameters(options.params) or None,
            max_excess=options.max_excess,
            keep_stop_gradient=options.keep_stop_gradient,
        )
    emit(report, report.page(), options)
    return 0 if report.ok else 1


def emit(report, page, options) -> None:
    """Print in the chosen format; write --output."""
    from lossjax.proof.output import write
    from lossjax.proof.page import WIDTH, as_markdown, as_text, show

    written = {"json": report.to_json, "markdown": lambda: as_markdown(page), "text": lambda: as_text(page)}[
        options.format
    ]
    if options.format == "text":
        # Piped to a file there is no window to fit.
        show(page, Console() if sys.stdout.isatty() else Console(width=WIDTH))
    else:
        print(written())
    if options.output is not None:
        write(options.output, written() + "\n")


def parameters(words) -> dict:
    """The keyword parameters that NAME=VALUE words give: Python literals, or else text."""
    from lossjax.proof.subject import UsageError

    given = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--params: {word!r} is not of the form NAME=VALUE, such as delta=0.1")
        if name in given:
            raise UsageError(f"--params: {name} is given twice")
        try:
            given[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            given[name] = value
    return given


def load(spec: str):
    """The function that MODULE:FUNCTION names; importing runs the module's code, which is the caller's own wish."""
    from lossjax.proof.subject import UsageError

    if not _IMPORT.match(spec):
        raise UsageError(f"{spec!r} is not of the form MODULE:FUNCTION, such as optax.losses:huber_loss")
    module, name = spec.split(":")
    sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        hint = f"without .py it is {module.removesuffix('.py')}:{name}" if module.endswith(".py") else _NOT_FOUND
        whose = "" if error.name and f"{module}.".startswith(f"{error.name}.") else f", which {module} imports,"
        raise UsageError(f"module {error.name!r}{whose} is not found; {hint}") from None
    except (Exception, SystemExit) as error:  # a stranger's module
        raise UsageError(f"importing {module} failed: {type(error).__name__}: {error}") from None
    for part in name.split("."):
        if not hasattr(found, part):
            near = difflib.get_close_matches(part, [n for n in dir(found) if callable(getattr(found, n))], n=2)
            raise UsageError(
                f"module {module} has no {name!r}{f'; did you mean {chr(32).join(near)}?' if near else ''}"
            )
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"{spec} is not a function")
    return found


def _foreign(options):
    from lossjax.proof.check import check
    from lossjax.proof.subject import UsageError

    if len(options.names) > 1:
        raise UsageError("give one MODULE:FUNCTION at a time")
    (spec,) = options.names
    return check(
        load(spec),
        name=spec,
        dtype=options.dtype,
        points=options.points,
        quantity=options.quantity,
        grad=options.grad and load(options.grad),
        hess=options.hess and load(options.hess),
        event_ndim=options.event_ndim,
        targets=options.targets,
        like=options.like,
        max_excess=options.max_excess,
        keep_stop_gradient=options.keep_stop_gradient,
        params=parameters(options.params) or None,
    )


def _catalogue(options):
    from lossjax.environment import environment
    from lossjax.losses import ALL
    from lossjax.proof.check import check, find, find_all
    from lossjax.proof.findings import Report
    from lossjax.proof.subject import UsageError
    from lossjax.proof.ulp import DTYPES

    foreign = [
        n for n in ("grad", "hess", "event_ndim", "targets", "like", "params") if getattr(options, n) not in (None, ())
    ]
    if foreign:
        raise UsageError(
            f"--{foreign[0].replace('_', '-')} is for a function of yours, MODULE:FUNCTION; catalogue losses carry their own"
        )
    losses = [loss for n in options.names for loss in find_all(n)] if options.names else ALL
    dtypes = list(DTYPES) if options.dtype == "all" else [options.dtype]
    jobs = [(loss.label, d, options.points, options.quantity, options.max_excess) for loss in losses for d in dtypes]
    workers = options.workers or os.cpu_count() or 1
    if len(jobs) < 4 or workers == 1:
        return check(
            losses, dtype=dtypes, points=options.points, quantity=options.quantity, max_excess=options.max_excess
        )
    began = time.perf_counter()
    rows = {}
    # The large vectors first, so that no worker is left alone with one at the end.
    order = sorted(range(len(jobs)), key=lambda i: (find(jobs[i][0]).event_ndim, jobs[i][1] == "float32"), reverse=True)
    with _progress() as progress, _pool(workers) as pool:
        bar = progress.add_task("checking", total=len(jobs))
        futures = {pool.submit(_job, *jobs[i]): i for i in order}
        try:
            for future in as_completed(futures):
                rows[futures[future]] = future.result()
                progress.update(bar, advance=1, description=" ".join(jobs[futures[future]][:2]))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in active_children():  # the jobs they are at take minutes
                worker.terminate()
            raise
    return Report([r for i in range(len(jobs)) for r in rows[i]], time.perf_counter() - began, environment())


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent)


def _job(label, dtype, points, quantity, max_excess):
    from lossjax.proof.check import check, find

    return check(find(label), dtype=dtype, points=points, quantity=quantity, max_excess=max_excess).rows


def _end_with_parent() -> None:
    """A worker waits for work for ever, also where nobody is left to give it any."""
    if (parent := parent_process()) is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent) -> None:
    parent.join()
    os._exit(1)


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)
