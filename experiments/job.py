"""Run claims, keep their rows as records, then judge, draw and write the page from the records alone."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from lossjax import plot
from lossjax.training import records
from lossjax.training.bad_input import BadInputError

from . import page
from .claim import Claim, written
from .hypothesis import judged, verdict
from .lab import Lab

# What makes rows; the page may change without a new run.
_SOURCES = tuple(
    p for p in sorted(Path(__file__).parent.glob("*.py")) if p.stem not in ("page", "panels", "job", "__main__")
)
_SAME = ("code", "versions", "device", "cpu", "flags")


def run(claims: Sequence[Claim], output: Path, *, full: bool, console: Console, quiet: bool = False) -> None:
    """The rows of these claims, made where they are not there yet; each claim's file is replaced at once."""
    environment, wanted = records.provenance(*_SOURCES), []
    for claim in claims:
        if _made(records_of(output, claim, full), written(_config(claim, full)), environment):
            console.print(f"({claim.letter}) {claim.title}: done before", soft_wrap=True)
        else:
            wanted.append(claim)
    for make in dict.fromkeys(make for claim in wanted for make in getattr(_config(claim, full), "data", ())):
        make()  # what is not there is missed before hours of training, not after
    for claim in wanted:
        path, config = records_of(output, claim, full), _config(claim, full)
        console.print(f"({claim.letter}) {claim.title}", soft_wrap=True)
        folder = output / "networks" / _setting(full) / claim.name
        begun, fresh = time.perf_counter(), not folder.exists()
        rows = claim.run(config, Lab(folder, console, quiet))
        # Of a run that went on from an earlier one, nobody knows how long it takes.
        seconds = round(time.perf_counter() - begun, 1) if fresh else None
        about = {"claim": claim.letter, "config": written(config), "seconds": seconds, "environment": environment}
        records.write(path, [{**row, **about} for row in rows])


def _config(claim, full):
    return claim.full if full else claim.quick


def _setting(full):
    return "full" if full else "quick"


def records_of(output: Path, claim: Claim, full: bool) -> Path:
    """The file of a claim's rows."""
    return output / "records" / _setting(full) / f"{claim.name}.jsonl"


def _made(path, config, environment):
    rows = records.read(path)
    return (
        bool(rows) and rows[0]["config"] == config and all(rows[0]["environment"][k] == environment[k] for k in _SAME)
    )


def show(claims: Sequence[Claim], output: Path, console: Console, *, full: bool = True) -> Path:
    """Judge and draw every claim that has records, those of this setting where there are some; the path of the page."""
    sections = []
    for claim in claims:
        of = full if records.read(records_of(output, claim, full)) else not full
        if rows := records.read(records_of(output, claim, of)):
            parts = _judged(claim, rows, output)
            with plot.styled():
                drawn = claim.draw(rows)
                paths = [plot.save(one.figure, output / "figures" / one.name) for one in drawn]
            figures = [(one.caption, png.relative_to(output)) for one, (_, png) in zip(drawn, paths)]
            sections.append(page.Section(claim, of, rows[0], parts, verdict(parts), figures, claim.notes(rows)))
    for section in sections:
        console.print(f"({section.claim.letter}) {section.verdict}: {section.claim.title}", soft_wrap=True)
    path = output / "README.md"
    part = path.with_name(path.name + ".part")
    part.write_text(page.text(sections))
    os.replace(part, path)
    return path


def _judged(claim, rows, output):
    try:
        return judged(claim.judge(rows))
    except LookupError as error:
        raise BadInputError(
            f"the records of ({claim.letter}) in {output} are not complete: {error}; remove their file and run the claim again"
        ) from None


def selected(claims: Sequence[Claim], letters: str) -> list[Claim]:
    """The claims of these letters, "a,g"; all for none.

    Raises: BadInputError for a letter that no claim has.
    """
    known = {claim.letter: claim for claim in claims}
    wanted = [letter.strip() for letter in letters.split(",") if letter.strip()] or list(known)
    for letter in wanted:
        if letter not in known:
            raise BadInputError(f"no claim has the letter {letter!r}; there are {', '.join(known)}")
    return [known[letter] for letter in dict.fromkeys(wanted)]
