"""What is kept beside a page is enough to draw it again, and is where the next run begins."""

import made_rows as made
import pytest

from lossjax.training import records
from paper_repro import job, published
from paper_repro.report.evidence import read, tasks
from paper_repro.report.write import draw


def output(folder, *names):
    """An output folder with these tasks, and a record that no page needs."""
    evidence = made.everything(*names)
    other = {"key": {"kind": "recognition"}, "environment": made.ENVIRONMENT}
    records.write(folder / "summary-hybrid.jsonl", evidence.rows)
    records.write(folder / "hybrid-1of1.jsonl", [*evidence.kept, other])
    records.write(folder / "job.jsonl", [made.job(f"--tasks {name}", 60.0) for name in names])
    return folder


def test_the_page_can_be_drawn_again_from_what_is_kept_beside_it(tmp_path):
    folder = output(tmp_path / "output", "AN4")
    published.write(folder, tmp_path / "page")
    draw(folder, tmp_path / "first")
    draw(tmp_path / "page" / "records", tmp_path / "second")
    for name in ("README.md", "index.html", "figures/search_weights-an4.png"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    kept = records.read(tmp_path / "page" / "records" / "hybrid-kept.jsonl")
    assert {r["key"]["kind"] for r in kept} == {"corpus", "search weights"}


def test_a_task_after_another_merges_on_one_page(tmp_path):
    """Run in another copy of the code, where the output folder of the first is not."""
    page = tmp_path / "page"
    published.write(output(tmp_path / "first", "digit lines"), page)
    second = output(tmp_path / "second", "AN4")
    published.begin(second, page, "full")
    published.write(second, page)
    (found, kept) = (tasks(read(place)) for place in (second, page / "records"))
    assert [task.name for task in found] == [task.name for task in kept] == ["AN4", "digit lines"]
    assert [len(task.arms) for task in kept] == [len(task.arms) for task in found]
    assert [len(task.tuned) for task in kept] == [4, 4]  # of the arms that are drawn
    commands = [row["command"] for row in records.read(page / "records" / "job.jsonl")]
    assert commands == ["python -m paper_repro --tasks digit lines", "python -m paper_repro --tasks AN4"]


def test_rows_of_the_folder_go_before_those_beside_the_page(tmp_path):
    published.write(output(tmp_path / "first", "AN4", "digit lines"), tmp_path / "page")
    second = output(tmp_path / "second", "AN4")
    own = [{**row, "mine": True} for row in records.read(second / "summary-hybrid.jsonl")]
    records.write(second / "summary-hybrid.jsonl", own)
    published.begin(second, tmp_path / "page", "full")
    found = records.read(second / "summary-hybrid.jsonl")
    assert [row for row in found if row["task"] == "AN4"] == own
    assert {row["task"] for row in found} == {"AN4", "digit lines"}


def test_a_folder_of_another_setting_begins_empty(tmp_path):
    published.write(output(tmp_path / "first", "AN4"), tmp_path / "page")
    published.begin(tmp_path / "second", tmp_path / "page", "quick")
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize(
    ("word", "bare"),
    [
        ("--full", "--full"),
        ("digit-lines", "digit-lines"),
        ("paper_repro", "paper_repro"),
        ("results/mine", "results/mine"),
        ("/home/somebody/results/mine", "mine"),
        ("--output=/home/somebody/mine", "--output=mine"),
        ("../mine", "mine"),
    ],
)
def test_no_path_of_a_computer_gets_into_a_record(word, bare, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["paper_repro", word])
    job._remember(job.Options(output=tmp_path), 1.0)
    (row,) = records.read(tmp_path / "job.jsonl")
    assert row == {"command": f"python -m paper_repro {bare}", "setting": "quick", "seconds": 1.0}
