"""Training curves, epoch by epoch: plateaus of the frame error and of the criterion."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from lossjax import plot

from . import style
from .evidence import Row, Task


def frame_error(task: Task) -> Figure | None:
    """Dev frame error at the protocol's depth, a panel for each start and schedule."""
    figure = _panels(_groups(task), _error, 3)
    if figure:
        figure.supylabel("dev frame error", fontsize=9)
    return figure


def criterion(task: Task) -> Figure | None:
    """The criterion on training frames, over its value before the first epoch: what a plateau is a plateau of."""
    figure = _panels(_groups(task), _relative, 3)
    if figure:
        figure.supylabel("own criterion, relative to the start", fontsize=9)
    return figure


def _groups(task: Task) -> dict[str, list[Row]]:
    """Title of a panel -> its arms."""
    found: dict[str, list[Row]] = {}
    depth = task.protocol.get("depth")
    for arm in style.distinct([a for a in task.drawn if depth in (None, a["depth"])]):
        rate = "" if arm["schedule"] == "new-bob" else " rate"
        begun = f"after {arm['after']}" if arm["after"] else arm["start"]
        own = "" if arm.get("momentum") is None else f", momentum {arm['momentum']:g}"
        found.setdefault(f"{begun}\n{arm['schedule']}{rate}{own}", []).append(arm)
    # Continuations last: their axes are others.
    return dict(sorted(found.items(), key=lambda item: bool(item[1][0]["after"])))


def _error(arm):
    return style.numbers(arm["curves"]["dev_error"])


def _relative(arm):
    loss = np.array(style.numbers(arm["curves"]["train_loss"]))
    return (loss / loss[0]).tolist()


def _panels(groups, values, columns) -> Figure | None:
    if not groups:
        return None
    columns = min(columns, len(groups))
    rows = -(-len(groups) // columns)
    figure = plot.figure(style.WIDTH, 1.2 + 1.9 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for ax in grid.ravel()[len(groups) :]:
        ax.remove()
    drawn = {title: [(arm, values(arm)) for arm in arms] for title, arms in groups.items()}
    from_start = [p for lines in drawn.values() for arm, points in lines for p in points if not arm["after"]]
    for ax, (title, lines) in zip(grid.ravel(), drawn.items()):
        for arm, points in lines:
            style.line(ax, arm, points)
        if lines[0][0]["after"]:
            # Small changes, which need an axis of their own.
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=2))
            ax.set_facecolor("#F7F7F7")
        else:
            style.logarithmic(ax, from_start)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set_title(style.plain(title))
    figure.supxlabel("epochs", fontsize=9)
    style.legend(figure, grid.ravel()[: len(groups)], 3)
    return figure
