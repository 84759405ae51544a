"""Nielsen's neuron: the numbers of the book, and the published gradient that is none."""

import math

import jax
import pytest

from experiments import nielsen

ROWS = {row["demo"]: row for row in map(nielsen._demo, nielsen.DEMOS)}


def test_the_demos_start_where_the_book_says():
    # Outputs at epoch 0: .8176 from (0.6, 0.9), .9820 from (2, 2).
    assert [round(ROWS[name]["outputs"][0], 3) for name in ("1", "2")] == [0.818, 0.982]


@pytest.mark.parametrize("a", [0.1, 0.5, 0.982])
def test_the_gradients_are_what_they_are_said_to_be(a):
    z = math.log(a / (1 - a))
    assert jax.grad(lambda z: jax.nn.sigmoid(z) ** 2 / 2)(z) == pytest.approx(nielsen.quadratic(a), rel=1e-5)
    assert jax.grad(lambda z: -jax.nn.log_sigmoid(-z))(z) == pytest.approx(nielsen.correct(a), rel=1e-5)
    assert jax.grad(lambda a: -jax.numpy.log(1 - a))(a) == pytest.approx(nielsen.published(a), rel=1e-5)


def test_the_check_convicts_the_published_gradient_alone():
    checks = {row["gradient"]: row for row in nielsen.rows() if row["kind"] == "check"}
    said = {name: row["wrong_maths"] for name, row in checks.items()}
    assert said == {
        "a a (1 - a) of squared error": False,
        "1/(1 - a) of cross-entropy": True,
        "a - t of cross-entropy": False,
    }
    assert checks["1/(1 - a) of cross-entropy"]["ratio"] == pytest.approx(1 / (0.98201 * 0.01799), rel=1e-3)
