"""(d) Squared error is right for regression.

A hypothesis that could fail: where the noise is Gaussian, squared error comes closer to the true mean than absolute
error and cross-entropy over bins, and as close as Huber's loss and a Gaussian likelihood with a variance of its own, and
so on real data (diabetes); where it is heavy-tailed, absolute error and Huber's loss come closer; where it depends on x,
the Gaussian likelihood does. Noise, examples and splits are drawn anew for every seed.

    python -m experiments --only d
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from lossjax import plot
from lossjax.data import regression
from lossjax.losses import absolute_error, gaussian_nll, half_squared_error, huber, softmax_cross_entropy
from lossjax.training.models import perceptron
from lossjax.training.population import Task

from . import panels
from .claim import Claim, Drawn
from .config import Config
from .contest import Arms, edges, every_start
from .hypothesis import Fact, Part
from .lab import Lab, compare, tune
from .own_examples import Sizes, carrying, made, resplit

SE, ABSOLUTE, HUBER, GAUSSIAN, BINS = "SE", "absolute", "Huber", "Gaussian NLL", "CE over bins"
STYLES = {
    SE: (plot.ORANGE, "--"),
    ABSOLUTE: (plot.BLUE, "-"),
    HUBER: (plot.GREEN, "-."),
    GAUSSIAN: (plot.PURPLE, ":"),
    BINS: (plot.GREY, "-"),
}
NOISES = {f"{noise.name} noise": noise for noise in (regression.GAUSSIAN, regression.HEAVY, regression.HETEROSCEDASTIC)}
DIABETES = "diabetes"
# What a run that diverged counts as, far above any that did not: targets have a spread of about 1.
WORST = 10.0
# As close as another: at most so much worse, a twentieth of the standard deviation of the Gaussian noise.
MARGIN = 0.025


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regression(Config):
    """delta: of Huber's loss. bins: of equal width between -reach and reach, open at the ends.

    examples, tests: of made data, of the training and the dev split each, and of the test split.
    """

    tuning_seeds: int = 3
    epochs: int = 60
    batch: int = 20
    rates: tuple[float, ...] = tuple(2.0**k for k in range(-14, -3))
    delta: float = 0.5
    bins: int = 20
    reach: float = 4.0
    examples: int = 400
    tests: int = 1_000


QUICK = Regression()
FULL = Regression(tuning_seeds=10, epochs=200)


class Entrant(NamedTuple):
    """`loss(z, t)` of z with so many outputs (n, outputs), and the prediction of t that it makes of z."""

    loss: Callable
    outputs: int
    predict: Callable


def entrants(config: Regression) -> Mapping[str, Entrant]:
    """The losses, each with what it takes for the mean of t."""
    edges = jnp.linspace(-config.reach, config.reach, config.bins + 1)
    centres = (edges[1:] + edges[:-1]) / 2

    def binned(z, t):
        return softmax_cross_entropy(z, jnp.clip(jnp.searchsorted(edges, t) - 1, 0, config.bins - 1))

    def one(loss):
        return Entrant(lambda z, t: loss(z[:, 0], t), 1, _first)

    return {
        SE: one(half_squared_error),
        ABSOLUTE: one(absolute_error),
        HUBER: one(huber(config.delta)),
        GAUSSIAN: Entrant(own_variance, 2, _first),
        BINS: Entrant(binned, config.bins, lambda z: jax.nn.softmax(z) @ centres),
    }


def _first(z):
    return z[:, 0]


def own_variance(z, t):
    """-log p(t) of a Gaussian of mean z_0 and variance exp(z_1)."""
    return jax.vmap(lambda mean, log, t: gaussian_nll(jnp.exp(log))(mean, t))(z[:, 0], z[:, 1], t)


def run(config: Regression, lab: Lab) -> list[dict]:
    """Every loss on every kind of noise, and on the diabetes data."""
    sizes, numbers = Sizes(config.examples, config.examples, config.tests), range(len(NOISES))
    # What the lab calls a start is a kind of noise here: they share a compiled program.
    noises = dict(zip(NOISES, map(float, numbers)))
    rows = _of_data(config, lab, "made", made(tuple(NOISES.values()), sizes), sizes, regression.INPUTS, noises)
    real = regression.diabetes()[2:]
    x, t = (np.concatenate(columns) for columns in zip(*real))
    sizes = Sizes(*(len(split.t) for split in real))
    rows += _of_data(config, lab, DIABETES, resplit(x, t), sizes, x.shape[1], {DIABETES: 0.0})
    return [{"data" if name == "start" else name: value for name, value in row.items()} for row in rows]


def _of_data(config, lab, source, draw, sizes, inputs, kinds):
    rows, budget = [], config.budget(kinds)
    # Where the noise has no variance, squares of the dev errors say nothing; the test error of real data is of squares.
    score = "dev_rms" if source == DIABETES else "dev_absolute"
    for name, entrant in entrants(config).items():
        net = carrying(perceptron("regression", inputs, config.hidden, entrant.outputs, activation=jnp.tanh), draw)
        task = Task(net, _with_own_targets(entrant.loss), _measure(net, entrant.predict, sizes), config.batch, _adam)
        about = {"source": source, "loss": name}
        tuned = tune(lab, about, task, sizes.data(), budget, lambda record: _number(record["last"][score]))
        rows += [*tuned, *compare(lab, about, task, sizes.data(), budget, [every_start(tuned)])]
    return rows


def _adam(member):
    """Of the weights alone: the examples are never moved."""
    return optax.masked(optax.adam(member.rate), {"weights": True, "x": False, "t": False})


def _number(value):
    return float("nan") if value is None else value


def _with_own_targets(loss):
    return lambda z, _: loss(z[:, :-1], z[:, -1])


def _measure(net, predict, sizes):
    """dev_absolute: mean |prediction - t|. dev_rms, test_rms: root of the mean (prediction - t)^2. All in units of t."""
    numbers = sizes.numbers()

    def rest(params, split):
        z = net.apply(params, numbers[split])
        return predict(z[:, :-1]) - z[:, -1]

    def measure(params, _):
        dev, test = rest(params, "dev"), rest(params, "test")
        return {"dev_absolute": jnp.mean(jnp.abs(dev)), "dev_rms": _rms(dev), "test_rms": _rms(test)}

    return measure


def _rms(x):
    return jnp.sqrt(jnp.mean(x**2))


def judge(rows: list[dict]) -> list[Part | Fact]:
    """What each kind of noise is said to want."""
    gaussian, heavy, uneven = NOISES
    arms, parts = Arms(rows), []
    for data in (gaussian, DIABETES):
        parts += [_part(arms, data, SE, loss) for loss in (ABSOLUTE, BINS)]
        parts += [_part(arms, data, SE, loss, MARGIN) for loss in (HUBER, GAUSSIAN)]
    parts += [_part(arms, heavy, loss, SE) for loss in (ABSOLUTE, HUBER)]
    return [*parts, _part(arms, uneven, GAUSSIAN, SE)]


def _part(arms, data, a, b, margin=0.0):
    of_a, of_b = (arms.values("test_rms", data=data, loss=name) for name in (a, b))
    says = f"{data}: {a} is {'as close as' if margin else 'closer than'} {b}"
    return Part(says, (a, b), of_a, of_b, "rms error", WORST, margin)


def draw(rows: list[dict]) -> list[Drawn]:
    """Dev error against rate, and the test error of every seed."""
    arms, figure = Arms(rows), plot.figure(7.2, 5.6)
    names = arms.every("data")
    axes = figure.subplots(2, len(names))
    for (above, below), data in zip(axes.T, names):
        tuning = [row for row in rows if row["kind"] == "tuning" and row["data"] == data]
        for row in tuning:
            panels.tuning(above, row, STYLES[row["loss"]], row["loss"])
        least = min(score for row in tuning for _, score in row["grid"] if score is not None)
        above.set(title=data, xlabel="learning rate", yscale="log", ylim=(0.9 * least, 2.5 * least))
        panels.numbers(above.yaxis, (0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5))
        panels.seeds(below, {name: arms.values("test_rms", data=data, loss=name) for name in STYLES}, STYLES)
        below.tick_params(axis="x", labelrotation=50)
    axes[0, 0].set(ylabel="dev error")
    axes[1, 0].set(ylabel="rms test error")
    panels.legend(figure, axes[0, 0], columns=len(STYLES))
    return [Drawn("d_regression", _CAPTION, figure)]


_CAPTION = (
    "Above: dev error by Adam's learning rate, mean over the tuning seeds, the rate chosen marked: mean absolute error, for "
    "diabetes root mean square; diverged means are off the scale. Below: test error of fresh seeds at that rate, root mean "
    "square, a point a seed, the mean with its interval of 95 % beside them; of made data against the true mean, in units of "
    "t (Gaussian noise: 0.5), of diabetes against the targets, in their standard deviations."
)

CLAIM = Claim(
    "d",
    "d_regression",
    "Squared error is right for regression",
    "Where the noise is Gaussian, and on real data, squared error comes closer to the true mean than absolute error and "
    "cross-entropy over bins, and as close as Huber's loss and a Gaussian likelihood with a variance of its own; where it is "
    "heavy-tailed, absolute error and Huber's loss come closer; where it depends on x, the Gaussian likelihood does.",
    QUICK,
    FULL,
    run,
    judge,
    draw,
    edges,
)
