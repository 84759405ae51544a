"""The fine-tuning: SE after CE against the control and against CE before it, an interval a task."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from lossjax import plot

from . import paper, style
from .evidence import Row, Task

_AFTER = ("CE, then SE",)
# By the arms compared: the look, and what it is called.
_LOOKS = {
    "control": (plot.ORANGE, "o", "CE continued - SE, both after CE: the control, decides"),
    "paper's": (plot.BLUE, "s", "CE - SE after CE: the paper's comparison, no control"),
    "gain": (plot.GREY, "^", "CE - CE continued: what the control alone gains"),
}

# Downwards, so that no mark covers another.
_PLACES = {"control": -0.28, "published": -0.06, "paper's": 0.14, "gain": 0.34}


def fine_tuning(tasks: Sequence[Task]) -> Figure | None:
    """Differences with intervals of 95 %, the published ones marked; positive: the second has fewer errors."""
    places = [place for task in tasks for place in _places(task)]
    if not places:
        return None
    figure = plot.figure(style.WIDTH, 1.5 + 0.62 * len(places))
    ax = figure.subplots()
    for at, (task, _, _, rows) in enumerate(places):
        for row in rows:
            _interval(ax, at, row)
        pair = paper.published(task)
        if pair:
            ax.plot(
                100 * (pair[0] - pair[1]),
                at + _PLACES["published"],
                "D",
                color="black",
                markerfacecolor="white",
                markersize=6,
                zorder=4,
            )
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(places)), [style.plain(f"{t}\n{a} alignment, {m}") for t, a, m, _ in places], fontsize=8)
    ax.set(
        ylim=(len(places) - 0.5, -0.5),
        xlabel="difference in word error rate, points; right of 0: the second has fewer errors",
    )
    ax.grid(axis="y", visible=False)
    for colour, mark, label in _LOOKS.values():
        ax.plot([], [], mark, linestyle="-", color=colour, label=label)
    ax.plot([], [], "D", color="black", markerfacecolor="white", label="published, another corpus: CE - SE after CE")
    figure.legend(loc="outside upper center", ncols=2, fontsize=7.5)
    return figure


def _places(task: Task):
    """(task, alignment, model, its rows), in the order of the records."""
    found: dict = {}
    for row in task.claims:
        if kind(row):
            found.setdefault((task.name, row["alignment"], row["model"]), []).append(row)
    return [(*place, rows) for place, rows in found.items()]


def kind(row: Row) -> str | None:
    """Which of the three comparisons of the fine-tuning a row is; None for another."""
    more, less = tuple(row["more"]), tuple(row["less"])
    if less == _AFTER:
        return "paper's" if more == ("CE",) else "control"
    return "gain" if more == ("CE",) and less == ("CE, then CE (control)",) else None


def _interval(ax, at: int, row: Row) -> None:
    which = kind(row)
    assert which is not None
    colour, mark, _ = _LOOKS[which]
    y = at + _PLACES[which]
    ax.plot([100 * row["low"], 100 * row["high"]], [y, y], color=colour, linewidth=2.2 if row["decides"] else 1.4)
    ax.plot(
        100 * row["difference"], y, mark, color=colour, markersize=6 if row["decides"] else 4.5, markeredgecolor="white"
    )
