"""What can be set on the command line, and everything else that decides the result."""

import dataclasses
import re
from pathlib import Path
from typing import Literal

# One grid for all. Wide, as squared error wants about C/2 = 5 times the rate of cross-entropy at a small start.
RATES = tuple(2.0**k for k in range(-10, 13))


@dataclasses.dataclass(frozen=True)
class Config:
    """The training experiment on the digits; the paper's own settings are not known, these are ours."""

    seeds: int = 30
    tuning_seeds: int = 5
    epochs: int = 100
    batch: int = 32
    hidden: int = 64
    rates: tuple[float, ...] = RATES
    # Name of a start -> standard deviation of the output weights.
    starts: tuple[tuple[str, float], ...] = (("small", 0.01), ("large", 1.0), ("saturated", 3.0))
    # "Learnt": the first epoch with at most this test error.
    target_error: float = 0.10
    # Members that are trained between two writes of the records.
    chunk: int = 60


# Recognition tasks of the whole protocol alone.
ONLY_FULL = ("an4-by-folds", "digit-strings-by-speaker", "mnist-lines")
QUICK = Config(seeds=10, tuning_seeds=3, epochs=30, rates=RATES[::2])


@dataclasses.dataclass(frozen=True)
class Options:
    """Cross-entropy against squared error, after Golik, Doetsch and Ney (2013): equations, training, recognition.

    A repeated command continues where the last one stopped: finished parts are read, not computed again.
    """

    output: Path | None = None
    """Folder for the records, the page and its figures; if not given paper_repro/results/quick, or full."""
    quick: bool = False
    """A rough look, a few seeds and small networks; this is the default."""
    full: bool = False
    """The protocol: 8 seeds of every arm, 30 of the continuations, all alignments; hours. One of the tasks can be run after another."""
    tasks: tuple[
        Literal["digit-lines", "an4", "an4-by-folds", "digit-strings", "digit-strings-by-speaker", "mnist-lines"], ...
    ] = ()
    """Only these recognition tasks; without, all whose data are here."""
    kaldi: Path | None = None
    """A folder of Kaldi's, as one more task."""
    iam: Path | None = None
    """The folder of the IAM lines, as one more task."""
    shard: str = "1/1"
    """i/n: train and decode part i of n only; all parts write into the same folder, and the first does the theory."""
    seeds: int | None = None
    """Paired seeds of every comparison, in place of the protocol's."""
    draw: bool = False
    """Run nothing: draw the page of the records that are there."""
    page: Path | None = None
    """Folder for the page, its figures, tables and records, if not the output folder. Tasks whose records are there already,
    made by the same code in the same setting, are not run again, and stay on the page."""
    again: tuple[str, str, int] | None = None
    """TASK ARM SEED: train this one network of the summary in the output folder again (Gaussian alignment), recognise the
    test set with it, and say whether both come out the same, bit for bit: --again "digit lines" "CE, then SE" 0"""
    points: Literal["float16", "all"] = "float16"
    """Where Equations 11 and 12 are held against the derived gradients: every float16 z1 - z2, or every float32 too."""

    def config(self) -> Config:
        """The settings of the training experiment on isolated digits; ValueError for options that make no sense."""
        if self.quick and self.full:
            raise ValueError("--quick and --full exclude each other")
        later = [name for name in self.tasks if name in ONLY_FULL]
        if later and not self.full:
            raise ValueError(f"--tasks {later[0]} needs --full, it is no part of --quick")
        for name, folder in (("--kaldi", self.kaldi), ("--iam", self.iam)):
            if folder and not folder.is_dir():
                raise ValueError(f"{name}: there is no folder {folder}")
        config = Config() if self.full else QUICK
        if self.seeds is not None:
            config = dataclasses.replace(config, seeds=self.seeds)
        if not 2 <= config.seeds <= 1000:
            raise ValueError(f"--seeds must lie between 2 and 1000, got {config.seeds}")
        return config

    @property
    def folder(self) -> Path:
        """Of the records; quick and full ones do not mix."""
        return self.output or Path("paper_repro/results") / ("full" if self.full else "quick")

    def part(self) -> tuple[int, int]:
        """(i, n) of the shard; ValueError where it is none."""
        found = re.fullmatch(r"(\d+)/(\d+)", self.shard)
        i, n = map(int, found.groups()) if found else (0, 0)
        if not 1 <= i <= n:
            raise ValueError(f"--shard is i/n with i from 1 to n, such as 2/8, got {self.shard!r}")
        return i, n
