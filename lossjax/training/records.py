"""Records: one JSON object a line, each complete in itself, so that files concatenate and nothing needs a header."""

import functools
import hashlib
import json
import math
import os
import subprocess
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..environment import environment
from .bad_input import BadInputError

_ROOMS = ("losses", "proof", "training", "data")


def provenance(*sources: Path, rooms: tuple[str, ...] = _ROOMS) -> dict:
    """What a result may depend on besides its settings: commit, code, versions, device, flags.

    code: a short hash of the rooms of lossjax that make results, all unless told, and of `sources`, the files of the
    experiment that do.
    """
    package = Path(__file__).parents[1]
    return {"commit": _commit(package.parent), "code": _digest(package, rooms, sources), **environment()}


def _commit(checkout):
    """The commit of the checkout, "+" appended where files differ from it; None where lossjax is installed."""
    if not (checkout / ".git").exists():
        return None

    def git(*words):
        return subprocess.run(["git", "-C", str(checkout), *words], capture_output=True, text=True, check=True).stdout

    try:
        return git("rev-parse", "HEAD").strip() + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


@functools.cache
def _digest(package, rooms, sources):
    # Once a process: what counts is the code that was imported, not what an editor has made of it since.
    files = sorted(path for room in rooms for path in (package / room).rglob("*.py"))
    content = hashlib.sha256()
    for path in (*files, *sources):
        content.update(path.name.encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:12]


def read(path: Path) -> list[dict]:
    """All records of a file, none if there is no file; a last line cut short by a kill is left out.

    Raises: BadInputError that names a damaged line.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [_parsed(path, number, line) for number, line in enumerate(lines[:-1], 1) if line]


def _parsed(path, number, line):
    try:
        return json.loads(line)
    except ValueError:
        raise BadInputError(f"{path}: line {number} is damaged; remove the file, and run again what made it") from None


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
    # A name of its own: several processes may write the same file.
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    part.write_bytes(_lines(records))
    os.replace(part, path)


def _lines(records):
    return "".join(json.dumps(plain(record), allow_nan=False) + "\n" for record in records).encode()


def _cut_torn_line(path):
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n") and content:
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def plain(value: Any) -> Any:
    """As a reader gets it. JSON knows no NaN and no infinity: both become null, which a reader has to face."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
