"""Is a formula wrong in itself, or only its floating point? It is evaluated without rounding at points where it failed."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .exact import EXACT, NoTruth, Truth, UnknownPrimitive, truth

_ENOUGH = 8  # entries that acquit a formula
_MOST = 64  # points
_CLOSE = 1e-2  # where the result is no number there is no error to compare with


class Unrounded(NamedTuple):
    """What a formula itself gives at some of the points, (rows, entries)."""

    rows: np.ndarray
    own: Truth
    known: np.ndarray  # entries that failed, and that exact arithmetic settles
    wrong: np.ndarray  # those of them where half of the error or more is there without any rounding

    @property
    def right(self) -> bool:
        """Is there enough to say that the formula is right wherever the code failed?"""
        return bool(self.known.sum() >= _ENOUGH and not self.wrong.any())

    @property
    def word(self) -> str:
        """The formula is "wrong" where the code failed, "right", "partly" right; or nothing is known."""
        if not self.known.any():
            return ""
        return "right" if not self.wrong.any() else "wrong" if (self.wrong == self.known).all() else "partly"


def unrounded(q: Callable, z, t, got, want: Truth, failed, rows, dtype) -> Unrounded | None:
    """Q(z, t) of one example, as it is written, in exact arithmetic at these rows; None where that cannot be done.

    At a tie, or beside an infinity, nothing is known: exact arithmetic would have to look beside it, which is not what q says.
    """
    try:
        own = truth(q, z[rows], t[rows], dtype=dtype, trace_dtype=dtype, beside=False)
    except (NoTruth, UnknownPrimitive, TypeError, ValueError, NotImplementedError):  # a stranger's code
        return None
    own = Truth(*(a.reshape(len(rows), -1) for a in own))
    right = want.hi[rows]
    with np.errstate(all="ignore"):
        got = got[rows].astype(np.float64)
        error = np.abs(got - right)
        least = np.where(np.isfinite(error), 0.5 * error, _CLOSE * np.abs(right))
        known = failed[rows] & (own.status == EXACT) & (want.status[rows] == EXACT)
        return Unrounded(rows, own, known, known & (np.abs(own.hi - right) > least))


def spread(failed: np.ndarray, size: np.ndarray, entries: int) -> np.ndarray:
    """Rows that failed, from the one nearest to zero to the farthest that is finite; fewer where each is large."""
    rows = np.flatnonzero(failed.any(axis=1) & np.isfinite(size))
    rows = rows[np.argsort(size[rows], kind="stable")]
    most = max(_MOST * 16 // max(entries, 16), 8)
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]
