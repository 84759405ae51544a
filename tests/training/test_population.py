"""Networks, pairing, and whole populations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossjax.losses.softmax_cross_entropy import softmax_cross_entropy
from lossjax.losses.softmax_squared_error import softmax_squared_error
from lossjax.training.models import perceptron
from lossjax.training.population import Members, keys, order, population, trainer

NET = perceptron("tiny", 3, 4, 2)
X = jax.random.normal(jax.random.key(1), (13, 3))
LABELS = (X[:, 0] > 0).astype(jnp.int32)


@pytest.fixture(autouse=True)
def _one_device(monkeypatch):
    """Any number of members fits one device."""
    first = jax.devices()[:1]
    monkeypatch.setattr(jax, "devices", lambda *_: first)


def weights(params):
    """A measure that shows every weight."""
    return {str(i): leaf.ravel() for i, leaf in enumerate(jax.tree.leaves(params))}


def train(loss=softmax_cross_entropy, epochs=2):
    return trainer(NET, loss, X, LABELS, epochs=epochs, batch=4, measure=weights)


def members(*rows):
    return Members(*(np.array(column) for column in zip(*rows)))


def flat(history, member, epoch):
    return np.concatenate([values[member, epoch] for values in history.values()])


def test_apply_returns_pre_activations_of_the_given_scale():
    small, large = (NET.init(jax.random.key(0), std) for std in (0.01, 3.0))
    z = NET.apply(small, X)
    assert z.shape == (13, 2)
    assert jnp.allclose(300 * z, NET.apply(large, X), rtol=1e-5)


def test_two_widths_are_a_linear_model():
    net = perceptron("linear", 3, 2)
    params = net.init(jax.random.key(0), 1.0)
    assert jnp.allclose(net.apply(params, 2 * X), 2 * net.apply(params, X), rtol=1e-6)


def test_a_seed_pairs_weights_and_order_across_losses_and_rates():
    rows = members((5, 0.1, 0.01), (5, 10.0, 0.01), (6, 0.1, 0.01))
    ce, se = (population(train(loss), 3)(rows) for loss in (softmax_cross_entropy, softmax_squared_error))
    assert np.array_equal(flat(ce, 0, 0), flat(ce, 1, 0))
    assert np.array_equal(flat(ce, 0, 0), flat(se, 0, 0))
    assert not np.array_equal(flat(ce, 0, 0), flat(ce, 2, 0))
    assert not np.array_equal(flat(ce, 0, 1), flat(se, 0, 1))
    assert not np.array_equal(flat(ce, 0, 1), flat(ce, 1, 1))


def test_an_epoch_sees_no_example_twice_and_epochs_differ():
    _, shuffle = keys(3)
    first, second = (np.asarray(order(shuffle, epoch, 13, 4)) for epoch in (0, 1))
    assert first.shape == (3, 4)
    assert len(set(first.ravel())) == 12
    assert not np.array_equal(first, second)


def test_a_step_is_gradient_descent_on_the_batch_mean():
    history = population(train(epochs=1), 1)(members((2, 0.5, 0.1)))
    weight_key, shuffle = keys(2)
    params = NET.init(weight_key, 0.1)
    for chosen in order(shuffle, 0, 13, 4):
        slope = jax.grad(lambda p, c=chosen: softmax_cross_entropy(NET.apply(p, X[c]), LABELS[c]).mean())(params)
        params = jax.tree.map(lambda p, g: p - 0.5 * g, params, slope)
    want = np.concatenate([leaf.ravel() for leaf in jax.tree.leaves(params)])
    assert np.allclose(flat(history, 0, 1), want, rtol=1e-5, atol=1e-6)


def test_a_member_does_not_depend_on_its_company():
    rows = [(seed, 0.3, 1.0) for seed in range(5)]
    together = population(train(), 5)(members(*rows))
    alone = population(train(), 4)(members(rows[3]))
    assert np.array_equal(flat(together, 3, 2), flat(alone, 0, 2))


def test_width_changes_nothing_but_rounding():
    rows = members(*[(seed, 0.3, 1.0) for seed in range(4)])
    one, two = (population(train(), 4, width=width)(rows) for width in (1, 2))
    assert all(np.allclose(one[name], two[name], rtol=1e-4, atol=1e-6) for name in one)


@pytest.mark.parametrize("count", [0, 5])
def test_a_population_says_how_many_it_takes(count):
    run = population(train(), 4)
    with pytest.raises(ValueError, match=f"1 to 4 members, got {count}"):
        run(Members(*np.zeros((3, count))))
