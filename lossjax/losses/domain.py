"""Target sets: which targets a loss is defined on, and the corners worth testing."""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


@dataclasses.dataclass(frozen=True)
class Domain:
    """A set of targets of one example.

    `contains(t)` is a scalar bool: is `t` in the set? `event_ndim` is 0 for a number, 1 for a vector of K.
    `safe` fills masked targets, and is always inside. `labels`: an integer label stands for its one-hot target, which the
    loss' functions are given as a `Label` if `by_class`.
    """

    name: str
    event_ndim: int
    contains: Callable[[Float[Array, "..."]], Bool[Array, "..."]]
    safe: float = 0.0
    labels: bool = False
    by_class: bool = False


def _one_hot(t):
    return jnp.all((t == 0) | (t == 1), axis=-1) & (jnp.sum(t, axis=-1) == 1)


def _simplex(t):
    # Targets rounded to bfloat16 sum to 1 only within their own rounding, 0.4 % per entry.
    return jnp.all(t >= 0, axis=-1) & (jnp.abs(jnp.sum(t, axis=-1) - 1) <= 0.01)


REAL = Domain("real", 0, jnp.isfinite)
UNIT = Domain("unit", 0, lambda t: (t >= 0) & (t <= 1))
BINARY = Domain("binary", 0, lambda t: (t == 0) | (t == 1))
MARGIN = Domain("margin", 0, lambda t: (t == -1) | (t == 1), safe=1.0)
TANH = Domain("tanh", 0, lambda t: (t >= -1) & (t <= 1))
COUNT = Domain("count", 0, lambda t: (t >= 0) & jnp.isfinite(t) & (t == jnp.floor(t)))
ONE_HOT = Domain("one_hot", 1, _one_hot, labels=True)
CLASS = dataclasses.replace(ONE_HOT, by_class=True)
SIMPLEX = Domain("simplex", 1, _simplex, labels=True)

DOMAINS = {d.name: d for d in (REAL, UNIT, BINARY, MARGIN, TANH, COUNT, ONE_HOT, SIMPLEX)}
