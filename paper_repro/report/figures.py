"""All figures of the page, drawn and saved, with the captions they get there."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from lossjax import plot

from .. import draw
from . import curves, depths, failures, forest, searches, signals
from .document import Picture, stem
from .evidence import Evidence, Task, whole

_OF_A_TASK: tuple[tuple[str, Callable[[Task], Figure | None], str], ...] = (
    (
        "training_curves",
        curves.frame_error,
        "Dev frame error along training at the protocol's depth, a panel for each start and schedule; epoch 0 is before "
        "training, means over seeds. A flat stretch is a plateau; new-bob halves the rate there and ends it.",
    ),
    (
        "training_criterion",
        curves.criterion,
        "The same networks: each criterion on training frames, over its value before training, so that plateaus of "
        "different criteria can be compared.",
    ),
    (
        "training_by_depth",
        depths.frame_error,
        "Dev frame error along training at a constant rate of its own for each criterion: starts down, depths across.",
    ),
    (
        "error_signals",
        signals.by_p_right,
        "Above: norm of the error signal by the probability of the right state; bins with less than 0.2 % of the frames are left out. "
        "Middle: share of the training frames in each bin. Below: share of the frames whose SE signal is weak (p(right) below "
        "1/2 and under a tenth of CE's norm), attenuated (at least 1/C of CE's) or vanishing (less); and the share of the "
        "entries of the gradient that automatic differentiation of the composed loss returns as a false 0. Norms are means "
        "over the frames of all seeds, shares over seeds.",
    ),
    (
        "weak_signals",
        depths.weak_signals,
        "Share of the training frames whose SE signal is weak, along training by SE at a constant rate of its own: attenuated "
        "(the 2/C of a nearly uniform output) and vanishing; starts down, depths across, 0 is not drawn. Grey: not run.",
    ),
    (
        "depth_and_start",
        failures.by_depth_and_start,
        "Where SE fails: its error less that of CE, in points, each at a constant rate of its own, means over seeds; below, "
        "the two errors in percent, CE to SE. Orange: SE is worse; blue: better; grey: not run.",
    ),
    (
        "search_weights",
        searches.curves,
        "Dev WER by the weights of the search, the others at their chosen values; the chosen value is marked. Above 100 % "
        "nothing is shown.",
    ),
)
_FINE = (
    "Fine-tuning: differences in WER with intervals of 95 % over speakers (writers) and seeds. The control decides whether SE "
    "after CE helps; diamonds are the paper's published differences, which had none."
)
_ELSEWHERE = {
    "three_reasons": "Three reasons for a small squared-error gradient: it vanishes, it is 2/C of CE's, or it is a false 0.",
    "learning_curves": "Isolated digits: test error along training.",
    "confidently_wrong": "Isolated digits: training examples whose right class has less than 1 %.",
    "learning_rates": "Isolated digits: dev error at the end by learning rate; the chosen rates are marked.",
}


def drawn(evidence: Evidence, tasks: Sequence[Task], folder: Path) -> dict[str, list[Picture]]:
    """Draw what there are records for, as SVG and PNG in this folder; the pictures by where they stand on the page."""
    found: dict[str, list[Picture]] = {}
    with plot.styled():
        _save(forest.fine_tuning(tasks), Picture("fine_tuning", _FINE), folder, found.setdefault("claims", []))
        for task in tasks:
            own = found.setdefault(task.name, [])
            for name, figure, caption in _OF_A_TASK:
                picture = Picture(stem(name, task.name), f"{task.name}. {caption}")
                _save(figure(task), picture, folder, own)
    digits = [row for row in evidence.rows if row["kind"] in ("choice", "comparison", "curve")]
    if whole(evidence.theory) and {row["kind"] for row in digits} == {"choice", "comparison", "curve"}:
        paths = draw.figures(evidence.theory, digits, folder)
        found["theory"] = [Picture(path.stem, _ELSEWHERE[path.stem]) for path in paths]
    return found


def _save(figure: Figure | None, picture: Picture, folder: Path, into: list[Picture]) -> None:
    if figure is not None:
        plot.save(figure, folder / picture.stem)
        into.append(picture)
