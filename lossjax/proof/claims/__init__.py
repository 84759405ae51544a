"""What a loss claims about itself: refuted with a witness, proved by a named method, or not refuted in n points."""

from .verdict import Verdict
from .verify import flips, verify

__all__ = ["Verdict", "flips", "verify"]
