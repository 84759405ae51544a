"""Transforms `Loss -> Loss`: formula, value, gradient, Hessian, likelihood, claims and parameters go through.

A transform multiplies what its loss returns. Where that is already infinite, or so small that XLA flushed it to 0, a
factor cannot bring it back.
"""

import math

import jax.numpy as jnp

from . import parameter
from .domain import Domain
from .loss import Loss
from .one_hot import Label, at


def sum_over_outputs(loss: Loss) -> Loss:
    """The sum of a scalar-event loss over K independent outputs: L = sum_k loss(z_k, t_k), a vector event.

    The Hessian is diagonal. Targets have the shape of z; a NaN in any z_k makes all of them NaN. No constant is claimed
    that grows with K.
    """
    if loss.event_ndim != 0:
        raise ValueError(f"sum_over_outputs needs a loss of a scalar event, {loss.label} has vectors")

    def whole(z, x):
        return jnp.where(jnp.any(jnp.isnan(z)), jnp.nan, x)

    def perfect(t):
        return sum(loss.claims.perfect(x) for x in t)

    claims, likelihood = loss.claims, loss.likelihood
    return loss.replace(
        name=f"sum_over_outputs[{loss.name}]",
        event_ndim=1,
        targets=Domain(
            f"{loss.targets.name}^K", 1, lambda t: jnp.all(loss.targets.contains(t), axis=-1), loss.targets.safe
        ),
        formula=lambda z, t, **p: jnp.sum(loss.formula(z, t, **p)),
        value=lambda z, t, **p: whole(z, jnp.sum(loss.value(z, t, **p))),
        grad=lambda z, t, **p: whole(z, loss.grad(z, t, **p)),
        hess=lambda z, t, v, **p: whole(z, loss.hess(z, t, **p) * v),
        likelihood=likelihood and (lambda z, t, **p: likelihood(z, t, **p).sum(-1)),
        claims=claims.replace(
            perfect=perfect,
            lipschitz=claims.lipschitz if claims.lipschitz == math.inf else None,
            bound=claims.bound if claims.bound == math.inf else None,
            calibrated=None,
        ),
    )


def scaled(loss: Loss, factor: parameter.Number) -> Loss:
    """The loss times a factor > 0."""
    parameter.positive("factor", factor)
    return _weighed(loss, "scaled", "factor", factor, lambda t, factor: factor, factor, factor == 1)


def weighted(loss: Loss, weights) -> Loss:
    """The loss times the weight of its target's class, weights > 0: w(t) loss(z, t).

    For a scalar event `weights = (w0, w1)` are those of the negative and of the positive class, t = 1:
    w(t) = (1 - t) w0 + t w1, or at targets -1 and +1, (w0 (1 - t) + w1 (1 + t)) / 2. For a vector of K, K weights and
    w(t) = sum_k t_k w_k. A soft target so has the mean weight of its classes; the claimed constants suppose that the
    loss treats its classes alike.
    """
    for i, w in enumerate(weights):
        parameter.positive(f"weights[{i}]", w)
    if loss.event_ndim == 0 and len(weights) != 2:
        raise ValueError(
            f"{loss.label} has a scalar event and needs 2 weights, (negative, positive), got {len(weights)}"
        )
    if loss.event_ndim == 0 and loss.targets.name not in _SIDES:
        raise ValueError(f"{loss.label} has targets in {loss.targets.name}, which are no classes: no weights")
    weigh = _class_weight if loss.event_ndim else _SIDES[loss.targets.name]
    even = parameter.known(*weights) and all(w == weights[0] for w in weights)
    return _weighed(loss, "weighted", "weights", tuple(weights), weigh, max(weights), even and weights[0] == 1, even)


def label_smoothing(loss: Loss, alpha: parameter.Number) -> Loss:
    """The loss at the target (1 - alpha) t + alpha / K, for a vector of K, 0 <= alpha < 1.

    Value and gradient of a loss that is affine in t are (1 - alpha) loss(z, t) + alpha loss(z, 1/K), which keeps the
    digits of output - t at a confident output; those of any other are taken at the smoothed target, rounded.
    """
    parameter.between("alpha", alpha, 0, 1)
    if parameter.known(alpha) and alpha == 1:
        raise ValueError("alpha must be below 1: at 1 the loss does not depend on the target")
    if loss.event_ndim != 1 or loss.targets.name != "simplex":
        raise ValueError(f"label_smoothing needs a loss of soft vector targets, {loss.label} has {loss.targets.name}")
    key = _fresh(loss, "smoothing")

    def smooth(t, a):
        return (1 - a) * t + a / t.shape[-1]

    def direct(f):
        def smoothed(z, t, *v, **params):
            a = params.pop(key)
            return f(z, smooth(t, a), *v, **params)

        return smoothed

    def both(f, z, t, params):
        return (f(z, x, **params) for x in (t, jnp.full_like(t, 1 / t.shape[-1])))

    def value(z, t, **params):
        a = params.pop(key)
        at_t, at_uniform = both(loss.value, z, t, params)
        return (1 - a) * at_t + a * at_uniform

    def grad(z, t, **params):
        a = params.pop(key)
        at_t, at_uniform = both(loss.grad, z, t, params)
        # Not as the value: where both are the least normal numbers, each product would be flushed.
        return at_t + a * (at_uniform - at_t)

    claims = loss.claims
    return loss.replace(
        name=f"label_smoothing[{loss.name}]",
        formula=direct(loss.formula),
        value=value if claims.affine else direct(loss.value),
        grad=grad if claims.affine else direct(loss.grad),
        hess=direct(loss.hess),
        params={**loss.params, key: alpha},
        likelihood=None,
        claims=claims.replace(
            perfect=lambda t: claims.perfect(smooth(t, alpha)),
            lipschitz=claims.lipschitz if claims.lipschitz == math.inf else None,
            smooth=claims.smooth if claims.smooth == math.inf else None,
            bound=claims.bound if claims.bound == math.inf else None,
            proper=claims.proper and False,
            canonical=False,
        ),
    )


def _class_weight(t, weights):
    if isinstance(t, Label):
        return at(t, _of_each_class(weights, t.classes))
    return jnp.sum(t * _of_each_class(weights, t.shape[-1]).astype(t.dtype))


def _of_each_class(weights, classes):
    weights = jnp.asarray(weights)
    if weights.shape != (classes,):
        raise ValueError(f"there are {classes} classes, so weighted needs {classes} weights, got {weights.shape[0]}")
    return weights


_SIDES = {
    "unit": lambda t, w: (1 - t) * w[0] + t * w[1],
    "binary": lambda t, w: (1 - t) * w[0] + t * w[1],
    "margin": lambda t, w: ((1 - t) * w[0] + (1 + t) * w[1]) / 2,
}


def _fresh(loss, key):
    """The key, or key2, key3, ... where an inner transform has taken it."""
    names = (key, *(f"{key}{n}" for n in range(2, len(loss.params) + 3)))
    return next(name for name in names if name not in loss.params)


def _weighed(loss, name, key, weight, weigh, largest, one, even=True):
    """Everything times weigh(t, weight); `largest` multiplies the constants, `even`: do all targets weigh the same?"""
    key, claims = _fresh(loss, key), loss.claims

    def through(f):
        def product(z, t, *v, **params):
            w = weigh(t, params.pop(key))
            return w * f(z, t, *v, **params)

        return product

    def times(x):
        return None if x is None else x * largest if x else x

    return loss.replace(
        name=f"{name}[{loss.name}]",
        formula=through(loss.formula),
        value=through(loss.value),
        grad=through(loss.grad),
        hess=through(loss.hess),
        params={**loss.params, key: weight},
        likelihood=None,
        claims=claims.replace(
            lipschitz=times(claims.lipschitz),
            smooth=times(claims.smooth),
            bound=times(claims.bound),
            perfect=lambda t: weigh(t, weight) * claims.perfect(t),
            proper=claims.proper and even,
            calibrated=claims.calibrated and even,
            affine=claims.affine and even,
            canonical=claims.canonical and one,
        ),
    )
