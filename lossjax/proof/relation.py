"""How got relates to want at ordinary points, as numbers."""

import dataclasses

import numpy as np

# At ordinary points rounding rarely explains a difference of one part in a hundred.
WRONG = 1e-2
ENOUGH, MOST = 8, 0.98  # entries to speak of all, and the part of them that must agree


@dataclasses.dataclass(frozen=True)
class Relation:
    """Got and want of one quantity, (points, entries), at inputs z, t.

    usable: entries whose want is not 0; idle: those where it is; wrong: entries of both kinds that are off.
    """

    got: np.ndarray
    want: np.ndarray
    z: np.ndarray  # (points, K), float64
    t: np.ndarray
    usable: np.ndarray
    idle: np.ndarray
    wrong: np.ndarray
    classes: int  # 0 for a number
    quantity: str
    batch: tuple[int, int] | None = None  # rows and classes, where one example is a batch

    @property
    def ratio(self) -> np.ndarray:
        """Got / want, 1 where it is not usable."""
        return np.where(self.usable, self.got / np.where(self.usable, self.want, 1.0), 1.0)

    @property
    def extra(self) -> bool:
        """Is there a result where there should be none? Then no factor explains it."""
        return bool((self.wrong & self.idle).any())

    @property
    def vector(self) -> bool:
        """Is the quantity a gradient of several entries?"""
        return self.got.shape[1] > 1 and self.got.shape[1] == self.z.shape[1]


def same(x) -> float | None:
    """The value that 98 % of the numbers share, or None."""
    if len(x) < ENOUGH:
        return None
    middle = float(np.median(x))
    if middle == 0 or not np.isfinite(middle):
        return None
    return middle if np.mean(np.abs(x / middle - 1) < WRONG) > MOST else None


def close(a, b) -> bool:
    """Are 98 % of the numbers the same?"""
    return bool(np.mean(np.isclose(a, b, rtol=WRONG, atol=1e-6)) > MOST)
