"""Generalised cross-entropy: between softmax cross-entropy (q -> 0) and half the absolute error (q = 1).

L            = (1 - p^q) / q,   p = p_y the probability of the class y of a one-hot target
dL/dz_k      = d (delta_ky - p_k),   d = p dL/dp = -p^q
d2L/dz_k dz_j = e (delta_ky - p_k)(delta_jy - p_j) - d p_k (delta_kj - p_j),   e = p dd/dp = -q p^q

1 - p^q is taken as -expm1(q log p), which keeps the tail at p = 1.
"""

import jax.numpy as jnp

from . import elementary, pair, parameter, softmax
from .claims import Claims, zero
from .domain import ONE_HOT
from .loss import Loss
from .one_hot import at


def formula(z, t, q):
    p = jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z))
    return (1 - p**q) / q


def value(z, t, q):
    nats = softmax.surprise(softmax.weights(z), t)
    # Where q log p is tiny, the product may underflow although L = -log p does not.
    return jnp.where(nats < jnp.finfo(nats.dtype).eps / 4, nats, -elementary.expm1(-q * nats) / q)


def _power(w, t, q):
    """The power p^q: q log p may be several units where all z are 0, and its rounding counts."""
    nats = softmax.surprise_pair(w, t)
    x = pair.product(jnp.asarray(q, nats.hi.dtype), nats.hi)
    lo = x.lo + q * nats.lo
    return pair.exp_minus(x.hi).hi * (1 - jnp.where(jnp.isfinite(lo), lo, 0))


def grad(z, t, q):
    w = softmax.weights(z)
    return softmax.target_gradient(w, t, -_power(w, t, q))


def hess(z, t, v, q):
    w = softmax.weights(z)
    power, c = softmax.LIFT * _power(w, t, q), at(t, softmax.others(w))
    q_ = jnp.asarray(q, z.dtype)
    cross = power * softmax.bilinear(w, q_, lambda p, q, one: one * at(t, p) - q * (jnp.sum(p) - at(t, p)))
    diagonal = power * softmax.bilinear(w, q_, lambda p, q, one: one * (jnp.sum(p) - p) - q * p)
    return softmax.target_product(w, t, v, cross, -(1 + q) * power * c, diagonal)


def _steepest(q):
    """The largest curvature, that of two classes: 2 (1 - p) p^q |(1 + q) p - q| at a root of its derivative."""
    a, b = (1 + q) * (2 + q), (1 + q) * (1 + 2 * q)
    root = (b * b - 4 * a * q * q) ** 0.5
    return max(2 * (1 - p) * p**q * abs((1 + q) * p - q) for p in ((b - root) / (2 * a), (b + root) / (2 * a)))


def generalized_cross_entropy(q: float = 0.7) -> Loss:
    """Generalised cross-entropy with exponent q in (0, 1].

    Raises: ValueError for a q outside.
    """
    parameter.positive("q", q)
    parameter.between("q", q, 0, 1)
    return Loss(
        name="generalized_cross_entropy",
        event_ndim=1,
        targets=ONE_HOT,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=softmax.softmax,
        claims=Claims(
            convex=False,
            lipschitz=2**0.5 * (q / (1 + q)) ** q / (1 + q),
            smooth=_steepest(q) if parameter.known(q) else None,
            bound=1 / q,
            perfect=zero,
            proper=False,
            calibrated=True,
        ),
        params={"q": q},
        source="Zhang and Sabuncu 2018, eq. 6",
    )
