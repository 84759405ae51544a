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
from .one_hot_weights import below, coarse, lifted_exp
from .softmax import LIFT


def formula(z, t):
    p = jnp.exp(z) / jnp.sum(jnp.exp(z))
    return jnp.sum((p - t) ** 2)


def _weight(x: Float[Array, "..."], one: Float[Array, ""]):
    """LIFT e and d = 1 - e for e = exp(x), x <= 0, without a choice: each by the series of expm1 where e is above 1/2."""
    rough, m = lifted_exp(x, one), elementary.expm1_near(jnp.maximum(x, -one), one)
    near, lift = _near(rough, one), LIFT * one
    return near * (lift + lift * m) + (one - near) * rough, (one - near) * (one - rough * (one / LIFT)) - near * m


def _near(e, one):
    """1 where the weight is far above 1/2, 0 far below, and anything between."""
    return jnp.minimum(jnp.maximum((4 / LIFT * one) * e - 1.5 * one, 0 * one), one)


def _sums(z, t):
    """Beside the label: sum e^2 in two parts and sum e d, times LIFT; the sum of e is that of all, and nothing cancels."""
    peak = jnp.max(z)

    def squares(one):
        e, _ = _weight(below(z, peak, one), one)
        return others(t, one) * (e * (e * (one / LIFT)))

    one = pair.one(peak)
    large = jnp.sum(coarse(squares(one), one))
    one = pair.one(large)
    small = jnp.sum(squares(one) - coarse(squares(one), one))
    one = pair.one(small)
    e, d = _weight(below(z, peak, one), one)
    mixed = jnp.sum(others(t, one) * (e * d))
    return large, small, mixed, peak


def _parts(z, t):
    """The largest z; e, d of the label; the sum S of all weights; L; and sum e d / S. All but z and d times LIFT."""
    large, small, mixed, peak = _sums(z, t)
    one = pair.one(mixed)
    own, lack = _weight(below(at(t, z), peak, one), one)
    wrong = pair.total(large, small + mixed)
    total = pair.total(wrong.hi, own)
    several = jnp.isinf(peak) & (total.hi > LIFT)
    total = pair.Pair(jnp.where(several, jnp.nan, total.hi), total.lo + wrong.lo)
    rest, squares = pair.over(wrong, total), pair.over(pair.total(LIFT * large, LIFT * small), total)
    hidden = 2 * LIFT * rest.hi * rest.lo + (squares.lo - squares.hi * (total.lo / total.hi)) * (LIFT / total.hi)
    cost = (LIFT * rest.hi) * rest.hi + (squares.hi * (LIFT / total.hi) + hidden)
    return peak, own, lack, total, cost, (mixed + own * lack) * (LIFT / total.hi)


def value(z, t):
    return _parts(z, t)[4] / LIFT


def grad(z, t):
    peak, own, lack, total, cost, spread = _parts(z, t)
    near_level, far_level = pair.total(own, spread), pair.total(-LIFT * lack, spread)
    share = pair.over(pair.Pair(jnp.ones_like(own), jnp.zeros_like(own)), total)
    right, scale = 2 * cost * own / total.hi / LIFT, 2 * share.hi * (share.hi + 2 * share.lo)
    one = pair.one(scale)
    e, d = _weight(below(z, peak, one), one)
    near, lift = _near(e, one), LIFT * one
    # e_y - d = e - d_y, as the one that is right to its last digit.
    bracket = near * ((near_level.hi - lift * d) + near_level.lo) + (one - near) * ((e + far_level.hi) + far_level.lo)
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
