"""(e) Cross-entropy is the negative log-likelihood of a sigmoid or softmax output.

Identities, so they are theorems, proved by SymPy from a density that is written down on its own, and held at points in
exact arithmetic; a comparison that cannot fail proves nothing, so squared error has to be told from them. And what they
are good for, which could fail: the least cross-entropy recovers known weights, with Fisher intervals that cover, errors
that fall as 1/sqrt(n) to the Cramer-Rao bound, and below those of the least squared error.

    python -m experiments --only e
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from lossjax import plot
from lossjax.losses import sigmoid_cross_entropy, sigmoid_squared_error, softmax_cross_entropy, softmax_squared_error

from . import likelihoods, recovery
from .claim import Claim, Drawn
from .hypothesis import Fact, Part
from .lab import Lab
from .recovery import Model

NAMES = ("least CE", "least SE")
STYLES = ((plot.BLUE, "o"), (plot.ORANGE, "s"))


@dataclasses.dataclass(frozen=True)
class Config:
    """sizes: examples of a fit. fits: of each size. classes: of the categorical theorems."""

    sizes: tuple[int, ...] = (150, 600, 2_400)
    fits: int = 400
    classes: tuple[int, ...] = (2, 3, 10)


QUICK = Config()
FULL = Config(sizes=(150, 600, 2_400, 9_600), fits=1_000)


def run(config: Config, lab: Lab) -> list[dict]:
    """Theorems, points in exact arithmetic, fits."""
    z = sp.Symbol("z", real=True)
    rows = likelihoods.of_classes("Bernoulli, sigmoid CE", likelihoods.bernoulli, sigmoid_cross_entropy, z, (0, 1))
    for k in config.classes:
        z, name = sp.symbols(f"z1:{k + 1}", real=True), f"categorical, {k} classes, softmax CE"
        rows += likelihoods.of_classes(name, likelihoods.categorical, softmax_cross_entropy, z, np.eye(k, dtype=int))
    at = likelihoods.at_points
    rows += [
        at("Bernoulli", likelihoods.bernoulli, sigmoid_cross_entropy, "binary"),
        at("categorical", likelihoods.categorical, softmax_cross_entropy, "one_hot"),
        at("Bernoulli", likelihoods.bernoulli, sigmoid_squared_error, "binary", same=False),
    ]
    for model in (LOGISTIC, SOFTMAX):
        rows += recovery.fits(model, config.sizes, config.fits)
    return rows


def _logits(w, x):
    """Of three classes, the last of them 0: (n, 3)."""
    return jnp.column_stack([x @ w.reshape(2, -1).T, jnp.zeros(len(x))])


def _draw_logistic(key, n):
    of_x, of_t = jax.random.split(key)
    x = jax.random.normal(of_x, (n, len(LOGISTIC.truth)))
    p = jax.nn.sigmoid(x @ jnp.array(LOGISTIC.truth))
    return x, jax.random.bernoulli(of_t, p).astype(x.dtype)


def _draw_softmax(key, n):
    of_x, of_t = jax.random.split(key)
    x = jax.random.normal(of_x, (n, len(SOFTMAX.truth) // 2))
    return x, jax.random.categorical(of_t, _logits(jnp.array(SOFTMAX.truth), x))


def _binary(loss):
    """Sum and Hessian of a loss of x'w."""

    def curvature(w, data):
        x, t = data
        return (x * loss.hessian(x @ w, t)[:, None]).T @ x

    return lambda w, data: loss(data[0] @ w, data[1]).sum(), curvature


def _three(loss):
    """Sum and Hessian of a loss of three logits."""

    def curvature(w, data):
        x, t = data
        of_z = loss.hessian(_logits(w, x), t)[:, :2, :2]
        return jnp.einsum("ni,nab,nj->aibj", x, of_z, x).reshape(len(w), len(w))

    return lambda w, data: loss(_logits(w, data[0]), data[1]).sum(), curvature


_BINARY_CE, _BINARY_SE = _binary(sigmoid_cross_entropy), _binary(sigmoid_squared_error)
_THREE_CE, _THREE_SE = _three(softmax_cross_entropy), _three(softmax_squared_error)
# The links are canonical: the Fisher information is the Hessian.
LOGISTIC = Model(
    "logistic regression",
    truth=(2.0, -1.0, 0.5, 0.0),
    weights=4,
    start=(0.0,) * 4,
    draw=_draw_logistic,
    loss=_BINARY_CE[0],
    information=_BINARY_CE[1],
    rival=_BINARY_SE[0],
    rival_curvature=_BINARY_SE[1],
)
SOFTMAX = Model(
    "softmax regression",
    truth=(1.5, -1.0, 0.0, -0.5, 1.0, 0.5),
    weights=6,
    start=(0.0,) * 6,
    draw=_draw_softmax,
    loss=_THREE_CE[0],
    information=_THREE_CE[1],
    rival=_THREE_SE[0],
    rival_curvature=_THREE_SE[1],
)


def judge(rows: list[dict]) -> list[Part | Fact]:
    """Identities, then recovery."""
    return [*likelihoods.judge(rows), *recovery.judge([row for row in rows if row["kind"] == "fits"], NAMES)]


def draw(rows: list[dict]) -> list[Drawn]:
    """Recovery of the weights."""
    return [recovery.drawn("e_recovery", rows, STYLES, NAMES)]


CLAIM = Claim(
    "e",
    "e_cross_entropy_likelihood",
    "Cross-entropy is the likelihood of a sigmoid or softmax output",
    "The Bernoulli and the categorical likelihood, written as densities, are the printed losses, by proof and in exact "
    "arithmetic, and the gradient is p - t; the least cross-entropy recovers known weights, with intervals that cover, errors "
    "that fall as 1/sqrt(n) to the Cramer-Rao bound, and lower ones than the least squared error.",
    QUICK,
    FULL,
    run,
    judge,
    draw,
)
