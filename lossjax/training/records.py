"""Records: one JSON object a line, each complete in itself, so that files concatenate and nothing needs a header."""

import hashlib
import json
import math
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ..environment import environment


def provenance() -> dict:
    """What a result may depend on besides its settings: commit, code, versions, device, flags."""
    root = Path(__file__).parents[2]
    return {"commit": _commit(root), "code": _digest(root), **environment()}


def _commit(root):
    """The commit of the checkout, "+" appended where files differ from it; None outside a checkout."""
    git = ["git", "-C", str(root)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        dirty = subprocess.run(
            [*git, "status", "--porcelain"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if dirty else "")


def _digest(root):
    """A short hash of the source that makes results: a run is resumed by the very code that began it, or not at all."""
    folders = [
        root / "lossjax" / "losses",
        root / "lossjax" / "training",
        root / "lossjax" / "data",
        root / "paper_repro",
    ]
    content = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        content.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:12]


def read(path: Path) -> list[dict]:
    """All records of a file, none if there is no file; a last line cut short by a kill is left out."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line]


def append(path: Path, records: Iterable[dict]) -> None:
    """Add records at the end and flush them to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _cut_torn_line(path)
    with path.open("ab") as file:
        file.write(_lines(records))
        file.flush()
        os.fsync(file.fileno())


def write(path: Path, records: Iterable[dict]) -> None:
    """Replace the whole file at once: a reader sees the old records or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(_lines(records))
    os.replace(part, path)


def _lines(records):
    return "".join(json.dumps(_plain(record), allow_nan=False) + "\n" for record in records).encode()


def _cut_torn_line(path):
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n") and content:
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def _plain(value):
    """JSON knows no NaN and no infinity: both become null, which a reader has to face."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
