"""Every criterion is the catalogue's loss, and its outputs become log posteriors that mean what they should."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossjax import losses
from paper_repro.hybrid import criteria

Z = jnp.array(np.random.default_rng(0).normal(size=(6, 5)) * 2, jnp.float32)
T = jnp.array([0, 1, 2, 3, 4, 0])
ONE_HOT = jax.nn.one_hot(T, 5)
CATALOGUE = {
    "CE": lambda z: losses.softmax_cross_entropy(z, T),
    "SE": lambda z: losses.softmax_squared_error(z, T),
    "SE, sigmoid outputs": lambda z: losses.sigmoid_squared_error(z, ONE_HOT).sum(axis=-1),
    "SE, linear outputs": lambda z: losses.one_hot_squared_error(z, ONE_HOT),
    "SE, linear outputs, rescaled": lambda z: losses.rescaled_squared_error(1.0, 15.0)(z, ONE_HOT),
    "squared hinge": lambda z: losses.one_against_rest_squared_hinge(z, ONE_HOT),
}


@pytest.mark.parametrize("criterion", criteria.ALL, ids=lambda c: c.name)
def test_the_loss_of_an_arm_is_the_catalogues(criterion):
    want = CATALOGUE[criterion.name]
    # Sums of five numbers may be taken in another order.
    np.testing.assert_allclose(criterion.loss(Z, T), want(Z), rtol=3e-7)
    slope, truth = (jax.grad(lambda z, f=f: f(z).sum())(Z) for f in (lambda z: criterion.loss(z, T), want))
    np.testing.assert_allclose(slope, truth, rtol=3e-7)


# Outputs that stand for p = (0.5, 0.3, 0.2).
P = np.array([[0.5, 0.3, 0.2]], np.float32)
OUTPUTS = {
    "CE": np.log(P),
    "SE": np.log(P),
    # Sigmoids of these are p / 2, and the search wants them normalised.
    "SE, sigmoid outputs": np.log(P / 2 / (1 - P / 2)),
    "SE, linear outputs": P,
    "SE, linear outputs, rescaled": 15 * P,
    "squared hinge": 2 * P - 1,
}


@pytest.mark.parametrize("criterion", criteria.ALL, ids=lambda c: c.name)
def test_outputs_become_the_posteriors_that_they_stand_for(criterion):
    np.testing.assert_allclose(criterion.log_posterior(jnp.array(OUTPUTS[criterion.name])), np.log(P), atol=1e-5)


@pytest.mark.parametrize("criterion", [c for c in criteria.ALL if c.estimates], ids=lambda c: c.name)
def test_estimates_beyond_0_and_1_stay_finite(criterion):
    assert np.isfinite(criterion.log_posterior(jnp.array([[-50.0, 50.0, 0.0]]))).all()
