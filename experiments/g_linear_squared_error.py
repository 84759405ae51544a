"""(g) A classifier with squared error will probably work: badly behind a sigmoid or softmax, well with a linear output.

A hypothesis that could fail: at rates tuned per loss, squared error of linear outputs has a lower test error than behind
a softmax or sigmoid, and one at most a point above that of cross-entropy; with a hundred classes the rescaled squared
error of Hui and Belkin is better than the plain one.

    python -m experiments --only g
"""

import dataclasses
from collections.abc import Callable

from lossjax import plot
from lossjax.losses import (
    one_hot_squared_error,
    rescaled_squared_error,
    sigmoid_squared_error,
    softmax_cross_entropy,
    softmax_squared_error,
    squentropy,
    sum_over_outputs,
)
from lossjax.training.metrics import sigmoid_posterior
from lossjax.training.models import perceptron

from . import panels, sets
from .claim import Claim, Drawn
from .config import Config
from .contest import Arms, Entrant, chosen_by_luck, contest, edges, lower_error
from .hypothesis import Fact, Part
from .lab import Lab

CE, SOFTMAX, SIGMOID, LINEAR = "softmax CE", "softmax SE", "sigmoid SE", "linear SE"
RESCALED, SQUENTROPY = "rescaled SE", "squentropy"
ENTRANTS = {
    CE: Entrant(softmax_cross_entropy),
    SOFTMAX: Entrant(softmax_squared_error),
    SIGMOID: Entrant(sum_over_outputs(sigmoid_squared_error), sigmoid_posterior, rows=True),
    # By the largest output, as all: a posterior clipped to [0, 1] would make ties of sure ones.
    LINEAR: Entrant(one_hot_squared_error),
    RESCALED: Entrant(rescaled_squared_error(1.0, 15.0)),
    SQUENTROPY: Entrant(squentropy),
}
STYLES = {
    CE: (plot.BLUE, "-"),
    SOFTMAX: (plot.ORANGE, "--"),
    SIGMOID: (plot.PURPLE, "-."),
    LINEAR: (plot.GREEN, "-"),
    RESCALED: (plot.SKY, "--"),
    SQUENTROPY: (plot.GREY, ":"),
}
# As good as cross-entropy: at most so many percentage points worse.
POINTS = 1.0
MANY = 42


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outputs(Config):
    """starts: standard deviation of the output weights."""

    data: tuple[Callable, ...] = (sets.digits,)
    tuning_seeds: int = 2
    epochs: int = 40
    rates: tuple[float, ...] = tuple(2.0**k for k in range(-9, 6))
    starts: tuple[tuple[str, float], ...] = (("small", 0.01), ("large", 1.0))


QUICK = Outputs()
FULL = Outputs(
    data=(sets.digits, sets.spoken_digits, sets.mnist_6000, sets.hundred_gaussians), tuning_seeds=5, epochs=100
)


def run(config: Outputs, lab: Lab) -> list[dict]:
    """Every loss on every data set, tuned and compared."""
    rows = []
    for make in config.data:
        data = make()
        budget = config.budget(dict(config.starts), ("dev_error", "test_error"))
        net = perceptron("linear outputs", data.train.x[0].size, config.hidden, data.classes)
        about = {"classes": data.classes}
        rows += [row | about for row in contest(lab, data, net, ENTRANTS, budget, config.batch)]
    return rows


def judge(rows: list[dict]) -> list[Part | Fact]:
    """For every data set and start: linear against softmax, sigmoid, CE; the others against CE."""
    arms = Arms(rows)
    classes = {row["data"]: row["classes"] for row in rows}
    return [
        part
        for data in arms.every("data")
        for start in arms.every("start")
        for part in _judge(arms, classes, data, start)
    ]


def _judge(arms, classes, data, start):
    where = {"data": data, "start": start}

    def part(claim, names, points=0.0):
        return lower_error(arms, f"{data}, {start} start: {claim}", names, points=points, **where)

    parts = [
        part("a linear output is better than a softmax for SE", (LINEAR, SOFTMAX)),
        part("a linear output is better than sigmoids for SE", (LINEAR, SIGMOID)),
        part("SE goes badly with a softmax", (CE, SOFTMAX)),
        part("SE of a linear output works", (LINEAR, CE), POINTS),
        part("squentropy works", (SQUENTROPY, CE), POINTS),
        part("rescaled SE works", (RESCALED, CE), POINTS),
    ]
    if classes[data] >= MANY:
        parts.append(part("rescaling helps with many classes", (RESCALED, LINEAR)))
    return parts


def draw(rows: list[dict]) -> list[Drawn]:
    """Dev error against rate, and the test error of every seed."""
    arms = Arms(rows)
    starts = arms.every("start")
    return [_figure(rows, arms, data, starts) for data in arms.every("data")]


def _figure(rows, arms, data, starts):
    figure = plot.figure(7.2, 5.2)
    axes = figure.subplots(2, len(starts), sharey="row")
    for above, below, start in zip(*axes, starts):
        for row in rows:
            if row["kind"] == "tuning" and (row["data"], row["start"]) == (data, start):
                panels.tuning(above, row, STYLES[row["loss"]], row["loss"])
        above.set(title=f"{start} start", xlabel="learning rate")
        panels.seeds(
            below, {name: arms.values("test_error", data=data, start=start, loss=name) for name in ENTRANTS}, STYLES
        )
        for ax in (above, below):
            ax.set_yscale("log")
            panels.percent(ax.yaxis)
    axes[0, 0].set(ylabel="dev error")
    axes[1, 0].set(ylabel="test error")
    panels.legend(figure, axes[0, 0])
    return Drawn(f"g_{data.replace(' ', '_')}", panels.TUNED_AND_SEEDS.format(data), figure)


def notes(rows: list[dict]) -> list[str]:
    """Where the grid ended, and what others have published."""
    return [
        *edges(rows),
        *chosen_by_luck(rows),
        "Published, for comparison: Hui and Belkin 2021 leave out the softmax for squared error, and find it at least as good "
        "as cross-entropy in 22 of 28 tasks (5 seeds; language, speech and vision, none of them ours).",
    ]


CLAIM = Claim(
    "g",
    "g_linear_squared_error",
    "A classifier with squared error will probably work: badly behind a sigmoid or softmax, well with a linear output",
    "At rates tuned per loss, squared error of linear outputs has a lower test error than behind a softmax or sigmoids, "
    "and one at most a point above that of cross-entropy; from 42 classes on rescaling (k = 1, M = 15) helps.",
    QUICK,
    FULL,
    run,
    judge,
    draw,
    notes,
)
