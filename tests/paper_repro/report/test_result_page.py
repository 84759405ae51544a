"""The page says what the rows say, in Markdown and HTML."""

import dataclasses
import re

import made_rows as made
import pytest
from made_pages import TASKS, built, unescaped

from paper_repro.hybrid.scoring import LARGEST_KAPPA_OF_ESTIMATES
from paper_repro.report import forest, paper, results, signals, style, wording
from paper_repro.report.document import (
    Table,
    plain,
)
from paper_repro.report.evidence import Evidence, tasks
from paper_repro.report.markdown import markdown


def test_every_figure_of_a_comparison_stands_on_the_page(evidence, text):
    for row in (row for row in evidence.rows if row["kind"] == "claim"):
        cells = [f"{100 * row['difference']:+.2f} [{100 * row['low']:+.2f}, {100 * row['high']:+.2f}]"]
        spec = ".1f" if len(row["more"]) == 1 else "+.2f"
        cells.append(f"{100 * row['a']:{spec}} / {100 * row['b']:{spec}}")
        cells += [row["what"], f"{row['p']:.2g}", f"{row['seeds']} of {row['needed_seeds']}", "0.046"]
        cells.append("12,300 (has 773)" if row["words_needed"] else "no number, the seeds differ too much (has 773)")
        assert [cell for cell in cells if cell not in text] == []


def test_every_figure_of_an_arm_stands_on_the_page(evidence, text):
    for row in (row for row in evidence.rows if row["kind"] in ("arm", "baseline")):
        of = [f"{100 * w['rate']:.1f} [{100 * w['low']:.1f}, {100 * w['high']:.1f}]" for w in row["wer"].values()]
        if row["kind"] == "arm":
            of += [f"{100 * row[name]['mean']:.1f}" for name in ("dev_error", "test_error", "test_ece")]
            of.append(f"{row['rate']:.4g}")
        assert [figure for figure in [row["name"], *of] if figure not in text] == []


def test_edges_and_divergence_are_marked():
    row = made.arm("AN4", "an arm", 0.3, 0.2, at_edge=True, diverged=3)
    row["wer"]["bigram"]["edges"] = ["lm_scale", "penalty"]
    found = markdown(built(Evidence([made.protocol("AN4"), row], [], [])))
    line = next(line for line in found.splitlines() if line.startswith("| an arm"))
    assert line.endswith("| rate, LM scale (bigram), penalty (bigram) |")
    assert line.startswith("| an arm | 2 | 0.2 | 8 | 3 |")


def test_published_figures_are_marked_and_stand_beside_their_kind_of_task(text):
    assert (
        "Published: speech 30.9 to 30.5 % WER (-0.40 points) and handwriting 22.7 to 21.9 % WER (-0.80 points)." in text
    )
    rows = [line for line in text.splitlines() if made.HELPS in line and "no difference shown" in line]
    if rows:  # Markdown has a line a row
        assert ["22.7 to 21.9 (handwriting)" in line for line in rows] == [True, False]
        assert ["30.9 to 30.5 (speech)" in line for line in rows] == [False, True]
    assert "10.21437/Interspeech.2013-436" in text


def test_what_the_paper_does_not_say_is_called_our_choice(text):
    assert "every entry on the right is a choice of ours" in text
    for what in ("activation", "batch size", "schedule", "language model", "decoder", "iterations of SE after CE"):
        assert what in text
    assert "2 hidden layers of 64 units" in text
    # Where the arms are not treated alike.
    assert f"which is tuned, up to {LARGEST_KAPPA_OF_ESTIMATES:g} only where outputs are clipped estimates" in text
    assert "a layer, at a rate that is not tuned" in text


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("supported", "supported: the interval lies above 0, p = 0.0078."),
        ("contradicted", "contradicted: the interval lies below 0, p = 0.0078."),
        (
            "no difference shown",
            "no difference shown: the interval, over writers or speakers and seeds, holds 0; over seeds alone p = 0.0078.",
        ),
        (
            "narrowed, not cured",
            "narrowed, not cured: the gap shrinks, p = 0.0078, and from layer-wise CE too SE has more errors than CE.",
        ),
        (
            "harms, less than the control",
            "harms, less than the control: the interval lies above 0, p = 0.0078, and SE after CE has more errors than CE "
            "before it.",
        ),
        ("not enough", "not enough for a verdict: 8 seeds, the protocol asks for 30."),
        ("nothing to cure", "nothing to cure: SE from a random start is not shown to be worse here."),
    ],
)
def test_verdicts_are_sentences(verdict, sentence):
    rows = [made.protocol("AN4"), *made.claims("AN4", helps=verdict)]
    rows[-3]["seeds"] = 8
    found = unescaped(markdown(built(Evidence(rows, [], []))))
    told = "AN4, Gaussian alignment, bigram: CE, then CE (control): 17.8 %, CE, then SE: 17.9 % WER; "
    assert f"{told}difference -0.10 [-1.33, +1.46] points; {sentence}" in found
    assert ("Fewer seeds than the protocol's" in found) == (verdict == "not enough")


@pytest.mark.parametrize(("p", "said"), [(0.0, "< 1e-16"), (1e-300, "< 1e-16"), (0.04567, "0.046"), (None, "-")])
def test_no_probability_is_0(p, said):
    assert wording.probability(p) == said


def test_the_control_row_decides_the_third_claim(document):
    third = next(block for block in document.blocks if isinstance(block, Table) and block.name == "claim-3")
    decides = [(plain(row[0]), row[-1]) for row in third.rows if row[-1]]
    assert decides == [("control", "no difference shown")] * len(TASKS)


def test_sequences_built_from_isolated_digits_are_called_so():
    for name, built_here in (("digit lines", True), ("digit strings", True), ("MNIST lines", True), ("AN4", False)):
        found = markdown(built(made.everything(name)))
        assert ("built from isolated digits: real digits, made-up sequences" in found) == built_here
        assert (paper.BUILT.get(name, "Nobody")[:20] in unescaped(found)) == built_here


def test_the_command_the_setting_and_the_machine_stand_there(text):
    for fact in (
        "python -m paper_repro --full",
        "the full setting",
        "120 minutes",
        "2 x cpu: cpu",
        "jax 0.0.1",
        "0123abc",
    ):
        assert fact in text
    assert "AN4: 4 minutes of training, summed over networks; the process that did it had held at most 1.50 GiB" in text


def test_seeds_of_the_map_are_told_apart():
    few = {"name": "CE, Glorot, depth 2", "seeds": 4, "tuning_seeds": 1}
    rows = [made.protocol("AN4", arms=[{"name": "CE", "seeds": 0, "tuning_seeds": 0}, few]), *made.arms("AN4")]
    found = unescaped(markdown(built(Evidence(rows, [], []))))
    assert "8, of continuations 30 (in the map of depths and starts 4)" in found
    assert "the dev frame error of 1 seed (in the map of depths and starts 1) that the comparison" in found
    assert "in the map of" not in unescaped(markdown(built(made.everything("AN4"))))


def test_every_command_stands_there_with_the_time_of_its_runs():
    jobs = [made.job("--tasks an4", 600.0), made.job("--tasks digit-lines", 1200.0), made.job("--tasks an4", 1800.0)]
    found = unescaped(markdown(built(made.everything("AN4")._replace(jobs=jobs))))
    assert "paper_repro --tasks an4`, the full setting; it took 40 minutes" in found
    assert "paper_repro --tasks digit-lines`, the full setting; it took 20 minutes" in found
    assert "these commands together: 60 minutes" in found


@pytest.mark.parametrize(
    ("skipped", "said"),
    [
        ({"Gaussian": 0, "CE": 0}, []),
        (
            {"Gaussian": 1, "CE": 12},
            ["1 utterance without a Gaussian alignment", "12 utterances without a CE alignment"],
        ),
    ],
)
def test_what_could_not_be_aligned_is_told(skipped, said):
    found = markdown(built(Evidence([made.protocol("AN4", skipped=skipped), *made.arms("AN4")], [], [])))
    assert re.findall(r"\d+ utterances? without a \w+ alignment", found) == said


def test_each_alignment_has_its_own_arms_and_verdicts():
    rows = made.everything("AN4").rows
    other = [
        *made.arms("AN4", alignment="SE"),
        *({**row, "alignment": "SE"} for row in made.claims("AN4", worse="contradicted")),
    ]
    found = markdown(built(Evidence([*rows, *other], [], [])))
    assert "### AN4: arms, Gaussian alignment" in found
    assert "### AN4: arms, SE alignment" in found
    assert "**AN4, SE alignment, bigram:** SE, constant rate: 22.7 %, CE, constant rate: 18.7 %" in found


def test_folds_stand_within_the_task_that_pools_them():
    evidence = Evidence(made.folded("AN4 by folds", 3), [], [])
    (task,) = tasks(evidence)
    found = unescaped(markdown(built(evidence)))
    assert [fold.name for fold in task.folds] == [f"AN4 by folds, fold {k} of 3" for k in (1, 2, 3)]
    assert "Pooled over 3 folds" in found
    assert "\n### AN4 by folds, fold 2 of 3\n" in found
    line = next(line for line in found.splitlines() if line.startswith("| SE, constant rate | 2 | 0.1, 0.3 | 8 |"))
    assert line.split(" | ")[4:8] == ["", "", "", ""]
    # What the folds say one by one is no verdict.
    assert "contradicted" not in found
    assert "supported" in found


def test_folds_that_wait_for_others_are_tasks_of_their_own():
    rows = [row for row in made.folded("AN4 by folds", 2) if row["task"] != "AN4 by folds"]
    assert [task.name for task in tasks(Evidence(rows, [], []))] == [f"AN4 by folds, fold {k} of 2" for k in (1, 2)]


def test_claims_arms_and_bins_are_called_as_the_job_calls_them():
    job = pytest.importorskip("paper_repro.hybrid.claims", reason="the recognition job is not here")
    from paper_repro.hybrid import config, measures

    assert [claim.says for claim in job.CLAIMS] == [claim.says for claim in paper.CLAIMS]
    assert measures.EDGES == signals.EDGES
    assert {f.name for f in dataclasses.fields(config.Protocol)} > set(results.SETTINGS) - {"centres", "fine"}
    assert set(config.CENTRES) == set(style.LOOK)
    assert set(paper.KIND) == set(config.FULL)
    kinds = [forest.kind({"more": c.more, "less": c.less}) for claim in job.CLAIMS for c in claim.comparisons]
    assert kinds[-3:] == ["control", "paper's", "gain"]
    assert set(kinds[:-3]) == {None}


def test_a_small_difference_is_called_small():
    row = {"verdict": "contradicted", "p": 0.001, "low": -0.0008, "high": -0.0001}
    assert wording.verdict(row).endswith("p = 0.001; all of the interval is within 0.4 points of 0")
    assert "within" not in wording.verdict(row | {"low": -0.0041})
    assert wording.words_needed({"words_needed": 60.4, "words": 11_139}) == "no more than it has (has 11,139)"
