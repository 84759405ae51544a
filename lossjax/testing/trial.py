"""One mode of one function at one point: directions, what JAX gives, what is right, the verdict."""

import dataclasses
import math
from numbers import Real

import jax
import numpy as np

from . import verdict
from .conditioning import FEW, Conditioning, OwnRounding
from .directions import choose
from .flat import Flat
from .modes import mode_of
from .reference import Referee
from .result import Judged

_CALLED = 2**31  # numbers that JAX may be asked to compute, and at a time
_AT_ONCE = 2**26


@dataclasses.dataclass(frozen=True)
class Request:
    """What `assert_derivatives` was asked for."""

    bound: float
    loosen: tuple[float, float]
    rounding: str
    effort: float
    seed: int
    jit: bool

    def __post_init__(self):
        """Refuse what would judge less than it seems, or nothing."""
        if self.rounding not in ("auto", "inputs", "intermediates"):
            raise ValueError(f"rounding is 'auto', 'inputs' or 'intermediates', got {self.rounding!r}")
        for what, x in (("bound", self.bound), ("effort", self.effort)):
            if not (isinstance(x, Real) and 0 < x < math.inf):
                raise ValueError(f"{what} is a positive number, got {x!r}")
        for what, x in zip(("atol", "rtol"), self.loosen, strict=True):
            if not (isinstance(x, Real) and 0 <= x < math.inf):
                raise ValueError(f"{what} is a number that is not negative, got {x!r}")


class Trial:
    """Everything about one mode; `verdict` and `judged` are there once it has been run."""

    def __init__(self, name: str, flat: Flat, request: Request):
        self.mode, self.request = mode_of(name, flat), request
        self.referee = Referee(self.mode, request.effort)
        self.conditioning = Conditioning(self.referee)
        self.own = OwnRounding(self.mode, self.referee.work)
        small = len(self.conditioning.at) <= FEW
        self.rounding = ("inputs" if small else "intermediates") if request.rounding == "auto" else request.rounding
        self._called = jax.vmap(self.mode.call, (None, 0))
        if request.jit:
            self._called = jax.jit(self._called)

    def run(self) -> verdict.Verdict:
        """Judge along the chosen directions."""
        called = int(self.request.effort * _CALLED) // self.referee.work
        every = min(self.referee.affordable, called)
        some = max(2, self.referee.affordable if self.referee.double else called)
        chosen = choose(self.mode, every, some, np.random.default_rng(self.request.seed))
        self.directions, self.reference = chosen, self.referee(chosen.rows)
        if self.request.rounding == "auto" and not self.reference.exact.any():
            # What has no exact meaning, as a factorisation, rounds within itself as its arguments do not.
            self.rounding = "intermediates"
        self.verdict = self.judge(chosen.rows, self.reference)
        return self.verdict

    def judge(self, rows, reference) -> verdict.Verdict:
        """What JAX gives along these directions, held to the reference."""
        return verdict.judge(self, rows, self.got(rows), reference)

    def got(self, rows) -> np.ndarray:
        """What JAX gives along these directions, in float64."""
        size = max(1, _AT_ONCE // self.referee.work)
        parts = [rows[i : i + size].astype(self.mode.flat.inputs.dtype) for i in range(0, len(rows), size)]
        return np.concatenate([np.asarray(self._called(self.mode.flat.x, p)).astype(np.float64) for p in parts])

    def element(self, row: int, entry: int) -> tuple[np.ndarray, verdict.Verdict, int]:
        """The direction that shows the wrong element behind a failure by itself, the verdict along it, and its row.

        Where a sum is wrong it is halved until one term is left; where the halves are right, the sum itself is shown.
        """
        a, start = self.directions.rows[row].copy(), 0
        for vector in self.mode.along:
            place = slice(start, start + len(vector))
            start = place.stop
            while np.count_nonzero(a[place]) > 1:
                halves = np.stack([a, a])
                terms = start - len(vector) + np.flatnonzero(a[place])
                halves[0, terms[len(terms) // 2 :]] = halves[1, terms[: len(terms) // 2]] = 0
                found = self.judge(halves, self.referee(halves))
                if not found.failed[:, entry].any():
                    return self.directions.rows[row], self.verdict, row
                a = halves[int(np.argmax(np.where(found.wrong, np.inf, found.error)[:, entry]))]
        a = np.abs(a)
        found = self.judge(a[None], self.referee(a[None]))
        return (a, found, 0) if found.failed[0, entry] else (self.directions.rows[row], self.verdict, row)

    def summary(self) -> Judged:
        """What was looked at."""
        d, v, truth = self.directions, self.verdict, self.reference.truth
        open_, nowhere = verdict.undecided(truth), verdict.without(truth)
        return Judged(
            mode=self.mode.name,
            judged=int(truth.status.size) - open_ - nowhere,
            elements=self.mode.units * len(self.mode.out),
            units=d.units,
            of=d.of,
            signs=d.signs,
            exact=int(self.reference.exact.sum()),
            directions=len(d.rows),
            undecided=open_,
            nowhere=nowhere,
            rounding=self.rounding,
            max_excess=float(v.excess.max(initial=0.0)),
            note=self.reference.note,
        )
