"""(a) Sigmoid outputs learn more slowly by squared error than by cross-entropy, because the gradient vanishes.

A hypothesis that could fail: from small, large and saturated starts, at an equal rate and at rates tuned for speed, cross-
entropy needs fewer epochs to the target error; the gap is larger from a saturated start; and what slows squared error
down is sigma'(z) on the wrong outputs. With it, Nielsen's single neuron.

    python -m experiments --only a
"""

import dataclasses
import itertools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from lossjax import plot
from lossjax.losses import sigmoid_cross_entropy, sigmoid_squared_error, sum_over_outputs
from lossjax.training.metrics import classification, sigmoid_posterior
from lossjax.training.models import perceptron
from lossjax.training.population import Task, descent

from . import nielsen, panels, sets
from .claim import Claim, Drawn
from .config import Config
from .contest import early, edges, epochs_to, never_arrived
from .hypothesis import Fact, Part, correlated, exact, unless_cut
from .lab import Lab, compare, first_below, one_hot, splits, tune

CE, SE, AT_CE = "CE", "SE", "SE, rate of CE"
STYLES = {CE: (plot.BLUE, "-"), SE: (plot.ORANGE, "--"), AT_CE: (plot.GREEN, "-.")}
LOSSES = {CE: sum_over_outputs(sigmoid_cross_entropy), SE: sum_over_outputs(sigmoid_squared_error)}
# The slope is that of the first epochs, in which a stall is decided.
EARLY = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Speed(Config):
    """starts: standard deviation of the output weights. target: error that counts as learnt."""

    data: tuple[Callable, ...] = (sets.digits,)
    tuning_seeds: int = 2
    epochs: int = 60
    rates: tuple[float, ...] = tuple(2.0**k for k in range(-7, 8))
    starts: tuple[tuple[str, float], ...] = (("small", 0.01), ("large", 1.0), ("saturated", 3.0))
    target: float = 0.1


QUICK = Speed()
FULL = Speed(data=(sets.digits, sets.spoken_digits, sets.mnist_6000), tuning_seeds=5, epochs=100)


def run(config: Speed, lab: Lab) -> list[dict]:
    """Tune each loss for speed, then train each at its own rate, and squared error at that of cross-entropy."""
    rows = nielsen.rows()
    for made in config.data:
        rows += _of_data(config, lab, made())
    return rows


def _of_data(config, lab, data):
    curves = ("train_slope", "dev_error", "test_error")
    budget = config.budget(dict(config.starts), curves)
    net = perceptron("sigmoid outputs", data.train.x[0].size, config.hidden, data.classes)
    parts = splits(data, one_hot(data.classes))
    tasks = {name: Task(net, loss, _measure(net, loss), config.batch, descent) for name, loss in LOSSES.items()}

    slow = epochs_to(config.target, budget)
    tuned = {name: tune(lab, _about(data, name), task, parts, budget, slow) for name, task in tasks.items()}
    own = {name: {row["start"]: row["rate"] for row in rows} for name, rows in tuned.items()}
    derived = {
        "epochs": first_below("test_error", config.target),
        "early_slope": early("train_slope", EARLY),
    }
    arms = {
        CE: compare(lab, _about(data, CE), tasks[CE], parts, budget, [own[CE]], derived),
        SE: compare(lab, _about(data, SE), tasks[SE], parts, budget, [own[SE], own[CE]], derived),
    }
    limit = {"limit": config.epochs, "target": config.target}
    return [row | limit for row in itertools.chain(*tuned.values(), *arms.values())]


def _about(data, loss):
    return {"data": data.name, "loss": loss}


def _measure(net, loss):
    """Of a classification, and `train_slope`: mean sigma'(z) over the outputs on the wrong side of 1/2."""
    usual = classification(net, loss, sigmoid_posterior)

    def measure(params, data):
        x, t = data["train"]
        z = net.apply(params, x)
        wrong = (z > 0) != (t > 0.5)
        slope = sigmoid_cross_entropy.hessian(z, t)
        return usual(params, data) | {"train_slope": jnp.sum(slope * wrong) / jnp.sum(wrong)}

    return measure


def judge(rows: list[dict]) -> list[Part | Fact]:
    """Equal and tuned rates from every start; the gap; the mediator; the neuron."""
    parts = []
    for data in dict.fromkeys(row["data"] for row in rows if row["kind"] == "arm"):
        parts += _judge_data(data, rows)
    return parts + _judge_neuron(rows)


def _judge_data(data, rows):
    arms, worst = _arms(data, rows), 0.0
    for row in rows:
        worst = max(worst, row.get("limit", 0) + 1.0)
    parts, starts = [], dict.fromkeys(start for start, _ in arms)
    for start, rates in itertools.product(starts, ("equal rates", "tuned rates")):
        a, b = (arms[start, arm]["values"]["epochs"] for arm in (CE, _arm_of(rates)))
        parts.append(Part(f"{data}: {rates}, {start} start: CE is faster", (CE, SE), a, b, "epochs", worst))
    first, *_, last = starts
    for rates in ("equal rates", "tuned rates"):
        small, large = (_gap(arms, start, _arm_of(rates), worst) for start in (first, last))
        says = f"{data}: {rates}: the gap is larger from the {last} start than from the {first} one"
        # Cut off, the larger gap is at least so large; a smaller one, or cross-entropy that does not arrive, tells nothing.
        read = (arms[first, CE], arms[last, CE], arms[first, _arm_of(rates)])
        if any(None in arm["values"]["epochs"] for arm in read):
            parts.append(unless_cut(exact(says, float(np.mean(large) - np.mean(small)), False, "epochs"), True))
        else:
            parts.append(Part(says, (f"gap, {first}", f"gap, {last}"), small, large, "epochs", worst))
    return [*parts, *_mediator(data, arms, starts, worst)]


def _arm_of(rates):
    return SE if rates == "tuned rates" else AT_CE


def _arms(data, rows):
    """(start, arm) -> row; the arms are the two losses at their own rates, and squared error at that of cross-entropy."""
    own = {(r["start"], r["loss"]): r["rate"] for r in rows if r["kind"] == "tuning" and r["data"] == data}
    found = {(r["start"], r["loss"], r["rate"]): r for r in rows if r["kind"] == "arm" and r["data"] == data}
    arms = {}
    for start in dict.fromkeys(start for start, _ in own):
        arms[start, CE] = found[start, CE, own[start, CE]]
        arms[start, SE] = found[start, SE, own[start, SE]]
        arms[start, AT_CE] = found[start, SE, own[start, CE]]
    return arms


def _gap(arms, start, arm, worst):
    """Epochs that squared error needs more, a seed; who never arrives has needed `worst`."""
    pairs = zip(arms[start, CE]["values"]["epochs"], arms[start, arm]["values"]["epochs"])
    return [(worst if se is None else se) - (worst if ce is None else ce) for ce, se in pairs]


def _mediator(data, arms, starts, worst):
    """Over starts and seeds at the rate of CE: sigma' on the wrong outputs, early, and the epochs that SE then needs."""
    chosen = [arms[start, AT_CE]["values"] for start in starts]
    slopes = [v for values in chosen for v in values["early_slope"]]
    epochs = [worst if v is None else v for values in chosen for v in values["epochs"]]
    pairs = [(seed, start) for start, values in zip(starts, chosen) for seed in range(len(values["epochs"]))]
    says = f"{data}: the smaller sigma'(z) on wrong outputs in the first {EARLY} epochs, the more epochs SE needs"
    return correlated(says, slopes, epochs, *zip(*pairs))


def _judge_neuron(rows):
    demos = {row["demo"]: row for row in rows if row["kind"] == "neuron"}
    slow, fast = (demos[name]["first_over_largest"] for name in ("2", "4, right gradient"))
    end = demos["4, right gradient"]["outputs"][-1]
    facts = [
        exact("neuron from (2, 2): squared error's first step is below a fifth of its largest", slow, slow < 0.2),
        exact(
            "neuron from (2, 2): cross-entropy's first step is its largest, with the right gradient", fast, fast == 1
        ),
        exact("neuron from (2, 2): 300 updates by the right gradient at the published rate reach 1/2", end, end <= 0.5),
    ]
    for row in (row for row in rows if row["kind"] == "check"):
        published = row["gradient"].startswith("1/(1 - a)")
        said = "is convicted of wrong maths" if published else "is right up to rounding"
        says = f"lossjax.check: the gradient {row['gradient']} {said} ({row['code'] or 'clean'}); over the true one at (2, 2)"
        facts.append(exact(says, row["ratio"], row["wrong_maths"] == published))
    return facts


def draw(rows: list[dict]) -> list[Drawn]:
    """Speed against rate and the course of learning, a figure a data set; the neuron and the mediator."""
    names = dict.fromkeys(row["data"] for row in rows if row["kind"] == "arm")
    return [*(_courses(name, rows) for name in names), _neuron(rows)]


def _courses(data, rows):
    figure, arms = plot.figure(7.2, 5.0), _arms(data, rows)
    starts = list(dict.fromkeys(start for start, _ in arms))
    axes = figure.subplots(2, len(starts), sharey="row")
    limit, target = next((row["limit"], row["target"]) for row in rows if "limit" in row)
    for above, below, start in zip(*axes, starts):
        tuning = [r for r in rows if r["kind"] == "tuning" and (r["data"], r["start"]) == (data, start)]
        for row in tuning:
            panels.tuning(above, row, STYLES[row["loss"]], row["loss"])
        above.set(title=f"{start} start", yscale="log", xlabel="learning rate")
        panels.numbers(above.yaxis, (1, 2, 5, 10, 20, 50))
        below.axhline(target, color=plot.GREY, linewidth=0.8)
        for arm, style in STYLES.items():
            panels.course(below, arms[start, arm]["quartiles"]["test_error"], style, arm)
        below.set(ylim=(0.04, 1), yscale="log", xlabel="epochs")
        panels.percent(below.yaxis)
    axes[0, 0].set(ylabel=f"epochs to {target:.0%} dev error\n({limit + 1}: never)")
    axes[1, 0].set(ylabel="test error,\nmedian and quartiles")
    panels.legend(figure, axes[1, 0])
    caption = (
        f"{data}. Above: mean epochs to {target:.0%} dev error over the tuning seeds, by learning rate; the rate chosen "
        f"is marked. Below: test error of fresh seeds, median and quartiles."
    )
    return Drawn(f"a_{data.replace(' ', '_')}", caption, figure)


def _neuron(rows):
    figure = plot.figure(7.2, 3.3)
    left, right = figure.subplots(1, 2)
    shown = {
        "2": (plot.ORANGE, "--", "SE, rate 0.15"),
        "4, as published": (plot.PURPLE, ":", "CE, 0.005, published gradient"),
        "4, right gradient": (plot.SKY, "-.", "CE, 0.005, right gradient"),
        "4, right gradient, rate of 2": (plot.BLUE, "-", "CE, 0.15, right gradient"),
    }
    for row in (row for row in rows if row["kind"] == "neuron" and row["demo"] in shown):
        colour, style, label = shown[row["demo"]]
        left.plot(row["outputs"], style, color=colour, label=label)
    left.set(
        xlabel="updates", ylabel="output $a$ (wanted: 0)", ylim=(0, 1.02), title="Nielsen's neuron from $w = b = 2$"
    )
    left.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2)
    data = next(row["data"] for row in rows if row["kind"] == "arm")
    marks = {"small": (plot.GREEN, "o"), "large": (plot.BLUE, "^"), "saturated": (plot.ORANGE, "s")}
    limit = next(row["limit"] for row in rows if "limit" in row)
    for (start, arm), row in _arms(data, rows).items():
        if arm == AT_CE:
            colour, mark = marks[start]
            epochs = [limit + 1 if v is None else v for v in row["values"]["epochs"]]
            right.plot(
                row["values"]["early_slope"],
                epochs,
                mark,
                color=colour,
                markersize=4,
                alpha=0.7,
                label=f"{start} start",
            )
    right.set(
        xscale="log", xlabel=f"$\\sigma'(z)$ on wrong outputs, first {EARLY} epochs", title=f"{data}: SE at CE's rate"
    )
    right.set(yscale="log", ylabel=f"epochs to target ({limit + 1}: never)")
    panels.numbers(right.yaxis, (5, 10, 20, 50))
    right.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=3)
    caption = (
        "Left: the single neuron of Nielsen's book, 300 updates. The published cross-entropy animation steps along dC/da. "
        f"Right: {data}, a point a seed: the smaller the slope of the sigmoid on wrong outputs, the later squared error learns."
    )
    return Drawn("a_neuron_and_slope", caption, figure)


def notes(rows: list[dict]) -> list[str]:
    """Where the grid ended, and who never arrived."""
    return [*edges(rows), *never_arrived(rows)]


CLAIM = Claim(
    "a",
    "a_sigmoid_slower",
    "Sigmoid outputs learn more slowly by squared error than by cross-entropy, because the gradient vanishes",
    "From small, large and saturated starts, at an equal rate (the one tuned for cross-entropy) and at rates tuned for speed, "
    "cross-entropy needs fewer epochs to the target error; the gap is larger from a saturated start; it goes with sigma'(z) on "
    "wrong outputs.",
    QUICK,
    FULL,
    run,
    judge,
    draw,
    notes,
)
