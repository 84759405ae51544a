"""Beside a jump what lies between its sides is right; what lies outside, or beside no jump, is wrong."""

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


def smoothed_hinge(z, t):
    u = 1 - t * z
    return jnp.where(u >= 1, u - 0.5, jnp.where(u <= 0, 0.0, 0.5 * u * u))


def ramp(z, t):
    return jnp.clip(1 - t * z, 0.0, 1.0)


@pytest.mark.parametrize(("f", "quantity"), [(smoothed_hinge, "hess"), (ramp, "grad")], ids=["smoothed hinge", "ramp"])
def test_other_differences_round_too(f, quantity):
    assert lossjax.check(f, points="quick", quantity=quantity, targets="margin")


@pytest.mark.parametrize("delta", [1 + 2.0**-18, 1 - 2.0**-18])
def test_a_jump_some_floats_away_is_wrong(delta):
    def moved(z, t):
        return jnp.where(jnp.abs(z - t) <= delta, 1.0, 0.0)

    rows = lossjax.check(huber, points="quick", hess=moved, quantity="hess", targets="real").findings()
    assert [(r.witness, r.failures > 10) for r in rows] == [("derived", True)]


def weighted(z, t):
    return jnp.where(t == 1, 10.0, 1.0) * 0.5 * (z - t) ** 2


def test_a_weight_that_hangs_on_the_class_is_no_jump():
    def forgotten(z, t):
        return jnp.ones_like(z)

    (row,) = lossjax.check(weighted, hess=forgotten, points="quick", quantity="hess").findings()
    assert (row.witness, row.code) == ("derived", "LJ005")
    assert row.failures > 0.4 * row.checked


def test_two_losses_apart_by_such_a_weight_are_not_one():
    report = lossjax.compare(weighted, lambda z, t: 0.5 * (z - t) ** 2, points="quick", quantity="hess")
    assert any(report.contests[0].other_function.values())


def test_a_lost_tail_at_a_root_is_no_jump():
    def even(z, t):
        return jnp.log(jnp.cosh(z)) + 0 * t

    def clipped(z, t):
        return jnp.where(jnp.abs(z) < 1e-8, 0.0, jnp.tanh(z))

    rows = lossjax.check(even, grad=clipped, points="quick", quantity="grad").findings()
    (row,) = [r for r in rows if r.witness == "derived"]
    assert row.lost > 100


def power(z, t):
    return jnp.abs(z) ** 1.2 + 0 * t


def charbonnier(z, t):
    return jnp.sqrt((z - t) ** 2 + 1e-6)


def absolute(z, t):
    return jnp.abs(z - t)


def near(reach, wrong, slope):
    """A gradient that is another one within reach of the target."""
    return lambda z, t: jnp.where(jnp.abs(z - t) < reach, wrong, slope(z - t)).astype(z.dtype)


STEEP = {
    "power": (
        power,
        lambda z, t: near(1e-7, 0.0, lambda z: 1.2 * jnp.sign(z) * jnp.abs(z) ** 0.2)(z, 0 * t),
        "float32",
    ),
    "Charbonnier": (charbonnier, near(1e-2, 0.0, lambda r: r / jnp.sqrt(r * r + 1e-6)), "bfloat16"),
    "outside": (absolute, near(1e-7, -1.1, jnp.sign), "float32"),
}


@pytest.mark.parametrize("name", STEEP)
def test_what_is_steep_or_outside_is_wrong(name):
    f, grad, dtype = STEEP[name]
    rows = lossjax.check(f, grad=grad, points="quick", quantity="grad", dtype=dtype).rows
    failures = {r.witness: r.failures for r in rows}
    assert failures["derived"] > failures["autodiff"] + 1000


@pytest.mark.parametrize("options", [{"targets": "real"}, {"like": "huber(delta=0.1)"}], ids=["itself", "the formula"])
def test_of_two_jumps_close_by_each_is_one(options):
    def narrow(z, t):
        r = jnp.abs(z - t)
        return jnp.where(r <= 0.1, 0.5 * r * r, 0.1 * (r - 0.05))

    assert lossjax.check(narrow, quantity="hess", dtype="bfloat16", **options)
