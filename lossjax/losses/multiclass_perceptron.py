"""Multiclass perceptron: how far the best class lies above the right one.

L       = max_j z_j - z_y,   y the class of a one-hot target
dL/dz_y = -1, dL/dz_j = 1 at the best class j, where that is not y; 0 elsewhere
d2L/dz2 = 0
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss, identity
from .one_hot import at, best_other, chosen


def formula(z, t):
    return jnp.max(z) - jnp.sum(jnp.where(t > 0, z, 0))


def value(z, t):
    other, right = best_other(z, t)[0], at(t, z)
    return jnp.where(other <= right, 0, other - right)


def grad(z, t):
    other, place = best_other(z, t)
    return jnp.where(other > at(t, z), place - chosen(t).astype(z.dtype), 0 * value(z, t))


def hess(z, t, v):
    return 0 * v


multiclass_perceptron = Loss(
    name="multiclass_perceptron",
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
        kinks="the right class among the largest: derivative 0; equal wrong classes: the first",
    ),
    source="Collins 2002; Crammer and Singer 2003",
)
