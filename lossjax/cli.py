"""The command line. Nothing here imports jax until a command needs it."""

import dataclasses
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

Dtype = Literal["float32", "bfloat16", "float16", "float64", "all"]
Level = Literal["quick", "standard", "all"]
Quantity = Literal["value", "grad", "hess", "all"]
Targets = Literal["real", "unit", "binary", "margin", "tanh", "count", "one_hot", "simplex"]


@dataclasses.dataclass(frozen=True)
class Check:
    """Judge losses: value, gradient and Hessian against exact arithmetic.

    NAME is a catalogue loss (none: all of them) or MODULE:FUNCTION, any JAX loss f(z, t). Importing MODULE runs its code.
    """

    names: tyro.conf.Positional[tuple[str, ...]] = ()
    """Catalogue names, or one MODULE:FUNCTION."""
    dtype: Dtype = "float32"
    """Floating type of z and t."""
    points: Level = "standard"
    """quick, standard, or all 2^32 float32 patterns of a scalar loss."""
    quantity: Quantity = "all"
    """Which quantity to judge."""
    grad: str | None = None
    """MODULE:FUNCTION of a hand-written gradient, judged beside autodiff's."""
    hess: str | None = None
    """MODULE:FUNCTION of a hand-written Hessian."""
    event_ndim: Literal[0, 1, 2] | None = None
    """Shape of one example: 0 a number, 1 a vector of classes, 2 a batch (batch-level losses). Found by tracing if not given."""
    targets: Targets | None = None
    """Target set of a function of yours."""
    like: str | None = None
    """The catalogue loss whose printed formula is the truth."""
    max_excess: float | None = None
    """Conviction bound; 8 for other code, 3, 4, 6 for the catalogue's value, gradient, Hessian."""
    params: tuple[str, ...] = ()
    """Keyword parameters of a function of yours: NAME=VALUE ..."""
    keep_stop_gradient: bool = False
    """Code that means its stop_gradient: do not strip it from the truth."""
    format: Literal["text", "json", "markdown"] = "text"
    """Output format."""
    output: Path | None = None
    """Write the report to this file as well."""
    workers: int | None = None
    """Processes for the whole catalogue; default: one a core."""
    state: Path | None = None
    """Where `--points all` keeps what it has done, so that it resumes after Ctrl-C."""

    def run(self) -> int:
        """Exit code 0 clean, 1 findings."""
        from lossjax.proof.command import run_check

        return run_check(self)


@dataclasses.dataclass(frozen=True)
class Compare:
    """Hold two implementations of one loss against exact arithmetic at the same points: where they differ, who is right.

    A and B are MODULE:FUNCTION, any JAX loss f(z, t), or a catalogue name. Importing MODULE runs its code.
    """

    a: tyro.conf.Positional[str]
    """One implementation."""
    b: tyro.conf.Positional[str]
    """The other."""
    dtype: Dtype = "float32"
    """Floating type of z and t."""
    points: Literal["quick", "standard"] = "standard"
    """quick or standard."""
    quantity: Quantity = "all"
    """Which quantity to judge."""
    event_ndim: Literal[0, 1, 2] | None = None
    """Shape of one example: 0 a number, 1 a vector of classes, 2 a batch. Found by tracing if not given."""
    targets: Targets | None = None
    """Target set."""
    like: str | None = None
    """The catalogue loss whose printed formula is the truth; not needed where A or B is one, or where both are one function."""
    params: tuple[str, ...] = ()
    """Keyword parameters of both: NAME=VALUE ..."""
    max_excess: float | None = None
    """Conviction bound, 8 if not given."""
    keep_stop_gradient: bool = False
    """Code that means its stop_gradient: do not strip it from the truth."""
    format: Literal["text", "json", "markdown"] = "text"
    """Output format."""
    output: Path | None = None
    """Write the report to this file as well."""

    def run(self) -> int:
        """Exit code 0 where both are right, 1 where one is wrong or they are different functions."""
        from lossjax.proof.command import run_compare

        return run_compare(self)


@dataclasses.dataclass(frozen=True)
class List:
    """Name every loss of the catalogue, with its target set and source."""

    def run(self) -> int:
        """Print the table."""
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        from lossjax.losses import ALL

        table = Table(box=None)
        for name in ("name", "event", "targets", "convex", "source"):
            table.add_column(name, no_wrap=name == "name")
        for loss in ALL:
            convex = "convex" if loss.claims.convex else "not convex"
            table.add_row(
                escape(loss.label), ("number", "vector")[loss.event_ndim], loss.targets.name, convex, loss.source
            )
        Console(width=None if sys.stdout.isatty() else 200).print(table)
        return 0


@dataclasses.dataclass(frozen=True)
class Explain:
    """Explain the code of a finding: the theory, and what to write instead."""

    code: tyro.conf.Positional[str]
    """A code such as LJ006."""

    def run(self) -> int:
        """Print the page."""
        from lossjax.proof.codes import CODES, explain

        if self.code.upper() not in CODES:
            return _usage(f"no finding has the code {self.code!r}; the codes are {', '.join(CODES)}")
        print(explain(self.code.upper()))
        return 0


@dataclasses.dataclass(frozen=True)
class Derive:
    """Derive a loss from its printed formula, step by step: gradient and Hessian, confirmed against the code."""

    name: tyro.conf.Positional[str]
    """A catalogue loss."""
    against: str | None = None
    """A second loss, side by side, and where the output's derivative cancels."""
    classes: int | None = None
    """Classes of a vector that are written out; 2 if not given."""
    format: Literal["text", "latex", "markdown"] = "text"
    """Output format."""
    output: Path | None = None
    """Write the derivation to this file as well."""

    def run(self) -> int:
        """Exit code 0 confirmed, 1 not."""
        from lossjax.proof.derive.command import run_derive

        return run_derive(self)


@dataclasses.dataclass(frozen=True)
class Bench:
    """Time value-and-gradient under jit as a ratio to copying the logits, beside optax and, where installed, PyTorch."""

    checkers: bool = False
    """Time gradient checkers instead: ours, JAX's check_grads and, where PyTorch is installed, its gradcheck (minutes)."""
    training: bool = False
    """Time the training of 64 small networks instead, beside a Flax and a PyTorch loop (minutes; needs MNIST)."""
    format: Literal["text", "json"] = "text"
    """Output format."""

    def run(self) -> int:
        """Print the table."""
        if self.training and self.checkers:
            return _usage("--checkers and --training are two benchmarks: ask for one at a time")
        if self.training:
            from lossjax.training_bench import run_training_bench

            return run_training_bench(self)
        from lossjax.bench import run_bench

        return run_bench(self)


@dataclasses.dataclass(frozen=True)
class Audit:
    """Judge the losses of other libraries: value, gradient and second derivative against exact arithmetic.

    LIBRARY is optax, jax.nn, jaxopt, rax, keras, torch or sklearn; those that are not installed are skipped.
    """

    libraries: tyro.conf.Positional[tuple[str, ...]] = ()
    """Libraries."""
    all: bool = False
    """All of them."""
    dtype: Dtype = "all"
    """Floating type of z and t."""
    points: Literal["quick", "standard"] = "standard"
    """quick, or standard with every pattern of the half types."""
    format: Literal["text", "json", "markdown"] = "text"
    """Output format."""
    output: Path | None = None
    """A folder for audit.json and audit.md."""
    workers: int | None = None
    """Processes; default: one a core."""

    def run(self) -> int:
        """Exit code 0, whatever is found in other people's code."""
        from lossjax.proof.audit.command import run_audit

        return run_audit(self)


Command = (
    Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[Compare, tyro.conf.subcommand("compare")]
    | Annotated[Audit, tyro.conf.subcommand("audit")]
    | Annotated[List, tyro.conf.subcommand("list")]
    | Annotated[Explain, tyro.conf.subcommand("explain")]
    | Annotated[Derive, tyro.conf.subcommand("derive")]
    | Annotated[Bench, tyro.conf.subcommand("bench")]
)


def main() -> None:
    """Run the command line; exit 0 clean, 1 findings, 2 usage."""
    given = [word.partition("=")[0] for word in sys.argv[1:] if word.startswith("--")]
    twice = next((word for i, word in enumerate(given) if word in given[:i]), None)
    if twice:
        raise SystemExit(_usage(f"{twice} is given twice"))
    command = tyro.cli(Command, prog="lossjax", description="Can this derivative be trusted?")
    try:
        code = command.run()
    except KeyboardInterrupt as stopped:
        said = str(stopped)  # of what keeps its state
        print(
            f"lossjax: {said}; the same command goes on from here" if said else "lossjax: interrupted", file=sys.stderr
        )
        code = 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        meant = {"UsageError", "MissingExtraError", "UnknownPrimitive", "NoTruth"}
        if meant.isdisjoint(kind.__name__ for kind in type(error).__mro__):
            raise
        code = _usage(str(error))
    raise SystemExit(code)


def _usage(sentence: str) -> int:
    print(f"lossjax: {sentence}", file=sys.stderr)
    return 2


def use_host_devices(count: int) -> None:
    """Split this computer's CPU into `count` XLA devices; must run before jax starts, and leaves a user's own flag alone."""
    os.environ.update(host_devices(count))


def host_devices(count: int) -> dict[str, str]:
    """The environment of a process whose CPU is `count` XLA devices, empty where the user has set a number."""
    flags = os.environ.get("XLA_FLAGS", "")
    if re.search("xla_force_host_platform_device_count", flags):
        return {}
    return {"XLA_FLAGS": f"{flags} --xla_force_host_platform_device_count={count}".strip()}
