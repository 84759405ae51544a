"""Where SE fails: a map of its errors less those of CE, starts down, depths across."""

from collections.abc import Callable

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from lossjax import plot

from . import style
from .depths import mapped
from .evidence import Row, Task

# Blue where SE is better, orange where it is worse: told apart by colour-blind readers, and written in the cells.
_COLOURS = LinearSegmentedColormap.from_list("SE - CE", [plot.BLUE, "#FFFFFF", plot.ORANGE])


def by_depth_and_start(task: Task) -> Figure | None:
    """Two maps side by side: test frame error, and WER by the deciding language model."""
    cells = {}
    for arm in mapped(task):
        cells.setdefault((arm["start"], arm["depth"]), {})[arm["criterion"]] = arm
    cells = {place: pair for place, pair in cells.items() if len(pair) == 2}
    if len(cells) < 2:
        return None
    model = task.models[0]
    figure = plot.figure(style.WIDTH, 1.0 + 0.62 * len({start for start, _ in cells}))
    left, right = figure.subplots(1, 2, sharey=True)
    _map(left, cells, lambda arm: arm["test_error"]["mean"], "frame error, test")
    _map(right, cells, lambda arm: arm["wer"][model]["rate"], f"WER, test ({model})")
    return figure


def _map(ax, cells: dict, value: Callable[[Row], float | None], title: str) -> None:
    starts = list(dict.fromkeys(start for start, _ in cells))
    depths = sorted({depth for _, depth in cells})
    gaps = np.full((len(starts), len(depths)), np.nan)
    texts = {}
    for (start, depth), pair in cells.items():
        ce, se = (np.array(value(pair[name]), float) for name in ("CE", "SE"))
        i, j = starts.index(start), depths.index(depth)
        gaps[i, j] = 100 * (se - ce)
        texts[i, j] = f"{gaps[i, j]:+.1f}", f"{100 * ce:.0f} to {100 * se:.0f}"
    reach = max(1.0, np.nanmax(np.abs(gaps), initial=0.0))
    ax.imshow(gaps, cmap=_COLOURS, vmin=-reach, vmax=reach, aspect="auto")
    for (i, j), (gap, of) in texts.items():
        ink = "white" if abs(gaps[i, j]) > 0.75 * reach else "black"
        ax.text(j, i - 0.12, gap, ha="center", va="center", color=ink, fontsize=8.5, fontweight="bold")
        ax.text(j, i + 0.26, of, ha="center", va="center", color=ink, fontsize=6.5)
    ax.set_xticks(range(len(depths)), list(map(str, depths)))
    ax.set_yticks(range(len(starts)), [style.plain(style.wrapped(start, 16)) for start in starts], fontsize=8)
    ax.set(xlabel="hidden layers")
    ax.set_title(f"SE - CE, points: {style.plain(title)}", fontsize=8.5)
    ax.grid(visible=False)
    ax.set_facecolor("#EFEFEF")
