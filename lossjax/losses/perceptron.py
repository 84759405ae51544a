"""Perceptron loss of a margin m = t z, t in {-1, +1}.

L       = max(0, -m)
dL/dz   = -t for m < 0, 0 for m > 0
d2L/dz2 = 0

At the kink m = 0 the derivative is -t: Rosenblatt's rule learns from an undecided example, or a start at zero would
never leave it. Not calibrated: z = 0 minimises the conditional risk at every posterior.
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import MARGIN
from .loss import Loss, identity


def formula(z, t):
    return jnp.maximum(0, -t * z)


def value(z, t):
    m = t * z
    return jnp.where(m < 0, -m, 0)


def grad(z, t):
    return jnp.where(t * z <= 0, -t, 0)


def hess(z, t):
    return jnp.zeros_like(z)


perceptron = Loss(
    name="perceptron",
    event_ndim=0,
    targets=MARGIN,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(
        convex=True,
        lipschitz=1.0,
        smooth=0.0,
        bound=INF,
        perfect=zero,
        calibrated=False,
        kinks="z = 0: the derivative there is -t",
    ),
    source="Rosenblatt 1958; Bartlett et al. 2006, theorem 2",
)
