"""The settings that the experiments with networks share; each claim adds its own and chooses where it differs."""

import dataclasses
from collections.abc import Mapping, Sequence

from .lab import Budget


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """One hidden layer, trained by batches. rates: the common grid of learning rates."""

    rates: tuple[float, ...]
    tuning_seeds: int
    epochs: int
    seeds: int = 30
    batch: int = 32
    hidden: int = 64

    def budget(self, scales: Mapping[str, float], curves: Sequence[str] = ()) -> Budget:
        """What every loss gets. scales: starts, name -> scale of initial weights. curves: metrics kept an epoch."""
        return Budget(self.rates, self.tuning_seeds, self.seeds, self.epochs, scales, curves)
