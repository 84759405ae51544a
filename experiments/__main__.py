"""`python -m experiments`: the claims, one after another; records, then verdicts, figures and the page from these."""

import dataclasses
import os
import sys
from pathlib import Path

import tyro

from lossjax.cli import use_host_devices
from lossjax.extras import MissingExtraError, need


@dataclasses.dataclass(frozen=True)
class Options:
    """What a loss does to learning: claims as hypotheses, tried on populations of networks.

    A repeated command goes on where the last one stopped: finished networks are read, not trained again.
    """

    full: bool = False
    """The protocol's size: three real data sets (needs LOSSJAX_DATA or a network), hours."""
    only: str = ""
    """Letters of claims, such as a,g; all if not given."""
    output: Path = Path("experiments")
    """Folder for records, figures and README.md."""
    draw: bool = False
    """Run nothing: judge and draw the records that are there, those of --full first."""


def main(args: list[str] | None = None) -> int:
    """Run the command line; exit code 0, 2 for a request that cannot be carried out, 130 after Ctrl-C."""
    options = tyro.cli(Options, prog="python -m experiments", args=args)
    try:
        for module in ("sklearn", "matplotlib", "flint"):
            need(module, "repro", "experiments")
    except MissingExtraError as problem:
        print(problem, file=sys.stderr)
        return 2
    # Before JAX starts: one device a core, so that networks train side by side.
    use_host_devices(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    from lossjax.data.dataset import DataError
    from lossjax.training.bad_input import BadInputError

    try:
        _carry_out(options)
    except (BadInputError, DataError, MissingExtraError) as problem:
        print(f"experiments: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        why = problem.strerror or problem
        print(f"experiments: cannot write into {options.output}, or read from it: {why}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"experiments: interrupted; the same command goes on with what {options.output} holds", file=sys.stderr)
        return 130
    return 0


def _carry_out(options):
    from rich.console import Console

    from lossjax.training.bad_input import check_folder

    from . import job
    from .claims import CLAIMS

    chosen, console = job.selected(CLAIMS, options.only), Console()
    check_folder(options.output)
    _remember_programs(options.output)
    if not options.draw:
        job.run(chosen, options.output, full=options.full, console=console)
    console.print(str(job.show(CLAIMS, options.output, console, full=options.full or options.draw)), soft_wrap=True)


def _remember_programs(output):
    """Compiled programs are kept: tuning and comparing run the same one, and so does a repeated command."""
    import jax

    jax.config.update("jax_compilation_cache_dir", str((output / "networks" / "compiled").resolve()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


if __name__ == "__main__":
    sys.exit(main())
