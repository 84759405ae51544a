"""Three reasons for a small squared-error gradient, told apart.

(i) The derivative vanishes: a confidently wrong output has no gradient left (Equation 12).
(ii) At uniform output it is 2/C of the cross-entropy gradient.
(iii) Autodiff of the composed loss returns a false zero where the true value is an ordinary number.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax

from lossjax.losses.sigmoid_squared_error import sigmoid_squared_error
from lossjax.losses.softmax_cross_entropy import softmax_cross_entropy
from lossjax.losses.softmax_squared_error import softmax_squared_error
from lossjax.proof.exact import truth
from lossjax.proof.ulp import ulp

CLASSES = 10
FLOAT64 = np.dtype(np.float64)
DTYPES = {"float32": np.dtype(np.float32), "bfloat16": np.dtype(ml_dtypes.bfloat16), "float16": np.dtype(np.float16)}
# Multiples of 1/2 up to 110 are exact in all three dtypes.
GRID = np.arange(0, 110.5, 0.5)


class Case(NamedTuple):
    """One entry of a squared-error gradient as a function of how confidently wrong the output is, a number z >= 0.

    formula: of the loss as printed, to be evaluated exactly. derived: of the catalogue. composed: by `jax.grad`.
    """

    formula: Callable
    derived: Callable
    composed: Callable


def confidently_wrong(z):
    """Ten pre-activations, (0, z, 0, ... 0), of which the first belongs to the right class: uniform output at z = 0."""
    return jnp.zeros(CLASSES, z.dtype).at[1].set(z)


def right(dtype):
    """The one-hot target of class 0."""
    return jnp.zeros(CLASSES, dtype).at[0].set(1)


def _composed_sigmoid(z):
    return optax.losses.squared_error(jax.nn.sigmoid(z), jnp.zeros_like(z))


def _composed_softmax(z):
    return jnp.sum(optax.losses.squared_error(jax.nn.softmax(z), right(z.dtype)))


def _gradient(loss, z):
    return jax.grad(loss.formula)(confidently_wrong(z), right(z.dtype))


CASES = {
    # Target 0: the output s(z) is wrong for large z. JAX's own sigmoid loses 1 - s(z), the other side it keeps.
    "squared_error(sigmoid(z))": Case(
        lambda z: jax.grad(sigmoid_squared_error.formula)(z, jnp.zeros_like(z)),
        lambda z: sigmoid_squared_error.gradient(z, jnp.zeros_like(z)),
        jax.grad(_composed_sigmoid),
    ),
    # The entry of the wrong class that takes all the mass.
    "squared_error(softmax(z))": Case(
        lambda z: _gradient(softmax_squared_error, z)[1],
        lambda z: softmax_squared_error.gradient(confidently_wrong(z), right(z.dtype))[1],
        lambda z: jax.grad(_composed_softmax)(confidently_wrong(z))[1],
    ),
}


def vanishing() -> dict:
    """(i) and (ii): exact 2-norms of the whole signal of both losses, from uniform output to confidently wrong."""
    signals = {}
    for name, loss in (("CE", softmax_cross_entropy), ("SE", softmax_squared_error)):
        exact = truth(lambda z, loss=loss: _gradient(loss, z), GRID, dtype=FLOAT64)
        signals[name] = np.linalg.norm(exact.hi, axis=-1).tolist()
    return {"classes": CLASSES, "z": GRID.tolist(), **signals}


def curves(case: str) -> dict:
    """(iii) on a grid: the exact entry, the derived one, and autodiff's in every dtype."""
    exact = truth(CASES[case].formula, GRID, dtype=FLOAT64).hi.tolist()
    found = {name: {w: _run(case, w, GRID.astype(d)) for w in ("derived", "composed")} for name, d in DTYPES.items()}
    return {"z": GRID.tolist(), "exact": exact, **found}


def _run(case, witness, z):
    return np.asarray(jax.jit(jax.vmap(getattr(CASES[case], witness)))(z)).astype(np.float64).tolist()


def false_zeros(case: str, dtype: str) -> dict:
    """(iii) counted: zeros where the truth is a normal number of the dtype.

    z: every non-negative finite value of a half type; of float32 the multiples of 1/64 below 128.
    """
    kind = DTYPES[dtype]
    z = _half(kind) if kind.itemsize == 2 else (np.arange(8192) / 64).astype(kind)
    exact = truth(CASES[case].formula, z, dtype=FLOAT64)
    normal = np.abs(exact.hi) >= float(jnp.finfo(kind).tiny)
    result: dict = {"points": len(z), "normal": int(normal.sum())}
    for witness in ("derived", "composed"):
        got = np.array(_run(case, witness, z))
        error = np.where(normal, np.abs((got - exact.hi) - exact.lo) / ulp(exact.hi, kind), 0)
        lost = normal & (got == 0)
        result[witness] = {
            "max_ulp": float(error.max()),
            "false_zeros": int(lost.sum()),
            "first": float(z[lost].min()) if lost.any() else None,
            "largest_lost": float(np.abs(exact.hi[lost]).max()) if lost.any() else None,
        }
    return result


def _half(dtype):
    # The patterns below that of infinity.
    infinity = int(np.array(np.inf, dtype).view(np.uint16))
    return np.arange(infinity, dtype=np.uint16).view(dtype)
