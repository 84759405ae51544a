"""Focal loss of the softmax: cross-entropy, weighted down where the output is right.

L            = -(1 - p)^gamma log p,   p = p_y the probability of the class y of a one-hot target, c = 1 - p
dL/dz_k      = d (delta_ky - p_k),   d = p dL/dp = -c^gamma (1 + gamma p u),   u = -log(p) / c
d2L/dz_k dz_j = e (delta_ky - p_k)(delta_jy - p_j) - d p_k (delta_kj - p_j),
               e c = c p de/dp = gamma p c^gamma (2 + (gamma - 1) p u + log p)

u tends to 1 as c tends to 0: every power of c that is left is c^gamma, and no tail is lost.
"""

import jax.numpy as jnp

from . import pair, parameter, softmax
from .claims import INF, Claims, zero
from .domain import ONE_HOT
from .loss import Loss
from .one_hot import at, chosen
from .sigmoid_focal import sigmoid_focal


def formula(z, t, gamma):
    p = jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z))
    return -((1 - p) ** gamma) * jnp.log(p)


def _parts(z, t):
    """Weights, c, l = -log p, p l / c and p l, of which the last two are 0 where p is."""
    w = softmax.weights(z)
    c, nats = at(t, softmax.others(w)), softmax.surprise(w, t)
    capped = jnp.minimum(nats, 1 / jnp.finfo(nats.dtype).eps)
    cost = softmax.linear(w, lambda p: at(t, p) * capped)
    return w, c, nats, jnp.where(c > 0, cost / jnp.where(c > 0, c, 1), 1), cost


def value(z, t, gamma):
    _, c, nats, _, _ = _parts(z, t)
    return c**gamma * nats


def grad(z, t, gamma):
    w, c, _, share, _ = _parts(z, t)
    return softmax.target_gradient(w, t, -(c**gamma) * (1 + gamma * share))


def hess(z, t, v, gamma):
    w, c, nats, share, cost = _parts(z, t)
    p, power = at(t, softmax.probabilities(w)), c**gamma
    ec = gamma * power * ((2 + (gamma - 1) * share) * p - cost)
    cross = softmax.linear(w, lambda p: at(t, p) * (power * _cross(w, t, c, gamma)))
    both = power * (gamma * ((2 + (gamma - 1) * share) * p - 2 * cost) - c)
    wrong = jnp.sum(jnp.where(chosen(t), 0, w.e))
    diagonal = jnp.where(wrong > 0, ec * (w.e / wrong), 0) + power * (1 + gamma * share) * softmax.others(w)
    return softmax.target_product(w, t, v, cross, both, diagonal)


def _cross(w, t, c, gamma):
    """((1 + 2 gamma) c - gamma l (c - gamma p)) / c, l = -log p, which has a root at an ordinary output."""
    wrong = softmax.linear_pair(w, lambda p: jnp.sum(jnp.where(chosen(t), 0, p)))
    less = softmax.linear_pair(w, lambda p: jnp.sum(jnp.where(chosen(t), -gamma * p, p)))
    nats = softmax.surprise_pair(w, t)
    nats = pair.Pair(jnp.minimum(nats.hi, 1 / jnp.finfo(c.dtype).eps), nats.lo)
    bracket = pair.less(_scaled(1 + 2 * gamma, wrong), _scaled(gamma, nats), less)
    return jnp.where(c > 0, bracket.hi / jnp.where(c > 0, c, 1), 1 + gamma + gamma**2)


def _scaled(factor, a):
    p = pair.product(jnp.asarray(factor, a.hi.dtype), a.hi)
    return pair.Pair(p.hi, p.lo + factor * a.lo)


_UNKNOWN = Claims(convex=False, lipschitz=None, smooth=None, bound=INF, perfect=zero)


def _claims(gamma):
    # Slope and curvature are largest where two classes share the output: those of the sigmoid focal loss of z_y - z_j,
    # times the norms of its direction, and twice, as the two classes of that loss weigh 1/2.
    binary = sigmoid_focal(gamma, 0.5).claims
    return Claims(
        convex=gamma == 0,
        lipschitz=2 * 2**0.5 * binary.lipschitz,
        smooth=4 * binary.smooth,
        bound=INF,
        perfect=zero,
        proper=gamma == 0,
        calibrated=True,
    )


def softmax_focal(gamma: float = 2.0) -> Loss:
    """The focal loss of the softmax with exponent gamma >= 0; gamma = 0 is cross-entropy.

    Raises: ValueError for a negative gamma.
    """
    parameter.between("gamma", gamma, 0, INF)
    return Loss(
        name="softmax_focal",
        event_ndim=1,
        targets=ONE_HOT,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=softmax.softmax,
        claims=_claims(gamma) if parameter.known(gamma) else _UNKNOWN,
        params={"gamma": gamma},
        source="Lin et al. 2017, eq. 4, for K classes",
    )
