"""Choosing kappa, the scale of the language model and the word penalty on a dev set, one after another in turns."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .wordloop import Weights

# Knob -> values to try.
Grid = Mapping[str, Sequence[float]]


class Tuned(NamedTuple):
    """weights: the best that was found, of equal ones the first. error: theirs. tried: everything that was tried.

    edges: knobs whose value is not between the least and the greatest of its grid, which may then be too narrow.
    """

    weights: Weights
    error: float
    tried: dict[Weights, float]
    edges: tuple[str, ...]


def tune(error: Callable[[Weights], float], grid: Grid, start: Weights, rounds: int = 3) -> Tuned:
    """Vary each knob over its values, the others held at the best so far; again until a round changes nothing.

    error: of the dev set, NaN counting as worst. Nothing is computed twice.

    Raises: ValueError for a knob that Weights does not have, or one without values.
    """
    for knob, values in grid.items():
        if knob not in Weights._fields or not len(values):
            raise ValueError(f"there is nothing to tune in {knob!r} over {list(values)}: knobs are {Weights._fields}")
    tried: dict[Weights, float] = {}

    def measured(weights):
        if weights not in tried:
            found = error(weights)
            tried[weights] = found if found == found else float("inf")
        return tried[weights]

    best = start
    for _ in range(rounds):
        before = best
        for knob, values in grid.items():
            # The present value stands first, and so wins a tie.
            best = min([best, *(best._replace(**{knob: value}) for value in values)], key=measured)
        if best == before:
            break
    measured(best)
    inside = {k: min(values) < getattr(best, k) < max(values) for k, values in grid.items() if len(values) > 1}
    return Tuned(best, tried[best], tried, tuple(knob for knob in inside if not inside[knob]))
