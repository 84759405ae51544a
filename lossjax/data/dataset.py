"""What a data set is: three splits, fixed once."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32


class Split(NamedTuple):
    """Examples, one a row, and their class labels 0 ... classes - 1."""

    x: Float32[np.ndarray, "n features"]
    labels: Int32[np.ndarray, " n"]


class Dataset(NamedTuple):
    """Three splits that share no writer (no speaker), so that the dev split foretells the test split.

    train: to fit. dev: to choose a learning rate. test: to report, once the choice is made.
    """

    name: str
    classes: int
    train: Split
    dev: Split
    test: Split
