"""At ties, poles and infinities the truth is the limit, and where there is none it says so."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from naive import at, derivative, sigmoid, softmax_loss

from lossjax.proof.exact import EXACT, KINK, NAN, UNDECIDED, truth
from lossjax.proof.primal import primal

# Ties


def hand_written(z, t):
    return jnp.maximum(z, 0) - z * t + jnp.log1p(jnp.exp(-jnp.abs(z)))


def log_cosh(z):
    return jnp.logaddexp(z, -z) - jnp.log(2.0)


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("f", "want"),
    [
        (jax.nn.softplus, (np.log(2), 0.5, 0.25)),
        (lambda z: hand_written(z, 1.0), (np.log(2), -0.5, 0.25)),
        (log_cosh, (0, 0, 1)),
    ],
    ids=["softplus", "hand-written", "log_cosh"],
)
def test_a_removable_tie_is_exact(f, want, dtype):
    for order in (0, 1, 2):
        got = truth(derivative(primal(f), order), np.zeros(1, dtype), dtype=dtype)
        assert got.status.tolist() == [EXACT]
        assert got.hi[0] == pytest.approx(want[order], rel=1e-12)


def test_relu_has_a_kink():
    got = at(jax.grad(primal(jax.nn.relu)), [0.0, -0.0, 1.0, -1e-30])
    assert got.status.tolist() == [KINK, KINK, EXACT, EXACT]
    assert got.low.tolist() == [0, 0, 1, 0]
    assert got.high.tolist() == [1, 1, 1, 0]
    assert at(jax.nn.relu, [0.0]).hi.tolist() == [0]


def test_ties_of_a_vector():
    def margin(z, t):
        return jnp.max(z) - z[t]

    z = [[0, 0, 0], [1, 1, 0], [0, 0, 5], [3, 2, 2]]
    got = at(jax.grad(margin), z, np.zeros(4, int))
    assert (got.status[:2, 0] == KINK).all()
    assert got.low[0].tolist() == [-1, 0, 0]
    assert got.high[0].tolist() == [0, 1, 1]
    assert got.status[2:].max() == EXACT
    assert got.hi[2:].tolist() == [[-1, 0, 1], [0, 0, 0]]
    logsumexp = jax.grad(primal(lambda z, t: jax.nn.logsumexp(z) - z[t]))
    assert at(logsumexp, z, np.zeros(4, int)).hi[0] == pytest.approx([-2 / 3, 1 / 3, 1 / 3])


def test_only_ties_in_the_first_argument_count():
    f = jax.grad(lambda z, t: jnp.where(t == 0, z, 2 * z) + jnp.where(jnp.arange(3) == 1, z, 0.0).sum())
    got = at(f, [0.0, 1.0], np.zeros(2, np.float32))
    assert got.status.tolist() == [EXACT, EXACT]
    assert got.hi.tolist() == [2, 2]


def test_a_number_equals_itself():
    got = at(lambda z: jnp.where(z != z, 7.0, jnp.where(jnp.isinf(z), 8.0, jnp.maximum(z, z))), [0.0, 2.0])
    assert got.status.tolist() == [EXACT, EXACT]
    assert got.hi.tolist() == [0, 2]


def test_the_branch_not_taken_does_not_poison():
    trap = jax.grad(lambda z: jnp.where(z > 0, jnp.sqrt(z) + jnp.log(z), 0.5 * z))
    got = at(trap, [-1.0, 4.0])
    assert got.status.tolist() == [EXACT, EXACT]
    assert got.hi.tolist() == [0.5, 0.5]
    got = at(lambda z: jnp.where(z > 0, z, jnp.nan), [1.0, -1.0])
    assert got.status.tolist() == [EXACT, NAN]


# Poles, infinities, NaN


def test_poles_are_limits():
    assert at(lambda z: 1 / z, [0.0]).status.tolist() == [NAN]
    assert at(lambda z: -jnp.log(z), [0.0]).hi.tolist() == [np.inf]
    assert at(jax.grad(jnp.sqrt), [0.0]).hi.tolist() == [np.inf]
    assert at(lambda z: jnp.sin(z) / z, [0.0]).hi.tolist() == [1.0]
    assert at(jnp.log, [-1.0]).status.tolist() == [NAN]


def test_infinities_are_limits():
    inf = np.inf
    assert at(jax.nn.softplus, [inf, -inf, np.nan]).hi[:2].tolist() == [inf, 0]
    assert at(jax.nn.softplus, [np.nan]).status.tolist() == [NAN]
    assert at(jax.grad(primal(jax.nn.softplus)), [inf, -inf]).hi.tolist() == [1, 0]
    assert at(jnp.sin, [inf]).status.tolist() == [NAN]
    z, t = [[-inf, 0, 0], [0, -inf, -inf], [inf, 0, 0], [inf, inf, 0]], np.array([1, 0, 0, 0])
    got = at(jax.grad(softmax_loss), z, t)
    assert got.hi[0].tolist() == [0, -0.5, 0.5]
    assert got.hi[1].tolist() == [0, 0, 0]
    assert got.hi[2].tolist() == [0, 0, 0]
    assert got.status[3].max() == NAN
    assert at(softmax_loss, [[-inf, 0, 0]], np.array([0])).hi.tolist() == [inf]


def test_beyond_the_range_is_infinite_and_below_is_zero():
    got = at(jnp.exp, [1e4, -1e4, 1e38, -1e38])
    assert got.hi.tolist() == [np.inf, 0, np.inf, 0]
    assert got.status.max() == EXACT


def test_zero_times_anything_finite_is_zero():
    got = at(lambda z, t: t * jnp.log(1 - sigmoid(z)), [1e38, 50.0], np.zeros(2, np.float32))
    assert got.hi.tolist() == [0, 0]
    got = at(lambda z, t: t * jnp.log(t) - t * z, [1.0, 2.0], np.zeros(2, np.float32))
    assert got.hi.tolist() == [0, 0]


def test_what_cannot_be_decided_is_said_so():
    twice = jax.grad(
        lambda z: jnp.maximum(jnp.log(z * z), 2 * jnp.log(z)) * z
    )  # equal by construction, never found equal
    got = at(lambda z: jnp.maximum(jnp.log(z * z), 2 * jnp.log(z)), [3.0], max_bits=512)
    assert got.hi[0] == pytest.approx(np.log(9), rel=1e-12)
    assert at(lambda z: jnp.floor(jnp.log(z * z) / jnp.log(z)), [3.0], max_bits=512).status.tolist() == [UNDECIDED]
    assert at(twice, [3.0], max_bits=512).status[0] in (EXACT, KINK, UNDECIDED)
    endless = at(lambda z: jax.lax.while_loop(lambda c: c < 5, lambda c: c * 0.5, z), [1.0])
    assert endless.status.tolist() == [UNDECIDED]
