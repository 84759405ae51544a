"""`python -m paper_repro`: theory, training, recognition; then tables and figures from the records alone."""

import os
import sys

import tyro

from lossjax.cli import use_host_devices
from lossjax.extras import MissingExtraError, need

from .config import Options


def main(args: list[str] | None = None) -> int:
    """Run everything; exit code 0, 2 for a request that cannot be carried out, 130 after Ctrl-C.

    1 where a network does not come out the same again.
    """
    options = tyro.cli(Options, prog="python -m paper_repro", args=args)
    try:
        options.config()
        options.part()
        for module in ("sklearn", "matplotlib", "flint", "sympy", "jiwer"):
            need(module, "repro", "paper_repro")
    except (ValueError, MissingExtraError) as problem:
        print(problem if isinstance(problem, MissingExtraError) else f"paper_repro: {problem}", file=sys.stderr)
        return 2
    # Before JAX starts: one device a core, so that networks train side by side.
    use_host_devices(_cores())
    from lossjax.training.bad_input import BadInputError

    from .job import again, run

    try:
        if options.again:
            return again(options)
        run(options)
    except BadInputError as problem:
        print(f"paper_repro: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"paper_repro: interrupted; the same command goes on with what {options.folder} holds", file=sys.stderr)
        return 130
    return 0


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())
