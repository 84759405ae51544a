"""The hybrid at toy size: a few lines of digits, nets of eight units."""

import dataclasses
import functools

import numpy as np

from paper_repro.corpora.digit_lines import digit_lines
from paper_repro.hybrid.config import CONSTANT, FINE_TUNED, LAYER_WISE, Arm, Protocol
from paper_repro.hybrid.gaussians import prepared
from paper_repro.hybrid.provenance import provenance
from paper_repro.hybrid.runs import Lab, Run
from paper_repro.store import Store

CE = Arm("CE")
SE = Arm("SE", "SE", schedule=CONSTANT)
PROTOCOL = Protocol(
    (CE, SE, Arm("SE, the rate of CE", "SE", schedule=CONSTANT, rate_of="CE", compensated=True), *FINE_TUNED),
    depth=1,
    width=8,
    batch=32,
    epochs=2,
    fine_epochs=1,
    pretraining_epochs=1,
    factors=(1.0, 3.0),
    seeds=2,
    fine_seeds=3,
    tuning_seeds=1,
    gaussian=(1, 0, 1),
    tuned_on=1,
    kappas=(0.0, 0.5),
    penalties=(0.0, 10.0),
    probe=50,
    theory=("SE",),
)
DEEP = Arm("CE, layer-wise", start=LAYER_WISE, depth=2, schedule=CONSTANT)


@functools.cache
def corpus():
    return digit_lines(lines=(12, 6, 10))


def store(folder):
    return Store(folder / "hybrid-1of1.jsonl", provenance())


def lab(folder, **changes):
    protocol = dataclasses.replace(PROTOCOL, **changes)
    known = store(folder)
    task = prepared("digit lines", corpus(), protocol, known, folder / "weights")
    return Lab(task, task.gaussian, known, folder / "weights")


def runs(arm, seeds, rate=0.2):
    return [Run(arm, rate, seed) for seed in seeds]


def trained(where, wanted):
    """How many runs were done, chunk after chunk."""
    return list(where.train(wanted))


def same(a, b):
    return np.array_equal(np.asarray(a), np.asarray(b))
