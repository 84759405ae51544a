"""Rescaled squared error of linear outputs: the right class is asked for M and weighs k.

L             = (k (z_y - M)^2 + sum_{i != y} z_i^2) / C,   y the class of a one-hot target, C the number of classes
dL/dz_y       = 2 k (z_y - M) / C,   dL/dz_i = 2 z_i / C
d2L/dz_y2     = 2 k / C,   d2L/dz_i2 = 2 / C,   0 off the diagonal

The mean over classes, as printed. Hui and Belkin use k = M = 1 up to 42 classes, then k = 1, M = 15, and k = 15, M = 30
for a thousand.
"""

import jax.numpy as jnp

from . import parameter
from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss, identity
from .one_hot import at, chosen


def formula(z, t, k, M):
    return jnp.mean(t * k * (z - M) ** 2 + (1 - t) * z**2)


def value(z, t, k, M):
    # Apart: beside the large square of the right class, each of many small ones would be rounded to its ulp.
    right, wrong, classes = at(t, z) - M, jnp.where(chosen(t), 0, z), z.shape[-1]
    return k * (right * (right / classes)) + jnp.sum(wrong * (wrong / classes))


def _curvature(z, t, k):
    return jnp.where(chosen(t), k, 1) * (2 / z.shape[-1])


def grad(z, t, k, M):
    return _curvature(z, t, k) * jnp.where(chosen(t), z - M, z)


def hess(z, t, v, k, M):
    return _curvature(z, t, k) * v


def rescaled_squared_error(k: float = 1.0, M: float = 15.0) -> Loss:
    """The rescaled squared error with weight k > 0 and level M > 0 of the right class.

    Raises: ValueError for k or M not positive.
    """
    parameter.positive("k", k)
    parameter.positive("M", M)
    return Loss(
        name="rescaled_squared_error",
        event_ndim=1,
        targets=ONE_HOT,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=identity,
        # The largest curvature is that of two classes, 2 max(k, 1) / 2.
        claims=Claims(convex=True, lipschitz=INF, smooth=k if k > 1 else 1.0, bound=INF, perfect=zero, calibrated=True),
        params={"k": k, "M": M},
        source="Hui and Belkin 2021, section 2",
    )
