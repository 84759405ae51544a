"""One loss of another library: how it is called there, and what it claims to compute."""

import dataclasses
import importlib.metadata
from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np

from ...losses.domain import DOMAINS
from ...losses.loss import Loss


@dataclasses.dataclass(frozen=True)
class Case:
    """One loss of a library.

    words: the call as a user of the library writes it, in z and t. call(z, t): the same, of one example; t is an integer
    label where `labels`. For a library that JAX does not trace, whole(quantity, z, t) gives the quantity at all points.
    formula: the catalogue loss, or a printed formula f(z, t), that it claims to compute; documented: the formula that its
    documentation prints, where that is another one than its name means.
    """

    name: str
    words: str
    formula: Loss | Callable
    targets: str
    call: Callable | None = None
    whole: Callable[[str, np.ndarray, np.ndarray], np.ndarray] | None = None
    labels: bool = False
    documented: Callable | None = None
    quantities: tuple[str, ...] = ("value", "grad", "hess")
    dtypes: tuple[str, ...] = ("float32", "bfloat16", "float16", "float64")

    def of_one(self, z, t):
        """The loss of one example, its target one-hot where the library takes a label."""
        assert self.call is not None, self.name
        return self.call(z, jnp.argmax(t, axis=-1) if self.labels else t)

    @property
    def event_ndim(self) -> int:
        """0 for a number, 1 for a vector of classes."""
        return DOMAINS[self.targets].event_ndim

    @property
    def meant(self) -> str:
        """The name of what it claims to compute."""
        return self.formula.label if isinstance(self.formula, Loss) else self.formula.__name__

    @property
    def meaning(self) -> str:
        """What it claims to compute, in words for somebody who does not know the catalogue."""
        if isinstance(self.formula, Loss):
            return f"lossjax.losses.{self.meant}"
        return f"{self.meant}: {(self.formula.__doc__ or '').rstrip('.')}"


@dataclasses.dataclass(frozen=True)
class Library:
    """The losses of a library that have a meaning for us, and those that were left out, with the reason.

    imports: the line with which a reproducer begins. distribution: its name among installed packages.
    """

    name: str
    distribution: str
    imports: str
    cases: tuple[Case, ...]
    left_out: Mapping[str, str]

    @property
    def version(self) -> str:
        """The installed version."""
        return importlib.metadata.version(self.distribution)
