"""Small panels, starts down and depths across: training curves, and what becomes of SE's error signals."""

from collections.abc import Callable

from matplotlib.figure import Figure

from lossjax import plot

from . import signals, style
from .evidence import Row, Task


def mapped(task: Task) -> list[Row]:
    """CE and SE from every start at every depth, one arm each: at constant rates of their own.

    Where two arms differ in nothing but the rate that their seeds chose, the first, which has more of them.
    """
    found = {}
    for arm in task.drawn:
        if (
            arm["schedule"] == "constant"
            and not arm["after"]
            and not arm["rate_of"]
            and arm.get("momentum") is None
            and arm["criterion"] in ("CE", "SE")
        ):
            found.setdefault((arm["start"], arm["depth"], arm["criterion"]), arm)
    return list(found.values())


def frame_error(task: Task) -> Figure | None:
    """Dev frame error of both along training; of starts at more than one depth, the others stand elsewhere."""
    everything = mapped(task)
    arms = [arm for arm in everything if len({a["depth"] for a in everything if a["start"] == arm["start"]}) > 1]
    if not arms:
        return None

    def panel(ax, few):
        for arm in few:
            style.line(ax, arm, style.numbers(arm["curves"]["dev_error"]))

    figure, axes = _grid(arms, panel, "dev frame error, by start")
    style.logarithmic(axes[0], [p for arm in arms for p in style.numbers(arm["curves"]["dev_error"])])
    style.legend(figure, axes, 2)
    return figure


def weak_signals(task: Task) -> Figure | None:
    """Share of the frames with a weak SE signal along training by SE, attenuated and vanishing apart."""
    arms = [arm for arm in mapped(task) if arm["criterion"] == "SE" and "vanishing" in arm["curves"]]
    if len(arms) < 2:
        return None

    def panel(ax, few):
        for arm in few:
            signals.weak(ax, arm["curves"], ("attenuated", "vanishing"))

    figure, axes = _grid(arms, panel, "share of training frames, by start")
    axes[0].set(yscale="log", ylim=(3e-4, 1.5))
    style.shares(axes[0].yaxis, (1e-3, 1e-2, 0.1, 1.0))
    style.legend(figure, axes, 2)
    return figure


def _grid(arms: list[Row], panel: Callable[[object, list[Row]], None], label: str):
    """The figure and its panels; places without arms stay empty."""
    starts, depths = list(dict.fromkeys(arm["start"] for arm in arms)), sorted({arm["depth"] for arm in arms})
    figure = plot.figure(max(style.WIDTH * len(depths) / 6, 4.0), 0.9 + 1.3 * len(starts))
    grid = figure.subplots(len(starts), len(depths), sharex=True, sharey=True, squeeze=False)
    for row, start in zip(grid, starts):
        for ax, depth in zip(row, depths):
            few = [arm for arm in arms if (arm["start"], arm["depth"]) == (start, depth)]
            panel(ax, few)
            if not few:
                ax.set_facecolor("#EFEFEF")
        row[0].set_ylabel(style.plain(style.wrapped(start, 15)), fontsize=8)
    for ax, depth in zip(grid[0], depths):
        ax.set_title(f"{depth} hidden layer{'s' if depth > 1 else ''}", fontsize=8.5)
    grid[0][0].xaxis.get_major_locator().set_params(integer=True)
    figure.supxlabel("epochs", fontsize=9)
    figure.supylabel(label, fontsize=9)
    return figure, list(grid.ravel())
