"""(f) Squared error of a linear output is the Gaussian likelihood.

NLL = SE / (2 variance) + const, and the variance of greatest likelihood is the mean squared error: theorems, proved by
SymPy from the density, and held at points in exact arithmetic, where absolute error has to be told from it. And what
could fail: the fit of greatest likelihood recovers known weights and the known variance, with Fisher intervals that
cover, errors that fall as 1/sqrt(n) to the Cramer-Rao bound, and below those of a likelihood that is not the noise's.

    python -m experiments --only f
"""

import dataclasses

import jax
import jax.numpy as jnp
from jax.scipy.linalg import block_diag

from lossjax import plot
from lossjax.losses import absolute_error, gaussian_nll, half_squared_error, log_cosh

from . import likelihoods, recovery
from .claim import Claim, Drawn
from .hypothesis import Fact, Part
from .lab import Lab
from .recovery import Model

NAMES = ("least SE", "least log-cosh")
STYLES = ((plot.BLUE, "o"),)


@dataclasses.dataclass(frozen=True)
class Config:
    """sizes: examples of a fit. fits: of each size. variances: at which the identity is held in exact arithmetic."""

    sizes: tuple[int, ...] = (100, 400, 1_600)
    fits: int = 400
    variances: tuple[float, ...] = (0.25, 1.0, 3.0)


QUICK = Config()
FULL = Config(sizes=(100, 400, 1_600, 6_400), fits=1_000)


def run(config: Config, lab: Lab) -> list[dict]:
    """Theorems, points in exact arithmetic, fits."""
    rows = likelihoods.of_gaussian(gaussian_nll, half_squared_error)
    for variance in config.variances:
        name = f"Gaussian, variance {variance:g}"
        rows.append(likelihoods.at_points(name, _density(variance), gaussian_nll(variance), "real"))
    rows.append(likelihoods.at_points("Gaussian", _density(1.0), absolute_error, "real", same=False))
    return rows + recovery.fits(LINEAR, config.sizes, config.fits)


def _density(variance):
    return lambda z, t: likelihoods.gaussian(z, t, variance)


def _draw(key, n):
    of_x, of_t = jax.random.split(key)
    *w, log_variance = LINEAR.truth
    x = jax.random.normal(of_x, (n, len(w)))
    return x, x @ jnp.array(w) + jnp.exp(log_variance / 2) * jax.random.normal(of_t, (n,))


def _nll(w, data):
    """Of weights and the logarithm of the variance, the last entry."""
    x, t = data
    return gaussian_nll(jnp.exp(w[-1]))(x @ w[:-1], t).sum()


def _information(w, data):
    x, _ = data
    return block_diag(x.T @ x * jnp.exp(-w[-1]), len(x) / 2)


def _log_cosh(w, data):
    """The likelihood of a hyperbolic secant, its scale from the variance: sech((t - z) / s) has the variance (pi s / 2)^2."""
    x, t = data
    scale = 2 / jnp.pi * jnp.exp(w[-1] / 2)
    return log_cosh(x @ w[:-1] / scale, t / scale).sum() + len(t) * w[-1] / 2


LINEAR = Model(
    "linear regression",
    truth=(1.0, -0.5, 0.25, 0.0, 1.0),
    weights=4,
    start=(0.0,) * 5,
    draw=_draw,
    loss=_nll,
    information=_information,
    rival=_log_cosh,
    rival_curvature=jax.hessian(_log_cosh),
)


def judge(rows: list[dict]) -> list[Part | Fact]:
    """Identities, then recovery."""
    return [*likelihoods.judge(rows), *recovery.judge([row for row in rows if row["kind"] == "fits"], NAMES)]


def draw(rows: list[dict]) -> list[Drawn]:
    """Recovery of the parameters."""
    return [recovery.drawn("f_recovery", rows, STYLES, NAMES)]


CLAIM = Claim(
    "f",
    "f_squared_error_likelihood",
    "Squared error of a linear output is the Gaussian likelihood",
    "The Gaussian density is the printed loss, by proof and in exact arithmetic; NLL is SE / (2 variance) and a constant, and "
    "the likeliest variance is the mean SE; the fit recovers known weights and the known variance, with intervals that cover, "
    "errors that fall as 1/sqrt(n) to the Cramer-Rao bound, and lower ones than with the likelihood of another noise.",
    QUICK,
    FULL,
    run,
    judge,
    draw,
)
