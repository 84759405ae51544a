"""What an experiment is: a claim, two frozen settings, and three functions that meet only in records."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from .hypothesis import Fact, Part
from .lab import Lab


class Drawn(NamedTuple):
    """A figure, the stem of its files, and what stands below it."""

    name: str
    caption: str
    figure: Figure


@dataclasses.dataclass(frozen=True)
class Claim:
    """One of the claims (a) to (h) about losses, as a hypothesis that could fail.

    run: (config, lab) -> rows, what was measured, JSON. judge: rows -> parts, each supported or not. draw: rows ->
    figures. notes: rows -> sentences for the page. The last three read rows and nothing else.
    quick, full: the settings, frozen dataclasses.
    """

    letter: str
    name: str
    title: str
    hypothesis: str
    quick: Any
    full: Any
    run: Callable[[Any, Lab], list[dict]]
    judge: Callable[[list[dict]], list[Part | Fact]]
    draw: Callable[[list[dict]], list[Drawn]]
    notes: Callable[[list[dict]], list[str]] = lambda rows: []


def written(config: Any) -> dict:
    """A setting as JSON: functions, such as data sets, by their names."""

    def plain(value):
        if callable(value):
            return getattr(value, "__name__", str(value))
        return [plain(inner) for inner in value] if isinstance(value, tuple) else value

    return {field.name: plain(getattr(config, field.name)) for field in dataclasses.fields(config)}
