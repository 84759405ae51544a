"""Focal loss of a logit, for hard targets: cross-entropy times the wrong class's probability to the power gamma.

L       = t alpha f(z) + (1 - t) (1 - alpha) f(-z),   t in {0, 1}
dL/dz   = t alpha f'(z) - (1 - t) (1 - alpha) f'(-z)
d2L/dz2 = t alpha f''(z) + (1 - t) (1 - alpha) f''(-z)

f(x)    = -(1 - s)^gamma log s,   s = s(x) = 1 / (1 + exp(-x)),   q = 1 - s,   l = -log s
f'(x)   = -q^gamma (gamma s l + q)
f''(x)  = s q^gamma [gamma^2 s l + (2 gamma + 1) q - gamma q l]

No term of f' cancels. Soft targets are refused: the literature has no one extension to them. The form with alpha left
out is twice the one with alpha = 1/2.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from . import parameter, sigmoid
from .claims import INF, Claims, zero
from .domain import BINARY
from .elementary import log1p, magnitude
from .loss import Loss
from .pair import Pair, exp_minus, one, one_plus, over, times, total


def formula(z, t, gamma, alpha):
    s = 1 / (1 + jnp.exp(-z))
    return -t * alpha * (1 - s) ** gamma * jnp.log(s) - (1 - t) * (1 - alpha) * s**gamma * jnp.log(1 - s)


@jax.custom_jvp
def _choose(t, one, other):
    return jnp.where(t == 1, one, other)


@_choose.defjvp
def _(primals, tangents):
    t, one, other = primals
    dt, done, dother = tangents
    # The derivative of t one + (1 - t) other; where it does not count, an infinite loss must not give 0 * inf.
    gap = jnp.where(jnp.isfinite(one - other), one - other, 0)
    return _choose(t, one, other), _choose(t, done, dother) + dt * gap


# Where l is larger, s has long been 0: no inf * 0.
_FAR = 1e4


def _parts(x, doublings=0):
    """The pairs s, q and l of x; s times 2^doublings for x < 0."""
    u = magnitude(x)
    scaled = exp_minus(u, doublings)
    e = times(0.5**doublings, scaled)
    d = one_plus(e)
    top, tail = over(Pair(one(u), jnp.zeros_like(u)), d), over(e, d)
    pick = functools.partial(jnp.where, x < 0)
    s, q = map(pick, over(scaled, d), top), map(pick, top, tail)
    cost = total(jnp.where(x < 0, u, 0), log1p(e.hi))
    # At an infinite u the rounding error is NaN.
    return Pair(*s), Pair(*q), Pair(cost.hi, jnp.where(u < jnp.inf, cost.lo + e.lo / d.hi, 0))


def _relative(q):
    return jnp.where(q.hi > 0, q.lo / q.hi, 0)


def _curve(x, gamma):
    _, q, cost = _parts(x)
    power = jnp.power(q.hi, gamma)
    main = power * cost.hi
    return main + jnp.where(main < jnp.inf, main * (gamma * _relative(q)) + power * cost.lo, 0)


def _slope(x, gamma):
    s, q, cost = _parts(x)
    cost = jnp.minimum(cost.hi, _FAR)
    main = jnp.power(q.hi, gamma) * (gamma * s.hi * cost + q.hi)
    return -(main + (main * (gamma * _relative(q)) + jnp.power(q.hi, gamma) * (gamma * s.lo * cost + q.lo)))


def _curvature(x, gamma):
    # s may be flushed where s times the bracket is still a normal number.
    s, q, cost = _parts(x, doublings=8)
    cost, scale = jnp.minimum(cost.hi, _FAR), jnp.where(x < 0, 0.5**8, 1)
    bracket = gamma**2 * (s.hi * scale) * cost + q.hi * ((2 * gamma + 1) - gamma * cost)
    main = s.hi * (jnp.power(q.hi, gamma) * (scale * bracket))
    return main + main * (gamma * _relative(q) + _relative(s))


def value(z, t, gamma, alpha):
    return _choose(t, alpha * _curve(z, gamma), (1 - alpha) * _curve(-z, gamma))


def grad(z, t, gamma, alpha):
    return _choose(t, alpha * _slope(z, gamma), (alpha - 1) * _slope(-z, gamma))


def hess(z, t, gamma, alpha):
    return _choose(t, alpha * _curvature(z, gamma), (1 - alpha) * _curvature(-z, gamma))


def _sup(f):
    """The largest |f| on the line, to 1e-12."""
    from scipy.optimize import minimize_scalar

    x = np.linspace(-40, 40, 8001)
    at = x[np.argmax(np.abs(f(x)))]
    inside = minimize_scalar(
        lambda x: -np.abs(f(x)), bounds=(at - 0.02, at + 0.02), method="bounded", options={"xatol": 1e-12}
    )
    return float(max(-inside.fun, np.max(np.abs(f(x)))))


def _claims(gamma, alpha):
    def parts(x):
        return 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x)), np.logaddexp(0, -x)

    def slope(x):
        s, q, cost = parts(x)
        return q**gamma * (gamma * s * cost + q)

    def curvature(x):
        s, q, cost = parts(x)
        return s * q**gamma * (gamma**2 * s * cost + (2 * gamma + 1) * q - gamma * q * cost)

    heavier = 0.5 + abs(alpha - 0.5)
    return Claims(
        convex=gamma == 0,
        lipschitz=heavier * _sup(slope),
        smooth=heavier * _sup(curvature),
        bound=INF,
        perfect=zero,
        proper=gamma == 0 and alpha == 0.5,
        calibrated=alpha == 0.5,
    )


_UNKNOWN = Claims(convex=False, lipschitz=INF, smooth=INF, bound=INF, perfect=zero)


def sigmoid_focal(gamma: parameter.Number = 2.0, alpha: parameter.Number = 0.25) -> Loss:
    """The focal loss of a logit, of focusing power gamma >= 0; alpha in [0, 1] weighs t = 1, and 1 - alpha t = 0."""
    parameter.between("gamma", gamma, 0, INF)
    parameter.between("alpha", alpha, 0, 1)
    return Loss(
        name="sigmoid_focal",
        event_ndim=0,
        targets=BINARY,
        formula=formula,
        value=value,
        grad=grad,
        hess=hess,
        output=sigmoid.sigmoid,
        params={"gamma": gamma, "alpha": alpha},
        claims=_claims(gamma, alpha) if parameter.known(gamma, alpha) else _UNKNOWN,
        source="Lin et al. 2017, eq. 5",
    )
