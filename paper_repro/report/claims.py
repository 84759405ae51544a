"""The claims of the paper one by one: its number, ours, the verdict."""

from collections.abc import Sequence

from . import paper, wording
from .document import Block, Bullets, Column, Heading, Link, Paragraph, Strong, Table, Words, anchor
from .evidence import Row, Task
from .paper import Claim


def section(tasks: Sequence[Task]) -> list[Block]:
    """An overview, then a part for every claim of which there are rows."""
    rows = [row for task in tasks for row in task.claims]
    found = {row["claim"]: paper.NAMED.get(row["claim"], Claim(row["claim"], "", "")) for row in rows}
    if not found:
        return []
    known = list(paper.NAMED)
    numbers = {says: known.index(says) + 1 if says in known else len(known) + 1 + i for i, says in enumerate(found)}
    parts = [block for claim in found.values() for block in _part(numbers[claim.says], claim, rows)]
    return [Heading(2, "The claims"), _overview(found, rows), *parts]


def _overview(found, rows) -> Table:
    columns = [
        Column("claim", wrap=True),
        Column("published WER, %", number=True),
        Column("task"),
        Column("alignment"),
        Column("ours, points", number=True),
        Column("verdict", wrap=True),
    ]
    cells: list[list[Words]] = [
        [
            row["claim"],
            _published(found[row["claim"]], row["task"]),
            [Link(row["task"], f"#{anchor(row['task'])}")],
            row["alignment"],
            wording.difference(row),
            [Strong(row["verdict"])],
        ]
        for says in found
        for row in rows
        if row["claim"] == says and row["decides"]
    ]
    caption = (
        "Ours: the difference that decides, in points of WER, positive where the claim holds, with its interval of 95 % "
        "over speakers (writers) and seeds. Published: of the paper, on its own corpora; their difference, and so its "
        "sign, is to be held against the comparison with CE before SE, not against the control, which it had not."
    )
    return Table(columns, cells, caption, "overview")


def _published(claim: Claim, task: str) -> str:
    pair = paper.published(task)
    if not claim.figures or pair is None:
        return "no figure"
    before, after = map(wording.percent, pair)
    return f"{before} to {after} ({paper.KIND[task]})"


def _part(number: int, claim: Claim, rows: Sequence[Row]) -> list[Block]:
    own = [row for row in rows if row["claim"] == claim.says]
    told: list[Words] = []
    if claim.published:
        told.append([Strong("The paper (published). "), claim.published + _figures(claim)])
    if claim.ours:
        told.append([Strong("Here. "), claim.ours])
    verdicts: list[Words] = [
        [
            Strong(f"{row['task']}, {row['alignment']} alignment, {row['model']}: "),
            _rates(row),
            wording.verdict(row),
            ".",
        ]
        for row in own
        if row["decides"]
    ]
    return [
        Heading(3, f"{number}. {claim.says}"),
        *(Paragraph(words) for words in told),
        Bullets(verdicts),
        _comparisons(own, f"claim-{number}"),
    ]


def _figures(claim):
    if not claim.figures:
        return ""
    pairs = (
        f"{kind} {wording.percent(a)} to {wording.percent(b)} % WER ({wording.points(b - a)} points)"
        for kind, (a, b) in paper.PUBLISHED.items()
    )
    return f" Published: {wording.listed(list(pairs))}."


def _rates(row: Row) -> str:
    if len(row["more"]) > 1:
        gaps = f"{' - '.join(row['more'])}: {wording.points(row['a'])} points; {' - '.join(row['less'])}: "
        return f"{gaps}{wording.points(row['b'])} points; difference {wording.difference(row)} points; "
    (more,), (less,) = row["more"], row["less"]
    rates = f"{more}: {wording.percent(row['a'])} %, {less}: {wording.percent(row['b'])} % WER"
    return f"{rates}; difference {wording.difference(row)} points; "


def _pair(row: Row) -> str:
    """Both sides; of gaps, which are no rates, with their signs."""
    return " / ".join((wording.points if len(row["more"]) > 1 else wording.percent)(row[side]) for side in "ab")


def _comparisons(rows: Sequence[Row], name: str) -> Table:
    columns = [
        Column("comparison", wrap=True),
        Column("task"),
        Column("alignment"),
        Column("model"),
        Column("WER of both, %", number=True),
        Column("difference, points", number=True),
        Column("p", number=True),
        Column("seeds", number=True),
        Column("words for 0.4 points", wrap=True),
        Column("matched pairs, p", number=True),
        Column("decides"),
    ]
    order = list(dict.fromkeys(row["what"] for row in rows))
    cells: list[list[Words]] = [
        [
            [Strong(row["what"])] if row["decides"] else row["what"],
            row["task"],
            row["alignment"],
            row["model"],
            _pair(row),
            wording.difference(row),
            wording.probability(row["p"]),
            f"{row['seeds']} of {row['needed_seeds']}",
            wording.words_needed(row),
            _matched(row),
            row["verdict"] if row["decides"] else "",
        ]
        for row in sorted(rows, key=lambda row: order.index(row["what"]))
    ]
    return Table(columns, cells, _CAPTION, name)


_CAPTION = (
    "WER of both: of two arms, of which the claim says that the first has more errors; where gaps between arms are compared, "
    "both gaps in points. Difference: positive is what the claim says. Intervals of 95 % over speakers (writers) and seeds. "
    "p: of sign flips over seeds; of the comparisons that decide adjusted by Holm over these, for each task and alignment, of "
    "the others as it is. Words for 0.4 points: of test set, to find an absolute difference of 0.4 % with as many seeds. "
    "Matched pairs: the test of Gillick and Cox over sentences, seed 0 alone, which knows nothing of seeds and speakers."
)


def _matched(row):
    found = row.get("matched_pairs")
    return "" if found is None else wording.probability(found["p"])
