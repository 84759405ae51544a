"""Squentropy: softmax cross-entropy plus the mean square of the wrong logits.

L             = -log p_y + sum_{i != y} z_i^2 / (C - 1),   y the class of a one-hot target, C the number of classes
dL/dz_y       = p_y - 1,   dL/dz_i = p_i + 2 z_i / (C - 1)
d2L/dz_k dz_j = p_k (delta_kj - p_j) + 2 delta_kj (k != y) / (C - 1)

The square ties down the level of the logits, which cross-entropy leaves free.
"""

import jax.numpy as jnp

from . import softmax
from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss
from .one_hot import chosen


def formula(z, t):
    p = jnp.exp(z) / jnp.sum(jnp.exp(z))
    return -jnp.log(jnp.sum(t * p)) + jnp.sum((1 - t) * z**2) / (z.shape[-1] - 1)


def _share(z, t):
    """z_i / (C - 1) of the wrong classes; nothing where there are none."""
    return jnp.where(chosen(t), 0, z / max(z.shape[-1] - 1, 1))


def value(z, t):
    return softmax.surprise(softmax.weights(z), t) + jnp.sum(jnp.where(chosen(t), 0, z) * _share(z, t))


def grad(z, t):
    return softmax.target_gradient(softmax.weights(z), t, -1.0) + 2 * _share(z, t)


def hess(z, t, v):
    return softmax.jacobian(softmax.weights(z), v) + 2 * _share(v, t)


squentropy = Loss(
    name="squentropy",
    event_ndim=1,
    targets=ONE_HOT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=softmax.softmax,
    # The largest curvature is that of two classes at p_y = 1/2: of [[1/4, -1/4], [-1/4, 1/4 + 2]].
    claims=Claims(
        convex=True, lipschitz=INF, smooth=(5 + 17**0.5) / 4, bound=INF, perfect=zero, proper=False, calibrated=True
    ),
    source="Hui, Belkin and Wright 2023, eq. 1",
)
