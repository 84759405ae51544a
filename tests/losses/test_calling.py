"""Calling a loss: shapes, labels, masks, bad input, transforms, precision; one table, the catalogue."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec
from loss_examples import OUTSIDE, example, kind

from lossjax.losses import (
    ALL,
    absolute_error,
    calling,
    crammer_singer,
    hinge,
    huber,
    poisson,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    softmax_squared_error,
)

each_loss = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)
each_label_loss = pytest.mark.parametrize("loss", [x for x in ALL if x.targets.labels], ids=lambda loss: loss.label)

BATCH = 6
MASK = jnp.array([True, False, True, True, False, True])


def quantities(loss):
    return loss, loss.gradient, loss.hessian


@functools.cache
def program(loss):
    """All that a call can give, in one compiled function of z and t."""

    def everything(z, t):
        def masked(z, t):
            return loss(z, t, where=MASK).sum()

        def hvp(z, t, where=None):
            return loss.hvp(z, t, jnp.cos(z), where=where)

        everywhere = [f(z, t) for f in (*quantities(loss), hvp, jax.grad(lambda z, t: loss(z, t).sum()))]
        inside = [f(z, t, where=MASK) for f in (*quantities(loss), hvp)]
        arguments = (0, 1) if kind(loss) != "one_hot" else (0,)
        return everywhere, inside + [jax.grad(masked, argument)(z, t) for argument in arguments]

    return jax.jit(everything)


@each_loss
@pytest.mark.parametrize(("dtype", "batch"), [("float32", ()), ("bfloat16", (3,)), ("float16", (2, 0))])
def test_one_number_per_example_of_the_dtype_of_z(loss, dtype, batch):
    z, t = example(loss, batch, dtype=dtype)
    event = z.shape[len(batch) :]
    shapes = [jax.eval_shape(f, z, t) for f in quantities(loss)]
    assert [s.shape for s in shapes] == [batch, batch + event, batch + event + event]
    assert {s.dtype for s in shapes} == {jnp.dtype(dtype)}


@each_loss
def test_an_example_does_not_see_the_others(loss):
    z, t = example(loss, (BATCH,))
    turned, straight = program(loss)(z[::-1], t[::-1])[0], program(loss)(z, t)[0]
    for a, b in zip(turned, straight):
        np.testing.assert_allclose(a[::-1], b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("loss", [huber(1.0), softmax_cross_entropy, crammer_singer], ids=lambda loss: loss.label)
def test_any_number_of_batch_axes(loss):
    z, t = example(loss, (2, 3))
    for f in quantities(loss):
        for i in np.ndindex(2, 3):
            np.testing.assert_allclose(f(z, t)[i], f(z[i], t[i]), rtol=1e-5, atol=1e-6)


@each_loss
def test_integer_and_bool_targets_are_numbers(loss):
    z, t = example(loss, (BATCH,))
    if kind(loss) in ("unit", "tanh", "real", "simplex"):
        t = jnp.zeros_like(t)
    if kind(loss) == "simplex":
        t = t.at[..., 0].set(1)
    call = jax.jit(loss)
    np.testing.assert_array_equal(call(z, t.astype(jnp.int32)), call(z, t))
    if kind(loss) not in ("margin", "count"):
        np.testing.assert_array_equal(call(z, t.astype(bool)), call(z, t))


@each_label_loss
def test_labels_are_told_by_rank(loss):
    z, _ = example(loss, (BATCH,))
    labels = jnp.array([0, 1, 3, 3, 2, 0])
    # Labels are one-hot targets, for which a loss may have a record of its own: the same to rounding.
    for f, hot in zip(map(jax.jit, quantities(loss)), map(jax.jit, quantities(loss.labelled or loss))):
        want = hot(z, jax.nn.one_hot(labels, 4))
        np.testing.assert_allclose(f(z, jax.nn.one_hot(labels, 4)), want, rtol=1e-5)
        for dtype in (jnp.int32, jnp.int8, jnp.uint8) if f(z, labels).ndim == 1 else (jnp.int32,):
            np.testing.assert_array_equal(f(z, labels.astype(dtype)), want)


def test_a_short_label_type_beside_many_classes():
    z, labels = jnp.zeros((2, 300)), jnp.array([3, 127], jnp.int8)
    np.testing.assert_array_equal(softmax_cross_entropy(z, labels), softmax_cross_entropy(z, labels.astype(jnp.int32)))


@each_label_loss
def test_a_label_out_of_range_is_nan(loss):
    z, _ = example(loss, (3,))
    for f in map(jax.jit, quantities(loss)):
        out = f(z, jnp.array([-1, 4, 0]))
        assert jnp.isnan(out[:2]).all()
        assert jnp.isfinite(out[2]).all()


@pytest.mark.parametrize("label", [2**32, 2**32 + 1, -(2**32), 2**63 - 1, np.uint64(2**63 + 1), np.uint64(2**64 - 1)])
@pytest.mark.parametrize("loss", [softmax_cross_entropy, softmax_squared_error], ids=lambda loss: loss.label)
def test_a_label_of_64_bits_does_not_wrap_into_the_range(loss, label):
    """Not as one of JAX, under x64, and not as one of NumPy, of which JAX would otherwise drop the upper half."""
    z, labels = jnp.array([[1.0, 2.0, 0.5]] * 2), np.array([label, 1], np.asarray(label).dtype)
    with jax.enable_x64(True):
        wide = loss(z, jnp.asarray(labels)), loss.gradient(z, jnp.asarray(labels))
    narrow = calling.call(loss, loss._core.grad, z, labels, None)
    for out in (*wide, narrow):
        assert jnp.isnan(out[0]).all()
        assert jnp.isfinite(out[1]).all()


@each_loss
def test_a_target_outside_the_set_is_nan_in_every_quantity(loss):
    z, t = example(loss, (BATCH,))
    first = (0, 0) if loss.event_ndim else (0,)
    for bad in (OUTSIDE[kind(loss)], np.nan):
        for out in program(loss)(z, t.at[first].set(bad))[0]:
            assert jnp.isnan(out[0]).all()
            assert jnp.isfinite(out[1:]).all()


@each_loss
def test_a_nan_in_z_is_nan_in_every_quantity(loss):
    z, t = example(loss, (BATCH,))
    for out in program(loss)(z.at[(0, 1) if loss.event_ndim else (0,)].set(jnp.nan), t)[0]:
        assert jnp.isnan(out[0]).all()
        assert jnp.isfinite(out[1:]).all()


@each_loss
@pytest.mark.parametrize("junk", [np.nan, np.inf, 3e38], ids=str)
def test_where_gives_exact_zeros_whatever_lies_under_it(loss, junk):
    z, t = example(loss, (BATCH,))
    event = jnp.expand_dims(MASK, tuple(range(1, z.ndim)))
    clean, _ = program(loss)(z, t)
    _, masked = program(loss)(jnp.where(event, z, junk), jnp.where(event, t, jnp.nan))
    for out in masked:
        np.testing.assert_array_equal(out[~MASK], 0)
        assert jnp.isfinite(out[MASK]).all()
    for out, want in zip(masked, clean):
        np.testing.assert_allclose(out[MASK], want[MASK], rtol=1e-6, atol=1e-7)


@each_label_loss
def test_padding_labels_may_be_anything(loss):
    z, _ = example(loss, (4,))
    labels, mask = jnp.array([1, -100, 0, 10**6]), jnp.array([True, False, True, False])
    out, g = jax.jit(jax.value_and_grad(lambda z: loss(z, labels, where=mask).sum()))(z)
    assert jnp.isfinite(out)
    np.testing.assert_array_equal(g[~mask], 0)


ONE, TWO = jnp.zeros(3), jnp.zeros((3, 4))
MISTAKES = [
    ("column against row", hinge, jnp.zeros((3, 1)), jnp.ones(3), ValueError, "never broadcast"),
    ("scalar target", hinge, ONE, jnp.ones(()), ValueError, "never broadcast"),
    ("one target too few", absolute_error, ONE, jnp.ones(2), ValueError, "never broadcast"),
    ("integer z", absolute_error, jnp.zeros(3, int), ONE, TypeError, "floating|Float"),
    ("complex z", absolute_error, jnp.zeros(3, complex), ONE, TypeError, "floating|Float"),
    ("float labels", softmax_cross_entropy, TWO, ONE, TypeError, "integers"),
    ("bool labels", softmax_cross_entropy, TWO, ONE == 0, TypeError, "integers"),
    ("too few labels", softmax_cross_entropy, TWO, jnp.zeros(2, int), ValueError, "labels"),
    ("labels with a column", crammer_singer, TWO, jnp.zeros((3, 1), int), ValueError, "labels"),
    ("two axes missing", softmax_cross_entropy, TWO, jnp.zeros((), int), ValueError, "labels"),
    ("no class axis", softmax_cross_entropy, jnp.zeros(()), jnp.zeros(()), ValueError, "classes"),
    ("no classes", softmax_cross_entropy, jnp.zeros((3, 0)), jnp.zeros((3, 0)), ValueError, "classes"),
    ("labels of a scalar event", sigmoid_cross_entropy, TWO, jnp.zeros(3, int), ValueError, "never broadcast"),
]


@pytest.mark.parametrize(("loss", "z", "t", "error", "words"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes_raise(loss, z, t, error, words):
    for f in (*quantities(loss), jax.jit(loss)):
        with pytest.raises(error, match=words):
            f(z, t)


@pytest.mark.parametrize(
    "mask", [jnp.ones(3), jnp.ones((3, 4), bool), jnp.ones((), bool)], ids=["float", "rank", "scalar"]
)
def test_a_mask_of_wrong_kind_raises(mask):
    # A TypeError is the runtime type check's, which the tests switch on.
    with pytest.raises((ValueError, TypeError), match=r"[Bb]ool"):
        softmax_cross_entropy(TWO, jnp.zeros(3, int), where=mask)


@each_loss
def test_transforms_agree_with_the_derived_derivatives(loss):
    def total(z, t):
        return loss(z, t).sum()

    @jax.jit
    def everything(z, t):
        first = [jax.grad(total), jax.jit(jax.grad(total)), jax.grad(jax.checkpoint(total)), jax.vmap(jax.grad(loss))]
        first += [jax.vmap(jax.jacfwd(loss)), jax.vmap(jax.jacrev(loss))]
        second = [
            jax.hessian(loss),
            jax.jacfwd(jax.jacfwd(loss)),
            jax.jacrev(jax.jacrev(loss)),
            jax.jacrev(jax.jacfwd(loss)),
        ]
        return [[g(z, t) for g in first], [jax.vmap(h)(z, t) for h in second], jax.vmap(loss)(z, t)]

    z, t = example(loss, (BATCH,))
    value, gradient, hessian, hvp, _ = program(loss)(z, t)[0]
    close = functools.partial(np.testing.assert_allclose, rtol=2e-5, atol=2e-6)
    firsts, seconds, values = everything(z, t)
    close(values, value)
    for g in firsts:
        close(g, gradient)
    for h in seconds:
        close(h, hessian)
    if loss.event_ndim:
        close(jnp.einsum("nij,nj->ni", hessian, jnp.cos(z)), hvp)
    else:
        close(hessian * jnp.cos(z), hvp)


@each_loss
def test_shard_map(loss):
    z, t = example(loss, (BATCH,))
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(AxisType.Auto,))
    spec = PartitionSpec("batch")

    @functools.partial(jax.shard_map, mesh=mesh, in_specs=(spec, spec), out_specs=(spec, spec))
    def both(z, t):
        return loss(z, t), jax.grad(lambda z: loss(z, t).sum())(z)

    value, gradient = jax.jit(both)(z, t)
    np.testing.assert_allclose(value, program(loss)(z, t)[0][0], rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(gradient, program(loss)(z, t)[0][1], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("loss", [poisson, softmax_cross_entropy], ids=lambda loss: loss.label)
def test_gauss_newton_is_the_product_with_the_full_matrices(loss, getkey):
    z, t = example(loss, (3,))
    x = jax.random.normal(getkey(), z.shape)

    def net(w):
        return z + w[0] * x + w[1] * x**2

    w, v = jnp.array([0.1, -0.2]), jnp.array([0.3, 0.7])
    j = jax.jacobian(net)(w).reshape(3, -1, 2)
    h = loss.hessian(net(w), t).reshape(3, j.shape[1], j.shape[1])
    want = jnp.einsum("nka,nkl,nlb,b->a", j, h, j, v)
    np.testing.assert_allclose(loss.gauss_newton(net, w, t, v), want, rtol=1e-4, atol=1e-5)


@each_loss
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_float32_rounded_once(loss, dtype):
    z, t = example(loss, (50,), dtype=dtype)
    cotangent = jnp.linspace(0.1, 3, 50, dtype=dtype)

    @jax.jit
    def both(z, t):
        got = [f(z, t) for f in quantities(loss)]
        got += jax.vjp(lambda z: loss(z, t), z)[1](cotangent)
        got.append(jax.grad(lambda z: loss(z, t).mean())(z))
        wide = z.astype(jnp.float32), t.astype(jnp.float32)
        want = [f(*wide) for f in quantities(loss)]
        # The cotangent meets the gradient in float32; a mean hands over 1/N in the user's dtype.
        for c in (cotangent, jnp.full_like(cotangent, 1 / 50)):
            want.append(want[1] * jnp.expand_dims(c.astype(jnp.float32), tuple(range(1, z.ndim))))
        return got, [w.astype(dtype) for w in want]

    for got, want in zip(*both(z, t), strict=True):
        assert got.dtype == jnp.dtype(dtype)
        np.testing.assert_array_equal(got, want)
