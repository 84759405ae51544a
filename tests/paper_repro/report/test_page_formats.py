"""Markdown, HTML and LaTeX of one page: nothing is fetched or run, whatever names say; links meet, figures agree."""

import html as html_text
import re
from html.parser import HTMLParser

import made_rows as made
import pytest
from made_pages import TASKS, as_html, as_latex, built

from paper_repro.report import paper
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
)
from paper_repro.report.evidence import Evidence
from paper_repro.report.latex import latex
from paper_repro.report.markdown import markdown

HOSTILE = (
    '<script src="http://evil.example/x.js">|a|</script> `b` *c* _d_ [e](http://evil.example) \\input{f} $g$ & 5 % #1'
)


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
