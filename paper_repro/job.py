"""The main job: run what is missing, write the summary, print the tables, draw the page."""

import dataclasses
import shlex
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lossjax.data.dataset import DataError
from lossjax.extras import MissingExtraError
from lossjax.training import records
from lossjax.training.bad_input import BadInputError, check_folder

from . import digits, published, summary, tables, theory
from .config import Config, Options
from .hybrid import again as once_more
from .hybrid import config as hybrid_config
from .hybrid import job as hybrid
from .hybrid import tables as hybrid_tables
from .hybrid import tasks
from .hybrid.tasks import Source
from .report import write as report
from .store import Store, alike

# Tasks of folders that the command names.
NAMED = ("Kaldi", "IAM")


def run(options: Options) -> None:
    """Theory, training, recognition; everything printed and drawn comes from the records in the output folder.

    Raises: BadInputError for a folder that cannot be written to, or without records to draw; for a task that was asked
    for and lacks its data, before anything is computed; for one that turns out not to be feasible, after all the others.
    """
    began, console, refused = time.perf_counter(), Console(), []
    if not console.is_terminal:
        # A pipe or a file has no width: take what the tables need.
        console = Console(width=132)
    if options.draw and not _drawable(options):
        raise BadInputError(
            f"there are no records to draw in {options.folder}: run the same command without --draw first"
        )
    for folder in filter(None, (options.folder, options.page)):
        check_folder(folder)
    if options.page:
        published.begin(options.folder, options.page, _setting(options))
    if not options.draw:
        _check_asked(options)
        try:
            refused = _run(options, console)
        finally:
            # What is stopped has taken its time too.
            _remember(options, time.perf_counter() - began)
    _write_page(options, console)
    console.print(f"{time.perf_counter() - began:.0f} s in all; records in {options.folder}")
    if refused:
        raise BadInputError("; ".join(refused))


def _drawable(options):
    beside = options.page and published.holds(options.page, _setting(options))
    return beside or (options.folder / "summary-hybrid.jsonl").exists()


def again(options: Options) -> int:
    """Train one network of the table again and compare; exit code 0 where it comes out the same, else 1.

    Raises: BadInputError for a task, an arm or a seed that is not there.
    """
    name, arm, seed = options.again or ("", "", 0)
    known = {source.name: source for source in tasks.sources(options.full, options.kaldi, options.iam)}
    if name not in known:
        raise BadInputError(f"--again: there is no task {name!r}, only {', '.join(map(repr, known))}")
    try:
        found = once_more.again(options.folder, known[name], _protocols(options)[known[name].protocol], arm, seed)
    except (DataError, MissingExtraError) as problem:
        raise BadInputError(f"{name}: {problem}") from None
    print(f"{name}, {arm}, seed {seed}")
    for what, (recorded, now) in {"weights, SHA-256": found.weights, **found.errors}.items():
        shown = (recorded, now) if isinstance(recorded, str) else (f"{100 * x:.4f} % WER" for x in (recorded, now))
        print(f"  {what}: {' recorded, '.join(shown)} now{'' if recorded == now else ': NOT the same'}")
    if found.elsewhere:
        print(f"  not as it was when this was recorded: {', '.join(found.elsewhere)}")
    return 0 if found.same else 1


def _check_asked(options):
    for source in sources(options):
        try:
            if asked(options, source):
                source.needs()
        except (DataError, MissingExtraError) as problem:
            raise BadInputError(f"{source.name}: {problem}") from None


def _run(options, console) -> list[str]:
    """What was asked for and cannot be done."""
    config, printed, refused = options.config(), [], []
    with _progress(console) as progress:
        if options.part()[0] == 1:
            # Not shared out: other parts would do it again, and write into the same files.
            proved = run_theory(options, progress)
            run_training(config, options.folder, progress)
            shown = records.read(options.folder / "summary.jsonl")
            printed = [*tables.theory(proved), *tables.training(shown, config.target_error)]
        printed += hybrid_tables.tables(run_hybrid(options, progress, refused))
    for table in printed:
        console.print(table, "")
    console.print(tables.NOT_REPRODUCED)
    return refused


def _remember(options, seconds):
    """What the page says of the run: as typed, and how long it took."""
    typed = {"command": shlex.join(["python", "-m", "paper_repro", *map(_bare, sys.argv[1:])])}
    row = {**typed, "setting": _setting(options), "seconds": round(seconds, 1)}
    records.append(options.folder / "job.jsonl", [row])


def _bare(word):
    """A word of the command; of a path that leaves this folder the last part, as the rest is this computer's own."""
    option, equals, value = word.rpartition("=")
    path = Path(value)
    return f"{option}{equals}{path.name}" if path.is_absolute() or ".." in path.parts else word


def _setting(options):
    return "full" if options.full else "quick"


def _write_page(options, console):
    folder = options.page or options.folder
    for path in report.draw(options.folder, folder):
        if path.suffix in (".md", ".html"):
            console.print(str(path), soft_wrap=True)
    if options.page:
        published.write(options.folder, folder)


def run_theory(options: Options, progress: Progress) -> list[dict]:
    """The records of the theory, computed where missing."""
    store, todo = Store(options.folder / "theory.jsonl"), theory.parts()
    if options.points == "all":
        todo += theory.every_float32(options.folder / "sweeps", progress)
    task = progress.add_task("theory", total=len(todo))
    for name in theory.run(todo, store):
        progress.update(task, advance=1, description=f"theory: {name}")
    return [store.get(key) for key, _ in todo]


def run_training(config: Config, folder: Path, progress: Progress) -> None:
    """Tune, choose, compare; the summary replaces the one before."""
    store = Store(folder / "runs.jsonl")
    about = {"config": dataclasses.asdict(config), "environment": store.environment}
    made = records.read(folder / "summary.jsonl")
    if made and not store.path.exists() and all(alike(row, store.environment) for row in made):
        # Its rows were kept and its records were not.
        if made[0]["config"] == records.plain(about["config"]):
            return
    _train("tuning the rate", config, digits.tuning(config), store, progress)
    choices = summary.choose(config, store)
    rates = summary.rates(choices)
    _train("comparing", config, digits.comparison(config, rates), store, progress)
    rows = [*choices, *summary.compare(config, store, rates), *summary.curves(config, store, rates)]
    records.write(folder / "summary.jsonl", [{**row, **about} for row in rows])


def sources(options: Options) -> list[Source]:
    """The recognition tasks that are wanted: all, or those that `--tasks`, `--kaldi` and `--iam` name."""
    found = tasks.sources(options.full, options.kaldi, options.iam)
    return [source for source in found if not options.tasks or asked(options, source)]


def asked(options: Options, source: Source) -> bool:
    """Does the command name this task? Others are left out where their data are not here."""
    return source.protocol in NAMED or source.protocol.lower().replace(" ", "-") in options.tasks


def _protocols(options):
    protocols = hybrid_config.FULL if options.full else hybrid_config.QUICK
    if options.seeds is None:
        return protocols
    few = {"seeds": options.seeds, "fine_seeds": options.seeds}
    return {name: dataclasses.replace(p, **few) for name, p in protocols.items()}


def run_hybrid(options: Options, progress: Progress, refused: list[str]) -> list[dict]:
    """The rows of the recognition tasks; refused: gets a sentence for each that was asked for and cannot be done."""

    def tell(name):
        bars = {}

        def step(stage, done, total):
            if stage not in bars:
                bars[stage] = progress.add_task(f"{name}: {stage}", total=total)
            progress.update(bars[stage], completed=done)

        return step

    def say(sentence):
        progress.console.print(sentence, soft_wrap=True)

    def refuse(source, why):
        if asked(options, source):
            refused.append(f"{source.name}: {why}")
        else:
            say(f"left out: {source.name}: {why}")

    hybrid.run(hybrid.Job(sources(options), _protocols(options), options.folder, options.part(), say, refuse, tell))
    return records.read(options.folder / "summary-hybrid.jsonl")


def _train(label, config, runs, store, progress):
    task = progress.add_task(label, total=len(runs))
    for done in digits.train(config, runs, store):
        progress.update(task, advance=done)


def _progress(console):
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console)
