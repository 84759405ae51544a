"""Printed formulas of losses that the catalogue does not hold, and that other libraries offer."""

import jax.numpy as jnp


def softplus(z, t):
    """log(1 + e^z), whatever t."""
    return jnp.log(1 + jnp.exp(z))


def log_sigmoid(z, t):
    """log sigma(z), whatever t."""
    return -jnp.log(1 + jnp.exp(-z))


def sigmoid(z, t):
    """1 / (1 + e^-z), whatever t."""
    return 1 / (1 + jnp.exp(-z))


def sparse_plus(z, t):
    """0 up to -1, (z + 1)^2 / 4 up to 1, z beyond."""
    return jnp.where(z <= -1, 0, jnp.where(z >= 1, z, (z + 1) ** 2 / 4))


def binary_sparsemax(z, t):
    """sparse_plus of -z for the class 1, of z for the class 0."""
    return sparse_plus(jnp.where(t > 0, -z, z), t)


def binary_hinge(z, t):
    """max(0, 1 - (2 t - 1) z), t in {0, 1}."""
    return jnp.maximum(0, 1 - (2 * t - 1) * z)


def binary_perceptron(z, t):
    """max(0, -(2 t - 1) z), t in {0, 1}."""
    return jnp.maximum(0, -(2 * t - 1) * z)


def binary_squared_hinge(z, t):
    """max(0, 1 - (2 t - 1) z)^2, t in {0, 1}."""
    return jnp.maximum(0, 1 - (2 * t - 1) * z) ** 2


def sigmoid_focal_unweighted(z, t):
    """-(1 - p)^2 log p, p the probability of the class t in {0, 1}: Lin et al. 2017, Equation 4."""
    s = 1 / (1 + jnp.exp(-z))
    return -t * (1 - s) ** 2 * jnp.log(s) - (1 - t) * s**2 * jnp.log(1 - s)


def log_softmax(z, t):
    """log p_y at a one-hot target."""
    return jnp.log(jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z)))


def softmax(z, t):
    """p_y at a one-hot target."""
    return jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z))


def logsumexp(z, t):
    """log sum_k e^(z_k), whatever t."""
    return jnp.log(jnp.sum(jnp.exp(z)))


def generalized_kl(z, t):
    """sum_k t_k (log t_k - z_k) + e^(z_k) - t_k, z the logarithm of the prediction."""
    return jnp.sum(jnp.where(t > 0, t * (jnp.log(t) - z), 0) + jnp.exp(z) - t)


def cosine_distance(z, t):
    """1 - z.t / (|z| |t|)."""
    return 1 - jnp.sum(z * t) / (jnp.sqrt(jnp.sum(z**2)) * jnp.sqrt(jnp.sum(t**2)))


def weston_watkins_mean(z, t):
    """The mean over all classes of max(0, 1 + z_k - z_y), the right class left out of the sum."""
    return jnp.sum(jnp.where(t > 0, 0, jnp.maximum(0, 1 + z - jnp.sum(t * z)))) / z.shape[-1]


def smooth_l1(z, t):
    """Huber's loss at delta = 1."""
    r = jnp.abs(z - t)
    return jnp.where(r <= 1, r**2 / 2, r - 1 / 2)


def poisson_nll(z, t):
    """e^z - t z, without the term in t alone."""
    return jnp.exp(z) - t * z


def keras_categorical_hinge(z, t):
    """max(0, 1 + max_k (1 - t_k) z_k - z_y), as printed: the right class enters the maximum as 0."""
    return jnp.maximum(0, 1 + jnp.max((1 - t) * z) - jnp.sum(t * z))


def kl_in_target(z, t):
    """z (log z - t) for a target z between 0 and 1, t <= 0 the logarithm of the prediction."""
    return jnp.where((z >= 0) & (z <= 1) & (t <= 0), z * (jnp.log(z) - t), jnp.nan)
