"""How criteria are told apart in every figure: by colour and, for grey print, by line."""

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from lossjax import plot

from .evidence import Row

PERCENT = PercentFormatter(1, decimals=0)
# Inches: a page wide in print, and on a screen.
WIDTH = 7.2

LOOK = {
    "CE": (plot.BLUE, "-"),
    "SE": (plot.ORANGE, "--"),
    "SE, sigmoid outputs": (plot.GREEN, "-."),
    "SE, linear outputs": (plot.PURPLE, ":"),
    "SE, linear outputs, rescaled": (plot.SKY, (0, (5, 1))),
    "squared hinge": (plot.GREY, (0, (4, 1, 1, 1))),
}
_EQUAL, _COMPENSATED = (plot.ORANGE, ":"), (plot.ORANGE, "-.")


def look(arm: Row) -> dict:
    """Keywords of a line."""
    colour, line = LOOK.get(arm["criterion"], (plot.GREY, "-"))
    if arm["rate_of"]:
        colour, line = _COMPENSATED if arm["compensated"] else _EQUAL
    return {"color": colour, "linestyle": line, "label": label(arm)}


def label(arm: Row) -> str:
    """Of a line whose panel says the rest."""
    if arm["rate_of"]:
        return f"{arm['criterion']}, {'C/2 times ' if arm['compensated'] else ''}the rate of CE"
    return arm["criterion"]


def distinct(arms: list[Row]) -> list[Row]:
    """Without those that are the same networks as one before."""
    names = ("criterion", "depth", "start", "schedule", "after", "rate", "momentum", "alignment")
    found = {}
    for arm in arms:
        found.setdefault(tuple(arm.get(name) for name in names), arm)
    return list(found.values())


def line(ax, arm: Row, points: list[float]) -> None:
    """A value an epoch."""
    ax.plot(range(len(points)), points, marker=".", markersize=4, **look(arm))


def logarithmic(ax, points: list[float]) -> None:
    """An axis of shares around these."""
    known = [p for p in points if p > 0]
    low, high = 0.93 * min(known, default=0.01), 1.08 * max(known, default=1.0)
    ax.set(yscale="log", ylim=(low, high))
    shares(ax.yaxis, readable(low, high))


def legend(figure: Figure, axes, columns: int) -> None:
    """One for all of these, above."""
    found = {}
    for ax in axes:
        found |= {label: handle for handle, label in zip(*ax.get_legend_handles_labels()) if label not in found}
    figure.legend(found.values(), found.keys(), loc="outside upper center", ncols=columns, fontsize=8)


def shares(axis: Axis, at: tuple[float, ...]) -> None:
    """A logarithmic axis of shares as percent, at these values."""
    axis.set_major_locator(FixedLocator(at))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))


def readable(low: float, high: float) -> tuple[float, ...]:
    """Shares to write at a logarithmic axis from low to high, so few that they do not touch."""
    if high / low > 100:
        return tuple(10.0**k for k in range(-12, 1))
    if high / low > 8:
        return (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    return (0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)


def numbers(values: list[float | None]) -> list[float]:
    """A record's null is no number."""
    return [float("nan") if value is None else value for value in values]


def wrapped(text: str, width: int) -> str:
    """A title in lines of about so many characters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def plain(text: str) -> str:
    """Text in which matplotlib looks for no formula."""
    return text.replace("$", r"\$")
