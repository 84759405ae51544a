"""Random starts: sizes, the same draws at all of them, layers handed on."""

import jax
import numpy as np
import pytest

from lossjax.training.models import perceptron
from paper_repro.hybrid import starts

SHALLOW, DEEP = perceptron("1", 30, 20, 7), perceptron("2", 30, 20, 20, 7)


def kernels(start, network=DEEP, seed=0):
    params = starts.weights(start, network, seed)
    return [np.asarray(leaf) for leaf in jax.tree.leaves(params) if leaf.ndim == 2]


@pytest.mark.parametrize(
    ("start", "reach"),
    [
        (starts.GLOROT, lambda a, b, last: (6 / (a + b)) ** 0.5),
        (starts.UNIFORM, lambda a, b, last: a**-0.5),
        (starts.LARGE, lambda a, b, last: 4 * (6 / (a + b)) ** 0.5),
        (starts.SMALL_OUTPUT, lambda a, b, last: 4 * (6 / (a + b)) ** 0.5 * (0.1 if last else 1)),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_weights_fill_their_range_and_no_more(start, reach):
    found = kernels(start)
    assert [k.shape for k in found] == [(30, 20), (20, 20), (20, 7)]
    for i, kernel in enumerate(found):
        limit = reach(*kernel.shape, i == 2)
        assert 0.95 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)


def test_a_seed_draws_the_same_at_every_size_and_another_seed_does_not():
    small, large, other = kernels(starts.GLOROT), kernels(starts.LARGE), kernels(starts.GLOROT, seed=1)
    for a, b, c in zip(small, large, other):
        np.testing.assert_allclose(4 * a, b, rtol=1e-6)
        assert not np.isclose(a, c).any()


def test_biases_are_zero():
    biases = [leaf for leaf in jax.tree.leaves(starts.weights(starts.LARGE, DEEP, 0)) if leaf.ndim == 1]
    assert len(biases) == 3
    assert not any(b.any() for b in biases)


def test_hidden_layers_are_handed_on_and_the_output_is_not():
    old = jax.tree.map(lambda leaf: leaf + 100, starts.weights(starts.GLOROT, SHALLOW, 0))
    new = starts.weights(starts.GLOROT, DEEP, 0)
    both = starts.with_hidden_of(old, new)
    np.testing.assert_array_equal(both["hidden"][0]["kernel"][...], old["hidden"][0]["kernel"][...])
    np.testing.assert_array_equal(both["hidden"][0]["bias"][...], 100)
    np.testing.assert_array_equal(both["hidden"][1]["kernel"][...], new["hidden"][1]["kernel"][...])
    np.testing.assert_array_equal(both["output"]["kernel"][...], new["output"]["kernel"][...])
