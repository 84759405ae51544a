"""jaxopt.loss: (label, logit), one example, labels 0 and 1."""

# Types are checked where the library is not installed as well.
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import jaxopt.loss as jo

from ... import losses
from . import formulas
from .case import Case, Library

LIBRARY = Library(
    name="jaxopt",
    distribution="jaxopt",
    imports="import jax, jax.numpy as jnp, jaxopt.loss as jo",
    cases=(
        Case(
            "binary_logistic_loss",
            "jo.binary_logistic_loss(t, z)",
            losses.sigmoid_cross_entropy,
            "binary",
            lambda z, t: jo.binary_logistic_loss(t, z),
        ),
        Case(
            "binary_hinge_loss",
            "jo.binary_hinge_loss(t, z)",
            formulas.binary_hinge,
            "binary",
            lambda z, t: jo.binary_hinge_loss(t, z),
        ),
        Case(
            "binary_perceptron_loss",
            "jo.binary_perceptron_loss(t, z)",
            formulas.binary_perceptron,
            "binary",
            lambda z, t: jo.binary_perceptron_loss(t, z),
        ),
        Case(
            "binary_sparsemax_loss",
            "jo.binary_sparsemax_loss(t, z)",
            formulas.binary_sparsemax,
            "binary",
            lambda z, t: jo.binary_sparsemax_loss(t, z),
        ),
        Case("huber_loss", "jo.huber_loss(t, z)", losses.huber(delta=1.0), "real", lambda z, t: jo.huber_loss(t, z)),
        Case(
            "multiclass_logistic_loss",
            "jo.multiclass_logistic_loss(t, z)",
            losses.softmax_cross_entropy,
            "one_hot",
            lambda z, t: jo.multiclass_logistic_loss(t, z),
            labels=True,
        ),
        Case(
            "multiclass_hinge_loss",
            "jo.multiclass_hinge_loss(t, z)",
            losses.crammer_singer,
            "one_hot",
            lambda z, t: jo.multiclass_hinge_loss(t, z),
            labels=True,
        ),
        Case(
            "multiclass_perceptron_loss",
            "jo.multiclass_perceptron_loss(t, z)",
            losses.multiclass_perceptron,
            "one_hot",
            lambda z, t: jo.multiclass_perceptron_loss(t, z),
            labels=True,
        ),
        Case(
            "multiclass_sparsemax_loss",
            "jo.multiclass_sparsemax_loss(t, z)",
            losses.sparsemax_loss,
            "one_hot",
            lambda z, t: jo.multiclass_sparsemax_loss(t, z),
            labels=True,
        ),
    ),
    left_out={"make_fenchel_young_loss": "makes losses", "sparse_plus, sparse_sigmoid": "those of jax.nn"},
)
