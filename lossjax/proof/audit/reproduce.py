"""A finding as a few lines that anybody can run, in the library's own words."""

import numpy as np

from ..compare import widened
from ..ulp import digits
from .case import Case, Library

_JAX = {
    ("value", 0): "f",
    ("value", 1): "f",
    ("grad", 0): "jax.grad(f)",
    ("grad", 1): "jax.grad(f)",
    ("hess", 0): "jax.grad(jax.grad(f))",
    ("hess", 1): "jax.hessian(f)",
}
_TORCH = {
    "value": "L",
    "grad": "torch.autograd.grad(L, z)",
    "hess": "torch.autograd.functional.hessian(lambda z: {words}, z)",
}
_SKLEARN = {
    "value": "loss.loss(y_true=t, raw_prediction=z)",
    "grad": "loss.gradient(y_true=t, raw_prediction=z)",
    "hess": "loss.gradient_hessian(y_true=t, raw_prediction=z)[1]",
}


def reproducer(library: Library, case: Case, dtype: np.dtype, quantity: str, mode: str, place: dict) -> str:
    """At most six lines that print what was got, and say beside it what was wanted."""
    shown = f"  # entry {place['entry']}: {_short(place['got'], dtype)}; the truth is {_short(place['want'], dtype)}"
    return _lines(library, case, dtype, quantity, mode, place["input"]) + shown


def raising(library: Library, case: Case, dtype: np.dtype, quantity: str, mode: str, at: dict) -> str:
    """The same for a call that raises, whatever the point."""
    return _lines(library, case, dtype, quantity, mode, at) + "  # raises"


def numbers(x: np.ndarray | np.generic) -> float | list[float]:
    """One pre-activation or target as Python writes it."""
    wide = widened(np.atleast_1d(x))[:, 0]
    return float(wide[0]) if x.ndim == 0 else wide.tolist()


def _lines(library, case, dtype, quantity, mode, at):
    write = {"torch": _torch, "sklearn": _sklearn}.get(library.name, _jax)
    return "\n".join([library.imports, *write(case, dtype, quantity, mode, at)])


def _jax(case, dtype, quantity, mode, at):
    lines = ['jax.config.update("jax_enable_x64", True)'] if dtype.itemsize == 8 else []
    target = (
        f"jnp.array({int(np.argmax(at['t']))})"
        if case.labels
        else f"jnp.array({_text(at['t'], 'jnp')}, jnp.{dtype.name})"
    )
    lines += [
        f"z = jnp.array({_text(at['z'], 'jnp')}, jnp.{dtype.name})",
        f"t = {target}",
        f"f = lambda z: {case.words}",
    ]
    call = "jax.jacfwd(f)" if mode == "jit, jacfwd" else _JAX[quantity, case.event_ndim]
    # Of a batch of two: XLA computes a single number by other instructions than an array.
    call = f"jax.vmap({call})" if mode == "eager" else f"jax.jit(jax.vmap({call}))"
    return [*lines, f"print({call}(jnp.stack([z, z]))[0])"]


def _torch(case, dtype, quantity, mode, at):
    target = int(np.argmax(at["t"])) if case.labels else _text(at["t"], "torch")
    kind = "" if case.labels else f", dtype=torch.{dtype.name}"
    call = _TORCH[quantity].format(words=case.words)
    return [
        f"z = torch.tensor({_text(at['z'], 'torch')}, dtype=torch.{dtype.name}, requires_grad=True)",
        f"t = torch.tensor({target}{kind})",
        *([f"L = {case.words}"] if quantity != "hess" else []),
        f"print({call})",
    ]


def _sklearn(case, dtype, quantity, mode, at):
    target = float(np.argmax(at["t"])) if case.labels else _text(at["t"], "np")
    return [
        f"z = np.array([{_text(at['z'], 'np')}], np.{dtype.name})",
        f"t = np.array([{target}], np.{dtype.name})",
        f"loss = {case.words}",
        f"print({_SKLEARN[quantity]})",
    ]


def _text(x, module) -> str:
    return repr(x).replace("inf", f"{module}.inf").replace("nan", f"{module}.nan")


def _short(x, dtype) -> str:
    return x if isinstance(x, str) else f"{x:.{digits(dtype)}g}"
