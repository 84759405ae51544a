"""New-bob: halves on little gain, stops, leaves constant rates alone."""

import numpy as np
import pytest

from paper_repro.hybrid.newbob import GAIN, rates


@pytest.mark.parametrize(
    ("first", "now", "before", "after", "halving", "want"),
    [
        (0.8, 0.8, 0.50, 0.40, True, 0.8),  # gains
        (0.8, 0.8, 0.50, 0.50 - GAIN / 2, True, 0.4),  # gains too little
        (0.8, 0.4, 0.50, 0.60, True, 0.2),  # gets worse
        (0.8, 0.4, 0.50, 0.60, False, 0.4),  # a constant twin never moves
        (0.8, 0.8 / 64, 0.50, 0.50, True, 0.0),  # stops below 1/64 of the first
        (0.8, 0.0, 0.50, 0.10, True, 0.0),  # and never starts again
        (0.8, 0.8, np.nan, 0.10, True, 0.4),  # NaN is no gain
    ],
)
def test_the_next_rate(first, now, before, after, halving, want):
    column = (np.array([x], np.float32) for x in (first, now, before, after))
    assert rates(*column, np.array([halving])) == np.float32(want)
