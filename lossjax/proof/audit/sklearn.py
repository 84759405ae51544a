"""scikit-learn's private _loss: (y_true, raw_prediction), numpy in float32 and float64, halved deviances."""

import numpy as np
from sklearn._loss import loss as sl

from ... import losses
from . import formulas
from .case import Case, Library


def _whole(loss, label=False):
    """The quantity of a scikit-learn loss at all points; its Hessian of a multinomial is the diagonal alone."""

    def at(quantity, z, t):
        y = np.ascontiguousarray(t.argmax(-1).astype(z.dtype) if label else t)
        z = np.ascontiguousarray(z)
        if quantity == "value":
            found = loss(z).loss(y_true=y, raw_prediction=z)
        elif quantity == "grad":
            found = loss(z).gradient(y_true=y, raw_prediction=z)
        else:
            found = loss(z).gradient_hessian(y_true=y, raw_prediction=z)[1]
        return np.asarray(found, np.float64).reshape(len(z), -1)

    return at


def _case(name, formula, targets, loss, **options):
    words = f"sl.{name}"
    return Case(name, words, formula, targets, whole=_whole(loss), dtypes=("float32", "float64"), **options)


LIBRARY = Library(
    name="sklearn",
    distribution="scikit-learn",
    imports="import numpy as np; from sklearn._loss import loss as sl",
    cases=(
        _case("HalfBinomialLoss()", losses.sigmoid_cross_entropy, "unit", lambda z: sl.HalfBinomialLoss()),
        _case("HalfSquaredError()", losses.half_squared_error, "real", lambda z: sl.HalfSquaredError()),
        _case(
            "AbsoluteError()", losses.absolute_error, "real", lambda z: sl.AbsoluteError(), quantities=("value", "grad")
        ),
        _case(
            "PinballLoss(quantile=0.9)",
            losses.pinball(tau=0.9),
            "real",
            lambda z: sl.PinballLoss(quantile=0.9),
            quantities=("value", "grad"),
        ),
        _case(
            "HuberLoss(delta=1.0)",
            losses.huber(delta=1.0),
            "real",
            lambda z: sl.HuberLoss(delta=1.0),
            quantities=("value", "grad"),
        ),
        _case("HalfPoissonLoss()", formulas.poisson_nll, "count", lambda z: sl.HalfPoissonLoss()),
        Case(
            "HalfMultinomialLoss(n_classes=K)",
            "sl.HalfMultinomialLoss(n_classes=z.shape[-1])",
            losses.softmax_cross_entropy,
            "one_hot",
            whole=_whole(lambda z: sl.HalfMultinomialLoss(n_classes=z.shape[-1]), label=True),
            labels=True,
            quantities=("value", "grad"),
            dtypes=("float32", "float64"),
        ),
    ),
    left_out={
        "HalfGammaLoss, HalfTweedieLoss, ExponentialLoss": "no such loss in the catalogue",
        "the Hessian of HalfMultinomialLoss": "its diagonal alone",
        "the Hessians of AbsoluteError, PinballLoss and HuberLoss": "declared constant by the library, for its trees",
    },
)
