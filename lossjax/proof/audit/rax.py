"""rax: (scores, labels), lists of items, reduced to their mean."""

# Types are checked where the library is not installed as well.
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import jax.numpy as jnp
import rax

from ... import losses
from .case import Case, Library


def _pair(z):
    return jnp.stack([z, jnp.zeros_like(z)])


def _first(z):
    return jnp.array([1, 0], z.dtype)


LIBRARY = Library(
    name="rax",
    distribution="rax",
    imports="import jax, jax.numpy as jnp, rax",
    cases=(
        Case(
            "pointwise_sigmoid_loss",
            "rax.pointwise_sigmoid_loss(z[None], t[None])",
            losses.sigmoid_cross_entropy,
            "unit",
            lambda z, t: rax.pointwise_sigmoid_loss(z[None], t[None]),
        ),
        Case(
            "pointwise_mse_loss",
            "rax.pointwise_mse_loss(z[None], t[None])",
            losses.squared_error,
            "real",
            lambda z, t: rax.pointwise_mse_loss(z[None], t[None]),
        ),
        Case(
            "pairwise_logistic_loss",
            "rax.pairwise_logistic_loss(jnp.stack([t * z, 0 * t]), jnp.array([1, 0], z.dtype))",
            losses.logistic,
            "margin",
            lambda z, t: rax.pairwise_logistic_loss(_pair(t * z), _first(z)),
        ),
        Case(
            "pairwise_hinge_loss",
            "rax.pairwise_hinge_loss(jnp.stack([t * z, 0 * t]), jnp.array([1, 0], z.dtype))",
            losses.hinge,
            "margin",
            lambda z, t: rax.pairwise_hinge_loss(_pair(t * z), _first(z)),
        ),
        Case("softmax_loss", "rax.softmax_loss(z, t)", losses.softmax_cross_entropy, "one_hot", rax.softmax_loss),
        Case(
            "poly1_softmax_loss",
            "rax.poly1_softmax_loss(z, t)",
            losses.poly1(epsilon=1.0),
            "one_hot",
            rax.poly1_softmax_loss,
        ),
    ),
    left_out={
        "listmle_loss, unique_softmax_loss": "of orderings",
        "pairwise_mse_loss, pairwise_qr_loss, pairwise_soft_zero_one_loss": "of pairs of relevances",
    },
)
