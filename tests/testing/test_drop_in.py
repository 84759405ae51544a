"""`check_grads` in place of JAX's own."""

import inspect

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest

from lossjax.testing import assert_derivatives, check_grads


@jax.custom_jvp
def half(x):
    return x**2


half.defjvp(lambda p, t: (half(*p), p[0] * t[0]))


def test_the_signature_is_that_of_jax():
    ours, theirs = (inspect.signature(f).parameters for f in (check_grads, jax.test_util.check_grads))
    assert list(ours) == list(theirs)
    assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]


def test_orders_nest():
    check_grads(lambda x, y: x * jnp.sin(y), (1.5, 0.5), 2, atol=1e-3, rtol=1e-3, eps=1e-2)
    check_grads(jnp.exp, (jnp.ones(2),), 3, modes=["fwd"])
    check_grads(jnp.exp, (jnp.ones(2),), 1, modes=["lin"])


@jax.custom_jvp
def cube(x):
    return x**3


cube.defjvp(lambda p, t: (cube(*p), slope_of_cube(p[0]) * t[0]))


@jax.custom_jvp
def slope_of_cube(x):
    return 3 * x**2


slope_of_cube.defjvp(lambda p, t: (slope_of_cube(*p), 5 * p[0] * t[0]))


def test_a_wrong_second_order_is_found_at_second_order():
    check_grads(cube, (2.0,), 1)
    with pytest.raises(AssertionError):
        check_grads(cube, (2.0,), 2)
    with pytest.raises(AssertionError, match="d2 out"):
        assert_derivatives(cube, 2.0, modes=("rev", "fwd", "fwd_over_rev"))


def test_tolerances_loosen_and_never_grow_with_size():
    with pytest.raises(AssertionError):
        check_grads(half, (jnp.full(1000, 3.0),), 1, modes=("fwd",), atol=1e-3, rtol=1e-3)
    check_grads(half, (jnp.float32(3),), 1, atol=4.0)
    check_grads(half, (jnp.float32(3),), 1, rtol={np.float32: 0.6})


@pytest.mark.parametrize("wrong", [{"order": 0}, {"modes": []}, {"atol": -1.0}, {"rtol": np.nan}], ids=str)
def test_what_would_judge_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        check_grads(half, (2.0,), **{"order": 1, **wrong})
