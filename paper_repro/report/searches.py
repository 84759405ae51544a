"""What the weights of the search do: dev WER by kappa, by the scale of the language model, by the word penalty."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from lossjax import plot

from . import style
from .evidence import Task, Tuned

# As the records write what was tried: these three, then the dev WER.
_KNOBS = {
    "kappa": "kappa, power of the prior",
    "lm_scale": "scale of the language model",
    "penalty": "word penalty",
}
# Who is drawn, on the alignment of the Gaussian system.
SHOWN = {
    "Gaussian mixtures": (plot.GREY, ":"),
    "CE": (plot.BLUE, "-"),
    "SE": (plot.ORANGE, "--"),
    "CE, then SE": (plot.GREEN, "-."),
    "CE, then CE (control)": (plot.PURPLE, (0, (5, 1))),
}


def curves(task: Task) -> Figure | None:
    """A row a language model, a column a knob; along each the other two stay at the chosen values, which are marked."""
    tuned = [t for t in task.tuned if any(name in SHOWN for name in t.who) and t.alignment == "Gaussian"]
    models = [model for model in task.models if any(t.model == model for t in tuned)]
    lines = {
        (m, k): [(t, line) for t in tuned if t.model == m and len(line := along(t, k)) > 1]
        for m in models
        for k in _KNOBS
    }
    knobs = [k for k in _KNOBS if any(lines[m, k] for m in models)]
    if not knobs:
        return None
    figure = plot.figure(style.WIDTH, 0.9 + 2.1 * len(models))
    grid = figure.subplots(len(models), len(knobs), sharey="row", squeeze=False)
    found = {}
    for row, model in zip(grid, models):
        for ax, knob in zip(row, knobs):
            found |= _panel(ax, knob, lines[model, knob])
        row[0].set_ylabel(style.plain(f"dev WER, {model}"))
        tried = [wer for knob in knobs for _, line in lines[model, knob] for _, wer in line]
        # A wrong penalty inserts words without end; what lies above 1 is not shown.
        row[0].set_ylim(0, min(1.0, 1.05 * max(tried)))
    names = [name for name in SHOWN if name in found]
    figure.legend([found[name] for name in names], names, loc="outside upper center", ncols=3, fontsize=8)
    return figure


def along(tuned: Tuned, knob: str) -> list[tuple[float, float]]:
    """(value, dev WER) of what was tried with the other knobs at their chosen values."""
    place = list(_KNOBS).index(knob)
    chosen = [tuned.weights[name] for name in _KNOBS]
    others = [i for i in range(len(_KNOBS)) if i != place]
    near = [t for t in tuned.tried if all(t[i] == chosen[i] for i in others)]
    return sorted((t[place], t[-1]) for t in near if t[-1] is not None)


def _panel(ax, knob: str, lines: Sequence[tuple[Tuned, list]]) -> dict:
    found = {}
    for tuned, points in lines:
        name = next(name for name in tuned.who if name in SHOWN)
        colour, line = SHOWN[name]
        (found[name],) = ax.plot(*zip(*points), linestyle=line, color=colour, marker=".", markersize=4)
        chosen = tuned.weights[knob]
        ax.plot(chosen, dict(points)[chosen], "o", color=colour, markersize=7, markeredgecolor="white")
    ax.yaxis.set_major_formatter(style.PERCENT)
    ax.set_xlabel(_KNOBS[knob])
    if not lines:
        ax.set_axis_off()
    return found
