"""Beside a jump the side that rounding takes is right; a number on neither side is wrong."""

import jax
import jax.numpy as jnp
import pytest

import lossjax


def huber(z, t):
    r = jnp.abs(z - t)
    return jnp.where(r <= 1, 0.5 * r * r, r - 0.5)


def pinball(z, t):
    """Where both arms are subnormal XLA reads them as 0, and JAX halves the tie."""
    r = t - z
    return jnp.maximum(0.3 * r, -0.7 * r)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("targets", ["real", "binary"])
def test_a_second_derivative_that_jumps_where_the_difference_rounds_is_right(targets, dtype):
    assert lossjax.check(huber, points="quick", quantity="hess", targets=targets, dtype=dtype)


def test_it_is_right_against_the_formula_of_the_catalogue_too():
    assert lossjax.check(huber, points="quick", quantity="hess", like="huber(delta=1.0)")


def test_a_tie_that_flushing_makes_is_right():
    assert lossjax.check(pinball, points="quick", quantity="grad", targets="real")


@pytest.mark.parametrize("delta", [1 + 2.0**-20, 1 - 2.0**-20])
def test_a_jump_some_floats_away_is_wrong(delta):
    def moved(z, t):
        return jnp.where(jnp.abs(z - t) <= delta, 1.0, 0.0)

    (row,) = {
        r.code for r in lossjax.check(huber, points="quick", hess=moved, quantity="hess", targets="real").findings()
    }
    assert row


def test_a_number_between_no_limits_is_wrong_where_one_of_them_is_infinite():
    @jax.custom_jvp
    def root(z, t):
        return jnp.sqrt(jnp.maximum(z, 0)) + 0 * t

    @root.defjvp
    def _(at, by):
        z = at[0]
        slope = jnp.where(z > 0, 0.5 / jnp.sqrt(jnp.where(z > 0, z, 1.0)), jnp.where(z == 0, -3.0, 0.0))
        return root(*at), slope * by[0]

    (row,) = lossjax.check(root, points="quick", quantity="grad").findings()
    assert row.code == "LJ009"
