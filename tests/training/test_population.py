"""Networks, pairing, and whole populations."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import small
from small import DATA, LABELS, NET, X

from lossjax.losses import one_hot_squared_error, sigmoid_cross_entropy, softmax_cross_entropy, softmax_squared_error
from lossjax.training import metrics, width
from lossjax.training.bad_input import BadInputError
from lossjax.training.members import grid, keys, members, order, shard
from lossjax.training.models import of_module, perceptron, single
from lossjax.training.population import Examples, descent, population, train

ONE = tuple(jax.devices()[:1])
SHOWN = small.task()
MEASURED = small.task(measure=metrics.classification(NET, softmax_cross_entropy))
ROWS = members([0, 1, 2, 3, 4], [0.3, 1.0, 0.03, 3.0, 0.3], [0.0, 0.5, 0.9, 0.0, 0.5], [1.0, 0.1, 3.0, 1.0, 1.0])


@functools.cache
def compiled(task, size=5, **options):
    return population(task, DATA, size, **options)


def histories(rows, task=SHOWN, epochs=3, **options):
    return train(compiled(task, **options), rows, epochs)


def flat(history, member, epoch):
    return np.array([values[member, epoch] for values in history.values()])


# Networks


def test_apply_returns_pre_activations_of_the_given_scale():
    little, large = (NET.init(jax.random.key(0), std) for std in (0.01, 3.0))
    z = NET.apply(little, X)
    assert z.shape == (29, 2)
    assert jnp.allclose(300 * z, NET.apply(large, X), rtol=1e-5)


def test_two_widths_are_a_linear_model():
    net = perceptron("linear", 3, 2)
    params = net.init(jax.random.key(0), 1.0)
    assert jnp.allclose(net.apply(params, 2 * X), 2 * net.apply(params, X), rtol=1e-6)


def test_images_are_flattened_and_one_output_is_a_number():
    net = single(perceptron("image", 6, 1))
    assert net.apply(net.init(jax.random.key(0), 1.0), np.ones((5, 2, 3), np.float32)).shape == (5,)


def test_half_precision_is_that_of_the_products():
    net = perceptron("half", 3, 4, 2, dtype=jnp.bfloat16)
    params = net.init(jax.random.key(0), 1.0)
    assert net.apply(params, X).dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {np.dtype(np.float32)}


def test_any_module_is_a_network():
    from flax import nnx

    def rescale(model, scale):
        model.kernel[...] = scale * model.kernel[...]

    net = of_module("mine", lambda key: nnx.Linear(3, 2, rngs=nnx.Rngs(key)), rescale)
    _, history = histories(ROWS, small.task(network=net))
    assert np.isfinite(flat(history, 0, 3)).all()


# Pairing


def test_a_seed_pairs_weights_and_order_across_losses_and_rates():
    rows = members([5, 5, 6], [0.1, 10.0, 0.1])
    ce, se = (histories(rows, task)[1] for task in (SHOWN, small.task(softmax_squared_error)))
    assert np.array_equal(flat(ce, 0, 0), flat(ce, 1, 0))
    assert np.array_equal(flat(ce, 0, 0), flat(se, 0, 0))
    assert not np.array_equal(flat(ce, 0, 0), flat(ce, 2, 0))
    assert not np.array_equal(flat(ce, 0, 1), flat(se, 0, 1))
    assert not np.array_equal(flat(ce, 0, 1), flat(ce, 1, 1))


def test_the_keys_of_a_seed_and_its_order_never_change():
    assert jax.random.key_data(keys(7)).tolist() == [[3625411723, 1954958720], [195045567, 4062205631]]
    assert order(keys(0)[1], 0, 13, 4).tolist() == [[11, 12, 4, 5], [7, 10, 6, 9], [8, 3, 1, 0]]


@pytest.mark.parametrize("examples", [13, 2**16, 2**16 + 1])
def test_an_epoch_sees_no_example_twice_and_epochs_differ(examples):
    first, second = (np.asarray(order(keys(3)[1], epoch, examples, 4)) for epoch in (0, 1))
    assert first.shape == (examples // 4, 4)
    assert len(set(first.ravel())) == first.size
    assert 0 <= first.min() <= first.max() < examples
    assert not np.array_equal(first, second)


def test_every_place_is_equally_likely_in_an_order():
    draws = jax.vmap(lambda epoch: order(keys(1)[1], epoch, 5, 5)[0])(jnp.arange(20_000))
    shares = np.array([np.bincount(place, minlength=5) for place in np.asarray(draws).T]) / 20_000
    assert np.abs(shares - 0.2).max() < 4 * np.sqrt(0.2 * 0.8 / 20_000)


# Training


@pytest.mark.parametrize("optimiser", [None, descent, lambda member: optax.adam(member.rate)])
def test_a_member_is_the_network_trained_alone(optimiser):
    """As by a plain loop of jitted steps, another program, which XLA rounds otherwise."""
    task = small.task(optimiser=optimiser) if optimiser else SHOWN
    _, history = histories(ROWS, task)

    @jax.jit
    def step(params, memory, member, x, t):
        slope = jax.grad(lambda p: softmax_cross_entropy(NET.apply(p, x), t).mean())(params)
        updates, memory = task.optimiser(member).update(slope, memory, params)
        return optax.apply_updates(params, updates), memory

    for k in range(len(ROWS.seed)):
        member = ROWS.take(k)
        weight_key, shuffle = keys(member.seed)
        params = NET.init(weight_key, member.scale)
        memory = task.optimiser(member).init(params)
        for epoch in range(3):
            for chosen in np.asarray(order(shuffle, epoch, 21, 4)):
                params, memory = step(params, memory, member, X[chosen], LABELS[chosen])
        want = np.concatenate([leaf.ravel() for leaf in jax.tree.leaves(params)])
        assert np.allclose(flat(history, k, 3), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("network", [NET, perceptron("wide", 3, 100, 10)], ids=lambda n: n.name)
def test_a_member_does_not_depend_on_its_company(network):
    """Bit for bit: population of all on two devices, of each alone on one, of one chunk of two."""
    task = small.task(network=network, measure=small.total)
    state, together = histories(ROWS, task)
    for k in range(len(ROWS.seed)):
        row = ROWS.take(slice(k, k + 1))
        for options in ({"devices": ONE}, {"block": 2}):
            lone_state, lone = histories(row, task, size=1, **options)
            assert all(np.array_equal(together[name][k], lone[name][0]) for name in together)
            for a, b in zip(jax.tree.leaves(state), jax.tree.leaves(lone_state)):
                assert np.array_equal(a[k], b[0])


def test_width_changes_nothing_but_rounding():
    _, one = histories(ROWS)
    for abreast in (2, 5):
        _, some = histories(ROWS, size=6 - abreast % 2, width=abreast, devices=ONE)
        assert all(np.allclose(one[name], some[name], rtol=1e-6, atol=1e-6) for name in one)


def test_a_diverged_member_is_frozen_counted_and_kept():
    rows = members([0, 1, 2], [0.1, 3e38, 0.1])
    state, history = histories(rows, MEASURED)
    assert np.asarray(state.diverged).tolist() == [-1, 1, -1]
    assert history["dev_error"][1].tolist()[1:] == [1, 1, 1]
    assert np.isnan(history["dev_nll"][1, 1:]).all()
    assert history["train_confidently_wrong"][1, 3] == 1
    again, _ = histories(rows, MEASURED, epochs=1)
    for after_3, after_1 in zip(jax.tree.leaves(state), jax.tree.leaves(again)):
        assert np.array_equal(after_3[1], after_1[1], equal_nan=True)
    _, company = histories(members([0, 2], 0.1), MEASURED)
    assert all(np.array_equal(history[name][[0, 2]], company[name]) for name in history)


def test_a_population_says_how_many_it_takes():
    run = compiled(SHOWN)
    for count in (0, 7):
        with pytest.raises(ValueError, match=f"1 to 6 members, got {count}"):
            run.start(members(np.zeros(count), 0.1))
    with pytest.raises(ValueError, match="blocks of 1 to 16 epochs, got 17"):
        run.advance(ROWS, None, 0, 17)


def test_the_width_is_1_on_a_cpu_and_can_be_measured():
    task = small.task(measure=lambda params, data: {})
    assert width.best(task, DATA, ROWS) == 1
    found = width.measure(task, DATA, ROWS, (1, 2, 64))
    assert sorted(found) == [1, 2]
    assert min(found.values()) > 0


# Members


def test_a_grid_has_every_combination_and_shards_share_none():
    all_of_them = grid(range(3), (0.1, 1.0), (0.0, 0.9), (0.01, 3.0))
    assert len(set(zip(*(c.tolist() for c in all_of_them)))) == 24
    parts = [shard(all_of_them, f"{i}/5") for i in range(1, 6)]
    assert sorted(zip(*(np.concatenate(c).tolist() for c in zip(*parts)))) == sorted(
        zip(*map(np.ndarray.tolist, all_of_them))
    )


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_is_none_is_refused(part):
    with pytest.raises(BadInputError, match="a shard is written i/n"):
        shard(ROWS, part)


# Metrics


def test_the_metrics_are_those_of_their_definitions():
    z, t = 4 * np.random.default_rng(3).normal(size=(200, 3)), np.arange(200) % 3
    z[0], z[1] = (200.0, 0, 0), (200.0, 0, 0)  # right and wrong beyond doubt
    fixed = perceptron("as it is", 3, 3)._replace(apply=lambda params, x: x)
    measure = metrics.classification(fixed, softmax_cross_entropy)
    got = {k: float(v) for k, v in measure(None, {"s": Examples(jnp.float32(z), jnp.int32(t))}).items()}
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    sure, correct, right = p.max(1), p.argmax(1) == t, p[np.arange(200), t]
    bins = np.minimum((sure * 15).astype(int), 14)
    slope = p - np.eye(3)[t]
    assert got["s_error"] == pytest.approx(1 - correct.mean())
    assert got["s_nll"] == pytest.approx(-np.log(right).mean(), rel=1e-5)
    assert got["s_loss"] == pytest.approx(-np.log(right).mean(), rel=1e-5)
    assert got["s_ece"] == pytest.approx(
        sum(abs(sure[bins == b].mean() - correct[bins == b].mean()) * (bins == b).mean() for b in set(bins)), rel=1e-5
    )
    assert got["s_signal"] == pytest.approx(np.linalg.norm(slope, axis=1).mean(), rel=1e-5)
    assert got["s_confidently_wrong"] == pytest.approx((right < 0.01).mean())
    # Of the example that is right by 200, all three entries; of the one that is wrong by 200, that of the third class.
    assert got["s_zeros"] == pytest.approx(4 / 600)


@pytest.mark.parametrize(
    ("posterior", "z", "p"),
    [
        (metrics.sigmoid_posterior, [[0.0, 0.0, -200.0]], [[0.5, 0.5, 0.0]]),
        (metrics.linear_posterior, [[0.75, 0.25, -3.0]], [[0.75 / 1.0001, 0.25 / 1.0001, 1e-4 / 1.0001]]),
        (metrics.binary_posterior, [np.log(3.0)], [[0.25, 0.75]]),
    ],
)
def test_posteriors(posterior, z, p):
    assert np.allclose(np.exp(posterior(jnp.array(z, jnp.float32))), p, atol=1e-7)


def test_classes_are_read_from_every_kind_of_target():
    for t in ([0, 1], [-1, 1], [0.0, 1.0], [-1.0, 1.0], [[0.9, 0.1], [0.2, 0.8]]):
        assert metrics.labels(jnp.array(t)).tolist() == [0, 1]


def test_numbers_and_regressions_train_too():
    net = single(perceptron("number", 3, 4, 1))
    data = {"train": Examples(X, LABELS.astype(np.float32))}
    measure = metrics.classification(net, sigmoid_cross_entropy, metrics.binary_posterior)
    chosen = population(small.task(sigmoid_cross_entropy, net, measure), data, 1)
    _, history = train(chosen, members(0, 1.0), 20)
    assert history["train_error"][0, -1] < history["train_error"][0, 0]
    measure = metrics.regression(NET, one_hot_squared_error)
    data = {"train": Examples(X, np.stack([X[:, 0], X[:, 1]], axis=1))}
    chosen = population(small.task(lambda z, t: ((z - t) ** 2).sum(-1), NET, measure), data, 1)
    _, history = train(chosen, members(0, 0.1), 20)
    assert history["train_squared"][0, -1] < 0.5 * history["train_squared"][0, 0]
