"""Tables of the hybrid for the terminal, from records only."""

from rich.table import Table

from ..report import wording

ARMS = ("arm", "pooled")
CAPTION = (
    "Frame error: mean over seeds. WER: over all seeds, with an interval of 95 % over speakers (writers) x seeds. "
    "*: the best rate lies at an edge of the grid."
)


def tables(rows: list[dict]) -> list[Table]:
    """Of every task and alignment: its arms, then its claims."""
    found = []
    for task, alignment in dict.fromkeys((r["task"], r["alignment"]) for r in rows if r["kind"] in ARMS):
        own = [r for r in rows if (r["task"], r.get("alignment")) == (task, alignment)]
        found += [_arms(task, alignment, own), _claims(task, alignment, own)]
    return found


def _arms(task, alignment, rows):
    arms = [r for r in rows if r["kind"] in ARMS]
    models = list(arms[0]["wer"])
    one = next(iter(arms[0]["wer"].values()))
    title = f"{task}, {alignment} alignment: {one['words']:,} test words, {one['speakers']} speakers"
    table = Table(title=title, title_justify="left", caption=CAPTION)
    table.add_column("arm", overflow="fold")
    for name in ("rate", "seeds", "dev frame", "test frame", "ECE", *(f"WER {m}" for m in models)):
        table.add_column(name, justify="right")
    for r in rows:
        if r["kind"] == "baseline":
            table.add_row(r["name"], *[""] * 5, *(wording.rate(r["wer"][m]) for m in models), end_section=True)
    for r in arms:
        table.add_row(
            r["name"],
            (f"{r['rate']:.3g}" if r["kind"] == "arm" else "by fold") + ("*" if r["at_edge"] else ""),
            str(r["seeds"]),
            *(
                wording.percent(r[name]["mean"]) if name in r else ""
                for name in ("dev_error", "test_error", "test_ece")
            ),
            *(wording.rate(r["wer"][m]) for m in models),
        )
    return table


def _claims(task, alignment, rows):
    table = Table(title=f"{task}, {alignment} alignment: what the claims come to", title_justify="left")
    table.add_column("claim and comparison", overflow="fold")
    for name in ("model", "WER", "difference, points", "seeds", "words needed"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for says in dict.fromkeys(r["claim"] for r in rows if r["kind"] == "claim"):
        table.add_row(f"[bold]{says}[/bold]")
        for r in (r for r in rows if r["kind"] == "claim" and r["claim"] == says):
            table.add_row(
                f"  {r['what']}",
                r["model"],
                "" if len(r["more"]) > 1 else f"{wording.percent(r['a'])} - {wording.percent(r['b'])}",
                f"{100 * r['difference']:+.2f} [{100 * r['low']:+.2f}, {100 * r['high']:+.2f}]",
                str(r["seeds"]),
                words_needed(r),
                wording.verdict(r) if r["decides"] else "",
            )
        table.add_section()
    table.caption = (
        "difference: positive is what the claim says. words needed: of test set, to find 0.4 % absolute with as many "
        "seeds; no number: the seeds differ too much, no test set would do. In brackets: words tested."
    )
    return table


def words_needed(row: dict) -> str:
    """Infinity is a record's null."""
    needed = row["words_needed"]
    return f"{'no number' if needed is None else f'{round(needed, -2):,.0f}'} ({row['words']:,})"
