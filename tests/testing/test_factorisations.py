"""`assert_derivatives` of functions with a factorisation in them, which have structural zeros and no exact evaluation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossjax.testing import DerivativeError, assert_derivatives


def positive(n, seed):
    a = jnp.asarray(np.random.default_rng(seed).standard_normal((n, n)), np.float32)
    return a @ a.T + n * jnp.eye(n)


FACTORED = {
    "log det": lambda a: jnp.sum(jnp.log(jnp.diag(jnp.linalg.cholesky(a)))),
    "cholesky": jnp.linalg.cholesky,
    "qr": lambda a: jnp.linalg.qr(a)[1],
    "inverse of a triangle": lambda a: jnp.linalg.inv(jnp.triu(a)),
    "singular values": lambda a: jnp.linalg.svd(a, compute_uv=False),
}


@pytest.mark.parametrize("n", [3, 6])
@pytest.mark.parametrize("name", FACTORED)
def test_factorisations_pass_with_their_zeros(name, n):
    found = assert_derivatives(FACTORED[name], positive(n, 0))
    assert {m.rounding for m in found.modes if not m.exact} <= {"intermediates"}


@jax.custom_jvp
def log_det(a):
    return jnp.sum(jnp.log(jnp.diag(jnp.linalg.cholesky(a))))


# The derivative of the logarithm of the determinant is twice this.
log_det.defjvp(lambda p, t: (log_det(*p), jnp.trace(jnp.linalg.solve(p[0], t[0]))))


@pytest.mark.parametrize("n", [3, 6])
def test_a_wrong_rule_of_a_factorisation_is_found(n):
    with pytest.raises(DerivativeError, match="by the factor 2"):
        assert_derivatives(log_det, positive(n, 0))


@jax.custom_jvp
def triangle(a):
    return jnp.linalg.cholesky(a)


def _above_the_diagonal(p, t):
    out, moved = jax.jvp(jnp.linalg.cholesky, p, t)
    return out, moved + 1e-5 * jnp.triu(jnp.ones_like(moved), 1)


triangle.defjvp(_above_the_diagonal)


def test_a_wrong_zero_by_structure_is_found():
    with pytest.raises(DerivativeError):
        assert_derivatives(triangle, positive(3, 0), modes="fwd")
