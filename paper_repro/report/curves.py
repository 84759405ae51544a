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


def by_depth(task: Task) -> Figure | None:
    """Dev frame error of CE and SE at a constant rate, starts down, depths across."""
    at = {start: {arm["depth"] for arm in mapped(task) if arm["start"] == start} for start in _starts(task)}
    # Starts at one depth alone are in the other figures.
    starts = [start for start, depths in at.items() if len(depths) > 1]
    arms = [arm for arm in mapped(task) if arm["start"] in starts]
    depths = sorted({arm["depth"] for arm in arms})
    if not arms:
        return None
    figure = plot.figure(max(style.WIDTH * len(depths) / 6, 4), 0.9 + 1.3 * len(starts))
    grid = figure.subplots(len(starts), len(depths), sharex=True, sharey=True, squeeze=False)
    for i, start in enumerate(starts):
        for j, depth in enumerate(depths):
            for arm in (a for a in arms if (a["start"], a["depth"]) == (start, depth)):
                _line(grid[i][j], arm, _error(arm))
        grid[i][0].set_ylabel(style.plain(style.wrapped(start, 15)), fontsize=8)
    for j, depth in enumerate(depths):
        grid[0][j].set_title(f"{depth} hidden layer{'s' if depth > 1 else ''}", fontsize=8.5)
    known = [p for arm in arms for p in _error(arm) if p > 0]
    _axes(grid[0][0], 0.93 * min(known, default=0.01), 1.08 * max(known, default=1.0))
    grid[0][0].xaxis.get_major_locator().set_params(integer=True)
    figure.supxlabel("epochs", fontsize=9)
    figure.supylabel("dev frame error, by start", fontsize=9)
    return _legend(figure, grid.ravel(), 2)


def _starts(task):
    return list(dict.fromkeys(arm["start"] for arm in mapped(task)))


def mapped(task: Task) -> list[Row]:
    """CE and SE from every start at every depth: constant rates of their own, the first alignment, each network once."""
    return style.distinct(
        [
            arm
            for arm in _first(task)
            if arm["schedule"] == "constant"
            and not arm["after"]
            and not arm["rate_of"]
            and arm["criterion"] in ("CE", "SE")
        ]
    )


def _first(task: Task) -> list[Row]:
    return [arm for arm in task.on(task.alignments[0]) if "curves" in arm] if task.arms else []


def _groups(task: Task) -> dict[str, list[Row]]:
    """Title of a panel -> its arms."""
    found: dict[str, list[Row]] = {}
    depth = task.protocol.get("depth")
    for arm in style.distinct([a for a in _first(task) if depth in (None, a["depth"])]):
        rate = "" if arm["schedule"] == "new-bob" else " rate"
        begun = f"after {arm['after']}" if arm["after"] else arm["start"]
        found.setdefault(f"{begun}\n{arm['schedule']}{rate}", []).append(arm)
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
    from_start = [p for lines in drawn.values() for arm, points in lines for p in points if not arm["after"] and p > 0]
    for ax, (title, lines) in zip(grid.ravel(), drawn.items()):
        for arm, points in lines:
            _line(ax, arm, points)
        if lines[0][0]["after"]:
            # Small changes, which need an axis of their own.
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
            ax.set_facecolor("#F7F7F7")
        else:
            _axes(ax, 0.93 * min(from_start, default=0.01), 1.08 * max(from_start, default=1.0))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set_title(style.plain(title))
    figure.supxlabel("epochs", fontsize=9)
    return _legend(figure, grid.ravel()[: len(groups)], 3)


def _line(ax, arm, points):
    ax.plot(range(len(points)), points, marker=".", markersize=4, **style.look(arm))


def _axes(ax, low, high):
    ax.set(yscale="log", ylim=(low, high))
    style.shares(ax.yaxis, style.readable(low, high))


def _legend(figure, axes, columns):
    found = {}
    for ax in axes:
        found |= {label: handle for handle, label in zip(*ax.get_legend_handles_labels()) if label not in found}
    figure.legend(found.values(), found.keys(), loc="outside upper center", ncols=columns, fontsize=8)
    return figure
