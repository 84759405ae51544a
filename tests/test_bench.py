"""The benchmark at a small size: every contestant runs, and the copy is its own measure."""

import json

import pytest

from lossjax import bench, cli


def test_the_benchmark_measures_every_contestant(monkeypatch, capsys):
    monkeypatch.setattr(bench, "SHAPES", ((64, 10),))
    monkeypatch.setattr("sys.argv", ["lossjax", "bench", "--format", "json"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    out = json.loads(capsys.readouterr().out)
    assert set(out["environment"]) >= {"versions", "device"}
    by = {(r["loss"], r["by"]): r for r in out["rows"]}
    assert by["logits", "copy"]["copies"] == 1
    assert {("softmax cross-entropy", "lossjax"), ("softmax cross-entropy", "optax")} <= set(by)
    assert all(r["ms"] > 0 for r in by.values())
