"""(b) A softmax is of the sigmoid's family and shares the problem: squared error behind it learns slowly as well.

A hypothesis that could fail, in three parts, one for every reason why the gradient may be small:
(i) the stall: on real data cross-entropy needs fewer epochs to the target error at equal and at tuned rates, the more so from
    a saturated start, and the epochs go with |dSE/dz| / |dCE/dz| on wrong examples, behind a sigmoid 2 sigma'(z);
(ii) 2/C, that ratio at uniform output: from a small start most of the slow-down at the equal rate goes at C/2 times the rate,
    whatever C is; from a saturated start most of it stays;
(iii) false zeros: in bfloat16 autodiff of the composed loss returns zeros where there are none, and ends with more errors than
    the derived gradient; what it loses so, by zeros and by rounding, is a tenth or more of what squared error is behind.

    python -m experiments --only b
"""

import dataclasses
import itertools
import math
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from lossjax import plot
from lossjax.losses import softmax_cross_entropy, softmax_squared_error
from lossjax.training.metrics import classification
from lossjax.training.models import perceptron
from lossjax.training.population import Task, descent

from . import class_sweep, false_zeros, panels, sets
from .claim import Claim, Drawn
from .class_sweep import Sweep, faster, log_epochs, never
from .config import Config
from .contest import Arms, early, edges, epochs_to, never_arrived, only
from .hypothesis import Fact, Part, correlated, over_seeds, share_of, unless_cut
from .lab import Lab, compare, first_below, splits, tune

CE, SE = "CE", "SE"
# Whose rate an arm has. An eighth, so that C/2 times it is none too many: at the fastest rate it would be.
OWN, EIGHTH, RAISED = "own rate", "1/8 of CE's rate", "C/2 times 1/8 of CE's rate"
ARMS = {
    (CE, OWN): (plot.BLUE, "-"),
    (SE, OWN): (plot.ORANGE, "--"),
    (CE, EIGHTH): (plot.SKY, "-"),
    (SE, EIGHTH): (plot.GREEN, "-."),
    (SE, RAISED): (plot.PURPLE, ":"),
}
RATES = {EIGHTH: f"equal rates ({EIGHTH})", OWN: "tuned rates"}
LOSSES = {CE: softmax_cross_entropy, SE: softmax_squared_error}
# The ratio is that of the first epochs, in which a stall is decided.
EARLY = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Family(Config):
    """starts: standard deviation of the output weights. target: error that counts as learnt.

    sweeps: over classes, of (ii), which has no grid. half: the starts of (iii), on the first data set.
    """

    data: tuple[Callable, ...] = (sets.digits,)
    tuning_seeds: int = 2
    epochs: int = 50
    rates: tuple[float, ...] = tuple(2.0**k for k in range(-6, 5))
    starts: tuple[tuple[str, float], ...] = (("small", 0.01), ("large", 1.0), ("saturated", 3.0))
    target: float = 0.15
    half: tuple[str, ...] = ("large", "saturated")
    sweeps: tuple[Sweep, ...] = (
        Sweep(2, 0.005, 40, 40),
        Sweep(10, 0.025, 40, 100),
        Sweep(26, 0.1, 40, 200),
        Sweep(47, 0.24, 40, 300),
        Sweep(100, 0.4, 40, 500),
    )


QUICK = Family()
FULL = Family(
    data=(sets.digits, sets.spoken_digits, sets.mnist_3000),
    tuning_seeds=3,
    # At the quick setting's 50 many runs had not arrived.
    epochs=100,
    # Not so low a rate that squared error stands 500 times it: that takes too many steps.
    sweeps=(*QUICK.sweeps, Sweep(1_000, 8.0, 20, 300, distance=10.0)),
)


def run(config: Family, lab: Lab) -> list[dict]:
    """The three parts."""
    rows, starts = [], dict(config.starts)
    for make in config.data:
        rows += _stall(config, lab, make(), config.budget(starts, ("train_pull", "dev_error", "test_error")))
    for sweep in config.sweeps:
        rows += class_sweep.rows(sweep, config.seeds, lab)
    budget = config.budget({start: starts[start] for start in config.half}, ("train_zeros", "dev_error", "test_error"))
    return rows + false_zeros.rows(lab, config.data[0](), config.hidden, budget, config.batch)


def _stall(config, lab, data, budget):
    """Both losses tuned for speed; both at an eighth of the rate of cross-entropy, squared error also at C/2 times that."""
    net, parts = perceptron("softmax outputs", data.train.x[0].size, config.hidden, data.classes), splits(data)
    tasks = {name: Task(net, loss, _measure(net, loss), config.batch, descent) for name, loss in LOSSES.items()}
    slow = epochs_to(config.target, budget)
    more = {"part": "stall", "limit": config.epochs, "target": config.target}
    rows, of_ce = [], {}
    for name, task in tasks.items():
        about = {"data": data.name, "loss": name}
        tuned = tune(lab, about, task, parts, budget, slow)
        own = {row["start"]: row["rate"] for row in tuned}
        of_ce = of_ce or own
        rates = {OWN: own, EIGHTH: {start: rate / 8 for start, rate in of_ce.items()}}
        if name == SE:
            rates[RAISED] = {start: rate * data.classes / 2 for start, rate in rates[EIGHTH].items()}
        derived = {
            "epochs": first_below("test_error", config.target),
            "early_pull": early("train_pull", EARLY),
        }
        found = compare(lab, about, task, parts, budget, rates.values(), derived)
        # Two that agree in the rate are trained once, and told twice.
        of = {(row["start"], row["rate"]): row for row in found}
        rows += tuned + [of[at] | {"whose": whose} for whose, of_start in rates.items() for at in of_start.items()]
    return [row | more for row in rows]


def _measure(net, loss):
    """Errors, and `train_pull`: mean |dSE/dz| / |dCE/dz| over the training examples that are wrong; behind a sigmoid, 2 sigma'(z)."""
    errors = only(classification(net, loss), "dev_error", "test_error")

    def measure(params, data):
        x, t = data["train"]
        z = net.apply(params, x)
        wrong = jnp.argmax(z, axis=-1) != t
        se, ce = (jnp.linalg.norm(of.gradient(z, t), axis=-1) for of in (softmax_squared_error, softmax_cross_entropy))
        return errors(params, data) | {"train_pull": jnp.sum(jnp.where(wrong, se / ce, 0)) / jnp.sum(wrong)}

    return measure


def judge(rows: list[dict]) -> list[Part | Fact]:
    """Stall, 2/C, false zeros."""
    stall, classes, zeros = (_of_part(rows, part) for part in ("stall", "classes", "zeros"))
    parts: list[Part | Fact] = []
    for data in Arms(stall).every("data"):
        parts += _judge_stall(data, Arms(stall))
    return [*parts, *class_sweep.judge(classes), *false_zeros.judge(zeros)]


def _of_part(rows, part):
    return [row for row in rows if row["part"] == part]


def _judge_stall(data, arms):
    starts, parts = arms.every("start"), []
    found = {(s, *arm): arms.of(data=data, start=s, loss=arm[0], whose=arm[1]) for s in starts for arm in ARMS}
    for start, (whose, rates) in itertools.product(starts, RATES.items()):
        says = f"{data}, {start} start, {rates}: CE is faster"
        parts.append(faster(says, (CE, SE), found[start, CE, whose], found[start, SE, whose]))
    first, *_, last = starts
    logs = {at: np.array(log_epochs(arm, never(arm))) for at, arm in found.items()}
    slower = {(s, whose): logs[s, SE, whose] - logs[s, CE, whose] for s in starts for whose in RATES}
    slower |= {(s, RAISED): logs[s, SE, RAISED] - logs[s, CE, EIGHTH] for s in starts}
    for whose, rates in RATES.items():
        says = f"{data}, {rates}: the slow-down is larger from the {last} start than from the {first} one"
        small, large = slower[first, whose].tolist(), slower[last, whose].tolist()
        parts.append(Part(says, (f"slow-down, {first}", f"slow-down, {last}"), small, large, "log2 epochs", math.inf))
    cut = {at for at in found if None in found[at]["values"]["epochs"]}
    return [*parts, *_shares(data, slower, first, last, cut), *_mediator(data, arms, starts)]


def _shares(data, slower, first, last, cut):
    """Of the slow-down at the equal rate: what C/2 times the rate takes away, and what it leaves; `cut`: by these arms."""
    taken = np.stack([slower[first, EIGHTH] - slower[first, RAISED], slower[first, EIGHTH]], axis=1).tolist()
    left = np.stack([slower[last, RAISED], slower[last, EIGHTH]], axis=1).tolist()
    goes = f"{data}, {first} start: most of the slow-down is 2/C, and goes at C/2 times the rate (share of its log)"
    stays = f"{data}, {last} start: most of the slow-down stays at C/2 times the rate (share of its log)"
    shares = ((first, over_seeds(goes, share_of, taken, "", 0.5)), (last, over_seeds(stays, share_of, left, "", 0.5)))
    arms = ((CE, EIGHTH), (SE, EIGHTH), (SE, RAISED))
    return [unless_cut(share, bool(cut & {(start, *arm) for arm in arms})) for start, share in shares]


def _mediator(data, arms, starts):
    """Over starts and seeds at the equal rate: the ratio on wrong examples, early, and the epochs that SE then needs."""
    chosen = [arms.of(data=data, start=start, loss=SE, whose=EIGHTH) for start in starts]
    pulls = [v for row in chosen for v in row["values"]["early_pull"]]
    epochs = [v for row in chosen for v in log_epochs(row, never(row))]
    pairs = [(seed, start) for start, row in zip(starts, chosen) for seed in range(len(row["values"]["epochs"]))]
    says = f"{data}: the smaller |dSE/dz| / |dCE/dz| on wrong examples in the first {EARLY} epochs, the more epochs SE needs"
    return correlated(says, pulls, epochs, *zip(*pairs))


def draw(rows: list[dict]) -> list[Drawn]:
    """The course of learning, a figure a data set; epochs against classes; bfloat16."""
    stall, classes, zeros = (_of_part(rows, part) for part in ("stall", "classes", "zeros"))
    figures = [_courses(data, stall) for data in Arms(stall).every("data")]
    return [*figures, class_sweep.figure(classes), false_zeros.figure(zeros)]


def _courses(data, rows):
    figure, arms = plot.figure(7.2, 7.0), Arms([row for row in rows if row["data"] == data])
    starts = arms.every("start")
    axes = figure.subplots(3, len(starts), sharey="row")
    limit, target = next((row["limit"], row["target"]) for row in rows)
    for (above, middle, below), start in zip(axes.T, starts):
        for row in rows:
            if row["kind"] == "tuning" and (row["data"], row["start"]) == (data, start):
                panels.tuning(above, row, ARMS[row["loss"], OWN], row["loss"])
        above.set(title=f"{start} start", yscale="log", xlabel="learning rate")
        panels.numbers(above.yaxis, (1, 2, 5, 10, 20, 50))
        middle.axhline(target, color=plot.GREY, linewidth=0.8)
        for (loss, whose), style in ARMS.items():
            quartiles = arms.of(start=start, loss=loss, whose=whose)["quartiles"]
            panels.course(middle, quartiles["test_error"], style, f"{loss}, {whose}")
            if loss == SE:
                panels.course(below, quartiles["train_pull"], style, whose)
        middle.set(ylim=(0.04, 1), yscale="log", xlabel="epochs")
        panels.percent(middle.yaxis)
        below.set(yscale="log", xlabel="epochs")
    axes[0, 0].set(ylabel=f"epochs to {target:.0%} dev error\n({limit + 1}: never)")
    axes[1, 0].set(ylabel="test error")
    axes[2, 0].set(ylabel="|dSE/dz| / |dCE/dz|\non wrong examples")
    panels.legend(figure, axes[1, 0])
    caption = (
        f"{data}, softmax outputs. Above: mean epochs to {target:.0%} dev error over the tuning seeds, by learning rate; the rate "
        "chosen is marked. Middle and below: fresh seeds, median and quartiles, of the test error, and under squared error of its "
        "gradient over that of cross-entropy on the training examples that are wrong."
    )
    return Drawn(f"b_{data.replace(' ', '_')}", caption, figure)


def notes(rows: list[dict]) -> list[str]:
    """Where the grid ended, who never arrived, and what others have published."""
    return [
        *edges(rows),
        *never_arrived(rows),
        "Published, for comparison: Golik et al. 2013 find that from random weights squared error behind a softmax ends in a worse "
        "optimum than cross-entropy (hybrid recognisers of speech and handwriting; their conclusion as others quote it); Demirkaya et al. "
        "2020 that its accuracy falls behind as classes become more (CIFAR-100). Neither task is ours.",
    ]


CLAIM = Claim(
    "b",
    "b_softmax_too",
    "A softmax is of the sigmoid's family and shares the problem: squared error behind it learns slowly as well",
    "From small, large and saturated starts, at an equal rate (an eighth of the one tuned for cross-entropy) and at tuned rates, "
    "cross-entropy needs fewer epochs; the slow-down is larger "
    "from a saturated start and goes with the ratio of the gradients on wrong examples. From a small start most of it is the 2/C at "
    "uniform output, and goes at C/2 times the rate; from a saturated one it stays. In bfloat16 a tenth or more of what squared "
    "error is behind comes from autodiff, which returns false zeros there.",
    QUICK,
    FULL,
    run,
    judge,
    draw,
    notes,
)
