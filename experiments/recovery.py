"""Does the fit of greatest likelihood find known parameters? Many small fits to fresh data, and what theory says of them.

The estimate is that of least loss, found by Fisher scoring; its intervals are w_i +- 1.96 sqrt(1/I)_ii with the Fisher
information I at the estimate. A rival loss is fitted to the same data, from that estimate.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import norm

from lossjax import plot

from . import panels
from .claim import Drawn
from .hypothesis import Fact, Part

STEPS = 20
# The last step where it has arrived: it doubles the digits, so that what is left is rounding; in float64.
ARRIVED = 1e-6
# A fit that did not arrive counts as so far off.
WORST = 10.0


class Model(NamedTuple):
    """draw(key, n) -> data; loss(w, data), rival(w, data): sums over examples.

    information(w, data): of Fisher, over them. rival_curvature(w, data): the Hessian of the rival. truth: the parameters,
    `weights` weights first. start: where scoring begins.
    """

    name: str
    truth: tuple[float, ...]
    weights: int
    start: tuple[float, ...]
    draw: Callable
    loss: Callable
    information: Callable
    rival: Callable
    rival_curvature: Callable


def fits(model: Model, sizes: Sequence[int], count: int, seed: int = 0) -> list[dict]:
    """A row a size, an entry a fit: `rms` error of the weights, `rival`'s, and the share `covered` of all parameters.

    bound: root of the mean diagonal of 1/I at the truth, over weights and data: no unbiased estimate falls below it.
    """
    with jax.enable_x64(True):
        return [_of_size(model, size, count, seed) for size in sizes]


def _of_size(model, size, count, seed):
    keys = jax.random.split(jax.random.key(seed, impl="threefry2x32"), count)
    one = jax.jit(lambda keys: jax.lax.map(lambda key: _fit(model, model.draw(key, size)), keys))
    found = {name: np.asarray(values) for name, values in one(keys).items()}
    columns = {name: [_number(v) for v in found[name]] for name in ("rms", "rival", "covered")}
    return {
        "kind": "fits",
        "model": model.name,
        "size": size,
        "bound": float(np.sqrt(np.mean(found["bound"]))),
        **columns,
    }


def _number(value):
    return float(f"{value:.4g}") if np.isfinite(value) else None


def _fit(model, data):
    truth = jnp.array(model.truth)

    def error(w):
        return jnp.sqrt(jnp.mean((w - truth)[: model.weights] ** 2))

    w, step = _solved(lambda w: jax.grad(model.loss)(w, data), lambda w: model.information(w, data), model.start)
    other, other_step = _solved(lambda w: jax.grad(model.rival)(w, data), lambda w: model.rival_curvature(w, data), w)
    variances = jnp.diag(jnp.linalg.inv(model.information(w, data)))
    covered = jnp.abs(w - truth) <= norm.ppf(0.975) * jnp.sqrt(variances)
    arrived = step < ARRIVED
    return {
        "rms": jnp.where(arrived, error(w), jnp.nan),
        "rival": jnp.where(other_step < ARRIVED, error(other), jnp.nan),
        "covered": jnp.where(arrived, jnp.mean(covered), 0),
        "bound": jnp.mean(jnp.diag(jnp.linalg.inv(model.information(truth, data)))[: model.weights]),
    }


def _solved(slope, curvature, w):
    """Where the slope is 0, by steps curvature^-1 slope; and the last step, which is NaN or not small where there is none."""

    def move(state):
        w, _, count = state
        step = jnp.linalg.solve(curvature(w), slope(w))
        return w - step, jnp.max(jnp.abs(step)), count + 1

    def far(state):
        return (state[1] >= ARRIVED) & (state[2] < STEPS)

    return jax.lax.while_loop(far, move, (jnp.array(w), jnp.inf, 0))[:2]


def judge(rows: list[dict], names: tuple[str, str]) -> list[Part | Fact]:
    """Of the fits of every model: intervals cover, errors fall as 1/sqrt(n), reach the bound, and are below the rival's."""
    found = []
    for model in dict.fromkeys(row["model"] for row in rows):
        of_model = [row for row in rows if row["model"] == model]
        last = of_model[-1]
        where = f"{model}, n = {last['size']}"
        found += [_covers(row) for row in of_model]
        found += [_falls(small, large) for small, large in itertools.pairwise(of_model)]
        says = f"{where}: the rms error over that of the Cramer-Rao bound is 1, within 10 %"
        found.append(_within(says, [_error(drawn) / last["bound"] for drawn in _resampled(last)], 0.9, 1.1, "times"))
        says = f"{where}: {names[0]} comes closer to the truth than {names[1]}"
        found.append(Part(says, names, last["rms"], last["rival"], "rms error of a weight", WORST))
    return found


def _covers(row):
    says = f"{row['model']}, n = {row['size']}: intervals of 95 % cover the truth in 93 to 97 %"
    return _within(says, [100 * float(np.mean(drawn)) for drawn in _resampled(row, "covered")], 93, 97, "%")


def _falls(small, large):
    wanted = (large["size"] / small["size"]) ** 0.5
    says = (
        f"{small['model']}, n = {small['size']} to {large['size']}: the rms error falls {wanted:.3g} times, within 10 %"
    )
    ratios = [_error(a) / _error(b) for a, b in zip(_resampled(small), _resampled(large, seed=1))]
    return _within(says, ratios, 0.9 * wanted, 1.1 * wanted, "times")


def _error(rms):
    return float(np.sqrt(np.mean(rms**2)))


def _resampled(row, column="rms", seed=0):
    """The values of all fits, then 999 resamples of them."""
    values = np.array([WORST if v is None else v for v in row[column]])
    rng = np.random.default_rng(seed)
    return [values, *(rng.choice(values, len(values)) for _ in range(999))]


def _within(says, values, low, high, unit):
    """The first value, with the interval of 95 % of the others; it holds where this lies between low and high."""
    value, *others = values
    bottom, top = np.quantile(others, (0.025, 0.975)).tolist()
    holds = True if low <= bottom and top <= high else False if top < low or high < bottom else None
    return Fact(says, value, bottom, top, unit, holds)


def drawn(name: str, rows: list[dict], styles: Sequence[tuple[str, str]], names: tuple[str, str]) -> Drawn:
    """The rms error by size, the bound as a line, and the coverage; intervals of 95 % over fits."""
    rows, figure = [row for row in rows if row["kind"] == "fits"], plot.figure(7.2, 3.2)
    error, cover = figure.subplots(1, 2)
    for (colour, mark), model in zip(styles, dict.fromkeys(row["model"] for row in rows)):
        of_model = [row for row in rows if row["model"] == model]
        sizes = np.array([row["size"] for row in of_model])
        error.plot(sizes, [row["bound"] for row in of_model], "-", color=colour, linewidth=1)
        for loss, column, shift in zip(names, ("rms", "rival"), (0.95, 1.05)):
            errors = [[_error(values) for values in _resampled(row, column)] for row in of_model]
            face = colour if column == "rms" else "white"
            _points(error, shift * sizes, errors, colour, mark, face, f"{model}, {loss}")
        shares = [[float(np.mean(values)) for values in _resampled(row, "covered")] for row in of_model]
        _points(cover, sizes, shares, colour, mark, colour, model)
    cover.axhspan(0.93, 0.97, color=plot.GREY, alpha=0.15, linewidth=0)
    cover.axhline(0.95, color=plot.GREY, linewidth=0.8)
    cover.set(ylabel="95 % intervals that cover the truth", ylim=(0.9, 1))
    cover.yaxis.set_major_formatter(panels.PERCENT)
    error.set(yscale="log", ylabel="rms error of a weight")
    panels.numbers(error.yaxis, (0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5))
    for ax in (error, cover):
        ax.set(xscale="log", xlabel="examples $n$")
        panels.numbers(ax.xaxis, sorted({row["size"] for row in rows}))
    panels.legend(figure, error, columns=2)
    caption = (
        f"Fits to fresh data with known parameters, {len(rows[0]['rms'])} of each size. Left: error of the {names[0]} and of the "
        f"{names[1]}; lines: the Cramer-Rao bound. Right: Fisher intervals, the band of 93 to 97 % shaded. Bars: 95 % over fits; one "
        f"that does not arrive counts as an error of {WORST:g}."
    )
    return Drawn(name, caption, figure)


def _points(ax, x, drawn, colour, mark, face, label):
    values = [values[0] for values in drawn]
    ends = np.array([np.quantile(values[1:], (0.025, 0.975)) for values in drawn]).T
    ax.errorbar(
        x, values, np.abs(ends - values), fmt=mark, color=colour, markerfacecolor=face, markersize=5, label=label
    )
