"""Single trainings: paired, resumed, the same bits together and alone, going on from what they name."""

import dataclasses
import json

import numpy as np
import pytest
import toy

from lossjax.training import records
from paper_repro.hybrid import weights
from paper_repro.hybrid.runs import Lab, Run


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = toy.lab(tmp_path_factory.mktemp("lab"))
    toy.trained(made, toy.runs(toy.CE, (0, 1, 2)))
    return made


def results(folder):
    """Key -> record, without what may differ from run to run."""
    return {
        json.dumps(r["key"]): {k: v for k, v in r.items() if k not in ("seconds", "memory", "environment")}
        for r in records.read(folder / "hybrid-1of1.jsonl")
    }


def test_a_record_says_what_decided_it_and_what_came_out(lab):
    (run, *_) = toy.runs(toy.CE, (0,))
    found = lab.result(run)
    assert {"task", "data", "alignment", "criterion", "depth", "width", "start", "schedule", "rate", "seed"} <= set(
        found["key"]
    )
    assert len(found["curves"]["dev_error"]) == toy.PROTOCOL.epochs + 1
    assert len(found["rates"]) == toy.PROTOCOL.epochs
    assert found["dev"]["error"] == pytest.approx(found["curves"]["dev_error"][-1], abs=1e-5)
    assert found["test"].keys() == {"error", "loss", "nll", "ece"}
    # It has learnt something.
    assert found["curves"]["dev_error"][-1] < found["curves"]["dev_error"][0] - 0.1


def test_a_finished_run_is_not_trained_again(lab):
    before = lab.store.path.read_bytes()
    again = toy.lab(lab.folder.parent)
    assert toy.trained(again, toy.runs(toy.CE, (0, 1, 2))) == [3]
    assert lab.store.path.read_bytes() == before


def test_alone_or_among_others_a_member_gets_the_same_bits(lab, tmp_path):
    alone = toy.lab(tmp_path)
    (run,) = toy.runs(toy.CE, (1,))
    assert toy.trained(alone, [run]) == [0, 1]
    found, whole = results(tmp_path), results(lab.folder.parent)
    key = json.dumps(lab.key(run))
    assert found[key] == whole[key]


def test_damaged_weights_are_trained_again(lab, tmp_path):
    copy = toy.lab(tmp_path)
    (run,) = toy.runs(toy.CE, (0,))
    toy.trained(copy, [run])
    (file,) = (p for p in (tmp_path / "weights").glob("*.npz") if p.stat().st_mtime == max(_times(tmp_path)))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert not copy.has(run)
    assert toy.trained(copy, [run]) == [0, 1]
    assert copy.result(run)["weights"] == lab.result(run)["weights"]


def _times(folder):
    return [p.stat().st_mtime for p in (folder / "weights").glob("*.npz")]


def test_a_continuation_begins_where_its_parent_ended(lab):
    (parent,) = toy.runs(toy.CE, (0,))
    control = next(arm for arm in toy.PROTOCOL.arms if arm.name == "CE, then CE (control)")
    child = Run(control, 0.01, 0, parent)
    toy.trained(lab, [child])
    ended, begun = (lab.result(run)["curves"]["dev_error"] for run in (parent, child))
    assert begun[0] == ended[-1]
    assert lab.key(child)["after"] == lab.key(parent)
    assert len(begun) == toy.PROTOCOL.fine_epochs + 1


def test_new_bob_and_its_constant_twin_are_the_same_until_the_rate_falls(lab):
    constant = dataclasses.replace(toy.CE, name="twin", schedule="constant")
    (run,) = toy.runs(constant, (0,))
    toy.trained(lab, [run])
    a, b = lab.result(toy.runs(toy.CE, (0,))[0]), lab.result(run)
    assert b["rates"] == [pytest.approx(0.2)] * 2
    fell = next((i for i, rate in enumerate(a["rates"]) if rate != a["rates"][0]), len(a["rates"]))
    assert a["curves"]["dev_error"][: fell + 1] == b["curves"]["dev_error"][: fell + 1]


def test_a_diverged_network_is_wrong_about_everything_and_recorded(lab):
    (run,) = toy.runs(dataclasses.replace(toy.CE, name="diverging"), (0,), rate=3e38)
    toy.trained(lab, [run])
    found = lab.result(run)
    assert found["diverged"] == 1
    assert [found["dev_error"], found["dev"]["error"], found["test"]["error"]] == [1, 1, 1]
    posteriors = lab.posteriors("CE", toy.PROTOCOL.depth)
    (scores, *_) = posteriors.scorer(lab.weights(run))(lab.task.corpus.test[:1])
    assert np.isnan(scores).all()


@pytest.mark.parametrize("changes", [{"probe": 40}, {"batch": 16}, {"width": 4}, {"epochs": 3}])
def test_what_changes_a_record_changes_its_key(lab, changes):
    (run,) = toy.runs(toy.CE, (0,))
    other = Lab(
        lab.task._replace(protocol=dataclasses.replace(lab.protocol, **changes)), lab.alignment, lab.store, lab.folder
    )
    assert lab.has(run)
    assert not other.has(run)


def test_the_context_of_a_frame_is_part_of_the_key(lab):
    (run,) = toy.runs(toy.CE, (0,))
    narrow = lab.alignment._replace(data=lab.data._replace(context=lab.data.context - 1))
    assert not Lab(lab.task, narrow, lab.store, lab.folder).has(run)


def test_two_processes_may_write_the_same_weights(tmp_path, monkeypatch):
    file, tree, write = tmp_path / "w.npz", {"a": np.arange(3.0)}, np.savez

    def meanwhile(*arguments):
        monkeypatch.setattr(np, "savez", write)
        write(*arguments)
        weights.save(file, tree)

    monkeypatch.setattr(np, "savez", meanwhile)
    weights.save(file, tree)
    assert weights.load(file, tree, weights.digest(tree)) is not None
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]


def test_layer_wise_pre_training_is_a_better_start(lab):
    (deep,) = toy.runs(toy.DEEP, (0,))
    (plain,) = toy.runs(dataclasses.replace(toy.DEEP, name="plain", start="Glorot"), (0,))
    toy.trained(lab, [deep, plain])
    good, random = (lab.result(run)["curves"] for run in (deep, plain))
    assert good["train_loss"][-1] < random["train_loss"][-1]
    assert lab.key(deep)["pretraining_epochs"] == 1
    assert "pretraining_epochs" not in lab.key(plain)


def test_the_signals_of_the_arms_that_ask_for_it_are_logged(lab):
    asked, not_asked = toy.runs(toy.SE, (0,), 1.0), toy.runs(dataclasses.replace(toy.SE, name="other"), (1,), 1.0)
    toy.trained(lab, asked + not_asked)
    curves = lab.result(asked[0])["curves"]
    assert np.shape(curves["signal_SE"]) == (toy.PROTOCOL.epochs + 1, 10)
    np.testing.assert_allclose(np.sum(curves["in_bin"], axis=1), 1, rtol=1e-5)
    for total, *parts in zip(curves["weak"], curves["attenuated"], curves["vanishing"]):
        assert total == pytest.approx(sum(parts), abs=1e-5)
    assert "signal_SE" not in lab.result(not_asked[0])["curves"]
