"""jax.nn: the functions that losses are composed of."""

import jax
import jax.numpy as jnp

from ... import losses
from . import formulas
from .case import Case, Library

LIBRARY = Library(
    name="jax.nn",
    distribution="jax",
    imports="import jax, jax.numpy as jnp",
    cases=(
        Case("softplus", "jax.nn.softplus(z)", formulas.softplus, "binary", lambda z, t: jax.nn.softplus(z)),
        Case(
            "log_sigmoid", "jax.nn.log_sigmoid(z)", formulas.log_sigmoid, "binary", lambda z, t: jax.nn.log_sigmoid(z)
        ),
        Case("sigmoid", "jax.nn.sigmoid(z)", formulas.sigmoid, "binary", lambda z, t: jax.nn.sigmoid(z)),
        Case(
            "sparse_plus", "jax.nn.sparse_plus(z)", formulas.sparse_plus, "binary", lambda z, t: jax.nn.sparse_plus(z)
        ),
        Case(
            "softplus(-t z)", "jax.nn.softplus(-t * z)", losses.logistic, "margin", lambda z, t: jax.nn.softplus(-t * z)
        ),
        Case(
            "softplus(z) - z t",
            "jax.nn.softplus(z) - z * t",
            losses.sigmoid_cross_entropy,
            "unit",
            lambda z, t: jax.nn.softplus(z) - z * t,
        ),
        Case(
            "log_softmax",
            "jax.nn.log_softmax(z)[t]",
            formulas.log_softmax,
            "one_hot",
            lambda z, t: jax.nn.log_softmax(z)[t],
            labels=True,
        ),
        Case(
            "softmax",
            "jax.nn.softmax(z)[t]",
            formulas.softmax,
            "one_hot",
            lambda z, t: jax.nn.softmax(z)[t],
            labels=True,
        ),
        Case(
            "logsumexp",
            "jax.nn.logsumexp(z)",
            formulas.logsumexp,
            "one_hot",
            lambda z, t: jax.nn.logsumexp(z),
            labels=True,
        ),
        Case(
            "-sum(t log_softmax)",
            "-jnp.sum(t * jax.nn.log_softmax(z))",
            losses.softmax_cross_entropy,
            "simplex",
            lambda z, t: -jnp.sum(t * jax.nn.log_softmax(z)),
        ),
    ),
    left_out={
        "relu and its kin, gelu, silu, elu and their kin": "hidden units, not outputs",
        "standardize, one_hot, dot_product_attention": "no outputs",
    },
)
