"""A scalar loss at all 2^32 floats."""

from .reference_loop import plain_loop
from .speed_limit import bound, limit
from .sweeping import EVERY, Sweep, sweep

__all__ = ["EVERY", "Sweep", "bound", "limit", "plain_loop", "sweep"]
