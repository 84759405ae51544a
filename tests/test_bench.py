"""The benchmark at a small size: every contestant runs, and the copy is its own measure."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from lossjax import bench, checkers, cli, training_bench


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


def images(examples):
    rng = np.random.default_rng(0)
    return rng.random((examples, 784), np.float32), rng.integers(10, size=examples).astype(np.int32)


@pytest.mark.parametrize("prepare", [training_bench._trainer, training_bench._vmap, training_bench._flax])
def test_the_contestants_of_the_training_bench_train(prepare, monkeypatch):
    monkeypatch.setattr(training_bench, "mnist", images)
    assert prepare(training_bench.Work(2, 1, 64, 200))() is None


def test_the_training_bench_takes_turns_and_compares(monkeypatch):
    turns, order = {"lossjax": iter([1.0, 2.0]), "slow": iter([3.0, 8.0]), "peak": iter([6e6, 6e6])}, []

    def start(make, work, stack):
        return lambda: order.append(make) or next(turns[make])

    monkeypatch.setattr(training_bench, "CONTESTANTS", {name: name for name in (*turns, "absent")})
    monkeypatch.setattr(
        training_bench.turns, "start", lambda make, *rest: None if make == "absent" else start(make, *rest)
    )
    rows = {r["by"]: r for r in training_bench.measure(training_bench.Work(4, 2, 64, 130))}
    assert order == ["lossjax", "slow", "peak"] * 2
    assert rows["slow"]["lossjax_is_faster"] == 3.5
    assert rows["lossjax"]["examples_per_second"] == 2 * 128 / 1.5
    # 2 (2 x 784 x 100 + 3 x 100 x 10) operations an example
    assert rows["limit: matrix products alone"]["examples_per_second"] == 6e6 / 319_600
    assert rows["lossjax"]["of_limit"] == pytest.approx(2 * 128 / 1.5 / (6e6 / 319_600))


def test_the_training_bench_says_that_it_needs_mnist(monkeypatch, tmp_path):
    monkeypatch.setenv("LOSSJAX_DATA", str(tmp_path))
    with pytest.raises(training_bench.MissingExtraError, match=r"needs MNIST in \$LOSSJAX_DATA/mnist"):
        training_bench.mnist(10)
