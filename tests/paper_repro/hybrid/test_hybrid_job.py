"""The whole comparison at toy size: rows, tables, resumed and shared out."""

import dataclasses
import io

import pytest
import toy
from rich.console import Console

from lossjax.training import records
from paper_repro import memory
from paper_repro.corpora.corpus import utterances
from paper_repro.corpora.jackknife import jackknife
from paper_repro.hybrid import job, tables
from paper_repro.hybrid.tasks import Source
from paper_repro.report import evidence, wording

ONE_ARM = dataclasses.replace(toy.PROTOCOL, arms=(toy.CE,), factors=(1.0,))


def refuse(source, why):
    raise AssertionError(f"{source.name} was refused: {why}")


def work(folder, part=(1, 1), protocol=toy.PROTOCOL, task="digit lines"):
    said, told = [], []
    sources = [Source(task, toy.corpus)]
    whole = job.Job(
        sources, {task: protocol}, folder, part, said.append, refuse, lambda n: lambda *step: told.append(step)
    )
    return job.run(whole), said, told


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The job, run once."""
    made = tmp_path_factory.mktemp("hybrid")
    work(made)
    return made


def test_every_arm_has_a_row_with_frame_and_word_errors(folder):
    rows = records.read(folder / "summary-hybrid.jsonl")
    arms = {r["name"]: r for r in rows if r["kind"] == "arm"}
    assert list(arms) == [arm.name for arm in toy.PROTOCOL.arms]
    for row in arms.values():
        assert row["seeds"] == (3 if row["after"] or row["name"] == "CE" else 2)
        assert 0 < row["test_error"]["mean"] < 1
        wer = row["wer"]["zero-gram"]
        assert wer["low"] <= wer["rate"] <= wer["high"]
        assert len(wer["by_seed"]) == row["seeds"]
    assert arms["SE, the rate of CE"]["rate"] == pytest.approx(arms["CE"]["rate"] * 41 / 2, rel=1e-3)
    assert [r["kind"] for r in rows[:2]] == ["protocol", "baseline"]


def test_rows_name_their_searches_and_what_they_took(folder):
    rows, kept = (records.read(folder / name) for name in ("summary-hybrid.jsonl", "hybrid-1of1.jsonl"))
    (task,) = evidence.tasks(evidence.read(folder))
    assert {name for tuned in task.tuned for name in tuned.who} == {
        "Gaussian mixtures",
        *(arm.name for arm in toy.PROTOCOL.arms),
    }
    trained = sum(r["seconds"] for r in kept if r["key"]["kind"] == "network")
    assert rows[0]["seconds"] == pytest.approx(trained)
    assert rows[0]["skipped"] == {"Gaussian": 0}
    held = [r["memory"] for r in kept if r["key"]["kind"] in ("network", "recognition")]
    assert all(50 < mebibytes < 10**6 for mebibytes in held)
    assert rows[0]["memory"] == max(held) <= memory.peak()


def test_the_rate_of_an_arm_is_the_best_on_dev(folder):
    for row in records.read(folder / "summary-hybrid.jsonl"):
        if row["kind"] == "arm" and row["grid"]:
            assert dict(row["grid"])[row["rate"]] == min(error for _, error in row["grid"])
            assert row["at_edge"]  # of two, either is


def test_word_errors_are_recorded_utterance_by_utterance(folder):
    found = [r for r in records.read(folder / "hybrid-1of1.jsonl") if r["key"]["kind"] == "recognition"]
    (about,) = (r for r in records.read(folder / "hybrid-1of1.jsonl") if r["key"]["kind"] == "corpus")
    # The baseline, 2 seeds of an arm, 3 of CE and what goes on from it.
    assert len(found) == 1 + 2 + 2 + 3 * 3
    for record in found:
        assert len(record["errors"]) == len(about["test"]) == len(record["hypotheses"])
        assert sum(record["errors"]) == sum(record[kind] for kind in ("substitutions", "deletions", "insertions"))


def test_two_seeds_are_not_enough_for_a_verdict(folder):
    claims = [r for r in records.read(folder / "summary-hybrid.jsonl") if r["kind"] == "claim"]
    deciding = [r for r in claims if r["decides"]]
    assert [r["more"] for r in deciding] == [["CE, then CE (control)"]]
    assert {r["verdict"] for r in deciding} == {"not enough"}
    assert wording.verdict(deciding[0]) == "not enough for a verdict: 3 seeds, the protocol asks for 30"


def test_a_second_run_computes_nothing_and_says_the_same(folder):
    before = (folder / "hybrid-1of1.jsonl").read_bytes()
    rows = records.read(folder / "summary-hybrid.jsonl")
    again, said, _ = work(folder)
    assert (folder / "hybrid-1of1.jsonl").read_bytes() == before
    assert said == []
    assert len(again) == len(rows)
    assert records.read(folder / "summary-hybrid.jsonl") == rows


def test_shards_wait_for_each_other_and_come_to_the_same(folder, tmp_path):
    few = dataclasses.replace(toy.PROTOCOL, arms=(toy.CE, toy.PROTOCOL.arms[-1]))
    said = [work(tmp_path, part, few)[1] for _ in range(6) for part in ((1, 2), (2, 2))]
    assert "left for other shards; repeat this command when they are done" in said[0][0]
    assert said[-1] == []
    shared, whole = (
        {r["name"]: r for r in records.read(place / "summary-hybrid.jsonl") if r["kind"] in ("arm", "baseline")}
        for place in (tmp_path, folder)
    )
    assert len(shared) == 3
    assert all(row == whole[name] for name, row in shared.items())
    files = [records.read(tmp_path / f"hybrid-{i}of2.jsonl") for i in (1, 2)]
    networks = [{str(r["key"]) for r in file if r["key"]["kind"] == "network"} for file in files]
    assert all(networks)
    assert not networks[0] & networks[1]


def test_another_task_keeps_the_rows_of_those_before(tmp_path):
    small = dataclasses.replace(ONE_ARM, seeds=1, fine_seeds=1)
    for task in ("digit lines", "AN4", "AN4"):
        work(tmp_path, protocol=small, task=task)
    rows = records.read(tmp_path / "summary-hybrid.jsonl")
    assert sorted((r["task"], r["kind"]) for r in rows) == [
        (task, kind) for task in ("AN4", "digit lines") for kind in ("arm", "baseline", "protocol")
    ]


@pytest.fixture
def no_training(monkeypatch):
    def refused(*_):
        raise AssertionError("it was trained again")

    monkeypatch.setattr(job, "_task", refused)


def rows_alone(folder, place):
    """What is kept with the code: the rows without what they were made from."""
    place.mkdir()
    records.write(place / "summary-hybrid.jsonl", records.read(folder / "summary-hybrid.jsonl"))
    return place


def test_a_task_whose_rows_are_there_is_done(folder, tmp_path, no_training):
    before = records.read(folder / "summary-hybrid.jsonl")
    rows, said, _ = work(rows_alone(folder, tmp_path / "kept"))
    assert rows == before == records.read(tmp_path / "kept" / "summary-hybrid.jsonl")
    assert said == []


@pytest.mark.parametrize("changed", ["settings", "code", "data", "a row", "records"])
def test_rows_of_something_else_are_made_again(changed, folder, tmp_path, no_training):
    place, protocol = rows_alone(folder, tmp_path / "kept"), toy.PROTOCOL
    rows = records.read(place / "summary-hybrid.jsonl")
    if changed == "settings":
        protocol = dataclasses.replace(protocol, epochs=7)
    elif changed == "code":
        rows = [{**row, "environment": {**row["environment"], "code": "other"}} for row in rows]
    elif changed == "data":
        rows[0]["data"] = "of another corpus"
    elif changed == "a row":
        rows[-1]["environment"]["cpu"] = "another"
    else:
        (place / "hybrid-1of1.jsonl").write_bytes((folder / "hybrid-1of1.jsonl").read_bytes())
    records.write(place / "summary-hybrid.jsonl", rows)
    with pytest.raises(AssertionError, match="trained again"):
        work(place, protocol=protocol)


def test_networks_align_anew_and_train_again(tmp_path):
    few = dataclasses.replace(ONE_ARM, alignments=("Gaussian", "CE"), realigned=("CE",))
    rows, _, _ = work(tmp_path, protocol=few)
    arms = {r["alignment"]: r for r in rows if r["kind"] == "arm"}
    assert list(arms) == ["Gaussian", "CE"]
    assert [r["alignment"] for r in rows if r["kind"] == "baseline"] == ["Gaussian"]
    by = [r["key"]["alignment"] for r in records.read(tmp_path / "hybrid-1of1.jsonl") if r["key"]["kind"] == "network"]
    assert len({(one["by"], one["states"]) for one in by}) == 2
    assert arms["CE"]["test_error"] != arms["Gaussian"]["test_error"]


def test_what_cannot_be_aligned_is_counted_for_every_alignment(tmp_path):
    """A training line cut to one frame has no alignment by anybody."""
    whole = toy.corpus()
    (first, *others) = whole.train
    cut = whole._replace(train=(first._replace(features=first.features[:1]), *others))
    few = dataclasses.replace(
        ONE_ARM, seeds=1, fine_seeds=1, epochs=1, alignments=("Gaussian", "CE"), realigned=("CE",)
    )
    sources = [Source("digit lines", lambda: cut)]
    rows = job.run(job.Job(sources, {"digit lines": few}, tmp_path, (1, 1), print, refuse, lambda n: lambda *s: None))
    assert rows[0]["skipped"] == {"Gaussian": 1, "CE": 1}


def test_folds_are_pooled_over_all_speakers_and_done_as_one(tmp_path, monkeypatch):
    whole = jackknife(toy.corpus(), 2)
    sources = [Source(f"lines, fold {k}", lambda k=k: whole[k], "lines") for k in range(2)]
    rows = job.run(
        job.Job(sources, {"lines": ONE_ARM}, tmp_path, (1, 1), print, refuse, lambda name: lambda *step: None)
    )
    (arm,) = (r for r in rows if r["kind"] == "pooled")
    folds = [r for r in rows if r["kind"] == "arm"]
    everything = utterances(toy.corpus())
    wer, own = arm["wer"]["zero-gram"], [r["wer"]["zero-gram"] for r in folds]
    assert wer["words"] == sum(len(u.words) for u in everything)
    assert wer["speakers"] == len({u.speaker for u in everything})
    assert wer["rate"] * wer["words"] == pytest.approx(sum(w["rate"] * w["words"] for w in own))
    assert [len(arm["rates"]), len(wer["weights"])] == [2, 2]
    kept = rows_alone(tmp_path, tmp_path / "kept")
    monkeypatch.setattr(job, "_task", None)
    again = job.Job(sources, {"lines": ONE_ARM}, kept, (1, 1), print, refuse, lambda name: lambda *step: None)
    assert job.run(again) == records.read(tmp_path / "summary-hybrid.jsonl")


@pytest.mark.parametrize(
    ("split", "batch", "why"),
    [
        ("train", 10**6, "aligned training frames are fewer than a batch of 1,000,000"),
        ("dev", 32, "none of its dev utterances can be aligned"),
    ],
)
def test_a_task_without_frames_to_train_or_judge_on_is_refused_and_others_are_done(split, batch, why, tmp_path):
    """Of an utterance with a frame left nothing can be aligned."""
    few = toy.corpus()
    if split == "dev":
        few = few._replace(dev=tuple(u._replace(features=u.features[:1]) for u in few.dev))
    small = dataclasses.replace(ONE_ARM, seeds=1, fine_seeds=1)
    sources = [Source("short", lambda: few), Source("lines", toy.corpus)]
    protocols, refused = {"short": dataclasses.replace(small, batch=batch), "lines": small}, []
    rows = job.run(
        job.Job(sources, protocols, tmp_path, (1, 1), print, lambda *r: refused.append(r), lambda n: lambda *s: None)
    )
    assert [(source.name, said[-len(why) :]) for source, said in refused] == [("short", why)]
    assert {row["task"] for row in rows} == {"lines"}


def test_infinitely_many_words_are_no_number():
    assert tables.words_needed({"words_needed": None, "words": 773}) == "no number (773)"
    assert tables.words_needed({"words_needed": 12_345.0, "words": 773}) == "12,300 (773)"


def test_tables_print_all_arms_and_claims(folder):
    console = Console(width=150, record=True, file=io.StringIO())
    for table in tables.tables(records.read(folder / "summary-hybrid.jsonl")):
        console.print(table)
    text = console.export_text()
    for words in ("Gaussian mixtures", "CE, then SE", "digit lines, Gaussian alignment", "not enough for a verdict"):
        assert words in text
