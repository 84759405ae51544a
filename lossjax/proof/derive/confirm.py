"""Hold the derived value, gradient and Hessian against the code's: as expressions, in exact arithmetic, or in float64."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from ..compare import compare
from ..condition import Condition
from ..exact import EXACT, NoTruth, Truth, UnknownPrimitive, truth
from ..subject import QUANTITIES, derivative, from_loss, printed
from ..ulp import BOUNDS
from .cases import cases
from .derivation import Derivation, whole
from .outputs import rational, zero_somewhere
from .points import Point, points
from .reader import NotSymbolic, read
from .uncut import uncut

_DOUBLE = np.dtype(np.float64)
# Both sides are known to 2^-104 of themselves.
_SURE, _EXACT = 2.0**-104, 2.0**-100
# What the code cuts off, the end of a series or the digits of log 2, lies below the digits of a float64.
_CUT_OFF = 2.0**-50
# Beyond this size a difference of two expressions is not worth the time to simplify it.
_LARGE = 400


@dataclasses.dataclass(frozen=True)
class Confirmation:
    """One quantity: whether derivation and code agree, how that was found, and where they differ most if not."""

    quantity: str
    ok: bool
    how: str
    difference: str = ""


def confirm(found: Derivation) -> list[Confirmation]:
    """Value, gradient and Hessian, each by the strongest of the three ways that decides.

    As expressions; the derived numbers against the printed formula's own derivatives and against the code's steps, both
    without rounding, at rational points; or, where exact arithmetic has no meaning for a step, the code in float64.
    """
    derived = {
        "value": [found.value],
        "grad": found.gradient,
        "hess": [h for row in found.hessian for h in row],
    }
    at = points(found.at, [e for entries in derived.values() for e in entries])
    return [_one(found, q, derived[q], at) for q in QUANTITIES]


def _one(found, quantity, entries, at: list[Point]) -> Confirmation:
    if _as_expressions(found, quantity, entries):
        return Confirmation(quantity, True, "symbolically")
    want = np.array([[p.value(_case(e, p).expr) for e in entries] for p in at], object)
    if not at:
        return Confirmation(quantity, False, "not at all", "no point was found at which every case is decided")
    unreal = next((i for i, row in enumerate(want) if not all(w.is_Float or w.is_Rational for w in row)), None)
    if unreal is not None:
        values = ", ".join(str(sp.N(w, 6)) for w in want[unreal])
        return Confirmation(quantity, False, "at a rational point", f"at {at[unreal]} the derivation gives {values}")
    if (gap := _gap(uncut(_at_values(found, quantity)), want, at)) <= _CUT_OFF:
        loss = found.at.loss
        formula = _gap(derivative(printed(loss)(_DOUBLE), quantity, loss.event_ndim, columns=False), want, at)
        return _without_rounding(quantity, gap, formula, len(at))
    return _in_float64(found, quantity, want, at)


def _without_rounding(quantity, gap: float, formula: float, count: int) -> Confirmation:
    """What exact arithmetic says of the code and of the printed formula."""
    where = f"in exact arithmetic at {count} rational points"
    if _CUT_OFF < formula < np.inf:
        return Confirmation(quantity, False, where, f"the printed formula's own differs by {_part(formula)}")
    cut = "" if gap <= _EXACT else " (the code cuts series and constants off)"
    own = "" if formula == np.inf else f", and with the printed formula's own to {_part(formula)}"
    return Confirmation(quantity, True, f"{where} to {_part(gap)}{cut}{own}")


def _part(gap: float) -> str:
    return f"2^{int(np.ceil(np.log2(max(gap, _EXACT))))} of itself"


def _case(entries, point: Point):
    return next(c for c in entries if c.holds(point.value))


def _code(found: Derivation, quantity):
    """The code's own function of one example, (z, t, params), its Hessian whole."""
    loss = found.at.loss
    if quantity != "hess" or not found.at.vector:
        f = getattr(loss, quantity)
        return lambda z, t, p: f(z, t, **p)
    n = len(found.at.z)

    def whole_hessian(z, t, p):
        return jnp.stack(
            [loss.hess(z, t, jnp.asarray([float(i == j) for i in range(n)], z.dtype), **p) for j in range(n)]
        )

    return whole_hessian


def _as_expressions(found, quantity, entries) -> bool:
    """Do the code's own steps, read as expressions, give the derived ones? No is no proof that they do not."""
    at = found.at
    try:
        code = read(_code(found, quantity), at.z, at.t, at.params)
    except NotSymbolic:
        return False
    return all(_equal(found, whole(e), c) for e, c in zip(entries, code.flat, strict=True))


def _equal(found, derived, code) -> bool:
    at = found.at
    if code.has(sp.nan, sp.zoo) or code.count_ops() > _LARGE:
        return False
    outputs = {} if at.of_z is None else dict(zip(at.y.flat, at.of_z.flat))
    margin = at.loss.targets.name == "margin"
    for t in (-1, 1) if margin else (None,):
        e = (derived - code).xreplace(outputs)
        e = e if t is None else e.subs(at.t[()], t)
        if not all(_vanishes(at, c.expr) for c in cases(e, at.ground)):
            return False
    return True


def _vanishes(at, e) -> bool:
    if at.loss.targets.name == "simplex":
        e = e.xreplace({at.t[-1]: 1 - sum(at.t[:-1])})
    if not zero_somewhere(e):
        return False
    if rational(e) == 0:
        return True
    return e.count_ops() < _LARGE / 4 and sp.simplify(e) == 0


def _arrays(at: list[Point]):
    return np.stack([p.z for p in at]), np.stack([p.t for p in at])


def _at_values(found, quantity):
    """The code's own function of (z, t), its parameters given."""
    f, params = _code(found, quantity), found.at.loss.params
    return lambda z, t: f(z, t, {k: jnp.asarray(v, z.dtype) for k, v in params.items()})


def _gap(f, want, at) -> float:
    """By which part of the derived numbers f, without rounding, is off at most; infinite where that is not known."""

    def enough(index, hi, r):
        return (r <= _SURE * np.abs(hi)).reshape(len(index), -1).all(axis=1)

    try:
        got = truth(f, *_arrays(at), dtype=_DOUBLE, enough=enough)
    except (UnknownPrimitive, NoTruth, NotImplementedError):
        return np.inf
    if not (got.status == EXACT).all():
        return np.inf
    high, low = _halves(want)
    error = np.abs((got.hi.reshape(high.shape) - high) + (got.lo.reshape(high.shape) - low))
    return float(np.where(error == 0, 0.0, error / np.where(high == 0, 1e-300, np.abs(high))).max())


def _halves(want):
    """Numbers of forty digits as two float64 each."""
    high = want.astype(np.float64)
    return high, np.array([float(w - sp.Float(h, 40)) for w, h in zip(want.flat, high.flat)]).reshape(high.shape)


def _in_float64(found, quantity, want, at) -> Confirmation:
    """Does the code's result lie within the catalogue's own error bound, rounding and conditioning, of the derived one?"""
    loss = found.at.loss
    z, t = _arrays(at)
    high, low = _halves(want)
    subject = from_loss(loss)
    with jax.enable_x64(True):
        run = {"value": loss, "grad": loss.gradient, "hess": loss.hessian}[quantity]
        given = jnp.argmax(jnp.asarray(t), -1) if loss.targets.by_class else jnp.asarray(t)
        got = np.asarray(run(jnp.asarray(z), given)).reshape(high.shape)
    q = derivative(subject.truth(_DOUBLE), quantity, loss.event_ndim, columns=False)
    shape = {"value": (), "grad": z.shape[1:], "hess": z.shape[1:] * 2}[quantity]
    condition = Condition(q, (z, t), high, shape, None, _DOUBLE)
    exact = Truth(high, low, high, high, np.full(high.shape, EXACT))
    seen = compare(got, exact, z, t, _DOUBLE, BOUNDS[quantity], condition)
    far = float(seen.error_ulp.max())
    how = f"in float64 at {len(at)} rational points, largest difference {far:.2g} ulp"
    how += "" if seen.failed.any() or not far else ", which rounding and conditioning explain"
    if not seen.failed.any():
        return Confirmation(quantity, True, how)
    row, entry = np.unravel_index(np.argmax(np.where(seen.failed, seen.excess, -1)), high.shape)
    difference = f"at {at[row]} the derivation gives {high[row, entry]!r} and the code {got[row, entry]!r}"
    if high.shape[1] > 1:
        difference = f"entry {entry + 1}: {difference}"
    return Confirmation(quantity, False, how, difference.replace("np.float64(", "").replace(")", ""))
