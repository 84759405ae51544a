"""`python -m paper_repro`: theory, training, records; then tables and figures from the records alone."""

import importlib.util
import os
import sys

import tyro

from .config import Options

_NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "flint": "python-flint", "sympy": "sympy"}


def main(args: list[str] | None = None) -> int:
    """Run everything; exit code 0, 2 for a request that cannot be carried out, 130 after Ctrl-C."""
    options = tyro.cli(Options, prog="python -m paper_repro", args=args)
    try:
        options.config()
        _need_extras()
    except (ValueError, ImportError) as problem:
        print(f"paper_repro: {problem}", file=sys.stderr)
        return 2
    # Before JAX starts: one host device a core, so that networks train side by side.
    os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(_cores()))
    from .job import run

    try:
        run(options)
    except KeyboardInterrupt:
        print(
            f"Interrupted; what was finished is kept in {options.output}, and the same command continues there.",
            file=sys.stderr,
        )
        return 130
    return 0


def _need_extras():
    for module, package in _NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise ImportError(f"it needs {package}: pip install 'lossjax[repro]'")


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())
