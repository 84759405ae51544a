"""A jaxpr in exact arithmetic: the truth that every verdict stands on."""

from ..primal import NoTruth
from .ladder import Truth, glance, no_collector, truth
from .status import EXACT, KINK, NAN, UNDECIDED
from .values import UnknownPrimitive

__all__ = [
    "EXACT",
    "KINK",
    "NAN",
    "UNDECIDED",
    "NoTruth",
    "Truth",
    "UnknownPrimitive",
    "glance",
    "no_collector",
    "truth",
]
