"""Weston-Watkins multiclass hinge: the margins to all wrong classes, summed.

L       = sum_{j != y} max(0, 1 + z_j - z_y),   y the class of a one-hot target
dL/dz_j = 1 where 1 + z_j - z_y > 0, else 0;   dL/dz_y = -sum_{j != y} dL/dz_j
d2L/dz2 = 0
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .crammer_singer import deficit
from .domain import ONE_HOT
from .loss import Loss, identity
from .one_hot import at, chosen


def formula(z, t):
    return jnp.sum(jnp.where(t > 0, 0, jnp.maximum(0, 1 + z - jnp.sum(jnp.where(t > 0, z, 0)))))


def value(z, t):
    return jnp.sum(jnp.where(chosen(t), 0, jnp.maximum(0, deficit(at(t, z), z))))


def grad(z, t):
    missed = jnp.where(chosen(t), 0, jnp.heaviside(deficit(at(t, z), z), 0))
    return jnp.where(chosen(t), -jnp.sum(missed), missed)


def hess(z, t, v):
    return 0 * v


weston_watkins = Loss(
    name="weston_watkins",
    event_ndim=1,
    targets=ONE_HOT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    # The gradient of K classes reaches sqrt(K (K - 1)).
    claims=Claims(
        convex=True,
        lipschitz=None,
        smooth=0.0,
        bound=INF,
        perfect=zero,
        calibrated=False,
        kinks="margin 1 to any class: derivative 0",
    ),
    source="Weston and Watkins 1999",
)
