"""The catalogue: every loss, one file each, and `ALL`, the one list of them.

To add a loss: write its file, import it here, and give it one line in `ALL`.
"""

from .absolute_error import absolute_error
from .correct_class_quadratic import correct_class_quadratic
from .crammer_singer import crammer_singer
from .gaussian_nll import gaussian_nll
from .generalized_cross_entropy import generalized_cross_entropy
from .half_squared_error import half_squared_error
from .hinge import hinge
from .huber import huber
from .kl_divergence import kl_divergence
from .label_cross_entropy import label_cross_entropy
from .label_squared_error import label_squared_error
from .log_cosh import log_cosh
from .logistic import logistic
from .loss import Loss
from .modified_huber import modified_huber
from .multiclass_perceptron import multiclass_perceptron
from .one_against_rest_squared_hinge import one_against_rest_squared_hinge
from .one_hot_squared_error import one_hot_squared_error
from .perceptron import perceptron
from .pinball import pinball
from .poisson import poisson
from .poly1 import poly1
from .rescaled_squared_error import rescaled_squared_error
from .sigmoid_absolute_error import sigmoid_absolute_error
from .sigmoid_cross_entropy import sigmoid_cross_entropy
from .sigmoid_focal import sigmoid_focal
from .sigmoid_squared_error import sigmoid_squared_error
from .smooth_hinge import smooth_hinge
from .softmax_absolute_error import softmax_absolute_error
from .softmax_cross_entropy import softmax_cross_entropy
from .softmax_focal import softmax_focal
from .softmax_squared_error import softmax_squared_error
from .sparsemax_loss import sparsemax_loss
from .squared_error import squared_error
from .squared_hinge import squared_hinge
from .squentropy import squentropy
from .tanh_squared_error import tanh_squared_error
from .transforms import label_smoothing, scaled, sum_over_outputs, weighted
from .weston_watkins import weston_watkins

ALL: tuple[Loss, ...] = (
    # Scalar events.
    squared_error,
    half_squared_error,
    absolute_error,
    huber(1.0),
    huber(0.1),
    log_cosh,
    pinball(0.5),
    pinball(0.9),
    gaussian_nll(1.0),
    gaussian_nll(0.1),
    sigmoid_cross_entropy,
    sigmoid_squared_error,
    sigmoid_absolute_error,
    sigmoid_focal(2.0, 0.25),
    sigmoid_focal(0.5, 0.5),
    tanh_squared_error,
    poisson,
    hinge,
    squared_hinge,
    smooth_hinge,
    modified_huber,
    perceptron,
    logistic,
    scaled(sigmoid_cross_entropy, 0.5),
    weighted(sigmoid_cross_entropy, (1.0, 0.25)),
    weighted(logistic, (0.5, 1.0)),
    # Vector events.
    softmax_cross_entropy,
    label_cross_entropy,
    label_squared_error,
    softmax_squared_error,
    softmax_absolute_error,
    softmax_focal(2.0),
    softmax_focal(0.5),
    poly1(1.0),
    poly1(2.0),
    poly1(-1.0),
    generalized_cross_entropy(0.7),
    generalized_cross_entropy(0.1),
    kl_divergence,
    one_hot_squared_error,
    rescaled_squared_error(1.0, 15.0),
    rescaled_squared_error(15.0, 30.0),
    squentropy,
    correct_class_quadratic(2.0),
    correct_class_quadratic(0.5),
    crammer_singer,
    weston_watkins,
    one_against_rest_squared_hinge,
    multiclass_perceptron,
    sparsemax_loss,
    sum_over_outputs(sigmoid_cross_entropy),
    sum_over_outputs(huber(1.0)),
    label_smoothing(softmax_cross_entropy, 0.1),
)

__all__ = [
    "ALL",
    "Loss",
    "absolute_error",
    "correct_class_quadratic",
    "crammer_singer",
    "gaussian_nll",
    "generalized_cross_entropy",
    "half_squared_error",
    "hinge",
    "huber",
    "kl_divergence",
    "label_cross_entropy",
    "label_smoothing",
    "label_squared_error",
    "log_cosh",
    "logistic",
    "modified_huber",
    "multiclass_perceptron",
    "one_against_rest_squared_hinge",
    "one_hot_squared_error",
    "perceptron",
    "pinball",
    "poisson",
    "poly1",
    "rescaled_squared_error",
    "scaled",
    "sigmoid_absolute_error",
    "sigmoid_cross_entropy",
    "sigmoid_focal",
    "sigmoid_squared_error",
    "smooth_hinge",
    "softmax_absolute_error",
    "softmax_cross_entropy",
    "softmax_focal",
    "softmax_squared_error",
    "sparsemax_loss",
    "squared_error",
    "squared_hinge",
    "squentropy",
    "sum_over_outputs",
    "tanh_squared_error",
    "weighted",
    "weston_watkins",
]
