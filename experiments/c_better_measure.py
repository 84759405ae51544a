"""(c) Cross-entropy is the better measure for classification: squared error does not punish mistakes enough.

A hypothesis that could fail: behind a softmax and from a small start, cross-entropy has the lower test error and fewer
confidently wrong examples (rates tuned for error), and the lower negative log-likelihood and calibration error (rates tuned
for likelihood); also with wrong labels, where punishing less may be a virtue, and with uneven classes.

    python -m experiments --only c
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from lossjax import plot
from lossjax.data.dataset import Dataset, Split
from lossjax.losses import softmax_cross_entropy, softmax_squared_error
from lossjax.training.metrics import classification
from lossjax.training.models import perceptron
from lossjax.training.population import Examples, Task, descent

from . import panels, sets
from .claim import Claim, Drawn
from .config import Config
from .contest import Arms, chosen_by_luck, edges, late, only
from .hypothesis import Fact, Part, exact, filled, over_seeds
from .lab import Lab, compare, splits, tune

CE, SE = "CE", "SE"
LOSSES = {CE: softmax_cross_entropy, SE: softmax_squared_error}
STYLES = {CE: (plot.BLUE, "-"), SE: (plot.ORANGE, "--")}
# What a rate is tuned for -> the curve, and what a diverged run counts as.
TUNED_FOR = {"error": ("dev_error", 1.0), "likelihood": ("dev_nll", float("inf"))}
# A mistake: p(right) of one in a million.
SURE = 1e-6


class Metric(NamedTuple):
    """split: the test split as it is, or `alike`, changed as the training split is. worst: of a failed run."""

    name: str
    tuned_for: str
    key: str
    unit: str
    factor: float
    worst: float


METRICS = (
    Metric("test error", "error", "test_error", "%", 100.0, 1.0),
    Metric("share of examples with p(right) < 1 %", "error", "test_confidently_wrong", "%", 100.0, 1.0),
    # A posterior is right or wrong of the examples that it was learnt from.
    Metric("NLL", "likelihood", "alike_nll", "nats", 1.0, 100.0),
    Metric("calibration error", "likelihood", "alike_ece", "%", 100.0, 1.0),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Noise(Config):
    """noise: shares of wrong labels. uneven: the share that is kept of the odd classes. scale: of the output weights."""

    data: tuple[Callable, ...] = (sets.digits,)
    tuning_seeds: int = 5
    epochs: int = 40
    rates: tuple[float, ...] = tuple(2.0**k for k in range(-5, 5))
    noise: tuple[float, ...] = (0.0, 0.2, 0.4)
    uneven: float = 0.1
    scale: float = 0.01


QUICK = Noise()
FULL = Noise(data=(sets.digits, sets.spoken_digits, sets.mnist_3000), noise=(0.0, 0.1, 0.2, 0.4), epochs=50)


def run(config: Noise, lab: Lab) -> list[dict]:
    """Both losses on every data set in every condition, tuned and compared."""
    rows = []
    for make in config.data:
        data = make()
        changes = {f"{share:.0%} wrong labels": mislabelled(data.classes, share) for share in config.noise}
        changes |= {f"odd classes cut to {config.uneven:.0%}": uneven(config.uneven)}
        for condition, change in changes.items():
            rows += _of_condition(config, lab, data, condition, change)
    return rows


def _of_condition(config, lab, data, condition, change):
    curves = ("dev_error", "dev_nll")
    budget = config.budget({"small": config.scale}, curves)
    net = perceptron("softmax outputs", data.train.x[0].size, config.hidden, data.classes)
    parts, rows = changed(data, change), []
    for name, loss in LOSSES.items():
        measure = only(classification(net, loss), *curves, *(metric.key for metric in METRICS))
        task = Task(net, loss, measure, config.batch, descent)
        about, rates = {"data": data.name, "loss": name, "condition": condition}, {}
        for goal, (curve, failed) in TUNED_FOR.items():
            (tuned,) = tune(lab, about, task, parts, budget, late(curve, budget, failed))
            rates[goal] = tuned["rate"]
            rows.append(tuned | {"tuned_for": goal})
        found = compare(lab, about, task, parts, budget, [{"small": rate} for rate in rates.values()])
        of_rate = {row["rate"]: row | {"quartiles": {}} for row in found}
        rows += [of_rate[rate] | {"tuned_for": goal} for goal, rate in rates.items()]
    return rows


def changed(data: Dataset, change: Callable[[Split, np.random.Generator], Split]) -> dict[str, Examples]:
    """Training and dev split changed; the test split as it is, and once more, changed alike."""
    rng, parts = np.random.default_rng(0), splits(data)
    train, dev, alike = (Examples(*change(part, rng)) for part in (data.train, data.dev, data.test))
    return parts | {"train": train, "dev": dev, "alike": alike}


def mislabelled(classes: int, share: float) -> Callable[[Split, np.random.Generator], Split]:
    """Another class, each equally likely, for this share of the examples."""

    def change(part, rng):
        wrong, shift = rng.random(len(part.t)) < share, rng.integers(1, classes, len(part.t))
        return part._replace(t=np.where(wrong, (part.t + shift) % classes, part.t).astype(np.int32))

    return change


def uneven(share: float) -> Callable[[Split, np.random.Generator], Split]:
    """Of the odd classes this share of the examples, drawn at random."""

    def change(part, rng):
        kept = (part.t % 2 == 0) | (rng.random(len(part.t)) < share)
        return Split(part.x[kept], part.t[kept])

    return change


def judge(rows: list[dict]) -> list[Part | Fact]:
    """Every metric in every condition; what a mistake costs."""
    arms = Arms(rows)
    parts: list[Part | Fact] = [
        _part(arms, data, condition, metric)
        for data in arms.every("data")
        for condition in arms.every("condition")
        for metric in METRICS
    ]
    return parts + _punishment()


def _part(arms, data, condition, metric):
    a, b = (_values(arms, metric, loss, data=data, condition=condition) for loss in LOSSES)
    says = f"{data}, {condition}: CE has the lower {metric.name}"
    return Part(says, (CE, SE), a, b, metric.unit, metric.worst, scale=metric.factor)


def _values(arms, metric, loss, **where):
    return arms.values(metric.key, loss=loss, tuned_for=metric.tuned_for, **where)


def _punishment():
    """Two classes: loss and gradient at a sure mistake over those at an even guess, of each loss."""
    z, t = jnp.array([[0.0, -np.log(SURE)], [0.0, 0.0]]), jnp.array([0, 0])
    costs = {name: np.asarray(loss(z, t)) for name, loss in LOSSES.items()}
    pulls = {name: np.linalg.norm(loss.gradient(z, t), axis=-1) for name, loss in LOSSES.items()}
    (ce, se), (steep, flat) = ([float(v[0] / v[1]) for v in of.values()] for of in (costs, pulls))
    at = f"p(right) = {SURE:g} of two classes, over an even guess"
    return [
        exact(f"the loss at {at}: SE at most {se:.3g}, CE", ce, ce > se, "times"),
        exact(f"the gradient at {at}: CE's grows ({steep:.3g} times), SE's", flat, flat < 1 < steep, "times"),
    ]


def draw(rows: list[dict]) -> list[Drawn]:
    """Every metric by condition, a figure a data set."""
    arms = Arms(rows)
    return [_figure(arms, data) for data in arms.every("data")]


def _figure(arms, data):
    figure = plot.figure(7.2, 5.0)
    axes = figure.subplots(2, 2).ravel()
    conditions = arms.every("condition")
    labels = [c.replace(" wrong labels", "\nwrong\nlabels").replace(" cut to ", "\ncut to\n") for c in conditions]
    for ax, metric in zip(axes, METRICS):
        for shift, (loss, style) in zip((-0.14, 0.14), STYLES.items()):
            columns = [_values(arms, metric, loss, data=data, condition=c) for c in conditions]
            panels.beside(ax, columns, shift, style, loss, metric.factor)
        ax.set_xticks(range(len(conditions)), labels, fontsize=7.5)
        ax.set(title=metric.name, ylabel=metric.unit, ylim=(0, None))
    panels.legend(figure, axes[0])
    caption = (
        f"{data}: a point a seed, the mean with its interval of 95 % beside them. Above: the test split as it is, rates tuned for "
        "dev error. Below: the test split with as many wrong labels, or as uneven, as training; rates tuned for dev likelihood."
    )
    return Drawn(f"c_{data.replace(' ', '_')}", caption, figure)


def notes(rows: list[dict]) -> list[str]:
    """How the difference moves with wrong labels, where the grid ended, and what others have published."""
    arms = Arms(rows)
    return [
        *(_trend(arms, data) for data in arms.every("data")),
        *edges(rows),
        *chosen_by_luck(rows),
        "That cross-entropy is unbounded where p(right) goes to 0 and squared error at most 2 is exact: claims that `lossjax check` "
        "proves.",
        "Published, for comparison (Hu et al. 2022, test accuracy of CE and of simplex-coded SE, 5 repetitions): CIFAR-10, "
        "ResNet-18: 95.15 and 95.04 %; WRN-16-10: 93.94 and 95.02 %; calibration error, CIFAR-10, ResNet-18: 0.028 and 0.0097.",
    ]


def _trend(arms, data):
    """The slope over shares of wrong labels of error by CE - error by SE."""
    noisy = [c for c in arms.every("condition") if c.endswith("wrong labels")]
    shares = np.array([float(c.split("%")[0]) / 100 for c in noisy])
    error = METRICS[0]
    ce, se = (
        np.array([filled(_values(arms, error, loss, data=data, condition=c), error.worst) for c in noisy])
        for loss in LOSSES
    )
    centred = shares - shares.mean()
    slope = over_seeds(
        "", lambda table: float(table.mean(0) @ centred / (centred @ centred)), (ce - se).T.tolist(), "", 0
    )
    return (
        f"{data}: with every 10 % of wrong labels the test error of CE less that of SE moves by {10 * slope.value:+.2g} points "
        f"[{10 * slope.low:+.2g}, {10 * slope.high:+.2g}] (least squares over {', '.join(f'{share:.0%}' for share in shares)})."
    )


CLAIM = Claim(
    "c",
    "c_better_measure",
    "Cross-entropy is the better measure for classification: squared error does not punish mistakes enough",
    "Behind a softmax and from a small start, cross-entropy has the lower test error and fewer confidently wrong examples (rates "
    "tuned for error), and the lower negative log-likelihood and calibration error (rates tuned for likelihood), also with wrong "
    "labels and uneven classes.",
    QUICK,
    FULL,
    run,
    judge,
    draw,
    notes,
)
