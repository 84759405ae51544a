"""keras.losses on the jax backend: (y_true, y_pred), the mean over the last axis."""

# Types are checked where the library is not installed as well.
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # read when keras is imported, here for the first time

import jax
import keras.losses as kl

from ... import losses
from . import formulas
from .case import Case, Library

LIBRARY = Library(
    name="keras",
    distribution="keras",
    imports="import os; os.environ['KERAS_BACKEND'] = 'jax'; import jax, jax.numpy as jnp, keras.losses as kl",
    cases=(
        Case(
            "binary_crossentropy(from_logits=True)",
            "kl.binary_crossentropy(t[None], z[None], from_logits=True)",
            losses.sigmoid_cross_entropy,
            "unit",
            lambda z, t: kl.binary_crossentropy(t[None], z[None], from_logits=True),
        ),
        Case(
            "binary_crossentropy(sigmoid)",
            "kl.binary_crossentropy(t[None], jax.nn.sigmoid(z)[None])",
            losses.sigmoid_cross_entropy,
            "unit",
            lambda z, t: kl.binary_crossentropy(t[None], jax.nn.sigmoid(z)[None]),
        ),
        Case(
            "binary_focal_crossentropy(from_logits=True)",
            "kl.binary_focal_crossentropy(t[None], z[None], from_logits=True)",
            formulas.sigmoid_focal_unweighted,
            "binary",
            lambda z, t: kl.binary_focal_crossentropy(t[None], z[None], from_logits=True),
        ),
        Case("hinge", "kl.hinge(t[None], z[None])", losses.hinge, "margin", lambda z, t: kl.hinge(t[None], z[None])),
        Case(
            "squared_hinge",
            "kl.squared_hinge(t[None], z[None])",
            losses.squared_hinge,
            "margin",
            lambda z, t: kl.squared_hinge(t[None], z[None]),
        ),
        Case(
            "mean_squared_error",
            "kl.mean_squared_error(t[None], z[None])",
            losses.squared_error,
            "real",
            lambda z, t: kl.mean_squared_error(t[None], z[None]),
        ),
        Case(
            "mean_absolute_error",
            "kl.mean_absolute_error(t[None], z[None])",
            losses.absolute_error,
            "real",
            lambda z, t: kl.mean_absolute_error(t[None], z[None]),
        ),
        Case(
            "mean_squared_error(sigmoid)",
            "kl.mean_squared_error(t[None], jax.nn.sigmoid(z)[None])",
            losses.sigmoid_squared_error,
            "unit",
            lambda z, t: kl.mean_squared_error(t[None], jax.nn.sigmoid(z)[None]),
        ),
        Case(
            "huber",
            "kl.huber(t[None], z[None])",
            losses.huber(delta=1.0),
            "real",
            lambda z, t: kl.huber(t[None], z[None]),
        ),
        Case(
            "log_cosh",
            "kl.log_cosh(t[None], z[None])",
            losses.log_cosh,
            "real",
            lambda z, t: kl.log_cosh(t[None], z[None]),
        ),
        Case(
            "categorical_crossentropy(from_logits=True)",
            "kl.categorical_crossentropy(t, z, from_logits=True)",
            losses.softmax_cross_entropy,
            "simplex",
            lambda z, t: kl.categorical_crossentropy(t, z, from_logits=True),
        ),
        Case(
            "categorical_crossentropy(softmax)",
            "kl.categorical_crossentropy(t, jax.nn.softmax(z))",
            losses.softmax_cross_entropy,
            "simplex",
            lambda z, t: kl.categorical_crossentropy(t, jax.nn.softmax(z)),
        ),
        Case(
            "sparse_categorical_crossentropy(from_logits=True)",
            "kl.sparse_categorical_crossentropy(t, z, from_logits=True)",
            losses.softmax_cross_entropy,
            "one_hot",
            lambda z, t: kl.sparse_categorical_crossentropy(t, z, from_logits=True),
            labels=True,
        ),
        Case(
            "categorical_generalized_cross_entropy(softmax)",
            "kl.categorical_generalized_cross_entropy(t, jax.nn.softmax(z), q=0.7)",
            losses.generalized_cross_entropy(q=0.7),
            "one_hot",
            lambda z, t: kl.categorical_generalized_cross_entropy(t, jax.nn.softmax(z), q=0.7),
            labels=True,
        ),
        Case(
            "kl_divergence(softmax)",
            "kl.kl_divergence(t, jax.nn.softmax(z))",
            losses.kl_divergence,
            "simplex",
            lambda z, t: kl.kl_divergence(t, jax.nn.softmax(z)),
        ),
        Case(
            "categorical_hinge",
            "kl.categorical_hinge(t, z)",
            losses.crammer_singer,
            "one_hot",
            lambda z, t: kl.categorical_hinge(t, z),
            documented=formulas.keras_categorical_hinge,
        ),
    ),
    left_out={
        "circle, ctc, dice, tversky": "of embeddings, sequences and images",
        "cosine_similarity": "optax has it",
        "mean_absolute_percentage_error, mean_squared_logarithmic_error, poisson": "of positive outputs",
        "categorical_focal_crossentropy": "weights every class, not the right one alone",
    },
)
