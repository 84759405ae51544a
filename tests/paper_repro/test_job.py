"""The main job at toy size: records, resume, same bits, figures from records alone."""

import contextlib
import dataclasses
import io
import json

import numpy as np
import pytest
from rich.console import Console

from lossjax.data.dataset import DataError
from lossjax.training import records
from paper_repro import __main__ as command
from paper_repro import bounds, config, digits, draw, equations, job, reasons, summary, tables
from paper_repro.corpora.digit_lines import digit_lines
from paper_repro.hybrid import config as hybrid_config
from paper_repro.hybrid import tasks
from paper_repro.store import Store

TOY = config.Config(
    seeds=3,
    tuning_seeds=2,
    epochs=3,
    batch=64,
    hidden=3,
    rates=(0.01, 0.1, 1.0, 10.0),
    starts=(("small", 0.01), ("saturated", 3.0)),
    target_error=0.5,
    chunk=8,
)
TOY_HYBRID = hybrid_config.Protocol(
    (hybrid_config.Arm("CE"),),
    depth=1,
    width=4,
    epochs=1,
    factors=(1.0,),
    seeds=2,
    tuning_seeds=1,
    gaussian=(1, 0, 1),
    tuned_on=1,
    kappas=(0.5,),
    penalties=(0.0,),
    probe=50,
)


def small_lines():
    return digit_lines(lines=(6, 3, 6))


def absent():
    raise DataError("there is no folder")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The main job, run once."""
    out = tmp_path_factory.mktemp("toy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "QUICK", TOY)
        patch.setattr(hybrid_config, "QUICK", {"digit lines": TOY_HYBRID})
        patch.setattr(
            tasks, "sources", lambda *a: [tasks.Source("digit lines", small_lines), tasks.Source("AN4", absent)]
        )
        patch.setattr(equations, "LARGEST_C", 50)
        patch.setattr(bounds, "PAIRS", 1_000)
        gaps, half = equations.gaps, reasons._half
        patch.setattr(equations, "gaps", lambda dtype: gaps(dtype)[::512])
        patch.setattr(reasons, "_half", lambda dtype: half(dtype)[::512])
        assert command.main(["--quick", "--output", str(out)]) == 0
    return out


def train(folder, until=None):
    """The training part, in pieces that a test can stop."""
    store, done = Store(folder / "runs.jsonl"), 0
    for count in digits.train(TOY, digits.tuning(TOY), store):
        done += count
        if until is not None and done >= until:
            break
    return done


def results(folder):
    """Records without what may differ from run to run."""
    found = records.read(folder / "runs.jsonl")
    return {json.dumps(r["key"]): {k: v for k, v in r.items() if k not in ("seconds", "environment")} for r in found}


def test_the_recognition_tasks_that_are_here_are_done(folder):
    rows = records.read(folder / "summary-hybrid.jsonl")
    assert [(r["task"], r["kind"]) for r in rows] == [("digit lines", kind) for kind in ("protocol", "baseline", "arm")]
    assert {r["key"]["task"] for r in records.read(folder / "hybrid-1of1.jsonl") if "task" in r["key"]} == {
        "digit lines"
    }


def test_the_page_is_drawn_from_the_records_alone(folder, tmp_path):
    assert command.main(["--draw", "--output", str(folder), "--page", str(tmp_path)]) == 0
    for name in ("README.md", "index.html", "figures/three_reasons.svg"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name
    assert "digit lines" in (tmp_path / "README.md").read_text()
    for name in ("theory", "summary", "summary-hybrid", "job"):
        assert records.read(tmp_path / "records" / f"{name}.jsonl") == records.read(folder / f"{name}.jsonl")


def test_every_run_is_recorded_with_what_decides_it(folder):
    runs = records.read(folder / "runs.jsonl")
    chosen = summary.rates([r for r in records.read(folder / "summary.jsonl") if r["kind"] == "choice"])
    assert len(runs) == len(digits.tuning(TOY)) + len(digits.comparison(TOY, chosen))
    for run in runs:
        assert {"kind", "network", "loss", "start", "rate", "seed", "output_std", "epochs", "batch"} <= run[
            "key"
        ].keys()
        assert {"commit", "code", "versions", "device", "flags"} <= run["environment"].keys()
        assert 0 <= run["final"]["test_error"] <= 1
        assert (run["curves"] is None) == (run["key"]["seed"] >= digits.FIRST_TUNING_SEED)


def test_a_seed_starts_all_rates_and_losses_alike(folder):
    begun = {}
    for run in records.read(folder / "runs.jsonl"):
        if run["curves"]:
            key = tuple(run["key"][name] for name in ("network", "start", "seed"))
            begun.setdefault(key, set()).add(json.dumps({name: curve[0] for name, curve in run["curves"].items()}))
    assert len(begun) == 2 * 2 * TOY.seeds
    assert all(len(first) == 1 for first in begun.values())


def test_at_a_small_start_the_measured_signals_differ_by_two_over_c(folder):
    runs = [r for r in records.read(folder / "runs.jsonl") if r["curves"] and r["key"]["start"] == "small"]
    ratios = [r["curves"]["signal_SE"][0] / r["curves"]["signal_CE"][0] for r in runs]
    assert np.allclose(ratios, 2 / 10, rtol=0.02)


def test_the_summary_holds_choices_comparisons_and_curves(folder):
    rows = records.read(folder / "summary.jsonl")
    kinds = {kind: [r for r in rows if r["kind"] == kind] for kind in ("choice", "comparison", "curve")}
    assert len(kinds["choice"]) == 2 * 2 * 2
    assert 4 <= len(kinds["comparison"]) <= 8
    assert len(kinds["curve"]) == 4 * 3
    for row in kinds["choice"]:
        assert row["dev_error"] == min(error for _, error in row["grid"])
        assert row["at_edge"] == (row["rate"] in (TOY.rates[0], TOY.rates[-1]))
    for row in kinds["comparison"]:
        assert row["test_error"]["pairs"] == TOY.seeds
    assert all(row["config"]["rates"] == list(TOY.rates) for row in rows)


def test_a_second_run_computes_nothing_and_draws_the_same(folder, tmp_path):
    before = (folder / "runs.jsonl").read_bytes()
    assert train(folder) == len(digits.tuning(TOY))
    assert (folder / "runs.jsonl").read_bytes() == before
    theory, rows = (records.read(folder / name) for name in ("theory.jsonl", "summary.jsonl"))
    drawn = draw.figures(theory, rows, tmp_path)
    assert len(drawn) == 4
    for path in drawn:
        for again in (path, path.with_suffix(".svg")):
            assert again.read_bytes() == (folder / "figures" / again.name).read_bytes()


@pytest.mark.parametrize(("config", "trained"), [(TOY, False), (dataclasses.replace(TOY, epochs=4), True)])
def test_rows_that_are_there_without_their_records_are_not_made_again(config, trained, folder, tmp_path, monkeypatch):
    def train(*_):
        raise AssertionError("it was trained again")

    monkeypatch.setattr(digits, "train", train)
    records.write(tmp_path / "summary.jsonl", records.read(folder / "summary.jsonl"))
    with pytest.raises(AssertionError, match="trained again") if trained else contextlib.nullcontext():
        job.run_training(config, tmp_path, job._progress(Console(quiet=True)))


def test_stopped_and_resumed_gives_the_same_bits(folder, tmp_path):
    assert 8 <= train(tmp_path, until=20) < len(digits.tuning(TOY))
    with (tmp_path / "runs.jsonl").open("ab") as file:
        file.write(b'{"key": {"kind": "ru')
    assert train(tmp_path) == len(digits.tuning(TOY))
    found, whole = results(tmp_path), results(folder)
    assert len(found) == len(digits.tuning(TOY))
    assert all(found[key] == whole[key] for key in found)


def test_records_of_other_code_are_left_aside(folder, tmp_path):
    changed = [{**r, "environment": {**r["environment"], "code": "other"}} for r in records.read(folder / "runs.jsonl")]
    records.write(tmp_path / "runs.jsonl", changed)
    store = Store(tmp_path / "runs.jsonl")
    assert store.left_aside == len(changed)
    assert not store.has(digits.key(TOY, digits.tuning(TOY)[0]))


def test_a_diverged_run_counts_as_wrong_and_stays(tmp_path):
    # Beyond float32: every weight is infinite or NaN after one step.
    store, run = Store(tmp_path / "runs.jsonl"), digits.Run("softmax regression", "CE", "small", 3e38, 0)
    assert list(digits.train(TOY, [run], store)) == [0, 1]
    (found,) = records.read(tmp_path / "runs.jsonl")
    assert found["diverged"]
    assert found["final"]["test_nll"] is None
    assert (found["final"]["test_error"], found["final"]["confident_wrong"], found["dev_error_tail"]) == (1, 1, 1)


def test_the_tables_name_every_network_and_start(folder):
    console = Console(width=132, record=True, file=io.StringIO())
    theory, rows = (records.read(folder / name) for name in ("theory.jsonl", "summary.jsonl"))
    for table in (*tables.theory(theory), *tables.training(rows, TOY.target_error)):
        console.print(table)
    text = console.export_text()
    for words in (
        "Eq. 12 is the derivative",
        "proved (SymPy",
        "2/C",
        "not enough for a verdict",
        "one hidden layer, saturated",
    ):
        assert words in text
    assert "REFUTED" not in text


def test_only_the_first_shard_does_what_is_not_shared_out(tmp_path, monkeypatch):
    done = []
    for name in ("run_theory", "run_training", "run_hybrid"):
        monkeypatch.setattr(job, name, lambda *a, name=name: done.append(name) or [])
    monkeypatch.setattr(tables, "theory", lambda found: [])
    monkeypatch.setattr(tables, "training", lambda found, target: [])
    for shard in ("2/2", "1/2"):
        assert command.main(["--shard", shard, "--output", str(tmp_path)]) == 0
    assert done == ["run_hybrid", "run_theory", "run_training", "run_hybrid"]
