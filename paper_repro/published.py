"""The small records beside a page: enough to draw it again, and where an output folder without them begins.

Word errors by utterance and weights stay in the output folder, so that these can be kept with the code.
"""

from pathlib import Path

from lossjax.training import records

from .report import evidence, searches
from .store import short

NAMES = ("theory", "summary", "summary-hybrid", "hybrid-kept", "job")


def write(folder: Path, page: Path) -> None:
    """What the page of an output folder is made from, into `records` beside the page."""
    for name in NAMES:
        records.write(page / "records" / f"{name}.jsonl", records.read(folder / f"{name}.jsonl"))
    records.write(page / "records" / "hybrid-kept.jsonl", _shown(evidence.read(folder)))


def _shown(found):
    """What the page says of corpora, and the tuned searches that it draws."""
    drawn = {
        name
        for row in found.rows
        if row["kind"] in ("arm", "baseline") and row["name"] in searches.SHOWN and row["alignment"] == "Gaussian"
        for wer in row["wer"].values()
        for name in wer["searches"]
    }
    return [r for r in found.kept if r["key"]["kind"] == "corpus" or short(r["key"]) in drawn]


def holds(page: Path, setting: str) -> bool:
    """Are there records of this setting beside the page?"""
    return [job["setting"] for job in records.read(page / "records" / "job.jsonl")][-1:] == [setting]


def begin(folder: Path, page: Path, setting: str) -> None:
    """Take from beside the page what the output folder lacks: files, and rows of tasks; nothing of another setting."""
    if not holds(page, setting):
        return
    found = {name: records.read(page / "records" / f"{name}.jsonl") for name in NAMES}
    known = {row["task"] for row in records.read(folder / "summary-hybrid.jsonl")}
    rows = [row for row in found.pop("summary-hybrid") if row["task"] not in known]
    if rows:
        records.append(folder / "summary-hybrid.jsonl", rows)
    own = records.read(folder / "job.jsonl")
    records.write(folder / "job.jsonl", [*(row for row in found.pop("job") if row not in own), *own])
    for name, those in found.items():
        if not (folder / f"{name}.jsonl").exists():
            records.write(folder / f"{name}.jsonl", those)
