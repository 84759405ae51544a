"""The records of one output folder: what the same code made in the same environment is not computed again."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from lossjax.training import records

# What makes results here; tables and figures may change without a new run.
SOURCES = tuple(Path(__file__).with_name(f"{name}.py") for name in ("bounds", "digits", "equations", "reasons"))
# What of the environment records must share to stand side by side.
SAME = ("code", "versions", "device", "cpu", "flags")


class Store:
    """Records in one file, found by their key, a dict of settings that the record repeats."""

    def __init__(self, path: Path, environment: dict | None = None, beside: Iterable[Path] = ()):
        """Read what is there; records of other code or another environment stay in the file and are left aside.

        environment: what results depend on here; that of `SOURCES` if not given. beside: files of other shards, read and
        never written.
        """
        self.path, self.environment = path, environment or records.provenance(*SOURCES)
        self._found, kept = {}, 0
        everything = [record for file in (*beside, path) for record in records.read(file)]
        for record in everything:
            if alike(record, self.environment):
                self._found[_text(record["key"])] = record
                kept += 1
        self.left_aside = len(everything) - kept

    def has(self, key: dict) -> bool:
        """Is there a record with this key?"""
        return _text(key) in self._found

    def get(self, key: dict) -> dict:
        """The record with this key."""
        return self._found[_text(key)]

    def add(self, key_and_result: list[tuple[dict, dict]]) -> None:
        """Append results at the end of the file, at once."""
        new = [{"key": key, **result, "environment": self.environment} for key, result in key_and_result]
        records.append(self.path, new)
        self._found |= {_text(record["key"]): record for record in new}


def alike(record: dict, environment: dict) -> bool:
    """Was it made by this code, in this environment?"""
    return all(record["environment"][name] == environment[name] for name in SAME)


def short(key: dict) -> str:
    """What a record with this key is called by others."""
    return hashlib.sha256(_text(key).encode()).hexdigest()[:12]


def _text(key):
    return json.dumps(key, sort_keys=True)
