"""What is judged: a catalogue loss or any JAX function f(z, t), and the functions that stand witness for it."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..losses import ALL
from ..losses.domain import DOMAINS
from ..losses.loss import Loss
from .again import command, given_to, keywords, origin
from .fitting import BATCH, UsageError, accepted, adapted, bound, classes_of, example, fitted, same_shape
from .primal import NoTruth, primal
from .ulp import BOUNDS, working_dtype

__all__ = [
    "COLUMNS_FROM",
    "FOREIGN_BOUND",
    "QUANTITIES",
    "Subject",
    "UsageError",
    "derivative",
    "from_function",
    "from_loss",
]

QUANTITIES = ("value", "grad", "hess")
FOREIGN_BOUND = 8.0
_AT, _FAR = 16, 30.0  # points at which a stop_gradient is looked for
# From this many classes on, the Hessian is judged by columns, not whole.
COLUMNS_FROM = 100


@dataclasses.dataclass(frozen=True)
class Subject:
    """One loss to be judged.

    truth: dtype -> f(z, t) of one example whose exact value and derivatives are the truth; traced at float64 with its constants
    as printed, or at the swept dtype (`as_traced`) for foreign code that is its own reference.
    witnesses(quantity, columns) -> {witness: function of one example}, (z, t) or (z, t, v) where columns of the Hessian are meant.
    """

    label: str
    event_ndim: int
    targets: str
    truth: Callable
    as_traced: bool
    witnesses: Callable[[str, bool], Mapping[str, Callable]]
    bounds: Mapping[str, float]
    own: Callable | None = None
    modes: tuple[str, ...] = ("jit",)
    classes: tuple[int, ...] = ()
    call: str = ""  # module:name, where it can be imported
    given: Mapping[str, str] = dataclasses.field(default_factory=dict)  # the same of hand-written derivatives
    # Keyword parameters as they are written in a call, ", delta=0.1", of the loss ("value") and of hand-written derivatives.
    keywords: Mapping[str, str] = dataclasses.field(default_factory=dict)
    means: str = ""  # what the truth is, in words
    again: str = ""  # the command that checks it
    labels: bool = False  # the function takes integer labels
    foreign: bool = False
    # A library's loss, which promised nobody to evaluate half types in float32: judged in the dtype of the call, its measured
    # targets rounded as z is.
    audited: bool = False
    stops: Callable[[], bool] = lambda: False  # does a stop_gradient change its derivative, which its truth has not?

    @property
    def batch(self) -> tuple[int, int] | None:
        """Rows and classes of one example, where it is a batch."""
        return BATCH if self.classes == (BATCH[0] * BATCH[1],) else None

    @property
    def drawn(self) -> str:
        """From where its targets are drawn."""
        if self.batch is None:
            return self.targets
        rows, classes = self.batch
        return f"{self.targets} for the first row of batches of {rows} rows and {classes} classes, each further row the next class"


def derivative(f: Callable, quantity: str, event_ndim: int, columns: bool) -> Callable:
    """The value, gradient, Hessian, or one column of the Hessian, of f(z, t) by JAX."""
    if quantity == "value":
        return f
    if quantity == "grad":
        return jax.grad(f)
    if event_ndim == 0:
        return jax.grad(jax.grad(f))
    if not columns:
        return jax.jacfwd(jax.grad(f))
    return lambda z, t, v: jax.jvp(lambda z: jax.grad(f)(z, t), (z,), (v,))[1]


def from_loss(loss: Loss, bound: float | None = None) -> Subject:
    """A catalogue loss: its printed formula is the truth."""

    def given(t):
        """The target as users of this loss give it."""
        return jnp.argmax(t, axis=-1) if loss.targets.by_class else t

    def called(z, t):
        return loss(z, given(t))

    def plain(z, t):
        return loss.value(z, t, **{k: jnp.asarray(v, z.dtype) for k, v in loss.params.items()})

    def witnesses(quantity, columns):
        derived = {
            "value": called,
            "grad": lambda z, t: loss.gradient(z, given(t)),
            "hess": (lambda z, t, v: loss.hvp(z, given(t), v)) if columns else lambda z, t: loss.hessian(z, given(t)),
        }[quantity]
        if quantity == "value":
            return {"derived": derived}
        by_jax = {
            n: derivative(f, quantity, loss.event_ndim, columns) for n, f in (("autodiff", called), ("plain", plain))
        }
        return {"derived": derived} | by_jax

    return Subject(
        label=loss.label,
        event_ndim=loss.event_ndim,
        targets=loss.targets.name,
        truth=printed(loss),
        as_traced=False,
        witnesses=witnesses,
        bounds=dict.fromkeys(QUANTITIES, bound) if bound else BOUNDS,
        classes=() if loss.event_ndim == 0 else (2, 3, 10, 100, 1000),
        means=f"the printed formula of {loss.label} and its exact derivatives",
        call=f"lossjax.losses:{loss.label}" if loss.label == loss.name and loss in ALL else "",
        again=command(loss.label, max_excess=bound) if loss in ALL else "",
        labels=loss.targets.by_class,
    )


def from_function(
    f: Callable,
    label: str,
    *,
    grad: Callable | None = None,
    hess: Callable | None = None,
    event_ndim: int | None = None,
    targets: str | None = None,
    like: Loss | None = None,
    max_excess: float | None = None,
    keep_stop_gradient: bool = False,
    params: Mapping[str, Any] | None = None,
) -> Subject:
    """Any JAX loss f(z, t, **params): the exact evaluation of its own jaxpr is the truth, or the formula of `like`.

    Hand-written derivatives are given those of the parameters that they have.
    """
    params = params or {}
    f = bound(f, label, params)
    grad, hess = (
        g and bound(g, f"the {what} given for {label}", accepted(g, params))
        for what, g in (("grad", grad), ("hess", hess))
    )
    if like is not None:
        event_ndim = like.event_ndim if event_ndim is None else event_ndim
        targets = targets or like.targets.name
    domains = DOMAINS if like is None else DOMAINS | {like.targets.name: like.targets}  # such as unit^K
    if targets is not None and targets not in domains:
        raise UsageError(f"unknown target set {targets!r}; choose one of {', '.join(DOMAINS)}")
    if event_ndim == 2 and like is not None:
        raise UsageError(
            f"{label} is a loss of a whole batch, {like.label} one of a single example, which is no truth about it: leave "
            "--like out, and its own formula in exact arithmetic is the truth, or check the loss of one example"
        )
    if event_ndim == 2 and targets not in (None, "one_hot"):
        raise UsageError(
            f"{label}: the rows of a batch are given one class each, never targets {targets!r}; leave --targets out"
        )
    ndim, g, labels = fitted(f, label, event_ndim)
    if labels and targets not in (None, "one_hot"):
        if like is None:
            raise UsageError(
                f"{label} takes integer labels, which are no targets of the set {targets!r}; leave --targets out"
            )
        targets = "one_hot"  # what both have
    # Every loss of a number takes 0 and 1, whatever it means by them.
    targets = targets or ("binary" if ndim == 0 else "one_hot")
    if (ndim > 0) != (domains[targets].event_ndim > 0):
        raise UsageError(f"{label}: targets {targets!r} do not fit --event-ndim {ndim}")
    sizes = {0: (), 1: classes_of(g) if ndim == 1 else (), 2: (BATCH[0] * BATCH[1],)}[ndim]
    same_shape(label, ndim, grad=grad, hess=hess, labels=labels)
    given = {"grad": grad and adapted(grad, ndim, labels), "hess": hess and adapted(hess, ndim, labels)}
    bare = primal(g, keep_stop_gradient=keep_stop_gradient)
    own = bare if like is not None and _has_truth(bare, ndim) else None

    def witnesses(quantity, columns):
        if quantity == "value":
            return {"derived": g}
        found = {"autodiff": _as_users_differentiate(g, quantity, ndim, columns)}
        if like is None or own is not None:
            found["plain"] = derivative(bare, quantity, ndim, columns)
        derived = given[quantity]
        return found if derived is None or columns else {"derived": derived} | found

    return Subject(
        label=label,
        event_ndim=min(ndim, 1),
        targets=targets,
        truth=(lambda dtype: bare) if like is None else printed(like),
        as_traced=like is None,
        witnesses=witnesses,
        bounds=dict.fromkeys(QUANTITIES, max_excess or FOREIGN_BOUND),
        own=own,
        modes=("jit", "eager"),
        classes=sizes,
        call=origin(f) if ndim < 2 else "",
        given={"grad": origin(grad), "hess": origin(hess)},
        keywords={"value": keywords(f), "grad": keywords(grad), "hess": keywords(hess)},
        means=_means(label, like, keep_stop_gradient),
        again=command(
            origin(f),
            event_ndim=ndim,
            targets=targets,
            like=like and like.label,
            grad=grad and origin(grad),
            hess=hess and origin(hess),
            max_excess=max_excess,
            params=given_to(f),
        ),
        labels=labels,
        foreign=True,
        stops=lambda: not keep_stop_gradient and _stops(g, ndim),
    )


def _has_truth(bare, ndim) -> bool:
    """Can exact arithmetic say what this function itself computes? Of a random or an implicit one it cannot."""
    x = jax.ShapeDtypeStruct(example(ndim), np.float32)
    try:
        jax.eval_shape(bare, x, x)
    except NoTruth:
        return False
    return True


def _means(label, like, keep_stop_gradient) -> str:
    if like is not None:
        return f"the printed formula of {like.label} and its exact derivatives"
    out = "custom rules" if keep_stop_gradient else "custom rules and stop_gradient"
    return f"{label} itself and its derivatives by the chain rule, in exact arithmetic; {out} taken out"


def _stops(g, ndim) -> bool:
    """Does a stop_gradient change the derivative of g? That of a maximum which is taken off again, as softmax does, does not."""
    rng = np.random.default_rng(0)
    z, t = rng.standard_normal((_AT, *example(ndim))), np.zeros((_AT, *example(ndim)))
    z[_AT // 2 :] *= _FAR  # one may be behind a comparison
    t.reshape(_AT, -1)[:, 0] = 1
    kept, stripped = (
        jax.vmap(jax.grad(primal(g, keep_stop_gradient=keep)))(*(jnp.asarray(x, jnp.float32) for x in (z, t)))
        for keep in (True, False)
    )
    return not np.allclose(kept, stripped, rtol=1e-3, atol=1e-4, equal_nan=True)


def _as_users_differentiate(g, quantity, ndim, columns):
    f, x = derivative(g, quantity, ndim, columns), jax.ShapeDtypeStruct(example(ndim), np.float32)
    if quantity == "hess" and ndim and not columns:
        try:
            jax.eval_shape(f, x, x)
        except TypeError:  # a custom_vjp has no forward mode
            return jax.jacrev(jax.grad(g))
    return f


def printed(loss: Loss) -> Callable:
    """The printed formula, its parameters as the working dtype holds them: no evaluation is given more."""

    def at(dtype):
        params = {k: np.asarray(v, working_dtype(dtype)).astype(np.float64) for k, v in loss.params.items()}
        params = {k: float(v) if v.ndim == 0 else v for k, v in params.items()}
        return primal(lambda z, t: loss.formula(z, t, **params))

    return at
