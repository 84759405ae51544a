"""Correct-class quadratic loss of linear outputs: squared error with more weight on the right class.

L             = sum_k (z_k - t_k)^2 / 2 + w (1 - z_y)^2 / 2,   y the class of a one-hot target t
dL/dz_y       = (1 + w) (z_y - 1),   dL/dz_i = z_i
d2L/dz_y2     = 1 + w,   d2L/dz_i2 = 1,   0 off the diagonal

With the half sum, w = sqrt(C - 1) - 1, suggested for C classes, gives the right class the weight sqrt(C - 1).
"""

import jax.numpy as jnp

from . import pair, parameter
from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss, identity
from .one_hot import chosen


def formula(z, t, w):
    return jnp.sum((z - t) ** 2) / 2 + w * (1 - jnp.sum(t * z)) ** 2 / 2


def value(z, t, w):
    y = chosen(t)
    r = pair.difference(z, y.astype(z.dtype))
    # The rounding of z - 1 counts twice in its square.
    rounding = jnp.where(y & jnp.isfinite(z), r.hi * r.lo, 0)
    return jnp.sum(jnp.where(y, 1 + w, 1) * (r.hi * (r.hi / 2) + rounding))


def grad(z, t, w):
    y = chosen(t)
    return jnp.where(y, 1 + w, 1) * jnp.where(y, z - 1, z)


def hess(z, t, v, w):
    return jnp.where(chosen(t), 1 + w, 1) * v


def correct_class_quadratic(w: float = 2.0) -> Loss:
    """The correct-class quadratic loss with extra weight w >= 0; 0 is half the squared error.

    Raises: ValueError for a negative w.
    """
    parameter.between("w", w, 0, INF)
    return Loss(
        name="correct_class_quadratic",
        event_ndim=1,
        targets=ONE_HOT,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=identity,
        claims=Claims(convex=True, lipschitz=INF, smooth=1 + w, bound=INF, perfect=zero, calibrated=True),
        params={"w": w},
        source="Demirkaya, Chen and Oymak 2020",
    )
