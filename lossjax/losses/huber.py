"""Huber's loss of a linear output: quadratic within delta of the target, linear outside.

L       = r^2 / 2          for |r| <= delta,   r = z - t
          delta (|r| - delta / 2)    otherwise
dL/dz   = min(max(r, -delta), delta)
d2L/dz2 = 1 for |r| < delta, 0 for |r| > delta

The Hessian jumps at |r| = delta, where it is 1 here. Whether |r| exceeds delta is decided by the real number z - t,
not by its rounding.
"""

import jax.numpy as jnp

from . import parameter
from .claims import INF, Claims, zero
from .domain import REAL
from .elementary import magnitude, times_difference
from .loss import Loss, identity
from .pair import difference


def formula(z, t, delta):
    r = jnp.abs(z - t)
    return jnp.where(r <= delta, r**2 / 2, delta * (r - delta / 2))


def value(z, t, delta):
    r = magnitude(z - t)
    inside = r <= delta
    near = jnp.where(inside, r, 0)
    far = jnp.where(jnp.isinf(r), magnitude(times_difference(delta, z, t)), delta * (r - 0.5 * delta))
    return jnp.where(inside, (0.5 * near) * near, far)


def grad(z, t, delta):
    r = z - t
    return jnp.where(r > delta, delta, jnp.where(r < -delta, -delta, r))


def hess(z, t, delta):
    r, error = difference(z, t)
    # Where the rounded |r| equals delta, its rounding error decides on which side the real number lies.
    outside = (magnitude(r) > delta) | ((r == delta) & (error > 0)) | ((r == -delta) & (error < 0))
    return jnp.where(outside, jnp.zeros_like(z), 1)


def huber(delta: parameter.Number = 1.0) -> Loss:
    """Huber's loss, quadratic within delta > 0 of the target (units of z), of slope delta outside."""
    parameter.positive("delta", delta)
    return Loss(
        name="huber",
        event_ndim=0,
        targets=REAL,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=identity,
        params={"delta": delta},
        claims=Claims(convex=True, lipschitz=delta, smooth=1.0, bound=INF, perfect=zero),
        source="Huber 1964, Annals of Mathematical Statistics 35, p. 75",
    )
