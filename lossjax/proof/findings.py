"""What a check returns: rows, and the report that holds them."""

import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Row:
    """One quantity of one loss in one dtype, as one witness gives it, held against the truth."""

    loss: str
    dtype: str
    quantity: str  # value, grad, hess
    witness: str  # derived, autodiff, plain (informative), own
    eligible: int
    checked: int
    undecided: int
    skipped: int  # subnormal inputs, which XLA reads as 0, and NaN given to foreign code
    max_ulp: float
    max_excess: float
    bound: float
    lost: int
    wrong_nonfinite: int
    subnormal: int
    failures: int
    ok: bool
    code: str = ""
    cause: str = ""
    worst: dict | None = None
    # Of each kind of failure ("digits", "false zero", "NaN or inf") the one nearest to zero, and its size |z|.
    since: dict = dataclasses.field(default_factory=dict)
    reproducer: str = ""  # a line for a shell
    here: str = ""  # the call, where f is at hand and no line can name it
    truth: str = ""  # what the truth is, in words
    mode: str = "jit"
    claim: str = ""
    targets: str = ""  # the set they were drawn from
    classes: tuple[int, ...] = ()  # of the vectors; none for a scalar
    # Its formula, evaluated without rounding where the code failed: "right", "wrong", "partly" right, or nothing is known.
    itself: str = ""

    @property
    def points(self) -> int:
        """Entries that were judged."""
        return self.checked

    def as_dict(self) -> dict:
        """For JSON."""
        return dataclasses.asdict(self) | {"points": self.points}


class CheckFailedError(AssertionError):
    """A check found something."""


@dataclasses.dataclass(frozen=True)
class Report:
    """Rows and where they were measured. Truthy only when clean."""

    rows: list[Row]
    seconds: float
    environment: dict
    sweeps: list = dataclasses.field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No finding: rows of the witness `plain` inform and do not count."""
        return (
            bool(self.rows or self.sweeps)
            and all(r.ok for r in self.rows if r.witness != "plain")
            and all(s["ok"] for s in self.sweeps)
        )

    def __bool__(self) -> bool:
        """Clean?"""
        return self.ok

    def findings(self) -> list[Row]:
        """The rows that failed and count."""
        return [r for r in self.rows if not r.ok and r.witness != "plain"]

    def as_dict(self) -> dict:
        """One object: ok, seconds, environment, rows."""
        rows = [r.as_dict() for r in self.rows] + self.sweeps
        return {"ok": self.ok, "seconds": round(self.seconds, 3), "environment": self.environment, "rows": rows}

    def to_json(self) -> str:
        """The report as one JSON object; NaN and infinities as strings, as JSON has none."""
        return json.dumps(plain(self.as_dict()), indent=1, allow_nan=False)

    def to_markdown(self) -> str:
        """The report as a Markdown page, ready to paste."""
        from .page import as_markdown
        from .text import page_of

        return as_markdown(page_of(self))

    def _repr_html_(self) -> str:
        """The report as a notebook shows it."""
        from .page import as_html
        from .text import page_of

        return as_html(page_of(self))

    def to_frame(self):
        """The rows as a pandas DataFrame."""
        from lossjax.extras import need

        return need("pandas", "report", "Report.to_frame").DataFrame([r.as_dict() for r in self.rows])

    def raise_if_failed(self) -> "Report":
        """Raise CheckFailedError with the findings, or return the report."""
        if not self.ok:
            raise CheckFailedError(str(self))
        return self

    def __str__(self) -> str:
        """The report as text."""
        from .page import as_text
        from .text import page_of

        return as_text(page_of(self))

    __repr__ = __str__


def plain(x):
    """X for JSON, NaN and infinities as strings."""
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [plain(v) for v in x]
    if isinstance(x, float) and (x != x or x in (float("inf"), float("-inf"))):
        return str(x)
    return x
