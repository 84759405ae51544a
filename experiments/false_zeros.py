"""What false zeros do to training: squared error behind a softmax in bfloat16, by autodiff and by the derived gradient.

There the softmax of a sure output rounds to exactly 1, and with it the gradient at the surest class to exactly 0.
"""

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.ticker import PercentFormatter

from lossjax import plot
from lossjax.data.dataset import Dataset
from lossjax.losses import softmax_cross_entropy, softmax_squared_error
from lossjax.training.metrics import classification
from lossjax.training.models import perceptron
from lossjax.training.population import Task, descent

from . import panels
from .claim import Drawn
from .contest import Arms, late, lower_error, only
from .hypothesis import Fact, Part, filled, over_seeds, share_of
from .lab import Budget, Lab, compare, splits, tune

CE, DERIVED, AUTODIFF = "CE", "SE, derived gradient", "SE, autodiff"
STYLES = {CE: (plot.BLUE, "-"), DERIVED: (plot.GREEN, "-."), AUTODIFF: (plot.ORANGE, "--")}
# What counts as a part of the rest that is worth a word.
NOTICEABLE = 0.1


def composed(z, t):
    """Squared error behind a softmax as one writes it; its gradient is autodiff's."""
    return jnp.sum((jax.nn.softmax(z) - jax.nn.one_hot(t, z.shape[-1], dtype=z.dtype)) ** 2, axis=-1)


LOSSES = {CE: softmax_cross_entropy, DERIVED: softmax_squared_error, AUTODIFF: composed}


def rows(lab: Lab, data: Dataset, hidden: int, budget: Budget, batch: int) -> list[dict]:
    """Cross-entropy and squared error, each at its own best rate, from every start of the budget."""
    name, widths = "softmax outputs, bfloat16", (data.train.x[0].size, hidden, data.classes)
    net, parts = perceptron(name, *widths, dtype=jnp.bfloat16), splits(data)
    found, rates = [], {}
    for name, loss in LOSSES.items():
        about = {"data": data.name, "loss": name, "part": "zeros"}
        measure = only(classification(net, loss), "train_zeros", "dev_error", "test_error")
        task = Task(net, loss, measure, batch, descent)
        # One loss in two ways of writing has one rate: all that differs is the gradient.
        if name != AUTODIFF:
            tuned = tune(lab, about, task, parts, budget, late("dev_error", budget, failed=1.0))
            rates = {row["start"]: row["rate"] for row in tuned}
            found += tuned
        found += compare(lab, about, task, parts, budget, [rates])
    return found


def judge(rows: list[dict]) -> list[Part | Fact]:
    """For every start: fewer zeros, less error, and the share of the error above that of cross-entropy."""
    arms = Arms(rows)
    (data,) = arms.every("data")
    return [part for start in arms.every("start") for part in _judge(arms, {"data": data, "start": start})]


def _judge(arms, where):
    before = "{data}, bfloat16, {start} start".format(**where)
    autodiff, derived, ce = (_errors(arms, loss=loss, **where) for loss in (AUTODIFF, DERIVED, CE))
    # The two gradients differ in the zeros, and in rounding besides.
    says = f"{before}: what autodiff loses, by zeros and rounding, is a tenth or more of what SE has more errors than CE (share)"
    names = (DERIVED, AUTODIFF)
    return [
        lower_error(
            arms, f"{before}: the derived gradient has fewer exact zeros", names, "train_zeros", **where
        )._replace(unit="% of entries, last epoch"),
        lower_error(arms, f"{before}, same rate: by the derived gradient SE ends with fewer errors", names, **where),
        over_seeds(says, share_of, np.transpose([autodiff - derived, autodiff - ce]).tolist(), "", NOTICEABLE),
    ]


def _errors(arms, **what):
    return filled(arms.values("test_error", **what), 1.0)


def figure(rows: list[dict]) -> Drawn:
    """Test error of every seed, and the share of zeros while training."""
    figure, arms = plot.figure(7.2, 3.4), Arms(rows)
    left, right = figure.subplots(1, 2)
    starts = arms.every("start")
    for shift, (loss, style) in zip((-0.22, 0, 0.22), STYLES.items()):
        panels.beside(left, [arms.values("test_error", start=start, loss=loss) for start in starts], shift, style, loss)
    left.set_xticks(range(len(starts)), [f"{start} start" for start in starts])
    left.set(yscale="log", ylabel="test error")
    panels.percent(left.yaxis)
    for start, style in zip(starts, ((plot.PURPLE, "-."), (plot.GREY, "-"), (plot.SKY, "--"))):
        quartiles = arms.of(start=start, loss=AUTODIFF)["quartiles"]["train_zeros"]
        panels.course(right, quartiles, style, f"{start} start")
    right.set(xlabel="epochs", ylabel="exact zeros in the logit gradient", ylim=(0, None), title=AUTODIFF)
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    right.legend()
    panels.legend(figure, left)
    caption = (
        f"{arms.every('data')[0]} in bfloat16. Left: a point a seed, the mean with its interval of 95 % beside them; both ways of "
        "squared error at the same rate. Right: share of the entries of the logit gradient of the training examples that "
        "autodiff makes exactly 0, median and quartiles over seeds."
    )
    return Drawn("b_false_zeros", caption, figure)
