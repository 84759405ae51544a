"""Numbers and verdicts of the rows in words; null in a record is NaN or infinity."""

from typing import Any

NOT_ENOUGH = "not enough"


def percent(share: float | None, decimals: int = 1) -> str:
    """A share as percent, without the sign."""
    return "-" if share is None else f"{100 * share:.{decimals}f}"


def rate(wer: dict[str, Any]) -> str:
    """A word error rate with its interval, percent."""
    return f"{percent(wer['rate'])} [{percent(wer['low'])}, {percent(wer['high'])}]"


def difference(row: dict[str, Any]) -> str:
    """Of a comparison, in points, with its interval."""
    return f"{points(row['difference'])} [{points(row['low'])}, {points(row['high'])}]"


def points(share: float | None) -> str:
    """A difference of shares, in points with its sign."""
    return "-" if share is None else f"{100 * share:+.2f}"


def number(value: Any) -> str:
    """Of a setting, as short as it is exact enough."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {number(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(number, value)) if value else "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def probability(p: float | None) -> str:
    """A p-value; what underflowed is not 0."""
    if p is None:
        return "-"
    return f"< {_LEAST:g}" if _tiny(p) else f"{p:.2g}"


_LEAST = 1e-16
# The absolute difference of word error rates that the test sets are held against.
SMALL = 0.004


def _tiny(p):
    return p is not None and p < _LEAST


def verdict(row: dict[str, Any]) -> str:
    """Of a deciding comparison, a sentence that can stand alone."""
    p = f"p {'' if _tiny(row['p']) else '= '}{probability(row['p'])}"
    if _known(row) and max(abs(row["low"]), abs(row["high"])) < SMALL:
        p += f"; all of the interval is within {100 * SMALL:g} points of 0"
    match row["verdict"]:
        case "not enough":
            return f"not enough for a verdict: {row['seeds']} seeds, the protocol asks for {row['needed_seeds']}"
        case "nothing to cure":
            return "nothing to cure: SE from a random start is not shown to be worse here"
        case "supported":
            return f"supported: the interval lies above 0, {p}"
        case "narrowed, not cured":
            return f"narrowed, not cured: the gap shrinks, {p}, and from layer-wise CE too SE has more errors than CE"
        case "harms, less than the control":
            return f"harms, less than the control: the interval lies above 0, {p}, and SE after CE has more errors than CE before it"
        case "contradicted":
            return f"contradicted: the interval lies below 0, {p}"
        case "no difference shown" if _known(row) and row["low"] <= 0 <= row["high"]:
            return (
                f"no difference shown: the interval, over writers or speakers and seeds, holds 0; over seeds alone {p}"
            )
        case "no difference shown":
            return f"no difference shown: {p}"
        case other:
            return str(other)


def _known(row):
    return row["low"] is not None and row["high"] is not None


def words_needed(row: dict[str, Any]) -> str:
    """Words of test set for 0.4 points, and how many there are."""
    needed = row["words_needed"]
    if needed is None:
        found = "no number, the seeds differ too much"
    else:
        found = "no more than it has" if needed <= row["words"] else f"{round(needed, -2):,.0f}"
    return f"{found} (has {row['words']:,})"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours."""
    if seconds < 180:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 3 * 3600 else f"{seconds / 3600:.1f} hours"


def listed(parts: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def counted(count: int, thing: str) -> str:
    """1 seed, 2 seeds."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
