"""The page says what the rows say, in Markdown, HTML and LaTeX, and nothing of what they lack."""

import dataclasses
import html as html_text
import re
from html.parser import HTMLParser

import made_rows as made
import pytest

from paper_repro.hybrid.scoring import LARGEST_KAPPA_OF_ESTIMATES
from paper_repro.report import forest, paper, results, signals, style, wording
from paper_repro.report.document import (
    Column,
    Document,
    Heading,
    Link,
    Paragraph,
    Picture,
    Strong,
    Table,
    from_rich,
    plain,
)
from paper_repro.report.evidence import Evidence, tasks
from paper_repro.report.html import html
from paper_repro.report.latex import latex
from paper_repro.report.markdown import markdown
from paper_repro.report.page import page

TASKS = ("digit lines", "AN4")
HOSTILE = (
    '<script src="http://evil.example/x.js">|a|</script> `b` *c* _d_ [e](http://evil.example) \\input{f} $g$ & 5 % #1'
)


def built(evidence: Evidence) -> Document:
    return page(evidence, tasks(evidence), {})


def as_html(document: Document) -> str:
    return html(document, lambda stem: b"<svg/>")


def as_latex(document: Document) -> str:
    return "\n".join(latex(block) for block in document.blocks if isinstance(block, Table) and block.name)


@pytest.fixture(scope="module")
def evidence():
    return made.everything(*TASKS)


@pytest.fixture(scope="module")
def document(evidence):
    return built(evidence)


def unescaped(markdown_text: str) -> str:
    return re.sub(r"\\([^\w\s])", r"\1", markdown_text).replace("**", "")


@pytest.fixture(scope="module", params=["markdown", "html"])
def text(request, document):
    """The page as a reader sees it, without marks."""
    if request.param == "markdown":
        return unescaped(markdown(document))
    return html_text.unescape(re.sub(r"<[^>]*>", " ", as_html(document)))


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
        ("no difference shown", "no difference shown: the interval holds 0, or p is above 5 %; p = 0.0078."),
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


class Tags(HTMLParser):
    """Which tags there are, and what they point at."""

    def __init__(self):
        super().__init__()
        self.names, self.targets = set(), set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.targets |= {value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")}


def hostile():
    rows = [made.protocol(HOSTILE), *made.arms(HOSTILE, models=(HOSTILE,)), *made.claims(HOSTILE)]
    rows[1]["name"] = HOSTILE
    rows[-1]["claim"] = rows[-1]["what"] = HOSTILE
    return built(Evidence([{**row, "environment": made.ENVIRONMENT | {"cpu": HOSTILE}} for row in rows], [], []))


@pytest.mark.parametrize("of", [hostile, lambda: built(made.everything(*TASKS))])
def test_html_fetches_and_runs_nothing(of):
    document = of()
    document.blocks.append(Picture("a", HOSTILE))
    found = as_html(document)
    tags = Tags()
    tags.feed(found)
    assert tags.names <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "ul", "li", "a", "strong", "code"),
        *("div", "table", "thead", "tbody", "tr", "th", "td", "figure", "img", "figcaption"),
    }
    outside = {t for t in tags.targets if not t.startswith(("#", "data:image/svg+xml;base64,"))}
    assert outside == {paper.DOI}
    assert "url(" not in found
    assert "@import" not in found


def test_hostile_names_are_only_text():
    document = hostile()
    assert html_text.escape(HOSTILE) in as_html(document)
    found = markdown(document)
    assert "<script" not in found.replace("\\<script", "")
    assert "](http://evil" not in found.replace("\\]", "")
    for line in found.splitlines():
        assert "\\input" not in line.replace("\\\\input", "")
    tables = re.findall(r"(?:^\|.*\n)+", found, re.M)
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert len(tables) > 5


def test_hostile_names_do_nothing_in_latex(document):
    for block in (b for d in (hostile(), document) for b in d.blocks if isinstance(b, Table) and b.name):
        body = latex(block).split("\\midrule\n")[1].split("\\bottomrule")[0]
        assert len(body.splitlines()) == len(block.rows)
        for line in body.splitlines():
            bare = re.sub(r"\\[&%$#_{}]|\$-\$", "", line)
            assert bare.count("&") == len(block.columns) - 1
            assert not set("%#$~^|<>") & set(bare)
            assert set(re.findall(r"\\([a-z]+)", bare)) <= {
                "textbf",
                "textbackslash",
                "textless",
                "textgreater",
                "textbar",
            }


def test_latex_has_the_figures_of_the_page(document):
    found = as_latex(document)
    assert r"\toprule" in found
    assert "18.1 [15.0, 22.3]" in found
    assert "$-$0.10 [$-$1.33, +1.46]" in found
    names = [block.name for block in document.blocks if isinstance(block, Table) and block.name]
    assert names[:4] == ["overview", "claim-1", "claim-2", "claim-3"]
    assert {"arms-an4-gaussian", "depths-digit_lines-gaussian"} < set(names)
    assert len(set(names)) == len(names)


def without(evidence, *kinds):
    return evidence._replace(rows=[row for row in evidence.rows if row["kind"] not in kinds])


@pytest.mark.parametrize(
    ("lack", "gone"),
    [
        (lambda e: without(e, "claim"), "## The claims"),
        (lambda e: without(e, "arm"), ": arms,"),
        (lambda e: without(e, "baseline"), "\\| Gaussian mixtures"),
        (lambda e: e._replace(kept=[]), "words and 116,731 frames"),
        (lambda e: e._replace(job=None), "--full"),
        (lambda e: Evidence([r for r in e.rows if r["task"] != "AN4"], [], []), "## AN4"),
        (lambda e: Evidence([], [], []), "## What differs"),
        (lambda e: Evidence([r for r in e.rows if r.get("claim") != made.CURED], [], []), "### 2\\."),
    ],
)
def test_what_is_missing_leaves_no_trace(evidence, lack, gone):
    assert re.search(gone, markdown(built(evidence)).replace("\\", ""))
    found = built(lack(evidence))
    assert not re.search(gone, markdown(found).replace("\\", ""))
    assert as_html(found)


def test_null_in_a_record_is_no_crash():
    rows = made.everything("AN4").rows
    for row in rows:
        if row["kind"] == "arm":
            row["test_ece"] = row["dev_error"] = {"mean": None, "low": None, "high": None}
        if row["kind"] == "claim":
            row["p"] = row["matched_pairs"]["p"] = None
    assert "| - |" in markdown(built(Evidence(rows, [], [])))


def test_the_same_evidence_gives_the_same_page(evidence, document):
    assert markdown(document) == markdown(built(evidence))
    assert as_html(document) == as_html(built(evidence))


def test_bold_words_keep_their_spaces_outside():
    words = [Strong(" so: "), "it is ", Link("here", "#here")]
    assert markdown(Document("t", [Paragraph(words)])).endswith("\n **so:** it is [here](#here)\n")


def test_links_within_the_page_meet_their_headings(document):
    found = as_html(document)
    wanted = set(re.findall(r'href="#([^"]*)"', found))
    assert wanted == {"an4", "digit-lines"}
    assert wanted <= set(re.findall(r'<h\d id="([^"]*)"', found))
    assert Heading(2, "AN4") in document.blocks


def test_tables_of_the_terminal_become_tables_of_the_page():
    from rich.table import Table as RichTable

    table = RichTable(title="of what")
    table.add_column("name")
    table.add_column("figure", justify="right")
    table.add_row("a | b", "[+0.1, +0.2]")
    title, shown = from_rich(table)
    assert title == Paragraph([Strong("of what")])
    assert shown == Table([Column("name", wrap=True), Column("figure", number=True)], [["a | b", "[+0.1, +0.2]"]])


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
