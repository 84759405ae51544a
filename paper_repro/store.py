"""The records of one output folder: what the same code made in the same environment is not computed again."""

import json
from pathlib import Path

from lossjax.training import records

# What makes results here; tables and figures may change without a new run.
_SOURCES = tuple(Path(__file__).with_name(f"{name}.py") for name in ("bounds", "digits", "equations", "reasons"))
_SAME = ("code", "versions", "device", "cpu", "flags")


class Store:
    """Records in one file, found by their key, a dict of settings that the record repeats."""

    def __init__(self, path: Path):
        """Read what is there; records of other code or another environment stay in the file and are left aside."""
        self.path, self.environment = path, records.provenance(*_SOURCES)
        self._found = {}
        everything = records.read(path)
        for record in everything:
            if all(record["environment"][name] == self.environment[name] for name in _SAME):
                self._found[_text(record["key"])] = record
        self.left_aside = len(everything) - len(self._found)

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


def _text(key):
    return json.dumps(key, sort_keys=True)
