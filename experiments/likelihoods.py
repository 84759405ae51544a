"""Is a loss the negative log-likelihood of a distribution? As a theorem, by SymPy, and at points in exact arithmetic.

A density is written down as in a book, as a JAX function, and shares no code with the loss; `lossjax.proof` reads it and
the loss's printed formula as expressions, and evaluates both in balls.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import sympy as sp

import lossjax
from lossjax.losses.loss import Loss
from lossjax.proof.derive.outputs import rational
from lossjax.proof.derive.reader import read

from .hypothesis import Fact, exact


def bernoulli(z, t):
    """P(t) for t = 0, 1 with p = 1 / (1 + exp(-z))."""
    p = 1 / (1 + jnp.exp(-z))
    return p**t * (1 - p) ** (1 - t)


def categorical(z, t):
    """P(t) for a one-hot t with p = exp(z) / sum exp(z)."""
    return jnp.sum(t * jnp.exp(z)) / jnp.sum(jnp.exp(z))


def gaussian(z, t, variance):
    """p(t) of mean z."""
    return jnp.exp(-((t - z) ** 2) / (2 * variance)) / (2 * jnp.pi * variance) ** 0.5


def of_classes(name: str, density: Callable, loss: Loss, z, targets) -> list[dict]:
    """Two theorems, for all z: exp(-L) is the probability of every target, and dL/dz_k is P(k) - t_k.

    z: a symbol, and targets 0 and 1, k = 1; or symbols, and one-hot targets.
    """
    z, targets = np.asarray(z, object), [_integers(t) for t in targets]
    p = [read(density, z, t)[()] for t in targets]
    formulas = [read(loss.formula, z, t)[()] for t in targets]
    same = all(rational(sp.exp(-formula) - at) == 0 for formula, at in zip(formulas, p))
    of_classes = p if z.ndim else p[1:]
    slopes = [
        sp.diff(formula, zk) - (pk - tk)
        for formula, t in zip(formulas, targets)
        for zk, pk, tk in zip(z.flat, of_classes, t.flat)
    ]
    return [
        theorem(f"{name}: exp(-L) is the probability, for all z", same),
        theorem(f"{name}: dL/dz is p - t, for all z", all(rational(slope) == 0 for slope in slopes)),
    ]


def _integers(t):
    return np.asarray(np.frompyfunc(sp.Integer, 1, 1)(t), object)


def of_gaussian(family: Callable[..., Loss], squared: Loss) -> list[dict]:
    """Three theorems, for all z, t and variances, of `family(variance)` and of `squared`, half the squared error."""
    z, t, *residuals = sp.symbols("z t r1:4", real=True)
    v = sp.Symbol("v", positive=True)
    formula = family(1.0).formula

    def nll(z, t):
        return read(lambda z, t, v: formula(z, t, variance=v), z, t, v)[()]

    def log(x):
        return sp.expand_log(sp.log(x), force=True)

    same = sp.expand_log(nll(z, t), force=True) + log(read(gaussian, z, t, v)[()])
    rest = sp.simplify(nll(z, t) - read(squared.formula, z, t)[()] / v)
    mean_nll, mean_square = (sum(of(r) for r in residuals) / 3 for of in (lambda r: nll(r, 0), lambda r: r**2))
    # Negative below the mean square and positive above it.
    slope = sp.diff(mean_nll, v) - (v - mean_square) / (2 * v**2)
    return [
        theorem("Gaussian: L is -log of the density, for all z, t and variances", sp.simplify(same) == 0),
        theorem("Gaussian: L is SE / (2 variance) and what does not hang on z and t", not rest.has(z, t)),
        theorem(
            "Gaussian: of all variances, the mean SE has the least mean L (three residuals)", sp.simplify(slope) == 0
        ),
    ]


def theorem(says: str, proved: bool) -> dict:
    """A row."""
    return {"kind": "theorem", "says": says, "proved": bool(proved)}


def at_points(says: str, density: Callable, loss: Loss, targets: str, same: bool = True) -> dict:
    """Value, gradient and Hessian of -log density against the printed formula of the loss, all in balls.

    same: whether they are claimed to be; what is claimed to differ shows that the comparison can tell.
    """

    def surprise(z, t):
        return -jnp.log(density(z, t))

    report = lossjax.check(surprise, like=loss, targets=targets, points="quick", event_ndim=loss.event_ndim, name=says)
    own = [row for row in report.rows if row.witness == "own"]
    return {
        "kind": "identity",
        "says": says,
        "loss": loss.label,
        "claimed": same,
        "same": bool(own) and all(row.ok for row in own),
        "checked": sum(row.checked for row in own),
        "undecided": sum(row.undecided for row in own),
    }


def judge(rows: list[dict]) -> list[Fact]:
    """The facts of these rows, others are passed over."""
    theorems = [
        exact(row["says"], row["proved"], row["proved"], "(1: proved)") for row in rows if row["kind"] == "theorem"
    ]
    return theorems + [_identity(row) for row in rows if row["kind"] == "identity"]


def _identity(row):
    said = "is" if row["claimed"] else "is not"
    entries = f"{row['checked']:,} entries of value, gradient and Hessian in exact arithmetic"
    says = f"{row['says']}: -log p {said} {row['loss']}, by {entries}"
    # Where nothing was compared, nothing was told apart.
    holds = row["same"] == row["claimed"] and row["checked"] > 0 and not row["undecided"]
    return exact(says, holds, holds, "(1: so it is)")
