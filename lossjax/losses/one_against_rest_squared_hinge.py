"""One-against-rest squared hinge, the L2-SVM: every class a binary problem.

L             = sum_k max(0, 1 - s_k z_k)^2,   s = 2 t - 1 in {-1, +1}
dL/dz_k       = -2 s_k max(0, 1 - s_k z_k)
d2L/dz_k dz_j = 2 delta_kj where s_k z_k < 1, else 0

Differentiable everywhere; the curvature jumps at the margin, where the choice is 0.
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss, identity
from .one_hot import chosen


def formula(z, t):
    return jnp.sum(jnp.maximum(0, 1 - (2 * t - 1) * z) ** 2)


def _sign(t, dtype):
    return jnp.where(chosen(t), 1, -1).astype(dtype)


def value(z, t):
    return jnp.sum(jnp.maximum(0, 1 - _sign(t, z.dtype) * z) ** 2)


def grad(z, t):
    s = _sign(t, z.dtype)
    return -2 * s * jnp.maximum(0, 1 - s * z)


def hess(z, t, v):
    return 2 * jnp.heaviside(1 - _sign(t, z.dtype) * z, 0) * v


one_against_rest_squared_hinge = Loss(
    name="one_against_rest_squared_hinge",
    event_ndim=1,
    targets=ONE_HOT,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(
        convex=True,
        lipschitz=INF,
        smooth=2.0,
        bound=INF,
        perfect=zero,
        calibrated=True,
    ),
    source="Tang 2013, eq. 11",
)
