"""Wrong versions of a loss, made from its record, that a check must convict: proof that the check can fail."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp

from ..losses.loss import Loss, identity
from .primal import primal
from .subject import QUANTITIES, Subject, derivative, from_loss

_PRECISION = frozenset({"LJ006", "LJ007", "LJ008", "LJ009"})


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One wrong version of one quantity; `codes` are the verdicts that recognise it."""

    kind: str
    quantity: str
    function: Callable
    codes: frozenset[str]


def mutants(loss: Loss) -> list[Mutant]:
    """Every applicable kind for value, gradient and Hessian of one loss."""
    right = {"value": loss, "grad": loss.gradient, "hess": loss.hessian}
    found = []
    for quantity, f in right.items():
        if quantity == "hess" and not _curved(loss):
            continue  # 0 times any factor is 0: the mutant is the loss
        found.append(Mutant("sign", quantity, _times(f, -1.0), frozenset({"LJ002"})))
        found.append(Mutant("factor", quantity, _times(f, 2.0), frozenset({"LJ001"})))
        found.append(Mutant("half", quantity, _times(f, 0.5), frozenset({"LJ001"})))
    for quantity in QUANTITIES:
        found.append(Mutant("naive", quantity, _naive(loss, quantity), _PRECISION))
    if loss.output is not identity and _own_slope(loss):
        found.append(Mutant("extra link derivative", "grad", _link(loss, 1), frozenset({"LJ003"})))
        found.append(Mutant("missing link derivative", "grad", _link(loss, -1), frozenset({"LJ003", "LJ008"})))
    if loss.event_ndim == 1 and _coupled(loss):
        dropped = lambda z, t: loss.hessian(z, t) * jnp.eye(z.shape[-1], dtype=z.dtype)  # noqa: E731
        found.append(Mutant("dropped cross term", "hess", dropped, frozenset({"LJ004"})))
    return found


def subject_of(loss: Loss) -> tuple[Subject, list[Mutant]]:
    """All mutants of a loss as the witnesses of one subject, so that they share one truth and one compilation."""
    found = mutants(loss)

    def witnesses(quantity, columns):
        return {m.kind: m.function for m in found if m.quantity == quantity}

    base = from_loss(loss)
    return dataclasses.replace(base, witnesses=witnesses, classes=base.classes and (3,)), found


def _times(f, factor):
    return lambda z, t: factor * f(z, t)


def _naive(loss, quantity):
    params = loss.params
    f = primal(lambda z, t: loss.formula(z, t, **{k: jnp.asarray(v, z.dtype) for k, v in params.items()}))
    return derivative(f, quantity, loss.event_ndim, columns=False)


def _link(loss, power):
    """The gradient times the output's derivative to a power: the slip between dL/da and dL/dz."""

    def wrong(z, t):
        if loss.event_ndim == 0:
            slope = jax.jvp(loss.output, (z,), (jnp.ones_like(z),))[1]
        else:
            y = loss.output(z)
            slope = y * (1 - y)
        return loss.gradient(z, t) * slope**power

    return wrong


def _own_slope(loss) -> bool:
    """Is y (1 - y) the diagonal of dy/dz of a vector output? It is for softmax, not for sparsemax; numbers have their own."""
    if loss.event_ndim == 0:
        return True
    z, _ = _sample(loss)
    y = jax.vmap(loss.output)(z)
    slope = jax.vmap(lambda z: jnp.diagonal(jax.jacfwd(loss.output)(z)))(z)
    return bool(jnp.allclose(slope, y * (1 - y), atol=1e-5))


def _curved(loss) -> bool:
    return bool(jnp.any(loss.hessian(*_sample(loss)) != 0))


def _coupled(loss) -> bool:
    h = loss.hessian(*_sample(loss))
    return bool(jnp.any(jnp.where(jnp.eye(h.shape[-1], dtype=bool)[None], 0, h) != 0))


def _sample(loss):
    if loss.event_ndim == 0:
        z = jnp.linspace(-2.0, 2.0, 33)
        return z, jnp.ones_like(z)
    z = jax.random.normal(jax.random.key(0), (16, 3))
    return z, jax.nn.one_hot(jnp.arange(16) % 3, 3)
