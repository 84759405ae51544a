"""The benchmark at a small size: every contestant runs, and the copy is its own measure."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from lossjax import bench, checkers, cli


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


def test_gradient_checkers_side_by_side(monkeypatch, capsys):
    def few():
        return {"sin": (jnp.sin, (np.arange(40, dtype=np.float32),), lambda torch: torch.sin)}

    monkeypatch.setattr(checkers, "_subjects", few)
    monkeypatch.setattr("sys.argv", ["lossjax", "bench", "--checkers", "--format", "json"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    rows = {r["by"]: r for r in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["lossjax"]["passes"]
    assert rows["lossjax"]["finds_slip"]
    assert "jax.test_util.check_grads" in rows
