"""optax.losses: (logits, labels), one result an example, not reduced."""

import jax
import jax.numpy as jnp
import optax.losses as of

from ... import losses
from . import formulas
from .case import Case, Library

LIBRARY = Library(
    name="optax",
    distribution="optax",
    imports="import jax, jax.numpy as jnp, optax, optax.losses as of",
    cases=(
        Case(
            "sigmoid_binary_cross_entropy",
            "of.sigmoid_binary_cross_entropy(z, t)",
            losses.sigmoid_cross_entropy,
            "unit",
            of.sigmoid_binary_cross_entropy,
        ),
        Case(
            "sigmoid_focal_loss",
            "of.sigmoid_focal_loss(z, t)",
            formulas.sigmoid_focal_unweighted,
            "binary",
            of.sigmoid_focal_loss,
        ),
        Case(
            "sigmoid_focal_loss(alpha=0.25)",
            "of.sigmoid_focal_loss(z, t, alpha=0.25)",
            losses.sigmoid_focal(gamma=2.0, alpha=0.25),
            "binary",
            lambda z, t: of.sigmoid_focal_loss(z, t, alpha=0.25),
        ),
        Case(
            "squared_error(sigmoid)",
            "of.squared_error(jax.nn.sigmoid(z), t)",
            losses.sigmoid_squared_error,
            "unit",
            lambda z, t: of.squared_error(jax.nn.sigmoid(z), t),
        ),
        Case("hinge_loss", "of.hinge_loss(z, t)", losses.hinge, "margin", of.hinge_loss),
        Case("perceptron_loss", "of.perceptron_loss(z, t)", losses.perceptron, "margin", of.perceptron_loss),
        Case("sparsemax_loss", "of.sparsemax_loss(z, t)", formulas.binary_sparsemax, "binary", of.sparsemax_loss),
        Case("squared_error", "of.squared_error(z, t)", losses.squared_error, "real", of.squared_error),
        Case("l2_loss", "of.l2_loss(z, t)", losses.half_squared_error, "real", of.l2_loss),
        Case("huber_loss", "of.huber_loss(z, t)", losses.huber(delta=1.0), "real", of.huber_loss),
        Case("log_cosh", "of.log_cosh(z, t)", losses.log_cosh, "real", of.log_cosh),
        Case(
            "softmax_cross_entropy",
            "of.softmax_cross_entropy(z, t)",
            losses.softmax_cross_entropy,
            "simplex",
            of.softmax_cross_entropy,
        ),
        Case(
            "softmax_cross_entropy_with_integer_labels",
            "of.softmax_cross_entropy_with_integer_labels(z, t)",
            losses.softmax_cross_entropy,
            "one_hot",
            of.softmax_cross_entropy_with_integer_labels,
            labels=True,
        ),
        Case(
            "safe_softmax_cross_entropy",
            "of.safe_softmax_cross_entropy(z, t)",
            losses.softmax_cross_entropy,
            "simplex",
            of.safe_softmax_cross_entropy,
        ),
        Case(
            "poly_loss_cross_entropy",
            "of.poly_loss_cross_entropy(z, t)",
            losses.poly1(epsilon=2.0),
            "one_hot",
            of.poly_loss_cross_entropy,
        ),
        Case(
            "kl_divergence(log_softmax)",
            "of.kl_divergence(jax.nn.log_softmax(z), t)",
            losses.kl_divergence,
            "simplex",
            lambda z, t: of.kl_divergence(jax.nn.log_softmax(z), t),
        ),
        Case(
            "kl_divergence(in its target)",
            "of.kl_divergence(t[None], z[None])",
            formulas.kl_in_target,
            "real",
            lambda z, t: of.kl_divergence(t[None], z[None]),
        ),
        Case(
            "generalized_kl_divergence",
            "of.generalized_kl_divergence(z, t)",
            formulas.generalized_kl,
            "simplex",
            of.generalized_kl_divergence,
        ),
        Case(
            "squared_error(softmax)",
            "jnp.sum(of.squared_error(jax.nn.softmax(z), t))",
            losses.softmax_squared_error,
            "simplex",
            lambda z, t: jnp.sum(of.squared_error(jax.nn.softmax(z), t)),
        ),
        Case(
            "multiclass_hinge_loss",
            "of.multiclass_hinge_loss(z, t)",
            losses.crammer_singer,
            "one_hot",
            of.multiclass_hinge_loss,
            labels=True,
        ),
        Case(
            "multiclass_perceptron_loss",
            "of.multiclass_perceptron_loss(z, t)",
            losses.multiclass_perceptron,
            "one_hot",
            of.multiclass_perceptron_loss,
            labels=True,
        ),
        Case(
            "multiclass_sparsemax_loss",
            "of.multiclass_sparsemax_loss(z[None], t[None])[0]",
            losses.sparsemax_loss,
            "one_hot",
            lambda z, t: of.multiclass_sparsemax_loss(z[None], t[None])[0],
            labels=True,
        ),
        Case("cosine_distance", "of.cosine_distance(z, t)", formulas.cosine_distance, "one_hot", of.cosine_distance),
    ),
    left_out={
        "ctc_loss": "of sequences",
        "ntxent, triplet_margin_loss": "of batches of embeddings",
        "dice_loss and its kin": "of images",
        "ranking_softmax_loss": "of lists with relevances",
        "convex_kl_divergence": "an alias of generalized_kl_divergence",
        "kl_divergence_with_log_targets": "its targets are logarithms",
        "cosine_similarity": "1 - cosine_distance",
        "make_fenchel_young_loss": "makes losses; sparsemax_loss is one",
        "smooth_labels": "makes targets",
    },
)
