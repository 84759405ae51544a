"""What is drawn where runs failed."""

import numpy as np

from experiments import panels
from lossjax import plot

STYLE = (plot.BLUE, "-")


def test_an_arm_of_which_every_run_failed_is_left_out():
    ax = plot.figure(3.0, 3.0).subplots()
    panels.seeds(ax, {"some": [0.1, None, 0.3], "none": [None] * 3}, {"some": STYLE, "none": STYLE})
    points = [line.get_ydata() for line in ax.lines if line.get_marker() == "."]
    assert [np.asarray(y).tolist() for y in points] == [[0.1, 0.3]]


def test_a_grid_on_which_nothing_arrived_has_a_mark_nowhere():
    ax = plot.figure(3.0, 3.0).subplots()
    panels.tuning(ax, {"grid": [[1.0, None], [2.0, None]], "rate": 1.0}, STYLE, "CE")
    assert all(np.isnan(line.get_ydata()).all() for line in ax.lines)
    panels.tuning(ax, {"grid": [[1.0, 0.2], [2.0, None]], "rate": 1.0}, STYLE, "CE", 100.0)
    assert ax.lines[-1].get_ydata()[0] == 20
