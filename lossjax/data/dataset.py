"""What a data set is: three splits, fixed once."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32


class DataError(ValueError):
    """A data set that is not there, not complete or not the known one: one sentence."""


class Split(NamedTuple):
    """Examples, one a row, and their targets: class labels 0 ... classes - 1, or the numbers of a regression."""

    x: Float32[np.ndarray, "n *features"]
    t: Int32[np.ndarray, " n"] | Float32[np.ndarray, " n"]


class Dataset(NamedTuple):
    """Three splits, disjoint in writers or speakers where these are known, so that the dev split foretells the test split.

    classes: 0 for a regression. train: to fit. dev: to choose a learning rate. test: to report, once the choice is made.
    """

    name: str
    classes: int
    train: Split
    dev: Split
    test: Split
