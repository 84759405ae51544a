"""The norm of the error signal by p(right), where the frames are, and what becomes of weak signals along training."""

from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from lossjax import plot

from . import style
from .evidence import Row, Task

# The bins of p(right) in the records: from here to the next, the last to 1.
EDGES = (0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
# Share of the frames below which a bin is left out.
FEW = 2e-3
_NAMES = tuple(f"{a:g}-{b:g}" for a, b in pairwise((*EDGES, 1.0)))
_ROWS = ("norm of the error signal\n(2-norm, mean in the bin)", "share of training frames", "share (0 is not drawn)")
_KINDS = {
    "attenuated": (plot.SKY, "-", "weak: attenuated (2/C)"),
    "vanishing": (plot.ORANGE, "--", "weak: vanishing"),
    "false_zeros_float32": (plot.GREEN, "-.", "false zeros, float32"),
    "false_zeros_bfloat16": (plot.PURPLE, ":", "false zeros, bfloat16"),
}


def by_p_right(task: Task) -> Figure | None:
    """A column an arm: norms by bin at the end, shares of frames by bin early and late, weak signals by epoch."""
    arms = _columns(task)
    if not arms:
        return None
    figure = plot.figure(style.WIDTH if len(arms) > 2 else 2.4 * len(arms), 7.0)
    grid = figure.subplots(3, len(arms), sharey="row", squeeze=False)
    for column, arm in zip(grid.T, arms):
        column[0].set_title(style.plain(style.wrapped(arm["name"], 66 // max(3, len(arms)))))
        _norms(column[0], arm["curves"])
        _shares(column[1], arm["curves"])
        _weak_and_false(column[2], arm["curves"])
    for (ax, *_), text in zip(grid, _ROWS):
        ax.set_ylabel(text)
    many = len(arms) > 3
    grid[0][0].legend(fontsize=7, loc="lower center", handlelength=1.5)
    grid[1][0].set_ylim(0, (1.6 if many else 1.3) * grid[1][0].get_ylim()[1])
    grid[1][0].legend(fontsize=7, loc="upper center", ncols=1 if many else 3, columnspacing=1, handlelength=1)
    kinds, columns = grid[2][0].get_legend_handles_labels(), 4 if len(arms) > 2 else 2
    figure.legend(*kinds, loc="outside lower center", ncols=columns, fontsize=7.5)
    return figure


def _columns(task: Task) -> list[Row]:
    """CE and SE at a constant rate from the first start at the protocol's depth; SE at the rates that CE gives it too."""
    found = [
        arm
        for arm in style.distinct(task.drawn)
        if "signal_SE" in arm["curves"]
        and len(arm["curves"]["in_bin"][0]) == len(EDGES)
        and arm["schedule"] == "constant"
        and arm.get("momentum") is None
        and not arm["after"]
    ]
    return [arm for arm in found if all(arm[name] == found[0][name] for name in ("start", "depth"))][:4]


def _norms(ax, curves: Row):
    for name, colour, line in (("CE", plot.BLUE, "-"), ("SE", plot.ORANGE, "--")):
        ax.plot(_norm(curves, name, -1), linestyle=line, color=colour, marker=".", label=f"{name}, end")
        early = {"marker": "o", "markersize": 5, "markerfacecolor": "none", "linestyle": "none", "color": colour}
        ax.plot(_norm(curves, name, 1), label=f"{name}, epoch 1", **early)
    ax.set(yscale="log")
    ax.set_xticks(range(len(EDGES)), [""] * len(EDGES))


def _norm(curves: Row, name: str, epoch: int):
    """By bin; of a bin with hardly any frames a mean says nothing."""
    norm, share = (np.array(style.numbers(curves[n][epoch])) for n in (f"signal_{name}", "in_bin"))
    return np.where((share >= FEW) & (norm > 0), norm, np.nan)


def _shares(ax, curves: Row):
    last = len(curves["in_bin"]) - 1
    epochs = [(0, plot.GREY, "start"), (min(1, last), plot.SKY, "epoch 1"), (last, plot.BLUE, f"epoch {last}")]
    width = 0.27
    for k, (epoch, colour, name) in enumerate(epochs):
        at = np.arange(len(EDGES)) + (k - 1) * width
        ax.bar(at, style.numbers(curves["in_bin"][epoch]), width, color=colour, label=name)
    ax.yaxis.set_major_formatter(style.PERCENT)
    ax.grid(axis="x", visible=False)
    _bins(ax)


def _weak_and_false(ax, curves: Row):
    weak(ax, curves, tuple(_KINDS))
    ax.set(yscale="log", xlabel="epochs", ylim=(1e-6, 1.5))
    style.shares(ax.yaxis, (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0))
    ax.xaxis.get_major_locator().set_params(integer=True)


def weak(ax, curves: Row, kinds: tuple[str, ...]) -> None:
    """Shares by epoch, of these kinds; 0 has no place on a logarithmic axis."""
    for name in (name for name in kinds if name in curves):
        colour, line, label = _KINDS[name]
        values = np.array(style.numbers(curves[name]))
        ax.plot(np.where(values > 0, values, np.nan), linestyle=line, color=colour, marker=".", label=label)


def _bins(ax):
    ax.set_xticks(range(len(EDGES)), _NAMES, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
    ax.set_xlabel("p(right)")
