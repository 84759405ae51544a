"""What a check returns when nothing is wrong, and the error it raises when something is."""

import dataclasses


class DerivativeError(AssertionError):
    """A derivative is wrong; the text says which, by how much, and how to see it again."""


@dataclasses.dataclass(frozen=True)
class Judged:
    """One mode: what was looked at and what the reference was."""

    mode: str
    judged: int  # entries that have a verdict
    elements: int  # elements of the Jacobian, or of the second derivatives
    units: int  # unit directions looked at, of
    of: int
    signs: int  # random directions
    exact: int  # directions whose truth is exact arithmetic, of
    directions: int
    undecided: int
    nowhere: int  # entries at which no derivative exists
    rounding: str  # whose rounding was granted
    max_excess: float
    note: str = ""

    @property
    def complete(self) -> bool:
        """Was every element looked at by itself?"""
        return self.units == self.of

    @property
    def miss(self) -> float:
        """The probability that a single wrong element, too small to be seen in a sum, is in none of the rows looked at."""
        return 1 - self.units / self.of

    @property
    def cancel(self) -> float:
        """At most so probably do several wrong elements, any of which a sum would show, cancel in every sum."""
        return 0.0 if self.complete else 2.0**-self.signs

    def __str__(self) -> str:
        """One line, or two for a sample."""
        exact = "exact arithmetic" if self.exact == self.directions else "float64"
        if 0 < self.exact < self.directions:
            exact = f"float64, held to exact arithmetic along {self.exact} of {self.directions} directions"
        text = f"{self.mode}: {self.judged:,} entries, {'every' if self.complete else 'not every'} element of {self.elements:,}"
        text += f"; reference: {exact}{f' ({self.note})' if self.note and self.exact < self.directions else ''}"
        text += f"; excess at most {self.max_excess:.2g} over the rounding of {self.rounding}"
        text += f"; {self.undecided:,} undecided" if self.undecided else ""
        text += f"; no derivative exists at {self.nowhere:,}" if self.nowhere else ""
        if self.complete:
            return text
        return (
            f"{text}\n  {self.signs} random +-1 directions show any single wrong element whose error exceeds the rounding of "
            f"its sum; several cancel in all with probability <= {self.cancel:.2g}\n  {self.units:,} of {self.of:,} rows were "
            f"looked at element by element: a smaller error in one element is missed with probability {self.miss:.4f}"
        )


@dataclasses.dataclass(frozen=True)
class Checked:
    """Nothing wrong was found. Truthy; its text says what was looked at."""

    modes: tuple[Judged, ...]
    refused: dict[str, str]  # modes that JAX does not offer for this function, and why
    seconds: float

    def __bool__(self) -> bool:
        """Was anything judged?"""
        return any(m.judged for m in self.modes)

    def __str__(self) -> str:
        """What was checked, mode by mode."""
        lines = [str(m) for m in self.modes] + [
            f"{name}: not offered by JAX: {why}" for name, why in self.refused.items()
        ]
        return "\n".join([f"nothing wrong in {self.seconds:.2f} s", *lines])

    __repr__ = __str__
