"""Focal loss of the softmax: cross-entropy, weighted down where the output is right.

L            = -(1 - p)^gamma log p,   p = p_y the probability of the class y of a one-hot target, c = 1 - p
dL/dz_k      = d (delta_ky - p_k),   d = p dL/dp = -c^gamma (1 + gamma p u),   u = -log(p) / c
d2L/dz_k dz_j = e (delta_ky - p_k)(delta_jy - p_j) - d p_k (delta_kj - p_j),
               e c = c p de/dp = gamma p c^gamma (2 + (gamma - 1) p u + log p)

The formula has 1 - p as the sum of the other classes.
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
    p, c = (jnp.sum(x * jnp.exp(z)) / jnp.sum(jnp.exp(z)) for x in (t, 1 - t))
    return -(c**gamma) * jnp.log(p)


def _parts(z, t):
    """Weights, c, l = -log p, and p l / c; an infinite l is capped where p is 0."""
    w = softmax.weights(z)
    c = at(t, softmax.others(w))
    nats = jnp.minimum(softmax.surprise(w, t), 1 / jnp.finfo(z.dtype).eps)
    cost = softmax.linear(w, lambda p: at(t, p) * nats)
    return w, c, nats, jnp.where(c > 0, cost / jnp.where(c > 0, c, 1), 1)


def value(z, t, gamma):
    w = softmax.weights(z)
    c, nats = _wrong(w, t), softmax.surprise_pair(w, t)
    hidden = gamma * c.lo / jnp.where(c.hi > 0, c.hi, 1) + nats.lo / jnp.where(nats.hi > 0, nats.hi, 1)
    return c.hi**gamma * nats.hi * (1 + hidden)


def grad(z, t, gamma):
    w, c, _, share = _parts(z, t)
    return softmax.target_gradient(w, t, -(c**gamma) * (1 + gamma * share))


def hess(z, t, v, gamma):
    w, c, nats, share = _parts(z, t)
    power = softmax.LIFT * c**gamma
    cross, both = _brackets(w, t, c, gamma)
    rest = jnp.sum(jnp.where(chosen(t), 0, w.e))
    bend = jnp.where(rest > 0, gamma * ((2 + (gamma - 1) * share) - nats) * (w.e / rest), 0)
    diagonal = softmax.linear(w, lambda p: power * ((jnp.sum(p) - p) * (1 + gamma * share) + at(t, p) * bend))
    cross = softmax.linear(w, lambda p: at(t, p) * (power * cross))
    return softmax.target_product(w, t, v, cross, power * both, diagonal)


def _wrong(w, t):
    """The sum c = 1 - p of the other classes with its rounding error."""
    return softmax.linear_pair(w, lambda p: jnp.sum(jnp.where(chosen(t), 0, p)))


def _brackets(w, t, c, gamma):
    """Two factors of the Hessian that have roots at ordinary outputs, both over c; l = -log p.

    (1 + 2 gamma) c - gamma l (c - gamma p)   and   c (2 gamma p - c) - gamma l p (2 c - (gamma - 1) p)
    """

    def mix(right, wrong):
        return softmax.linear_pair(w, lambda p: jnp.sum(jnp.where(chosen(t), right, wrong) * p))

    nats = softmax.surprise_pair(w, t)
    slow = softmax.pair_product(_alone(gamma, c), pair.Pair(jnp.minimum(nats.hi, 1 / jnp.finfo(c.dtype).eps), nats.lo))
    cross = pair.less(softmax.pair_product(_alone(1 + 2 * gamma, c), mix(0, 1)), slow, mix(-gamma, 1))
    both = pair.less(
        softmax.pair_product(mix(0, 1), mix(2 * gamma, -1)), slow, softmax.pair_product(mix(1, 0), mix(1 - gamma, 2))
    )
    over = jnp.where(c > 0, c, 1)
    # The limits for c -> 0.
    return (
        jnp.where(c > 0, cross.hi / over, 1 + gamma + gamma**2),
        jnp.where(c > 0, both.hi / over, gamma * (1 + gamma)),
    )


def _alone(x, like):
    x = jnp.asarray(x, like.dtype)
    return pair.Pair(x, jnp.zeros_like(x))


_UNKNOWN = Claims(convex=False, lipschitz=None, smooth=None, bound=INF, perfect=zero)


def _claims(gamma):
    # Slope and curvature are largest where two classes share the output: those of the sigmoid focal loss of z_y - z_j,
    # times the norms of its direction, and twice, as the two classes of that loss weigh 1/2.
    binary = sigmoid_focal(gamma, 0.5).claims
    assert binary.lipschitz is not None  # found by a search wherever gamma is known, as smooth is
    assert binary.smooth is not None
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
