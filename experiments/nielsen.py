"""Nielsen's single neuron (Neural Networks and Deep Learning, chapter 3): one weight, one bias, x = 1, wanted output 0.

The four animations of the chapter as published (js/saturation1.js to saturation4.js), and the cross-entropy ones with
the derivative that the book itself gives. The published scripts of animations 3 and 4 step along 1/(1 - a), which is
dC/da; dC/dw = dC/db = a.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax

import lossjax

UPDATES = 300
# Codes of `lossjax explain` for a formula that is not the derivative; the others are of precision.
WRONG_MATHS = ("LJ001", "LJ002", "LJ003", "LJ004", "LJ005")


class Demo(NamedTuple):
    """A start, a rate, and the gradient in w and in b as a function of the output a."""

    name: str
    cost: str
    w: float
    b: float
    rate: float
    gradient: Callable[[float], float]


def quadratic(a: float) -> float:
    """dC/dw of C = a^2 / 2, as published, and right."""
    return a * a * (1 - a)


def published(a: float) -> float:
    """What the published cross-entropy animations step along: dC/da of C = -log(1 - a)."""
    return 1 / (1 - a)


def correct(a: float) -> float:
    """dC/dw of C = -log(1 - a)."""
    return a


DEMOS = (
    Demo("1", "squared error", 0.6, 0.9, 0.15, quadratic),
    Demo("2", "squared error", 2.0, 2.0, 0.15, quadratic),
    Demo("3, as published", "cross-entropy", 0.6, 0.9, 0.005, published),
    Demo("4, as published", "cross-entropy", 2.0, 2.0, 0.005, published),
    Demo("3, right gradient", "cross-entropy", 0.6, 0.9, 0.005, correct),
    Demo("4, right gradient", "cross-entropy", 2.0, 2.0, 0.005, correct),
    Demo("3, right gradient, rate of 1", "cross-entropy", 0.6, 0.9, 0.15, correct),
    Demo("4, right gradient, rate of 2", "cross-entropy", 2.0, 2.0, 0.15, correct),
)


def rows() -> list[dict]:
    """A row a demo and a row for each of the three gradients, as `lossjax.check` judges it."""
    return [_demo(demo) for demo in DEMOS] + [
        _check("a a (1 - a) of squared error", _cost_quadratic, lambda a, t: (a - t) * a * (1 - a), quadratic),
        _check("1/(1 - a) of cross-entropy", _cost_entropy, lambda a, t: (a - t) / (a * (1 - a)), correct),
        _check("a - t of cross-entropy", _cost_entropy, lambda a, t: a - t, correct),
    ]


def _demo(demo):
    w, b, outputs = demo.w, demo.b, []
    for _ in range(UPDATES + 1):
        a = 1 / (1 + math.exp(-(w + b)))
        outputs.append(a)
        step = demo.rate * demo.gradient(a)
        w, b = w - step, b - step
    steps = [demo.gradient(a) for a in outputs]
    return {
        "kind": "neuron",
        "demo": demo.name,
        "cost": demo.cost,
        "w": demo.w,
        "b": demo.b,
        "rate": demo.rate,
        "outputs": [float(f"{a:.5g}") for a in outputs],
        "first_over_largest": steps[0] / max(steps),
        "updates_to_half": next((i for i, a in enumerate(outputs) if a <= 0.5), None),
    }


def _cost_quadratic(z, t):
    return (jax.nn.sigmoid(z) - t) ** 2 / 2


def _cost_entropy(z, t):
    return -(t * jax.nn.log_sigmoid(z) + (1 - t) * jax.nn.log_sigmoid(-z))


def _check(name, cost, gradient, truth):
    """Is this the derivative of that cost? `ratio`: to the true gradient, of the output a, where the animation starts."""
    report = lossjax.check(
        cost,
        grad=lambda z, t: gradient(jax.nn.sigmoid(z), t),
        targets="binary",
        quantity="grad",
        points="quick",
        name=name,
    )
    (by_hand,) = (row for row in report.rows if row.witness == "derived")
    a = 1 / (1 + math.exp(-4.0))
    return {
        "kind": "check",
        "gradient": name,
        "code": by_hand.code,
        "cause": by_hand.cause,
        "wrong_maths": by_hand.code in WRONG_MATHS,
        "ratio": gradient(a, 0.0) / truth(a),
    }
