"""Panels that several experiments draw."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

Style = tuple[str, str]
PERCENT = PercentFormatter(1, decimals=0)
TUNED_AND_SEEDS = (
    "{}. Above: dev error by learning rate, mean over the tuning seeds, the rate chosen marked. Below: test error of fresh "
    "seeds at that rate, a point a seed, the mean with its interval of 95 % beside them."
)
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)


def tuning(ax, row: dict, style: Style, label: str, factor: float = 1.0) -> None:
    """The score at every rate of the grid, the chosen rate marked; `factor` multiplies scores."""
    colour, line = style
    rates, scores = zip(*row["grid"])
    scores = [factor * score for score in _numbers(scores)]
    ax.plot(rates, scores, line, color=colour, label=label)
    chosen = dict(zip(rates, scores))[row["rate"]]
    ax.plot(row["rate"], chosen, "o", color=colour, markersize=6, markeredgecolor="white")
    ax.set_xscale("log", base=2)


def course(ax, quartiles: Sequence[Sequence[float | None]], style: Style, label: str) -> None:
    """Median and quartiles over seeds, an entry an epoch."""
    colour, line = style
    low, middle, high = (_numbers(column) for column in zip(*quartiles))
    epochs = range(len(middle))
    ax.plot(epochs, middle, line, color=colour, label=label)
    ax.fill_between(epochs, low, high, color=colour, alpha=0.18, linewidth=0)
    ax.set_xlim(0, len(middle) - 1)


def _numbers(column):
    return [float("nan") if value is None else value for value in column]


def percent(axis: Axis) -> None:
    """Shares as percent, at round values that a reader of a logarithmic axis knows."""
    axis.set_major_locator(FixedLocator(_SHARES))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(PERCENT)


def numbers(axis: Axis, at: Sequence[float]) -> None:
    """These values, written as they are."""
    axis.set_major_locator(FixedLocator(at))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def legend(figure: Figure, ax, columns: int = 3) -> None:
    """One legend for the whole figure, below it, of what is in `ax`."""
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=columns)


def beside(ax, columns: Sequence[Sequence], shift: float, style: Style, label: str, factor: float = 1.0) -> None:
    """At each of 0, 1, ... plus `shift` a point a seed, and beside them the mean with its 95 % bootstrap interval.

    Failed runs have no place on the axis: how many they are is written above it.
    """
    rng, (colour, _) = np.random.default_rng(0), style
    for at, several in enumerate(columns):
        known = factor * np.array([v for v in several if v is not None], float)
        if failed := len(several) - len(known):
            place = dict(xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=6, color=colour)
            ax.annotate(f"{failed} failed", (at + shift, 1.0), **place)
        if not len(known):
            continue
        ax.plot(at + shift + 0.08 * (rng.random(len(known)) - 0.5), known, ".", color=colour, markersize=3, alpha=0.5)
        low, high = np.quantile(rng.choice(known, (2000, len(known))).mean(1), (0.025, 0.975))
        ax.plot([at + shift + 0.08] * 2, [low, high], "-", color=colour)
        ax.plot(at + shift + 0.08, known.mean(), "o", color=colour, markersize=5, markeredgecolor="white")
    ax.plot([], [], "o", color=colour, markersize=5, label=label)
    ax.grid(axis="x", visible=False)


def seeds(ax, values: Mapping[str, Sequence[float | None]], styles: Mapping[str, Style]) -> None:
    """A column a name, as in `beside`."""
    for at, (name, several) in enumerate(values.items()):
        beside(ax, [several], at, styles[name], name)
    ax.set_xticks(range(len(values)), values, rotation=25, ha="right", fontsize=8)
