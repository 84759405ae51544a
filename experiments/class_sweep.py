"""What the number of classes does to squared error: at uniform output its gradient is 2/C of that of cross-entropy.

A network with one hidden layer learns Gaussian classes from a small start: by cross-entropy, by squared error at the same
rate, and by squared error at C/2 times that rate, with which its first step is that of cross-entropy.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from lossjax import plot
from lossjax.data import mixture
from lossjax.losses import softmax_cross_entropy, softmax_squared_error
from lossjax.training.metrics import classification
from lossjax.training.models import perceptron
from lossjax.training.population import Task, descent

from . import panels
from .claim import Drawn
from .contest import Arms, only
from .hypothesis import Fact, Part, exact, over_seeds, share_of, unless_cut
from .lab import Budget, Lab, compare, first_below, splits

CE, SE, COMPENSATED = "CE", "SE, equal rate", "SE, C/2 times the rate"
STYLES = {CE: (plot.BLUE, "-"), SE: (plot.ORANGE, "--"), COMPENSATED: (plot.GREEN, "-.")}
LOSSES = {CE: softmax_cross_entropy, SE: softmax_squared_error, COMPENSATED: softmax_squared_error}
DIMENSIONS, HIDDEN, BATCH = 20, 32, 32
# A small start: near the uniform output.
SCALE = 0.01
# Learnt: so much of the way from the error of guessing to the Bayes error. Later the output is uniform no more.
LEARNT = 0.25
# "Not slower": at most a quarter more epochs.
MARGIN = math.log2(1.25)


class Sweep(NamedTuple):
    """One number of classes. rate: of CE; it should be so low that SE stands C/2 times it. longer: epochs of SE at the equal
    rate. distance: of the means; further apart where so many crowd twenty dimensions that hardly anything can be learnt.
    """

    classes: int
    rate: float
    epochs: int
    longer: int
    distance: float = 6.0


def rows(sweep: Sweep, seeds: int, lab: Lab) -> list[dict]:
    """An arm a loss: `epochs`, the first after which the test error is at most `target`."""
    classes, rate, epochs, longer, distance = sweep
    of = mixture.scattered(classes, DIMENSIONS, distance)
    data = mixture.dataset(of, f"{classes} Gaussians", train=max(512, 2 * classes), dev=1, test=500)
    parts = {name: part for name, part in splits(data).items() if name != "dev"}
    guessing = 1 - 1 / classes
    target = guessing - LEARNT * (guessing - of.bayes_error())
    net = perceptron(f"softmax outputs, {classes}", DIMENSIONS, HIDDEN, classes)
    found = []
    for name, loss in LOSSES.items():
        limit = longer if name == SE else epochs
        budget = Budget((), 0, seeds, limit, {"small": SCALE}, ("test_error",))
        task = Task(net, loss, only(classification(net, loss), "test_error"), BATCH, descent)
        own = {"small": rate * classes / 2 if name == COMPENSATED else rate}
        derived = {"epochs": first_below("test_error", target)}
        for row in compare(lab, {"data": data.name, "loss": name}, task, parts, budget, [own], derived):
            del row["quartiles"], row["values"]["test_error"]
            found.append(row | {"part": "classes", "classes": classes, "limit": limit, "target": target})
    return found


def log_epochs(arm: dict, worst: float | None = None) -> list[float | None]:
    """log2 of the epochs of every seed; `worst` for who never arrives."""
    return [worst if v is None else math.log2(max(v, 1)) for v in arm["values"]["epochs"]]


def never(*arms: dict) -> float:
    """What who never arrives counts as: one epoch more than there were, log2."""
    return math.log2(1 + max(arm["limit"] for arm in arms))


def judge(rows: list[dict]) -> list[Part | Fact]:
    """2/C at uniform output; slower at the equal rate, not at C/2 times it; how much of the slow-down that takes away."""
    arms = Arms(rows)
    several = sorted(arms.every("classes"))
    parts: list[Part | Fact] = [_uniform(several)]
    for classes in several:
        ce, se, compensated = (arms.of(classes=classes, loss=loss) for loss in LOSSES)
        if classes > 2:
            parts.append(faster(f"{classes} classes: at the equal rate CE is faster", (CE, SE), ce, se))
        says = f"{classes} classes: at C/2 times the rate SE is not slower than CE"
        parts.append(faster(says, (COMPENSATED, CE), compensated, ce, MARGIN))
    return parts + _judge_growth(arms, [classes for classes in several if classes > 2])


def faster(says: str, names: tuple[str, str], a: dict, b: dict, margin: float = 0.0) -> Part:
    """The first arm needs fewer epochs than the second."""
    return Part(says, names, log_epochs(a), log_epochs(b), "log2 epochs", never(a, b), margin=margin)


def _of_classes(arms, classes):
    found = [arms.of(classes=classes, loss=loss) for loss in LOSSES]
    return [log_epochs(arm, never(arm)) for arm in found]


def _uniform(several):
    """Largest deviation of |dSE/dz| / |dCE/dz| from 2/C at equal logits, relative."""
    worst = 0.0
    for classes in several:
        z, t = jnp.zeros(classes), jnp.int32(0)
        ratio = jnp.linalg.norm(softmax_squared_error.gradient(z, t)) / jnp.linalg.norm(
            softmax_cross_entropy.gradient(z, t)
        )
        worst = max(worst, abs(float(ratio) * classes / 2 - 1))
    says = "at uniform output the gradient of SE is 2/C of that of CE, for every C: largest relative deviation"
    return exact(says, worst, worst < 1e-6)


def _judge_growth(arms, several):
    """Over all C > 2: the slope of the slow-down on C/2, both as logarithms, and the share that C/2 times the rate ends."""
    if len(several) < 2:
        return []
    ce, se, compensated = np.array([_of_classes(arms, classes) for classes in several]).transpose(1, 2, 0)
    centred = np.log2(several) - np.mean(np.log2(several))

    def slope(table):
        return float(table.mean(axis=0) @ centred / (centred @ centred))

    taken = np.stack([(se - compensated).mean(1), (se - ce).mean(1)], axis=1)
    cut = {loss for loss in LOSSES for c in several if None in arms.of(classes=c, loss=loss)["values"]["epochs"]}
    grows = "all C > 2, equal rates: the slow-down of SE grows with C/2 (1: in proportion; log-log slope)"
    goes = "all C > 2: C/2 times the rate takes away most of the slow-down of SE (share of its log)"
    return [
        unless_cut(over_seeds(grows, slope, (se - ce).tolist(), "", 0.0), bool(cut & {CE, SE})),
        unless_cut(over_seeds(goes, share_of, taken.tolist(), "", 0.5), bool(cut)),
    ]


def figure(rows: list[dict]) -> Drawn:
    """Epochs against classes, and by what factor squared error needs more than cross-entropy."""
    figure, arms = plot.figure(7.2, 3.4), Arms(rows)
    left, right = figure.subplots(1, 2)
    several = sorted(arms.every("classes"))
    logs = dict(zip(LOSSES, zip(*(_of_classes(arms, classes) for classes in several))))
    for loss, style in STYLES.items():
        _against(left, several, logs[loss], style, loss)
    right.plot(several, [c / 2 for c in several], color=plot.GREY, linewidth=1)
    right.annotate("$C/2$", (several[-1], several[-1] / 2), (-8, -3), textcoords="offset points", ha="right")
    for loss in (SE, COMPENSATED):
        _against(right, several, np.subtract(logs[loss], logs[CE]), STYLES[loss], loss)
    for ax, label in ((left, f"epochs to {LEARNT:.0%} of the way"), (right, "epochs of SE / epochs of CE")):
        ax.set(xscale="log", yscale="log", xlabel="classes $C$", ylabel=label)
        panels.numbers(ax.xaxis, several)
        panels.numbers(ax.yaxis, (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000))
    panels.legend(figure, left)
    caption = (
        f"Gaussian classes in {DIMENSIONS} dimensions, small start. Left: epochs until the test error has come {LEARNT:.0%} of the "
        "way from that of guessing to the Bayes error, geometric mean over seeds with its interval of 95 %. Right: their ratio "
        "to those of cross-entropy; squared error at the start is C/2 times as slow at the equal rate."
    )
    return Drawn("b_classes", caption, figure)


def _against(ax, several, logs, style, label):
    """Geometric mean over seeds, and its 95 % bootstrap interval."""
    rng, logs = np.random.default_rng(0), np.array(logs)
    drawn = logs[:, rng.integers(logs.shape[1], size=(2_000, logs.shape[1]))].mean(axis=2)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=1)
    middle, (colour, line) = logs.mean(axis=1), style
    error = [2.0**middle - 2.0**low, 2.0**high - 2.0**middle]
    ax.errorbar(several, 2.0**middle, error, fmt=line, marker="o", markersize=4, capsize=2.5, color=colour, label=label)
