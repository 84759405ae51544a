"""Squared error of the softmax outputs at labels: `softmax_squared_error` where every target is one-hot, in fewer operations.

L            = (sum_{j != y} p_j)^2 + sum_{j != y} p_j^2,   p_k = exp(z_k) / sum_j exp(z_j)
dL/dz_y      = -2 p_y L
dL/dz_k      = 2 p_k (p_k + p_y - sum_j p_j^2)   for k other than y   (Golik et al. 2013, eq. 12)
d2L/dz_k dz_j as in `softmax_squared_error`

With weights e_k = exp(z_k - max z), their complements d_k = 1 - e_k, and S = sum_j e_j, the bracket is
(e_y - d_k + sum_j e_j d_j / S) / S: near equal pre-activations all d are small, and keep all their digits.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from . import elementary, pair, softmax
from .claims import Claims, zero
from .domain import CLASS
from .loss import Loss
from .one_hot import at, chosen, others, put
from .one_hot_weights import below, lifted_exp, total
from .softmax import LIFT


def formula(z, t):
    p = jnp.exp(z) / jnp.sum(jnp.exp(z))
    return jnp.sum((p - t) ** 2)


def _weight(x: Float[Array, "..."], one: Float[Array, ""]):
    """LIFT e and d = 1 - e for e = exp(x), x <= 0: each by the series of expm1 where e is above 1/2."""
    rough, m = lifted_exp(x, one), elementary.expm1_near(jnp.maximum(x, -1), 1)
    near = x > -0.7
    return jnp.where(near, LIFT + LIFT * m, rough), jnp.where(near, -m, 1 - rough / LIFT)


def _parts(z, t):
    """All e and d; those of the label; the sum S of all weights; L; and sum e d / S. All but d times LIFT."""
    peak = jnp.max(z)
    one = pair.one(peak)
    e, d = _weight(below(z, peak), one)
    own, lack = _weight(below(at(t, z), peak), one)
    # The sum of all e is that of both, and nothing cancels.
    squares, mixed = total(others(t, e * (e / LIFT))), jnp.sum(others(t, e * d))
    wrong = pair.total(squares, mixed)
    whole = pair.total(wrong.hi, own)
    several = jnp.isinf(peak) & (whole.hi > LIFT)
    whole = pair.Pair(jnp.where(several, jnp.nan, whole.hi), whole.lo + wrong.lo)
    rest, square = pair.over(wrong, whole), pair.over(pair.Pair(LIFT * squares, jnp.zeros_like(squares)), whole)
    hidden = 2 * LIFT * rest.hi * rest.lo + (square.lo - square.hi * (whole.lo / whole.hi)) * (LIFT / whole.hi)
    cost = (LIFT * rest.hi) * rest.hi + (square.hi * (LIFT / whole.hi) + hidden)
    return e, d, own, lack, whole, cost, (mixed + own * lack) * (LIFT / whole.hi)


def value(z, t):
    return _parts(z, t)[5] / LIFT


def grad(z, t):
    e, d, own, lack, whole, cost, spread = _parts(z, t)
    near_level, far_level = pair.total(own, spread), pair.total(-LIFT * lack, spread)
    share = pair.over(pair.Pair(jnp.ones_like(own), jnp.zeros_like(own)), whole)
    right, scale = own * (2 * cost / whole.hi) / LIFT, 2 * share.hi * (share.hi + 2 * share.lo)
    # e_y - d = e - d_y, as the one that is right to its last digit.
    bracket = jnp.where(d < 0.5, (near_level.hi - LIFT * d) + near_level.lo, (e + far_level.hi) + far_level.lo)
    return put(t, e * bracket * scale, -right)


def hess(z, t, v):
    from .softmax_squared_error import hess  # which imports this file

    return hess(z, chosen(t).astype(z.dtype), v)


_PEAK = (9 + 33**0.5) / 24

# Slope and curvature are largest where the right class and one other share the output: 4 sqrt(2) p (1 - p)^2, and
# 8 p (1 - p)^2 (3 p - 1), which is largest at _PEAK.
CLAIMS = Claims(
    convex=False,
    lipschitz=16 * 2**0.5 / 27,
    smooth=8 * _PEAK * (1 - _PEAK) ** 2 * (3 * _PEAK - 1),
    bound=2.0,
    perfect=zero,
    proper=True,
    calibrated=True,
)

label_squared_error = Loss(
    name="label_squared_error",
    event_ndim=1,
    targets=CLASS,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=softmax.softmax,
    claims=CLAIMS,
    source="Golik et al. 2013, eq. 12; Brier 1950",
)
