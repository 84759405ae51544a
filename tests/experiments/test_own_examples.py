"""Examples that a seed draws for itself: the same for every loss, others for every seed, never moved."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import d_regression
from experiments.own_examples import Sizes, carrying, made, resplit
from lossjax.data import regression
from lossjax.losses import absolute_error, half_squared_error
from lossjax.training.members import keys, members
from lossjax.training.models import perceptron
from lossjax.training.population import Task, population, train

SIZES = Sizes(20, 10, 3_000)
NOISES = (regression.GAUSSIAN, regression.HETEROSCEDASTIC)
NET = carrying(perceptron("linear", regression.INPUTS, 1), made(NOISES, SIZES))


def trained(loss):
    """Two seeds with the noise 0, the first of them with the noise 1 too."""
    task = Task(
        NET,
        lambda z, _: loss(z[:, 0], z[:, 1]),
        d_regression._measure(NET, lambda z: z[:, 0], SIZES),
        10,
        d_regression._adam,
    )
    return train(population(task, SIZES.data(), 3), members([0, 1, 0], 0.1, scale=[0, 0, 1]), 2)


@pytest.fixture(scope="module")
def both():
    return trained(half_squared_error)[0].params, trained(absolute_error)[0].params


def test_numbers_are_split_without_overlap():
    numbers = Sizes(3, 2, 1).numbers()
    assert {name: i.tolist() for name, i in numbers.items()} == {"train": [0, 1, 2], "dev": [3, 4], "test": [5]}


def test_losses_share_examples_and_seeds_do_not(both):
    a, b = both
    for name in ("x", "t"):
        np.testing.assert_array_equal(a[name], b[name])
        assert not np.array_equal(a[name][0], a[name][1])
    assert not jax.tree.all(jax.tree.map(np.array_equal, a["weights"], b["weights"]))
    # Only the noise differs between the kinds of noise of one seed.
    np.testing.assert_array_equal(a["x"][0], a["x"][2])
    assert not np.array_equal(a["t"][0], a["t"][2])


def test_training_moves_weights_and_leaves_examples(both):
    last = jax.tree.map(lambda leaf: np.asarray(leaf)[0], both[0])
    first = NET.init(keys(0)[0], 0.0)
    np.testing.assert_array_equal(last["x"], first["x"])
    # Compiled, the mean may round otherwise.
    np.testing.assert_allclose(last["t"], first["t"], atol=1e-6)
    assert not jax.tree.all(jax.tree.map(np.allclose, last["weights"], first["weights"]))


def test_the_noise_is_that_of_its_kind_and_the_test_split_has_none(both):
    x, t = (np.asarray(both[0][name], float) for name in ("x", "t"))
    rest = t - np.array([regression.mean(own) for own in x])
    test = SIZES.numbers()["test"]
    np.testing.assert_allclose(rest[:, test], 0, atol=1e-5)
    assert (np.abs(rest[:, : test[0]]) > 1e-4).all()
    draw = jax.vmap(made(NOISES, Sizes(400, 0, 0)), (0, None))
    x, t = draw(jax.random.split(jax.random.key(0), 20), 0.0)
    rest = t.ravel() - regression.mean(x.reshape(-1, regression.INPUTS))
    # 8,000 of them: the standard error of the deviation is 0.004.
    assert np.std(rest) == pytest.approx(0.5, abs=0.02)


def test_a_new_split_holds_the_same_examples():
    x, t = np.arange(12.0).reshape(6, 2), np.arange(6.0)
    draw = resplit(x, t)
    first, second = (draw(jax.random.key(k), 0.0) for k in (0, 1))
    for own_x, own_t in (first, second):
        np.testing.assert_array_equal(own_x[np.argsort(own_t)], x)
    assert not np.array_equal(first[1], second[1])


def test_every_loss_predicts_the_mean_it_is_given():
    """At pre-activations that say a number, the prediction is that number, and no other target has a lower loss."""
    config = d_regression.Regression(bins=8, reach=4.0)
    for name, entrant in d_regression.entrants(config).items():
        z = np.zeros((1, entrant.outputs), np.float32)
        if name == d_regression.BINS:
            z[0, 5] = 100.0
            wanted = 1.5  # the centre of the bin from 1 to 2
        else:
            z[0, 0] = wanted = 1.5
        assert entrant.predict(z)[0] == pytest.approx(wanted)
        losses = [float(entrant.loss(jnp.asarray(z), jnp.array([t]))[0]) for t in (-9.0, 0.5, 1.5, 2.5, 9.0)]
        assert np.argmin(losses) == 2, name
