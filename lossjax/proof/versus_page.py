"""The report on two implementations: records, and the page that says who is right."""

import dataclasses
import json

from .codes import CODES
from .contest import Contest, Difference
from .findings import CheckFailedError, plain
from .page import Column, Page, Section, as_html, as_markdown, as_text
from .text import QUANTITY, number, short
from .ulp import DTYPES, digits

_COLUMNS = (
    Column("quantity"),
    Column("dtype"),
    Column("a: B", number=True),
    Column("b: B", number=True),
    Column("apart, ulp", number=True),
    Column("entries", number=True, detail=True),
    Column("the same", number=True, detail=True),
    Column("only a right", number=True, detail=True),
    Column("only b right", number=True, detail=True),
    Column("neither", number=True, detail=True),
    Column("who is right", wrap=True),
)


@dataclasses.dataclass(frozen=True)
class Versus:
    """What a comparison of two implementations found. Truthy only when both are right everywhere and one function."""

    names: tuple[str, str]
    truth: str
    contests: list[Contest]
    seconds: float
    environment: dict
    referred: bool  # is there one formula that both are meant to be?
    targets: str  # the set they were drawn from
    commands: tuple[str, str]  # that check a, and b; empty where no line can name the function

    @property
    def ok(self) -> bool:
        """Both right, in every quantity and dtype."""
        return bool(self.contests) and all(c.ok for c in self.contests)

    def __bool__(self) -> bool:
        """Both right?"""
        return self.ok

    def as_dict(self) -> dict:
        """One object: ok, a, b, truth, seconds, environment, contests."""
        a, b = self.names
        told = {"ok": self.ok, "a": a, "b": b, "truth": self.truth, "seconds": round(self.seconds, 3)}
        return told | {"environment": self.environment, "contests": [c.as_dict() for c in self.contests]}

    def to_json(self) -> str:
        """The report as one JSON object; NaN and infinities as strings, as JSON has none."""
        return json.dumps(plain(self.as_dict()), indent=1, allow_nan=False)

    def to_markdown(self) -> str:
        """The report as a Markdown page, ready to paste."""
        return as_markdown(self.page())

    def _repr_html_(self) -> str:
        """The report as a notebook shows it."""
        return as_html(self.page())

    def raise_if_failed(self) -> "Versus":
        """Raise CheckFailedError with the findings, or return the report."""
        if not self.ok:
            raise CheckFailedError(str(self))
        return self

    def __str__(self) -> str:
        """The report as text."""
        return as_text(self.page())

    __repr__ = __str__

    def page(self) -> Page:
        """What the report says, apart from how it looks."""
        a, b = self.names
        total = [sum(getattr(c, f) for c in self.contests) for f in ("eligible", "checked", "undecided", "skipped")]
        return Page(
            verdict=f"{_verdict(self)}: {self.seconds:.1f} s",
            ok=self.ok,
            lead=[("a", a), ("b", b), ("truth", self.truth)],
            columns=_COLUMNS,
            rows=[_row(c) for c in self.contests],
            sections=[s for c in self.contests for s in _sections(c, self)],
            closing=(
                f"{total[0]:,} eligible = {total[1]:,} checked + {total[2]:,} undecided + {total[3]:,} skipped (subnormal inputs, "
                "which XLA reads as 0, and NaN given to code that is not of the catalogue). "
                f"Targets: {self.targets} (--targets). Values and jax.grad under jit. "
                "It holds for these points, this jaxlib and this device; between the points it is evidence, not proof."
            ),
            caption=(
                "B: the least with |got - want| <= B (ulp(want) + eps |z dq/dz|); apart: how far the two results lie from each "
                "other, in ulps of the truth"
            ),
        )


def _verdict(v: Versus) -> str:
    a, b = v.names
    if v.ok:
        return "both are right"
    other = any(any(c.other_function.values()) for c in v.contests)
    wrong = {x for c in v.contests for x in "ab" if c.code[x]}
    if other and not (wrong and v.referred):
        return "not the same function"
    if not wrong:
        return "undecided at some points"
    return {"a": f"{b} is right, {a} is not", "b": f"{a} is right, {b} is not"}.get(
        "".join(sorted(wrong)), "neither is right everywhere"
    )


def _row(c: Contest) -> tuple[list[str], str]:
    who = {"both": "both", "a": "a", "b": "b", "neither": "neither everywhere"}[c.who]
    if any(c.other_function.values()):
        who += "; not one function"
    counts = (c.checked, c.identical, c.right["a"], c.right["b"], c.right["neither"])
    cells = [
        QUANTITY[c.quantity],
        c.dtype,
        number(c.max_excess["a"]),
        number(c.max_excess["b"]),
        number(c.max_apart_ulp),
        *(f"{n:,}" for n in counts),
        who,
    ]
    return cells, "" if c.ok else "bad"


def _sections(c: Contest, v: Versus) -> list[Section]:
    named = dict(zip("ab", v.names))
    found = []
    for x, count in c.other_function.items():
        if count:
            found.append(_another(c, named, x, count, v.referred))
    for who in ("a", "b", "neither"):
        mine = [d for d in c.differences if d.right == who]
        if mine:
            found.append(_lost(c, named, who, mine, dict(zip("ab", v.commands))))
    return found


def _another(c: Contest, named, x, count, referred) -> Section:
    """The functions differ before anything is rounded."""
    what = "the truth" if referred else "a" if x == "b" else "b"
    hint = (
        "Hold its formula to the truth's on paper."
        if referred
        else "Hold the two formulas to each other on paper; `like` (--like) names the catalogue loss that both are meant to be."
    )
    return Section(
        "LJ005",
        f"{QUANTITY[c.quantity]}, {c.dtype}: {x} is not the same function as {what}, in exact arithmetic",
        [(x, named[x]), ("extent", f"{count:,} of {c.eligible:,} entries, whatever the rounding"), ("instead", hint)],
    )


def _lost(c: Contest, named, who, mine: list[Difference], commands) -> Section:
    losers = [x for x in "ab" if x != who]
    right = f"{who} is right, {losers[0]} is wrong" if who != "neither" else "both are wrong"
    items = [("right", named.get(who, "neither"))]
    items += [(f"cause in {x}", f"{named[x]}: {c.cause[x]}") for x in losers if c.cause[x]]
    for d in mine:
        since = (
            f" since |z| = {d.since['size']:.6g}: {_place(d.since, c.dtype)}"
            if d.since
            else ": at infinite pre-activations alone"
        )
        items.append((_KINDS[d.kind], f"{d.count:,} of {c.checked:,} entries{since}"))
        if d.worst != d.since:
            items.append(("worst", _place(d.worst, c.dtype)))
    code = c.code[losers[0]]
    items += [
        ("instead", " ".join(CODES[code].fix.split())),
        ("more", "; ".join(filter(None, (f"lossjax explain {code}", commands[losers[0]])))),
    ]
    return Section(code, f"{QUANTITY[c.quantity]}, {c.dtype}: {right}", items)


_KINDS = {"digits": "digits", "false zero": "zeros", "NaN or inf": "NaN/inf"}


def _place(w: dict, dtype: str) -> str:
    entry, n = f" (entry {w['entry']})" if w["classes"] else "", digits(DTYPES[dtype])
    low, high = w.get("between", (w["want"], w["want"]))
    want = f"{w['want']:.{n}g}" if low == high else f"within [{low:.{n}g}, {high:.{n}g}]"
    z, t = (short(w[x], w["classes"], n) for x in "zt")
    return f"z = {z}, t = {t}{entry}: a {w['a']:.{n}g}, b {w['b']:.{n}g}, truth {want}"
