"""Figures hold the rows' figures; what has no rows is not drawn; and the whole output of one call."""

import base64
import re
from itertools import pairwise

import made_rows as made
import numpy as np
import pytest
from matplotlib.colors import to_hex

from lossjax import plot
from lossjax.training import records
from paper_repro.report import curves, depths, failures, forest, searches, signals, style
from paper_repro.report.evidence import Evidence, by_task, read, tasks
from paper_repro.report.write import draw

DRAWN = (
    curves.frame_error,
    curves.criterion,
    depths.frame_error,
    depths.weak_signals,
    signals.by_p_right,
    failures.by_depth_and_start,
)


@pytest.fixture
def task():
    return tasks(made.everything("AN4"))[0]


def points(ax):
    """Label -> its points."""
    return {line.get_label(): line.get_ydata().tolist() for line in ax.lines}


def test_training_curves_are_the_rows(task):
    figure = curves.frame_error(task)
    titles = {ax.get_title(): ax for ax in figure.axes}
    assert list(titles) == [
        *("Glorot\nnew-bob", "Glorot\nconstant rate", "4 x Glorot\nconstant rate"),
        "after CE\nconstant rate",
    ]
    drawn = points(titles["Glorot\nnew-bob"])
    assert drawn == {arm["criterion"]: arm["curves"]["dev_error"] for arm in task.arms[:2]}
    relative = points(curves.criterion(task).axes[0])["SE"]
    np.testing.assert_allclose(relative, np.array(task.arms[1]["curves"]["train_loss"]) / 4.0)


def test_criteria_differ_in_colour_and_in_line(task):
    lines = curves.frame_error(task).axes[0].lines
    assert len({to_hex(line.get_color()) for line in lines}) == len({line.get_linestyle() for line in lines}) == 2


def test_signals_leave_empty_bins_out(task):
    figure = signals.by_p_right(task)
    found = points(figure.axes[0])["SE, end"]
    want = task.arms[2]["curves"]["signal_SE"][-1]
    assert np.isnan(found[:2]).all()
    assert found[2:] == want[2:]
    assert [ax.get_title() for ax in figure.axes[:2]] == ["CE, constant rate", "SE, constant rate"]
    heights = [bar.get_height() for bar in figure.axes[2].containers[0]]
    assert heights == task.arms[2]["curves"]["in_bin"][0]
    assert points(figure.axes[4])["weak: vanishing"] == task.arms[2]["curves"]["vanishing"]


def test_arms_without_momentum_have_a_panel_of_their_own(task):
    slow = made.arm("AN4", "CE, no momentum", 0.4, 0.3, schedule="constant", momentum=0.0)
    found = task._replace(arms=[*task.arms, slow])
    assert "Glorot\nconstant rate, momentum 0" in [ax.get_title() for ax in curves.frame_error(found).axes]
    assert slow not in depths.mapped(found)


def test_the_first_of_the_same_networks_stays_in_its_place(task):
    again = [arm | {"name": f"{arm['name']}, again"} for arm in task.arms]
    assert style.distinct([*task.arms, *again]) == style.distinct(task.arms)
    assert [arm["name"] for arm in style.distinct([*task.arms[:3], again[0]])] == [arm["name"] for arm in task.arms[:3]]


def test_the_map_has_one_arm_a_cell(task):
    first = depths.mapped(task)[0]
    other = first | {"name": "another rate of fewer seeds", "rate": 9 * first["rate"]}
    assert depths.mapped(task._replace(arms=[*task.arms, other])) == depths.mapped(task)


def test_curves_by_depth_are_the_rows(task):
    axes = depths.frame_error(task).axes
    assert [ax.get_title() for ax in axes[:2]] == ["2 hidden layers", "4 hidden layers"]
    assert points(axes[3]) == {arm["criterion"]: arm["curves"]["dev_error"] for arm in task.arms[-2:]}


def test_signals_of_many_arms_are_shown_by_depth_and_start(task):
    logged = [arm | {"curves": arm["curves"] | made.signals(4)} for arm in task.arms if "depth " in arm["name"]]
    found = task._replace(arms=[*task.arms[:6], *logged])
    assert len(signals.by_p_right(found).axes) == 3 * 4  # at the protocol's depth and from Glorot alone, 4 at most
    figure = depths.weak_signals(found)
    assert [ax.get_title() for ax in figure.axes[:2]] == ["2 hidden layers", "4 hidden layers"]
    assert points(figure.axes[3]) == {
        "weak: attenuated (2/C)": logged[-1]["curves"]["attenuated"],
        "weak: vanishing": logged[-1]["curves"]["vanishing"],
    }


def test_the_map_is_se_less_ce(task):
    left, right = failures.by_depth_and_start(task).axes
    said = [t.get_text() for t in left.texts]
    assert said[-2:] == ["+29.0", "34 to 63"]  # 4 x Glorot, 4 layers: 0.31 + 0.01 * 16 * 2 - 0.34
    assert [t.get_text() for t in right.texts][-2] == "+14.5"
    assert [t.get_text() for t in left.get_yticklabels()] == ["Glorot", "4 x Glorot"]
    np.testing.assert_allclose(left.images[0].get_array()[1], [7, 29])


def test_the_forest_has_the_control_and_the_published_difference(task):
    ax = forest.fine_tuning([task]).axes[0]
    drawn = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(drawn[:3], [[-1.33, 1.46], [-1.03, 1.76], [-0.93, 1.86]], atol=1e-9)
    diamonds = [line.get_xdata() for line in ax.lines if line.get_marker() == "D" and len(line.get_xdata())]
    np.testing.assert_allclose(diamonds, [[0.4]])


def test_the_published_mark_covers_none_of_ours(task):
    """Whatever the differences: no two marks of a task share a height, half the size of both lies between them."""
    figure = forest.fine_tuning([task])
    figure.draw_without_rendering()
    (ax,) = figure.axes
    marks = [line for line in ax.lines if line.get_marker() not in ("None", None) and len(line.get_xdata()) == 1]
    heights = [ax.transData.transform((0, line.get_ydata()[0]))[1] for line in marks]
    assert len(marks) == 4
    placed = sorted(zip(heights, (line.get_markersize() * figure.dpi / 72 for line in marks)))
    assert all(b - a > (size_a + size_b) / 2 for (a, size_a), (b, size_b) in pairwise(placed))


def test_search_curves_hold_the_other_weights(task):
    tuned = task.tuned[0]
    assert tuned.who == ("CE",)
    np.testing.assert_allclose(searches.along(tuned, "kappa"), [(0.3, 0.26), (0.6, 0.2), (1.0, 0.28)])
    np.testing.assert_allclose(searches.along(tuned, "lm_scale"), [(5, 0.26), (8, 0.2), (11, 0.26)])
    assert [x for x, _ in searches.along(tuned, "penalty")] == [-40, 0, 10]
    figure = searches.curves(task)
    assert [ax.get_xlabel() for ax in figure.axes] == [
        "kappa, power of the prior",
        "scale of the language model",
        "word penalty",
    ]
    assert figure.axes[2].get_ylim() == (0, 1)  # a penalty of -40 gives 270 %


def bare(task):
    return task._replace(arms=[{k: v for k, v in arm.items() if k != "curves"} for arm in task.arms[:6]])


@pytest.mark.parametrize("lack", [bare, lambda task: task._replace(arms=[], claims=[], tuned=[])])
def test_what_has_no_rows_is_not_drawn(task, lack):
    assert [draw(lack(task)) for draw in DRAWN] == [None] * len(DRAWN)


def test_no_claims_no_forest_no_tuning_no_curves(task):
    assert forest.fine_tuning([task._replace(claims=[]), task._replace(claims=task.claims[:2])]) is None
    assert searches.curves(task._replace(tuned=[])) is None


def test_one_quantity_or_one_arm_missing_leaves_the_others(task):
    arms = [arm for arm in task.arms if arm["name"] != "SE"]
    del arms[1]["curves"]["signal_SE"]
    found = task._replace(arms=arms)
    assert points(curves.frame_error(found).axes[0]).keys() == {"CE"}
    assert [ax.get_title() for ax in signals.by_p_right(found).axes[:1]] == ["SE, constant rate"]


def test_a_name_with_a_formula_in_it_is_text(tmp_path):
    hostile = r"$\frac{1}{$ <b> & _x_"
    rows = [made.protocol(hostile), *made.arms(hostile, start=hostile), *made.claims(hostile)]
    (found,) = tasks(Evidence(rows, [], []))
    with plot.styled():
        for n, figure in enumerate((curves.frame_error(found), forest.fine_tuning([found]))):
            plot.save(figure, tmp_path / str(n))


@pytest.mark.parametrize(
    "environment", [{"code": "other"}, {"device": "1 x gpu: gpu"}, {"versions": {"python": "3.11", "jax": "0.0.2"}}]
)
def test_records_of_other_code_or_another_environment_are_left_aside(tmp_path, environment):
    evidence = made.everything("AN4")
    other = [{**record, "tried": [], "environment": made.ENVIRONMENT | environment} for record in evidence.kept]
    records.write(tmp_path / "summary-hybrid.jsonl", evidence.rows)
    records.write(tmp_path / "hybrid-1of2.jsonl", evidence.kept)
    records.write(tmp_path / "hybrid-2of2.jsonl", other)
    (found,) = tasks(read(tmp_path))
    assert [len(tuned.tried) for tuned in found.tuned] == [7] * 6
    assert found.corpus["states"] == 102
    assert by_task([found, found._replace(name="x")], lambda task: str(task.corpus["states"])) == "102"


def test_searches_of_other_settings_are_not_drawn(tmp_path):
    """A run with another batch leaves its searches in the folder; the rows name those that are theirs."""
    evidence = made.everything("AN4")
    stale = [record for record in evidence.kept if record["key"]["kind"] == "search weights"]
    for record in stale:
        record = {**record, "key": {**record["key"], "of": [{**record["key"]["of"][0], "batch": 7}]}}
        evidence.kept.append({**record, "weights": {"kappa": 0.0, "lm_scale": 0.0, "penalty": 0.0}})
    (found,) = tasks(evidence)
    assert [tuned.weights["kappa"] for tuned in found.tuned] == [0.6] * 6
    assert searches.curves(found) is not None


def test_one_call_writes_everything(tmp_path):
    evidence = made.everything("AN4")
    rows = [row for row in evidence.rows if "depth " not in row.get("name", "")]
    records.write(tmp_path / "summary-hybrid.jsonl", rows)
    records.write(tmp_path / "hybrid-1of1.jsonl", evidence.kept)
    paths = draw(tmp_path, tmp_path / "out")
    assert all(path.stat().st_size > 100 for path in paths)
    assert {path.relative_to(tmp_path / "out").as_posix() for path in paths} == {
        *("README.md", "index.html", "figures/fine_tuning.svg", "figures/fine_tuning.png"),
        *(f"latex/{name}.tex" for name in ("overview", "claim-1", "claim-2", "claim-3", "arms-an4-gaussian")),
        *(
            f"figures/{name}-an4.{kind}"
            for name in ("training_curves", "training_criterion", "error_signals", "search_weights")
            for kind in ("svg", "png")
        ),
    }
    text = (tmp_path / "out" / "README.md").read_text()
    for place in re.findall(r"!\[[^\n]*\]\(([^)]*)\)", text):
        assert (tmp_path / "out" / place).exists()
    inside = re.findall(r"data:image/svg\+xml;base64,([^\"]*)", (tmp_path / "out" / "index.html").read_text())
    assert len(inside) == 5
    assert base64.b64decode(inside[0]) == (tmp_path / "out" / "figures" / "fine_tuning.svg").read_bytes()
