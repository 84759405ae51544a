"""Poly-1 loss: softmax cross-entropy with its first polynomial coefficient moved by epsilon.

L            = -log p + epsilon (1 - p),   p = p_y the probability of the class y of a one-hot target
dL/dz_k      = d (delta_ky - p_k),   d = p dL/dp = -(1 + epsilon p)
d2L/dz_k dz_j = e (delta_ky - p_k)(delta_jy - p_j) - d p_k (delta_kj - p_j),   e = p dd/dp = -epsilon p

The value is summed as (-log p - (1 - p)) + (1 + epsilon)(1 - p), neither negative for epsilon >= -1.
"""

import jax.numpy as jnp

from . import parameter, softmax
from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss
from .one_hot import at, chosen


def formula(z, t, epsilon):
    p = jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z))
    return -jnp.log(p) + epsilon * (1 - p)


def value(z, t, epsilon):
    w = softmax.weights(z)
    c, nats = softmax.linear_pair(w, lambda p: jnp.sum(jnp.where(chosen(t), 0, p))), softmax.surprise_pair(w, t)
    # -log p = 2 artanh s with s = c / (2 - c), of which c is 2 s / (1 + s); beyond, the difference takes both roundings.
    near = c.hi < 0.2
    s = jnp.where(near, c.hi / (2 - c.hi), 0)
    series = c.hi * s + (2 * softmax.artanh_tail(s) + c.hi * c.lo)
    beyond = jnp.where(near, series, (nats.hi - c.hi) + (nats.lo - c.lo))
    return beyond + softmax.linear(w, lambda p: (1 + epsilon) * jnp.sum(jnp.where(chosen(t), 0, p)))


def grad(z, t, epsilon):
    w = softmax.weights(z)
    return softmax.target_gradient(w, t, _slope(w, t, epsilon))


def _slope(w, t, epsilon):
    return -softmax.linear(w, lambda p: jnp.sum(p) + epsilon * at(t, p))


def hess(z, t, v, epsilon):
    w = softmax.weights(z)
    y, probabilities, c, lift = chosen(t), softmax.probabilities(w), softmax.others(w), softmax.LIFT
    p = at(t, probabilities)
    slope = -_slope(w, t, epsilon)
    bend = softmax.linear(w, lambda p: (1 - epsilon) * jnp.sum(p) + 2 * epsilon * at(t, p))
    cross = softmax.linear(w, lambda p: lift * at(t, p) * bend)
    pair = -at(t, c) * softmax.linear(w, lambda p: lift * (jnp.sum(p) + 2 * epsilon * at(t, p)))
    # (1 + epsilon p_y)(1 - p_i) - epsilon p_y p_i: the first of two forms has no difference where epsilon < 0; the second
    # keeps p_y and the classes besides i together, which may be small alike.
    whole = softmax.linear(w, lambda e: lift * (slope * (jnp.sum(e) - e) - epsilon * at(t, e) * probabilities))
    parts = softmax.linear(
        w,
        lambda e: (
            lift * (jnp.sum(jnp.where(y, 0, e)) - e + (1 - epsilon) * at(t, e) + 2 * epsilon * p * (jnp.sum(e) - e))
        ),
    )
    return softmax.target_product(w, t, v, cross, pair, jnp.where(epsilon < 0, whole, parts))


_UNKNOWN = Claims(convex=False, lipschitz=None, smooth=None, bound=INF, perfect=zero)


def _claims(epsilon):
    # The largest slope is that of two classes, sqrt(2) (1 + epsilon p)(1 - p); so is the largest curvature,
    # 2 p (1 - p) |1 - epsilon + 2 epsilon p|, at a root of its derivative.
    root = (3 * epsilon**2 + 1) ** 0.5
    peaks = [(3 * epsilon - 1 + s * root) / (6 * epsilon) for s in (1, -1)] if abs(epsilon) > 1e-6 else [0.5]
    return Claims(
        convex=abs(epsilon) <= 1,
        lipschitz=2**0.5 * (1 if epsilon <= 1 else (1 + epsilon) ** 2 / (4 * epsilon)),
        smooth=max(2 * p * (1 - p) * abs(1 - epsilon + 2 * epsilon * p) for p in peaks if 0 <= p <= 1),
        bound=INF,
        perfect=zero,
        proper=epsilon == 0,
        calibrated=True,
    )


def poly1(epsilon: float = 1.0) -> Loss:
    """Poly-1 with coefficient epsilon >= -1; 0 is cross-entropy.

    Raises: ValueError for epsilon < -1.
    """
    parameter.between("epsilon", epsilon, -1, INF)
    return Loss(
        name="poly1",
        event_ndim=1,
        targets=ONE_HOT,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=softmax.softmax,
        claims=_claims(epsilon) if parameter.known(epsilon) else _UNKNOWN,
        params={"epsilon": epsilon},
        source="Leng et al. 2022, eq. 3",
    )
