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
from .one_hot import at


def formula(z, t, epsilon):
    p = jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z))
    return -jnp.log(p) + epsilon * (1 - p)


def value(z, t, epsilon):
    w = softmax.weights(z)
    c, nats = at(t, softmax.others(w)), softmax.surprise(w, t)
    # -log p = 2 artanh s with s = c / (2 - c), of which c is 2 s / (1 + s).
    s = jnp.minimum(c / (2 - c), 0.4)
    beyond = jnp.where(c < 0.5, 2 * (s * s / (1 + s) + softmax.artanh_tail(s)), nats - c)
    return beyond + (1 + epsilon) * c


def grad(z, t, epsilon):
    w = softmax.weights(z)
    return softmax.target_gradient(w, t, _slope(w, t, epsilon))


def _slope(w, t, epsilon):
    return -softmax.linear(w, lambda p: jnp.sum(p) + epsilon * at(t, p))


def hess(z, t, v, epsilon):
    w = softmax.weights(z)
    p, c, rest = at(t, w.p), at(t, softmax.others(w)), softmax.others(w)
    d = _slope(w, t, epsilon)
    cross = p * softmax.linear(w, lambda p: (1 - epsilon) * jnp.sum(p) + 2 * epsilon * at(t, p))
    pair = -c * softmax.linear(w, lambda p: jnp.sum(p) + 2 * epsilon * at(t, p))
    return softmax.target_product(w, t, v, cross, pair, -epsilon * p * w.p - d * rest)


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
        claims=Claims(
            convex=False, lipschitz=2.0, smooth=1.0, bound=INF, perfect=zero, proper=False, calibrated=True
        ),
        params={"epsilon": epsilon},
        source="Leng et al. 2022, eq. 3",
    )
