"""What is logged of error signals, on outputs of which the answer is known."""

import jax.numpy as jnp
import numpy as np
import pytest

from paper_repro.hybrid.measures import BINS, signals
from paper_repro.hybrid.summary import mean_curves

CLASSES = 30
RIGHT = jnp.zeros(8, jnp.int32)


def at(gap):
    """Eight frames whose wrong class 1 leads by this gap; the right class is 0."""
    found = signals(jnp.zeros((8, CLASSES)).at[:, 1].set(gap), RIGHT)
    return {name: np.asarray(value) for name, value in found.items()}


def test_uniform_outputs_are_attenuated_by_exactly_two_over_c():
    found = at(0.0)
    (place,) = np.flatnonzero(found["in_bin"])
    assert found["signal_SE"][place] / found["signal_CE"][place] == pytest.approx(2 / CLASSES, rel=1e-5)
    assert (found["weak"], found["attenuated"], found["vanishing"], found["confidently_wrong"]) == (1, 1, 0, 0)


def test_confidently_wrong_outputs_vanish():
    found = at(12.0)
    assert (found["weak"], found["attenuated"], found["vanishing"], found["confidently_wrong"]) == (1, 0, 1, 1)
    assert found["in_bin"][0] == 1
    assert found["signal_CE"][0] == pytest.approx(2**0.5, rel=1e-3)


def test_right_outputs_are_not_weak():
    found = at(-jnp.inf)  # class 1 is out of the race
    sure = signals(jnp.zeros((8, CLASSES)).at[:, 0].set(12.0), RIGHT)
    assert float(sure["weak"]) == 0
    assert np.asarray(sure["in_bin"])[BINS - 1] == 1
    assert found["in_bin"].sum() == pytest.approx(1)


def test_false_zeros_are_autodiffs():
    # exp(-30) is an ordinary number; y (y - 1) of the leading class is not 0, and autodiff makes it 0.
    assert at(30.0)["false_zeros_float32"] > 0
    assert at(0.0)["false_zeros_float32"] == 0
    assert at(10.0)["false_zeros_bfloat16"] > 0


def test_what_is_no_number_is_confidently_wrong():
    found = at(jnp.nan)
    assert (found["in_bin"][0], found["confidently_wrong"]) == (1, 1)


def run(shares, norms):
    """A run of one epoch and two bins of p(right)."""
    return {"curves": {"in_bin": [shares], "signal_SE": [norms], "weak": [shares[0]]}}


@pytest.mark.parametrize(
    ("runs", "want"),
    [
        # A seed without frames in the bin says nothing of their norm.
        ([run([0.5, 0.5], [0.4, 0.1]), run([0.0, 1.0], [0.0, 0.1])], [0.4, 0.1]),
        # Frames count alike, whatever their seed.
        ([run([0.1, 0.9], [0.4, 0.1]), run([0.3, 0.7], [0.8, 0.1])], [0.7, 0.1]),
        # A small norm is not 0.
        ([run([0.5, 0.5], [2e-8, 0.1])] * 2, [2e-8, 0.1]),
        # Diverged: frames in a bin, and no norm.
        ([run([0.5, 0.5], [0.4, 0.1]), run([1.0, 0.0], [None, 0.0])], [0.4, 0.1]),
        ([run([0.0, 1.0], [0.0, 0.1])] * 2, [np.nan, 0.1]),
    ],
)
def test_the_mean_norm_in_a_bin_is_over_the_frames_in_it(runs, want):
    found = mean_curves(runs)
    np.testing.assert_allclose(found["signal_SE"], [want], rtol=1e-5)
    assert found["in_bin"] == [pytest.approx(np.mean([r["curves"]["in_bin"][0] for r in runs], axis=0))]
