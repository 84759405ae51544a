"""What is judged: a catalogue loss or any JAX function f(z, t), and the functions that stand witness for it."""

import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from ..losses import ALL
from ..losses.domain import DOMAINS
from ..losses.loss import Loss
from .again import command, where
from .primal import primal
from .ulp import BOUNDS, working_dtype

QUANTITIES = ("value", "grad", "hess")
FOREIGN_BOUND = 8.0
# From this many classes on, the Hessian is judged by columns, not whole.
COLUMNS_FROM = 100
# The shape of one batch for a batch-level loss, rows x classes; square, as contrastive losses want it.
BATCH = (4, 4)


class UsageError(Exception):
    """The request cannot be carried out as asked: one sentence that says what is wrong and what to do."""


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
    again: str = ""  # the command that checks it
    labels: bool = False  # the function takes integer labels
    foreign: bool = False
    # A library's loss, which promised nobody to evaluate half types in float32: judged in the dtype of the call, its measured
    # targets rounded as z is.
    audited: bool = False
    stops: Callable[[], bool] = lambda: False  # does a stop_gradient change its derivative, which its truth has not?


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
) -> Subject:
    """Any JAX loss f(z, t): the exact evaluation of its own jaxpr is the truth, or the formula of `like`."""
    if like is not None:
        event_ndim = like.event_ndim if event_ndim is None else event_ndim
        targets = targets or like.targets.name
    if targets is not None and targets not in DOMAINS:
        raise UsageError(f"unknown target set {targets!r}; choose one of {', '.join(DOMAINS)}")
    ndim, g, labels = _fit(f, label, event_ndim)
    # Every loss of a number takes 0 and 1, whatever it means by them.
    targets = targets or ("binary" if ndim == 0 else "one_hot")
    if (ndim > 0) != (DOMAINS[targets].event_ndim > 0):
        raise UsageError(f"{label}: targets {targets!r} do not fit --event-ndim {ndim}")
    _same_shape(label, ndim, grad=grad, hess=hess, labels=labels)
    given = {"grad": grad and _adapt(grad, ndim, labels), "hess": hess and _adapt(hess, ndim, labels)}
    bare = primal(g, keep_stop_gradient=keep_stop_gradient)

    def witnesses(quantity, columns):
        if quantity == "value":
            return {"derived": g}
        found = {
            "autodiff": _as_users_differentiate(g, quantity, ndim, columns),
            "plain": derivative(bare, quantity, ndim, columns),
        }
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
        own=bare if like is not None else None,
        modes=("jit", "eager"),
        classes={0: (), 1: (2, 3, 10), 2: (BATCH[0] * BATCH[1],)}[ndim],
        call=where(f) if ndim < 2 else "",
        given={"grad": where(grad), "hess": where(hess)},
        again=command(
            where(f),
            event_ndim=ndim,
            targets=targets,
            like=like and like.label,
            grad=grad and where(grad),
            hess=hess and where(hess),
            max_excess=max_excess,
        ),
        labels=labels,
        foreign=True,
        stops=lambda: not keep_stop_gradient and _stops(g, ndim),
    )


def _stops(g, ndim) -> bool:
    """Does a stop_gradient change the derivative of g? That of a maximum which is taken off again, as softmax does, does not."""
    rng = np.random.default_rng(0)
    z, t = rng.standard_normal((8, *_example(ndim))), np.zeros((8, *_example(ndim)))
    t.reshape(8, -1)[:, 0] = 1
    kept, stripped = (
        jax.vmap(jax.grad(primal(g, keep_stop_gradient=keep)))(*(jnp.asarray(x, jnp.float32) for x in (z, t)))
        for keep in (True, False)
    )
    return not np.allclose(kept, stripped, rtol=1e-3, atol=1e-4, equal_nan=True)


def _as_users_differentiate(g, quantity, ndim, columns):
    f, x = derivative(g, quantity, ndim, columns), jax.ShapeDtypeStruct(_example(ndim), np.float32)
    if quantity == "hess" and ndim and not columns:
        try:
            jax.eval_shape(f, x, x)
        except TypeError:  # a custom_vjp has no forward mode
            return jax.jacrev(jax.grad(g))
    return f


def _same_shape(label, event_ndim, *, labels, **derivatives):
    """Raise UsageError for a hand-written derivative that does not trace, or has the wrong shape."""
    size = _example(event_ndim)
    wanted = {"grad": size if event_ndim < 2 else BATCH, "hess": size * 2}
    x = jax.ShapeDtypeStruct(size, np.float32)
    for name, f in derivatives.items():
        if f is None or (event_ndim == 2 and name == "hess"):
            continue
        try:
            shape = jax.eval_shape(_adapt(f, event_ndim, labels), x, x).shape
        except Exception as error:  # a stranger's function
            why = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise UsageError(f"the {name} given for {label} cannot be traced as a function of (z, t): {why}") from None
        if shape != wanted[name]:
            raise UsageError(
                f"the {name} given for {label} has shape {shape} where z has {size}; it must have {wanted[name]}"
            )


def printed(loss: Loss) -> Callable:
    """The printed formula, its parameters as the working dtype holds them: no evaluation is given more."""

    def at(dtype):
        params = {k: np.asarray(v, working_dtype(dtype)).astype(np.float64) for k, v in loss.params.items()}
        params = {k: float(v) if v.ndim == 0 else v for k, v in params.items()}
        return primal(lambda z, t: loss.formula(z, t, **params))

    return at


def _fit(f, label, event_ndim) -> tuple[int, Callable, bool]:
    """The event rank at which f gives one number, f for float targets of the shape of z, and whether it wants labels."""
    if event_ndim not in (None, 0, 1, 2):
        raise UsageError(f"--event-ndim is 0 (a number), 1 (a vector of classes) or 2 (a batch), got {event_ndim}")
    problems, fits = [], []
    for n in (0, 1) if event_ndim is None else (event_ndim,):
        for labels in (False, True) if n else (False,):
            g = _adapt(f, n, labels)
            problem = _problem(g, _example(n))
            if problem is None:
                fits.append((n, g, labels))
                break
            problems.append(problem)
    if len(fits) > 1:
        raise UsageError(f"{label} takes a number and a vector alike: say which one example is, --event-ndim 0 or 1")
    if fits:
        return fits[0]
    hint = (
        "say what one example is with --event-ndim 0, 1 or 2"
        if event_ndim is None
        else f"is --event-ndim {event_ndim} right?"
    )
    raise UsageError(
        f"{label} cannot be traced as a loss f(z, t): {next((p for p in problems if 'returns' in p), problems[-1])}; {hint}"
    )


def _example(event_ndim) -> tuple[int, ...]:
    """A shape of one example, to trace at; a batch is passed flat."""
    return ((), (3,), (BATCH[0] * BATCH[1],))[event_ndim]


def _problem(g, size) -> str | None:
    """Why g(z, t) is no loss of examples of this shape."""
    shape = jax.ShapeDtypeStruct(size, np.float32)
    try:
        out = jax.eval_shape(g, shape, shape)
    except Exception as error:  # whatever a stranger's function raises is the answer
        return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    if getattr(out, "shape", None) == () and jnp.issubdtype(out.dtype, jnp.floating):
        return None
    return f"it returns {getattr(out, 'shape', type(out).__name__)}, not one number per example"


def _adapt(f, event_ndim, labels):
    """F for z and t of one flat shape, t one-hot where f wants integer labels.

    Of a batch one class is drawn; the rows have that one and those after it, in turn.
    """
    if event_ndim == 0:
        return f
    shape = (-1,) if event_ndim == 1 else BATCH

    def g(z, t):
        t = t.reshape(shape)
        if event_ndim == 2:
            rows, classes = BATCH
            t = jax.nn.one_hot((jnp.argmax(t) + jnp.arange(rows)) % classes, classes, dtype=t.dtype)
        return f(z.reshape(shape), jnp.argmax(t, axis=-1).astype(jnp.int32) if labels else t)

    return f if event_ndim == 1 and not labels else g
