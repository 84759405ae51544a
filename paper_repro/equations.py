"""Equations 11 and 12 of the paper: the error signals dE/dz of cross-entropy and squared error behind a softmax.

The same few lines serve symbols, fractions and arrays; they are the equations as printed, y the softmax outputs.
"""

import dataclasses
from fractions import Fraction
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from lossjax.losses.domain import BINARY
from lossjax.losses.loss import Loss
from lossjax.losses.softmax_cross_entropy import softmax_cross_entropy
from lossjax.losses.softmax_squared_error import softmax_squared_error
from lossjax.proof.every_float import sweep
from lossjax.proof.exact import EXACT, truth
from lossjax.proof.ulp import ulp

LARGEST_C = 4_500


def equation_11(y, right: int) -> list:
    """Cross-entropy: y_c - 1 for the right class, y_c for the others."""
    return [y_c - 1 if c == right else y_c for c, y_c in enumerate(y)]


def equation_12(y, right: int) -> list:
    """Squared error sum_k (y_k - [k = right])^2: quadratic and cubic in the outputs."""
    squares = sum(y_k * y_k for y_k in y)
    return [
        4 * y_c * y_c - 2 * y_c * (1 + squares) if c == right else 2 * y_c * y_c - 2 * y_c * (-y[right] + squares)
        for c, y_c in enumerate(y)
    ]


EQUATIONS = {11: (equation_11, softmax_cross_entropy), 12: (equation_12, softmax_squared_error)}


def symbolic(number: int, classes: int) -> bool:
    """Is the printed equation the derivative of the printed loss, as an identity between rational functions?

    With e_k = exp(z_k): y_k = e_k / sum e and d/dz_c = e_c d/de_c, so no transcendental function is left.
    """
    import sympy

    e = sympy.symbols(f"e:{classes}", positive=True)
    y = [e_k / sum(e) for e_k in e]
    loss = -sympy.log(y[0]) if number == 11 else sum((y_k - int(k == 0)) ** 2 for k, y_k in enumerate(y))
    printed = EQUATIONS[number][0](y, 0)
    return all(sympy.cancel(e_c * sympy.diff(loss, e_c) - p) == 0 for e_c, p in zip(e, printed))


def gaps(dtype) -> np.ndarray:
    """Every finite value of z1 - z2 of a half type; z2 = 0 makes the difference exact."""
    values = np.arange(2**16, dtype=np.uint16).view(dtype)
    return values[np.isfinite(values)]


def at_every_gap(number: int, gap: np.ndarray) -> dict:
    """Two classes, the right one at z1: printed equation, derivative of the printed loss, and derived gradient.

    The first two in exact arithmetic, certain to 2^-10 ulp of float64; the third in the dtype of the gaps.
    """
    printed, loss = EQUATIONS[number]
    dtype, double = gap.dtype, np.dtype(np.float64)
    z = np.stack([gap, np.zeros_like(gap)], axis=-1)

    def by_equation(z):
        return jnp.stack(printed(jnp.exp(z) / jnp.sum(jnp.exp(z)), 0))

    def by_loss(z):
        return jax.grad(lambda z: loss.formula(z, jnp.array([1.0, 0.0], z.dtype)))(z)

    wanted, of_loss = truth(by_equation, z, dtype=double), truth(by_loss, z, dtype=double)
    decided = (wanted.status == EXACT) & (of_loss.status == EXACT)
    apart = np.abs((wanted.hi - of_loss.hi) + (wanted.lo - of_loss.lo)) / ulp(wanted.hi, double)
    got = np.asarray(jax.jit(loss.gradient)(z, np.zeros(len(z), np.int32)))
    return {
        "points": len(gap),
        "undecided": int((~decided).any(axis=1).sum()),
        "apart_ulp64": float(apart[decided].max()),
        "derived": against(got, wanted, dtype),
    }


def against(got: np.ndarray, want, dtype) -> dict:
    """Largest error in ulps over normal results, and lost tails: zeros where the truth is a normal number."""
    info = jnp.finfo(dtype)
    got = got.astype(np.float64)
    normal = np.abs(want.hi) >= float(info.tiny)
    error = np.abs((got - want.hi) - want.lo) / ulp(want.hi, dtype)
    return {
        "normal": int(normal.sum()),
        "max_ulp": float(np.max(error, where=normal, initial=0)),
        "lost": int((normal & (got == 0)).sum()),
        "wrong_nonfinite": int((~np.isfinite(got)).sum()),
    }


def of_the_gap(loss: Loss) -> Loss:
    """A loss of two classes as a loss of one number, z1 - z2: target 1 where the first class is right, else 0."""

    def at(function):
        return jnp.vectorize(lambda z, t: function(jnp.stack([z, 0 * z]), jnp.stack([t, 1 - t])))

    return loss.replace(
        name=f"{loss.name}_of_the_gap",
        event_ndim=0,
        targets=BINARY,
        formula=at(loss.formula),
        value=at(loss.value),
        grad=at(lambda z, t: loss.grad(z, t)[0]),
        hess=at(lambda z, t: loss.hess(z, t, jnp.array([1, 0], z.dtype))[0]),
    )


def at_every_float32(number: int, *, resume: Path, progress=None) -> dict:
    """The derived gradient at all 2^32 float32 gaps, beside its float64 twin that exact arithmetic holds at samples."""
    found = sweep(of_the_gap(EQUATIONS[number][1]), "grad", 1.0, resume=resume, progress=progress)
    return dataclasses.asdict(found)


def ratio_at_uniform() -> dict:
    """SE over CE signal at y = 1/C: exactly 2/C in every entry, for all C in fractions; then as derived in float32."""
    classes = np.arange(2, LARGEST_C + 1)
    measured = np.asarray(_measured_ratios(classes))
    shown = sorted({round(2 * (LARGEST_C / 2) ** (k / 24)) for k in range(25)})
    return {
        "classes": [2, LARGEST_C],
        "exact": all(_ratio_is_exact(int(c)) for c in classes),
        "max_relative_error": float(np.max(np.abs(measured * classes / 2 - 1))),
        "curve": [[c, float(measured[c - 2])] for c in shown],
    }


def _ratio_is_exact(classes):
    # One right and one wrong entry stand for all: the others equal the wrong one. sum_k y_k^2 = 1/C needs no loop.
    y = Fraction(1, classes)
    se = (4 * y * y - 2 * y * (1 + y), 2 * y * y - 2 * y * (-y + y))
    return all(s == Fraction(2, classes) * c for s, c in zip(se, (y - 1, y)))


@jax.jit
def _measured_ratios(classes):
    """2-norm of the derived SE signal over that of CE, in float32, for 2 ... C classes; the rest are masked, -inf."""
    most = len(classes) + 1

    def ratio(c):
        z = jnp.where(jnp.arange(most) < c, 0.0, -jnp.inf)
        ce, se = (jnp.linalg.norm(loss.gradient(z, jnp.int32(0))) for _, loss in EQUATIONS.values())
        return se / ce

    return jax.lax.map(ratio, classes, batch_size=100)
