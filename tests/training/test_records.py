"""JSON lines that survive a kill."""

import importlib.metadata
import json
import os

import pytest

from lossjax.training import records
from lossjax.training.bad_input import BadInputError

ROWS = [{"a": 1, "b": [0.1, 2.0]}, {"a": "ü", "b": None}]


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "deep" / "r.jsonl"
    records.append(path, ROWS[:1])
    records.append(path, ROWS[1:])
    assert records.read(path) == ROWS
    records.write(path, ROWS[1:])
    assert records.read(path) == ROWS[1:]
    assert [p.name for p in path.parent.iterdir()] == ["r.jsonl"]


def test_no_file_holds_no_records(tmp_path):
    assert records.read(tmp_path / "none") == []


def test_a_line_cut_short_is_left_out_and_written_over(tmp_path):
    path = tmp_path / "r.jsonl"
    records.append(path, ROWS)
    path.write_bytes(path.read_bytes()[:-3])
    assert records.read(path) == ROWS[:1]
    records.append(path, ROWS[1:])
    assert records.read(path) == ROWS


def test_a_damaged_line_in_the_middle_is_an_error(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"a": 1\n{"a": 2}\n')
    with pytest.raises(BadInputError, match=r"r\.jsonl: line 1 is damaged"):
        records.read(path)


def test_nan_and_infinity_become_null(tmp_path):
    path = tmp_path / "r.jsonl"
    records.append(path, [{"x": float("nan"), "y": [float("inf"), 1.0]}])
    assert records.read(path) == [{"x": None, "y": [None, 1.0]}]


def test_two_processes_may_write_the_same_file(tmp_path, monkeypatch):
    """One writes while the other is between its part and the file."""
    path, replace = tmp_path / "r.jsonl", os.replace

    def meanwhile(part, target):
        monkeypatch.setattr(os, "replace", replace)
        records.write(path, ROWS[:1])
        assert records.read(path) == ROWS[:1]
        replace(part, target)

    monkeypatch.setattr(os, "replace", meanwhile)
    records.write(path, ROWS)
    assert records.read(path) == ROWS
    assert [p.name for p in tmp_path.iterdir()] == ["r.jsonl"]


def test_provenance_names_what_a_result_depends_on():
    found = records.provenance()
    for name in ("jax", "numpy", "scipy", "jiwer", "scikit-learn"):
        assert found["versions"][name] == importlib.metadata.version(name)
    assert {"commit", "code", "versions", "device", "flags"} <= found.keys()
    assert json.loads(json.dumps(found)) == found
