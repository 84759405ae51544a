"""Kinds of wrong gradient that real projects have had: what was done, what it is held against, what is truly wrong.

Each is what somebody wrote: a gradient by hand beside a right loss, a rule of its own, or another loss than was meant. `cause`
is what a person who knew would say, in the words of the diagnosis. "common": seen again and again in courses and forums.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import log_sigmoid, log_softmax, logsumexp, relu, sigmoid, softmax, softplus

from lossjax.losses import (
    label_smoothing,
    pinball,
    rescaled_squared_error,
    sigmoid_cross_entropy,
    sigmoid_focal,
    softmax_cross_entropy,
    weighted,
)


@dataclasses.dataclass(frozen=True)
class Wrong:
    """One kind of wrong gradient. options: of `lossjax.check`, `grad` or `like` among them."""

    name: str
    seen: str
    loss: Callable
    cause: str
    options: dict = dataclasses.field(default_factory=dict)
    quantity: str = "grad"

    def __str__(self) -> str:
        return self.name


T, MARGIN = 2.5, {"targets": "margin"}
UNIT, REAL, ONE_HOT = {"targets": "unit"}, {"targets": "real"}, {"event_ndim": 1, "targets": "one_hot"}
SIMPLEX, BATCH = {"event_ndim": 1, "targets": "simplex"}, {"event_ndim": 2}


def by_hand(name, seen, loss, grad, cause, options):
    return Wrong(name, seen, loss, cause, {"grad": grad, **options})


def in_place_of(like, name, seen, loss, cause, quantity="grad"):
    return Wrong(name, seen, loss, cause, {"like": like}, quantity)


# Right losses.


def bce(z, t):
    return softplus(z) - z * t


def sigmoid_se(z, t):
    return (sigmoid(z) - t) ** 2


def tanh_se(z, t):
    return (jnp.tanh(z) - t) ** 2


def se(z, t):
    return (z - t) ** 2


def half_se(z, t):
    return (z - t) ** 2 / 2


def ce(z, t):
    return -jnp.sum(t * log_softmax(z))


def brier(z, t):
    return jnp.sum((softmax(z) - t) ** 2)


def tempered_ce(z, t):
    return -jnp.sum(t * log_softmax(z / T))


def distillation(z, t):
    return 9.0 * -jnp.sum(t * log_softmax(z / 3.0))


def hinge(z, t):
    return jnp.maximum(0, 1 - t * z)


def squared_hinge(z, t):
    return jnp.maximum(0, 1 - t * z) ** 2


def huber(z, t):
    r = jnp.abs(z - t)
    return jnp.where(r <= 0.5, r**2 / 2, 0.5 * (r - 0.25))


def quantile(z, t):
    return jnp.maximum(0.9 * (t - z), -0.1 * (t - z))


def crammer_singer(z, t):
    return jnp.maximum(0, 1 + jnp.max(jnp.where(t > 0, -jnp.inf, z)) - jnp.sum(t * z))


def weston_watkins(z, t):
    return jnp.sum((1 - t) * jnp.maximum(0, 1 + z - jnp.sum(t * z)))


def focal(z, t):
    p = jnp.sum(t * softmax(z))
    return -((1 - p) ** 3.0) * jnp.log(p)


def poisson(z, t):
    return jnp.exp(z) - t * z


def rmse(z, t):
    return jnp.sqrt(jnp.mean((z - t) ** 2))


def cosine(z, t):
    return 1 - jnp.sum(z * t) / jnp.sqrt(jnp.sum(z * z))


def dice(z, t):
    p = softmax(z)
    return 1 - 2 * jnp.sum(p * t) / (jnp.sum(p * p) + jnp.sum(t * t))


def confidence_penalty(z, t):
    p = softmax(z)
    return ce(z, t) + 0.1 * jnp.sum(p * log_softmax(z))


def confidence_gradient(z, t):
    p = softmax(z)
    entropic = p * (log_softmax(z) - jnp.sum(p * log_softmax(z)))
    return p - t - 0.1 * entropic


def swish_se(z, t):
    return (z * sigmoid(z) - t) ** 2


def gaussian_kl(z, t):
    """Of a log variance z, to a standard normal with mean t."""
    return 0.5 * (jnp.exp(z) + t**2 - 1 - z)


def clipped_bce(z, t):
    p = jnp.clip(sigmoid(z), 1e-7, 1 - 1e-7)
    return -t * jnp.log(p) - (1 - t) * jnp.log(1 - p)


# Of a batch of 4 rows and 4 classes.


def batch_ce(z, t):
    return -jnp.mean(jnp.sum(t * log_softmax(z, axis=1), axis=1))


def batch_sum_ce(z, t):
    return -jnp.sum(t * log_softmax(z, axis=1))


def masked_batch_ce(z, t):
    valid = jnp.arange(4) < 3
    return jnp.sum(jnp.where(valid, -jnp.sum(t * log_softmax(z, axis=1), axis=1), 0)) / 3


def centred_se(z, t):
    return jnp.sum((z - jnp.mean(z, axis=1, keepdims=True)) ** 2)


def clip_loss(z, t):
    """Contrastive, both ways: similarities z, pairs on the diagonal."""
    i = jnp.eye(4)
    return (
        -(jnp.mean(jnp.sum(i * log_softmax(z, axis=1), axis=1)) + jnp.mean(jnp.sum(i * log_softmax(z, axis=0), axis=0)))
        / 2
    )


def nt_xent(z, t):
    """Contrastive, without the similarity of an example to itself; the pairs are neighbours."""
    own, pair = jnp.eye(4), jnp.eye(4)[jnp.array([1, 0, 3, 2])]
    return jnp.mean(logsumexp(jnp.where(own > 0, -jnp.inf, z), axis=1) - jnp.sum(pair * z, axis=1))


# Wrong rules.


@jax.custom_jvp
def swish(z):
    return z * sigmoid(z)


@swish.defjvp
def _(primals, tangents):
    (z,), (dz,) = primals, tangents
    return swish(z), sigmoid(z) * dz


@jax.custom_vjp
def soft_sign_log(z):
    return jnp.log1p(jnp.exp(-z))


soft_sign_log.defvjp(lambda z: (soft_sign_log(z), z), lambda z, g: (g * sigmoid(-z),))


@jax.custom_jvp
def my_tanh(z):
    return jnp.tanh(z)


@my_tanh.defjvp
def _(primals, tangents):
    return my_tanh(*primals), (1 - primals[0] ** 2) * tangents[0]


def _jacobian_diagonal(z, t):
    p = softmax(z)
    return 2 * (p - t) * p * (1 - p)


def _huber_like(z, t):
    r = jnp.abs(z - t)
    return jnp.where(r <= 0.1, r**2 / 2, r - 0.05)


_P = sigmoid

TABLE = [
    # The derivative of the output.
    by_hand(
        "dL/da for dL/dz",
        "a published demonstration of cross-entropy: 1 / (1 - a) stands for dL/dz",
        bce,
        lambda z, t: (_P(z) - t) / (_P(z) * _P(-z)),
        "a missing factor sigma'(z)",
        {"targets": "binary"},
    ),
    by_hand(
        "cross-entropy's delta for squared error",
        "common",
        sigmoid_se,
        lambda z, t: 2 * (_P(z) - t),
        "a missing factor sigma'(z)",
        UNIT,
    ),
    by_hand(
        "squared error's delta for cross-entropy",
        "common: the layer's backward multiplies by sigma' once more",
        bce,
        lambda z, t: (_P(z) - t) * _P(z) * _P(-z),
        "an extra factor sigma'(z)",
        UNIT,
    ),
    by_hand(
        "sigma' of an output that is activated already",
        "asked for in rasmusbergpalm/DeepLearnToolbox #165, where the output was meant",
        sigmoid_se,
        lambda z, t: 2 * (_P(z) - t) * _P(_P(z)) * _P(-_P(z)),
        "taken at its output",
        UNIT,
    ),
    by_hand(
        "x (1 - x) of the pre-activation",
        "BoltzmannEntropy/interviews.ai #15: self.x * (1 - self.x)",
        sigmoid_se,
        lambda z, t: 2 * (_P(z) - t) * z * (1 - z),
        "written in its output, were given its input",
        UNIT,
    ),
    by_hand(
        "tanh' is left out",
        "common",
        tanh_se,
        lambda z, t: 2 * (jnp.tanh(z) - t),
        "a missing factor tanh'(z)",
        {"targets": "tanh"},
    ),
    Wrong(
        "a rule for tanh with 1 - z^2",
        "common: 1 - y^2 written with the wrong variable",
        lambda z, t: (my_tanh(z) - t) ** 2,
        "written in its output, were given its input",
        {"targets": "tanh"},
    ),
    by_hand(
        "the diagonal of the softmax Jacobian alone",
        "common: y (1 - y) as if the softmax were a sigmoid",
        brier,
        _jacobian_diagonal,
        "were dropped: only the diagonal of its Jacobian",
        ONE_HOT,
    ),
    by_hand(
        "2 (y - t) behind a softmax",
        "common",
        brier,
        lambda z, t: 2 * (softmax(z) - t),
        "the derivative of (exp(z) / sum(exp(z))) were left out",
        ONE_HOT,
    ),
    by_hand(
        "the sum under the softmax taken for a constant",
        "common: the quotient rule stops half way",
        brier,
        lambda z, t: 2 * (softmax(z) - t) * softmax(z),
        "exp(z) were a constant in sum(exp(z))",
        ONE_HOT,
    ),
    # Factors and signs.
    by_hand(
        "the 2 of the square is dropped",
        "common: 1/2 in the paper, none in the code",
        se,
        lambda z, t: z - t,
        "got = 1/2 * want",
        REAL,
    ),
    by_hand("a 2 although the loss has 1/2", "common", half_se, lambda z, t: 2 * (z - t), "got = 2 * want", REAL),
    by_hand(
        "target minus output", "common: descent becomes ascent", bce, lambda z, t: t - _P(z), "the sign is wrong", UNIT
    ),
    by_hand(
        "a mean over classes, differentiated as a sum",
        "common",
        lambda z, t: jnp.mean((z - t) ** 2),
        lambda z, t: 2 * (z - t),
        "got = K * want",
        ONE_HOT,
    ),
    by_hand(
        "a mean over the batch, differentiated as a sum",
        "common",
        batch_ce,
        lambda z, t: softmax(z, axis=1) - t,
        "got = N",
        BATCH,
    ),
    by_hand(
        "a sum over the batch, divided once more",
        "common: the loop over micro-batches divides as well",
        batch_sum_ce,
        lambda z, t: (softmax(z, axis=1) - t) / 4,
        "got = 1/N",
        BATCH,
    ),
    by_hand(
        "a mean over all rows where three are valid",
        "common: padding counted in the denominator",
        masked_batch_ce,
        lambda z, t: jnp.where(jnp.arange(4)[:, None] < 3, softmax(z, axis=1) - t, 0) / 4,
        "got = 0.75 * want",
        BATCH,
    ),
    by_hand(
        "a logarithm to base 2",
        "common: bits reported, nats differentiated",
        lambda z, t: bce(z, t) / jnp.log(2.0),
        lambda z, t: _P(z) - t,
        "the division by 0.693147 were left out",
        UNIT,
    ),
    by_hand(
        "the temperature forgotten outside the softmax",
        "common",
        tempered_ce,
        lambda z, t: softmax(z / T) - t,
        "the derivative of the division by 2.5 were left out",
        ONE_HOT,
    ),
    by_hand(
        "the temperature forgotten inside the softmax",
        "common",
        tempered_ce,
        lambda z, t: (softmax(z) - t) / T,
        "the division by 2.5 were differentiated, but left out of the value",
        ONE_HOT,
    ),
    by_hand(
        "distillation without T^2",
        "IntelLabs/distiller #122, keras-team/keras-io #869",
        distillation,
        lambda z, t: (softmax(z / 3.0) - t) / 3.0,
        "the factor 9 were left out",
        SIMPLEX,
    ),
    in_place_of(
        rescaled_squared_error(15.0, 30.0),
        "k ignored after scaling",
        "the rescaled square loss of Hui and Belkin 2021 with M alone",
        lambda z, t: jnp.mean(t * (z - 30.0) ** 2 + (1 - t) * z**2),
        "the factor 15 were left out",
    ),
    in_place_of(
        rescaled_squared_error(15.0, 30.0),
        "M ignored after scaling",
        "the same with k alone",
        lambda z, t: jnp.mean(t * 15.0 * (z - 1.0) ** 2 + (1 - t) * z**2),
        "the target is another one",
    ),
    in_place_of(
        "gaussian_nll(variance=0.1)",
        "the variance taken for a standard deviation",
        "common: torch's gaussian_nll_loss takes var, many callers give std",
        lambda z, t: 0.5 * ((z - t) / 0.1) ** 2 + 0.5 * jnp.log(2 * jnp.pi * 0.1),
        "got = 10 * want",
    ),
    # A part of the domain.
    by_hand(
        "only the target's class learns",
        "common: dL/dz taken of -log y_t, at y_t alone",
        ce,
        lambda z, t: (softmax(z) - 1) * t,
        "the cross terms of the derivative of (z - log(sum(exp(z)))) were dropped",
        ONE_HOT,
    ),
    by_hand(
        "the one-hot target is not subtracted",
        "common: the indexed `p[y] -= 1` is lost without .at",
        ce,
        lambda z, t: softmax(z),
        "z were a constant in (z - log(sum(exp(z))))",
        ONE_HOT,
    ),
    by_hand(
        "hinge without the sign of its target",
        "common",
        hinge,
        lambda z, t: jnp.where(t * z < 1, -1.0, 0.0),
        "a missing factor t",
        MARGIN,
    ),
    by_hand(
        "hinge that asks t z < 0",
        "common: the perceptron's condition",
        hinge,
        lambda z, t: jnp.where(t * z < 0, -t, 0.0),
        "another loss: it is the gradient of perceptron",
        MARGIN,
    ),
    by_hand(
        "hinge without its condition", "common", hinge, lambda z, t: -t + 0 * z, "the max with 0 were left out", MARGIN
    ),
    by_hand(
        "squared hinge without its margin",
        "common",
        squared_hinge,
        lambda z, t: jnp.where(t * z < 1, -2 * t, 0.0),
        "got does not depend on z",
        MARGIN,
    ),
    by_hand(
        "Crammer and Singer, the rival only",
        "common: the update of the right class is forgotten",
        crammer_singer,
        lambda z, t: jax.grad(crammer_singer)(z, t) * (1 - t),
        "z were a constant in (t * z)",
        ONE_HOT,
    ),
    by_hand(
        "Weston and Watkins, the target counted once",
        "common in course work on the multiclass SVM: not times the number of violated margins",
        weston_watkins,
        lambda z, t: (1 - t) * (1 + z - jnp.sum(t * z) > 0) - t,
        "wrong at the target's entry only",
        ONE_HOT,
    ),
    by_hand(
        "Huber's outer slope 1 in the place of delta",
        "common: clip(r, -1, 1) with another delta",
        huber,
        lambda z, t: jnp.where(jnp.abs(z - t) <= 0.5, z - t, jnp.sign(z - t)),
        "the factor 0.5 were left out",
        REAL,
    ),
    by_hand(
        "Huber without the sign",
        "common: min(|r|, delta)",
        huber,
        lambda z, t: jnp.minimum(jnp.abs(z - t), 0.5),
        "the derivative of abs(z - t) were left out",
        REAL,
    ),
    in_place_of(
        "huber(delta=0.1)",
        "Huber that jumps at delta",
        "common: |r| - delta / 2 without delta in front",
        _huber_like,
        "the factor 0.1 were left out",
    ),
    in_place_of(
        pinball(0.9),
        "quantiles exchanged",
        "common: tau on the wrong side of the residual",
        lambda z, t: jnp.maximum(0.9 * (z - t), -0.1 * (z - t)),
        "exchanged: 1 - tau",
    ),
    by_hand(
        "a clipped gradient",
        "common: clipping left in the loss",
        se,
        lambda z, t: jnp.clip(2 * (z - t), -1, 1),
        "clipped: got is want cut off at 1",
        REAL,
    ),
    in_place_of(
        weighted(sigmoid_cross_entropy, (1.0, 0.25)),
        "pos_weight forgotten",
        "common",
        bce,
        "the factor 0.25 were left out",
    ),
    in_place_of(
        sigmoid_focal(2.0, 0.25),
        "alpha for the positive class only",
        "mathiaszinnen/focal_loss_torch #2: 1 - alpha is forgotten",
        lambda z, t: (
            jnp.where(t > 0, 0.25, 1.0) * (1 - _P(jnp.where(t > 0, z, -z))) ** 2 * -log_sigmoid(jnp.where(t > 0, z, -z))
        ),
        "the factor 0.75 were left out",
    ),
    by_hand(
        "the exponent of focal loss not brought down",
        "common",
        focal,
        lambda z, t: (
            jax.grad(lambda z, q: -((1 - q) ** 3.0) * jnp.log(jnp.sum(t * softmax(z))))(z, jnp.sum(t * softmax(z)))
            + jnp.log(jnp.sum(t * softmax(z)))
            * (1 - jnp.sum(t * softmax(z))) ** 2
            * jax.grad(lambda z: jnp.sum(t * softmax(z)))(z)
        ),
        "were not brought down",
        ONE_HOT,
    ),
    # What is taken for a constant.
    Wrong(
        "focal loss with its weight detached",
        "common: `.detach()` on the modulating factor",
        lambda z, t: -((1 - lax.stop_gradient(jnp.sum(t * softmax(z)))) ** 3.0) * jnp.log(jnp.sum(t * softmax(z))),
        "were a constant in",
        ONE_HOT,
    ),
    Wrong(
        "stop_gradient on the log-partition",
        "common: meant for the shift by the maximum",
        lambda z, t: lax.stop_gradient(logsumexp(z)) - jnp.sum(t * z),
        "were a constant in",
        ONE_HOT,
    ),
    Wrong(
        "stop_gradient on one of two maxima",
        "common: a hand-written logsumexp",
        lambda z, t: jnp.log(jnp.sum(jnp.exp(z - jnp.max(z)))) + lax.stop_gradient(jnp.max(z)) - jnp.sum(t * z),
        "a stop_gradient holds a part of the derivative back",
        ONE_HOT,
    ),
    Wrong(
        "stop_gradient on the prediction",
        "common: the target was meant",
        lambda z, t: (lax.stop_gradient(z) - t) ** 2,
        "zero everywhere",
        REAL,
    ),
    Wrong(
        "a rule for swish without its second term",
        "common: the product rule in a fused activation",
        lambda z, t: (swish(z) - t) ** 2,
        "were a constant in",
        REAL,
    ),
    Wrong(
        "a backward pass with the wrong sign",
        "common: d/dz of -z is lost in a hand-written vjp",
        lambda z, t: soft_sign_log(z * t),
        "the sign is wrong",
        MARGIN,
    ),
    by_hand(
        "RMSE without the square root's derivative",
        "common",
        rmse,
        lambda z, t: (z - t) * 2 / z.shape[-1],
        "sqrt(sum((z - t)^2) / 10) were left out",
        ONE_HOT,
    ),
    by_hand(
        "cosine with its norm taken for a constant",
        "common",
        cosine,
        lambda z, t: -t / jnp.sqrt(jnp.sum(z * z)),
        "were a constant in",
        ONE_HOT,
    ),
    by_hand(
        "Dice without its quotient rule",
        "common in segmentation code",
        dice,
        lambda z, t: jax.grad(lambda z, c: 1 - 2 * jnp.sum(softmax(z) * t) / c)(z, jnp.sum(softmax(z) ** 2) + 1),
        "were a constant in",
        ONE_HOT,
    ),
    by_hand(
        "a confidence penalty of the other sign",
        "common: entropy or negative entropy",
        confidence_penalty,
        confidence_gradient,
        "the sign of the factor 0.1 were the other",
        ONE_HOT,
    ),
    by_hand(
        "a log variance differentiated as a variance",
        "common in variational autoencoders",
        gaussian_kl,
        lambda z, t: 0.5 * (1 - 1 + 0 * z) + 0 * t,
        "zero everywhere",
        REAL,
    ),
    by_hand(
        "a Poisson rate for its logarithm",
        "torch: poisson_nll_loss(log_input=True) by default",
        poisson,
        lambda z, t: 1 - t + 0 * z,
        "exp(z) were left out",
        {"targets": "count"},
    ),
    by_hand(
        "a normalised gradient",
        "common: normalisation left in the backward",
        lambda z, t: jnp.sum((z - t) ** 2),
        lambda z, t: 2 * (z - t) / jnp.linalg.norm(2 * (z - t)),
        "in the code the division by sqrt",
        ONE_HOT,
    ),
    # Another loss than was meant.
    in_place_of(
        label_smoothing(softmax_cross_entropy, 0.1),
        "label smoothing without renormalising",
        "common: t + alpha / K; a kin of it in TimDettmers/ConvE #55",
        lambda z, t: -jnp.sum((t + 0.1 / z.shape[-1]) * log_softmax(z)),
        "the factor 0.9 were left out",
    ),
    in_place_of(
        "softmax_cross_entropy",
        "softmax of a softmax",
        "jaehong31/CGES #1, lightning-bolts #654: the loss takes logits",
        lambda z, t: -jnp.sum(t * log_softmax(softmax(z))),
        "in the code (exp(z) / sum(exp(z))) were left out",
    ),
    in_place_of(
        "sigmoid_cross_entropy",
        "sigmoid of a sigmoid",
        "common: BCEWithLogitsLoss behind a sigmoid layer",
        lambda z, t: bce(sigmoid(z), t),
        "in the code sigmoid(z) were left out",
    ),
    in_place_of(
        "softmax_cross_entropy",
        "labels counted from 1",
        "common: an off-by-one in one_hot",
        lambda z, t: ce(z, jnp.roll(t, 1)),
        "its entries are shifted by one place",
    ),
    in_place_of(
        "crammer_singer",
        "a hinge whose target enters the maximum as 0",
        "keras categorical_hinge (keras #8083)",
        lambda z, t: jnp.maximum(0, jnp.max((1 - t) * z) - jnp.sum(t * z) + 1),
        "the target's entry enters as 0",
    ),
    in_place_of(
        "hinge",
        "labels of 0 and 1 in a margin loss",
        "common: optax and torch want -1 and 1",
        lambda z, t: jnp.maximum(0, 1 - (t + 1) / 2 * z),
        "the target is another one",
    ),
    by_hand(
        "softmax where each class has its own sigmoid",
        "common in multi-label code",
        lambda z, t: jnp.sum(bce(z, t)),
        lambda z, t: softmax(z) - t,
        "another loss: it is the gradient of softmax_cross_entropy",
        ONE_HOT,
    ),
    # Batches.
    by_hand(
        "softmax over the wrong axis",
        "common: axis=0",
        batch_ce,
        lambda z, t: (softmax(z, axis=0) - t) / 4,
        "over the wrong axis",
        BATCH,
    ),
    by_hand(
        "a mean over the wrong axis",
        "common: axis=0 where keepdims hides it",
        centred_se,
        lambda z, t: 2 * (z - jnp.mean(z, axis=0, keepdims=True)),
        "over the wrong axis",
        BATCH,
    ),
    by_hand(
        "one direction of a contrastive loss",
        "common: the second cross-entropy is detached",
        clip_loss,
        lambda z, t: (softmax(z, axis=1) - jnp.eye(4)) / 8,
        "as if the term (sum(sum(...)) / 4) were left out",
        BATCH,
    ),
    by_hand(
        "a contrastive loss with itself among the negatives",
        "lightning-bolts #695: the value is corrected, the gradient still runs through the pair of an example with itself",
        nt_xent,
        lambda z, t: (softmax(z, axis=1) - jnp.eye(4)[jnp.array([1, 0, 3, 2])]) / 4,
        "the where beside -inf were left out",
        BATCH,
    ),
    by_hand(
        "similarities transposed",
        "common: b a^T for a b^T",
        nt_xent,
        lambda z, t: jax.grad(nt_xent)(z, t).T,
        "transposed",
        BATCH,
    ),
    by_hand(
        "padding that receives a gradient",
        "common: the mask is in the value and not in the backward",
        masked_batch_ce,
        lambda z, t: (softmax(z, axis=1) - t) / 3,
        "the where beside 0 were left out",
        BATCH,
    ),
    # What is no number, or none any more.
    in_place_of(
        "softmax_cross_entropy",
        "a mask applied after the log",
        "common: t * log(p) at p = 0 (optax #1335 and its kin)",
        lambda z, t: -jnp.sum(t * jnp.log(softmax(z))),
        "mask before the log",
        "value",
    ),
    in_place_of(
        "sigmoid_cross_entropy",
        "a where that leaks NaN",
        "jax #1052, #347: both sides of a where are differentiated",
        lambda z, t: jnp.where(z > 0, z + jnp.log1p(jnp.exp(-z)), jnp.log1p(jnp.exp(z))) - z * t,
        "a NaN leaks",
        "all",
    ),
    in_place_of(
        "sigmoid_cross_entropy",
        "a clipped log",
        "keras binary_crossentropy of probabilities: clip to [1e-7, 1 - 1e-7] (keras #9664)",
        clipped_bce,
        "a clip: it is flat there",
    ),
    in_place_of(
        "sigmoid_cross_entropy",
        "a small number inside the log",
        "common: log(p + 1e-8)",
        lambda z, t: -t * jnp.log(_P(z) + 1e-8) - (1 - t) * jnp.log(1 - _P(z) + 1e-8),
        "a small number that is added",
    ),
    in_place_of(
        "sigmoid_cross_entropy",
        "relu form with the wrong sign at 0",
        "rax pointwise_sigmoid_loss; fixed in jax #2140",
        lambda z, t: relu(z) - z * t + jnp.log1p(jnp.exp(-jnp.abs(z))),
        "wrong at a tie only",
    ),
    in_place_of(
        "softmax_cross_entropy",
        "exp that overflows",
        "common: a softmax written out without its shift",
        lambda z, t: -jnp.sum(t * (z - jnp.log(jnp.sum(jnp.exp(z))))),
        "an intermediate overflows",
    ),
]
