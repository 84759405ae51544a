"""One quantity of two implementations: their results entry by entry, and the count of who is right."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from .compare import Comparison, widened
from .diagnose import diagnose
from .exact import Truth
from .points import Points
from .rows import KINDS, Verdict, distance, of_kind, place_at
from .ulp import DTYPES, ulp

RIGHT = ("a", "b", "neither")  # who is, where not both are


@dataclasses.dataclass(frozen=True)
class Side:
    """What one implementation gave at one set of points. formula: where its function is another one than the truth's."""

    points: Points
    got: np.ndarray
    truth: Truth
    comparison: Comparison
    formula: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class Difference:
    """Entries at which the same side is right and the other fails in the same way; the nearest to zero and the worst of them."""

    right: str  # a, b, neither
    kind: str  # digits, false zero, NaN or inf
    count: int
    since: dict | None  # none where only infinities differ
    worst: dict


@dataclasses.dataclass(frozen=True)
class Contest:
    """One quantity in one dtype, both results held against the truth, over all points."""

    quantity: str
    dtype: str
    eligible: int
    checked: int
    undecided: int
    skipped: int
    identical: int  # entries at which both gave the same number, right or wrong
    apart: int  # at which they did not
    max_apart_ulp: float
    right: dict[str, int]  # entries at which both, a, b or neither is within the bound
    max_excess: dict[str, float]
    max_ulp: dict[str, float]
    code: dict[str, str]  # of a and of b
    cause: dict[str, str]
    other_function: dict[str, int]  # entries at which a, or b, is another function than the truth, in exact arithmetic
    differences: list[Difference]

    @property
    def who(self) -> str:
        """Who is right: both, a, b or neither everywhere."""
        wrong = [s for s in "ab" if self.code[s]]
        return {"": "both", "a": "b", "b": "a", "ab": "neither"}["".join(wrong)]

    @property
    def ok(self) -> bool:
        """Both right everywhere, one function, nothing undecided."""
        return self.who == "both" and not any(self.other_function.values()) and not self.undecided and self.checked > 0

    def as_dict(self) -> dict:
        """For JSON."""
        return dataclasses.asdict(self) | {"who": self.who, "ok": self.ok}


def contest(quantity: str, dtype: str, pairs: Sequence[tuple[Side, Side]]) -> Contest:
    """Count over all sets of points."""
    sides = dict(zip("ab", zip(*pairs)))
    fa, fb = (np.concatenate([s.comparison.failed.ravel() for s in sides[x]]) for x in "ab")
    out = np.concatenate([_out(*pair) for pair in pairs])
    undecided = sum(int(_undecided(*pair).sum()) for pair in pairs)
    apart = np.concatenate([_apart(*pair, DTYPES[dtype]) for pair in pairs])[~out]
    masks = {"both": ~fa & ~fb, "a": ~fa & fb, "b": fa & ~fb, "neither": fa & fb}
    said = {x: _diagnosed(sides[x], quantity) for x in "ab"}
    return Contest(
        quantity=quantity,
        dtype=dtype,
        eligible=len(out),
        checked=int((~out).sum()),
        undecided=undecided,
        skipped=int(out.sum()) - undecided,
        identical=int((apart == 0).sum()),
        apart=int((apart > 0).sum()),
        max_apart_ulp=float(apart.max(initial=0.0)),
        right={who: int((m & ~out).sum()) for who, m in masks.items()},
        max_excess={x: max(s.comparison.max_excess for s in sides[x]) for x in "ab"},
        max_ulp={x: float(max(s.comparison.error_ulp.max() for s in sides[x])) for x in "ab"},
        code={x: said[x][0] for x in "ab"},
        cause={x: said[x][1] for x in "ab"},
        other_function={x: sum(int(s.formula.sum()) for s in sides[x] if s.formula is not None) for x in "ab"},
        differences=[d for who in RIGHT for kind in KINDS if (d := _difference(quantity, who, kind, pairs, dtype))],
    )


def _undecided(a, b):
    return a.comparison.undecided | b.comparison.undecided


def _out(a, b):
    """Entries that are not counted."""
    return (_undecided(a, b) | a.comparison.skipped | b.comparison.skipped).ravel()


def _apart(a, b, dtype):
    """How many ulps of the truth the two results lie apart; inf where one is no number and the other is."""
    x, y = (widened(s.got) for s in (a, b))
    with np.errstate(invalid="ignore"):
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        far = np.abs(x - y) / ulp(np.nan_to_num(a.truth.hi), dtype)
    return np.where(same, 0.0, np.where(np.isnan(far), np.inf, far)).ravel()


def _diagnosed(sides, quantity) -> tuple[str, str]:
    guilty = max(sides, key=lambda s: s.comparison.failed.sum())
    if not guilty.comparison.failed.any():
        return "", ""
    p = guilty.points
    return diagnose(guilty.got, guilty.truth, guilty.comparison, p.z, p.t, p.classes, quantity)


def _difference(quantity, who, kind, pairs, dtype) -> Difference | None:
    """Where `who` is right and the other, or of two the first, fails in this way."""
    masks, badness, verdicts = [], [], []
    for a, b in pairs:
        loser = b if who == "a" else a
        fails = {"a": b.comparison.failed & ~a.comparison.failed, "b": a.comparison.failed & ~b.comparison.failed}
        there = fails.get(who, a.comparison.failed & b.comparison.failed) & of_kind(loser.comparison, kind)
        masks.append(there & ~_out(a, b).reshape(there.shape))
        c = loser.comparison
        badness.append(np.where(masks[-1], np.where(c.wrong_nonfinite, np.inf, c.excess), -1.0))
        verdicts.append(Verdict(quantity, "", "jit", a.points, a.got, loser.truth, c))
    count = sum(int(m.sum()) for m in masks)
    if not count:
        return None
    far = [np.where(m, distance(v), np.inf) for m, v in zip(masks, verdicts)]
    near, top = min(range(len(far)), key=lambda i: far[i].min()), max(range(len(far)), key=lambda i: badness[i].max())
    size = float(far[near].min())
    since = None
    if np.isfinite(size):
        nearest = np.where(far[near] == size, badness[near], -1.0)
        since = _place(verdicts[near], pairs[near], nearest) | {"size": size}
    return Difference(who, kind, count, since, _place(verdicts[top], pairs[top], badness[top]))


def _place(verdict, pair, badness) -> dict:
    row, entry = np.unravel_index(np.argmax(badness), badness.shape)
    place = place_at(verdict, row, entry)
    for key in ("got", "got_bits"):
        del place[key]
    return place | {x: float(s.got[row, entry]) for x, s in zip("ab", pair)}
