"""Crammer-Singer multiclass hinge: the margin to the best wrong class.

L       = max(0, 1 + max_{j != y} z_j - z_y),   y the class of a one-hot target
dL/dz_y = -1, dL/dz_j = 1 at the best wrong class, where L > 0; 0 elsewhere
d2L/dz2 = 0

Rounded, 1 + z_j - z_y can be positive where it is 0 or less, and 0 where it is positive: its sign is taken exactly.
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss, identity
from .one_hot import at, best_other, chosen
from .pair import difference


def formula(z, t):
    return jnp.maximum(0, 1 + jnp.max(jnp.where(t > 0, -jnp.inf, z)) - jnp.sum(jnp.where(t > 0, z, 0)))


def deficit(z_y, z_j):
    """1 + z_j - z_y, of the exact sign: the rounding error of the difference decides near the margin."""
    d, error = difference(z_y, z_j)
    return jnp.where(jnp.isfinite(error), (1 - d) - error, 1 - d)


def value(z, t):
    return jnp.maximum(0, deficit(at(t, z), best_other(z, t)[0]))


def grad(z, t):
    other, place = best_other(z, t)
    active = deficit(at(t, z), other) > 0
    return jnp.where(active, place - chosen(t).astype(z.dtype), 0 * value(z, t))


def hess(z, t, v):
    return 0 * v


crammer_singer = Loss(
    name="crammer_singer",
    event_ndim=1,
    targets=ONE_HOT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(
        convex=True,
        lipschitz=2**0.5,
        smooth=0.0,
        bound=INF,
        perfect=zero,
        calibrated=False,
        kinks="margin 1: derivative 0; equal wrong classes: the first",
    ),
    source="Crammer and Singer 2001",
)
