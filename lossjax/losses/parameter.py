"""Ranges of family parameters: a number outside raises, a traced value passes."""

from jax.core import Tracer
from jaxtyping import Array

Number = float | int | Array


def known(*values) -> bool:
    """Are all of them numbers, none a tracer of a surrounding transform?"""
    return not any(isinstance(v, Tracer) for v in values)


def positive(name: str, value) -> None:
    """Raise ValueError unless value > 0."""
    if known(value) and not value > 0:
        raise ValueError(f"{name} must be positive, got {value}")


def inside(name: str, value, low: float | int, high: float | int) -> None:
    """Raise ValueError unless low < value < high."""
    if known(value) and not low < value < high:
        raise ValueError(f"{name} must lie between {low} and {high}, both excluded, got {value}")


def between(name: str, value, low: float | int, high: float | int) -> None:
    """Raise ValueError unless low <= value <= high, and value is finite."""
    if known(value) and not (low <= value <= high and abs(value) < float("inf")):
        raise ValueError(f"{name} must be a finite number in [{low}, {high}], got {value}")
