"""Losses as pure functions of pre-activations, each with a derived gradient and Hessian, proved in exact arithmetic."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .losses.loss import Loss
    from .proof.check import check
    from .proof.versus import compare

__version__ = "0.1.0"

# Resolved on first use, so that `lossjax --help` imports neither jax nor anything that draws.
_PUBLIC = {
    "Loss": "lossjax.losses.loss",
    "check": "lossjax.proof.check",
    "compare": "lossjax.proof.versus",
}

__all__ = ["Loss", "__version__", "check", "compare"]


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'lossjax' has no attribute {name!r}")
