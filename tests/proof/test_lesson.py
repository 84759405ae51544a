"""A report teaches: who is wrong, since when, what training makes of it; as text, Markdown and HTML, however strange the names."""

import html.parser
import json
import re

import jax
import jax.numpy as jnp
import pytest

import lossjax
from lossjax.proof.findings import Report, Row
from lossjax.proof.page import as_text
from lossjax.proof.text import page_of

QUICK = {"points": "quick", "quantity": "grad"}


def margin(z, t):
    return jax.nn.softplus(-t * z)


def half(z, t):
    return 0.5 * jax.nn.softplus(-t * z)


def tied(z, t):
    return jnp.where(z > 0, 3 * z, z) + jnp.where(z < 0, 2 * z, 0)


def tail(z, t):
    return (jax.nn.sigmoid(z) - t) ** 2


def stopped(z, t):
    return jax.lax.stop_gradient(z - t) * (z - t)


@jax.custom_jvp
def ruled(z, t):
    return margin(z, t)


ruled.defjvps(lambda dz, value, z, t: -2 * t * jax.nn.sigmoid(-t * z) * dz, None)

# f, options, the witness convicted, who is wrong, what training makes of it
BLAME = [
    (
        margin,
        {"grad": lambda z, t: 2 * -t * jax.nn.sigmoid(-t * z), "targets": "margin"},
        "derived",
        "the derivation:",
        "rate",
    ),
    (
        margin,
        {"grad": lambda z, t: t * jax.nn.sigmoid(-t * z), "targets": "margin"},
        "derived",
        "the derivation:",
        "uphill",
    ),
    (
        margin,
        {"grad": lambda z, t: -t * (1 - jax.nn.sigmoid(t * z)), "targets": "margin"},
        "derived",
        "the floating point of the gradient written by hand",
        "counts as learnt",
    ),
    (half, {"like": "logistic"}, "own", "the formula: in exact arithmetic", "rate"),
    (half, {"like": "logistic"}, "autodiff", "the formula: this computes what the function says", "rate"),
    (ruled, {"targets": "margin"}, "autodiff", "an autodiff rule: without", "follows the rule"),
    (stopped, {}, "autodiff", "an autodiff rule: a stop_gradient", "follows the rule"),
    (tied, {}, "autodiff", "an autodiff rule: that of max", "first step"),
    (tail, {"targets": "binary"}, "autodiff", "the code's floating point", "counts as learnt"),
    (tail, {"targets": "binary", "quantity": "hess"}, "autodiff", "the code's floating point", "Newton"),
]


@pytest.mark.parametrize(("f", "options", "witness", "wrong", "training"), BLAME)
def test_who_is_wrong_and_what_it_does(f, options, witness, wrong, training):
    report = lossjax.check(f, **QUICK | options)
    place = next(i for i, r in enumerate(report.findings()) if r.witness == witness)
    items = dict(page_of(report).sections[place].items)
    assert items["wrong"].startswith(wrong), str(report)
    assert training in items["training"]
    assert items["witness"].startswith("disagree with the truth: ")


def test_a_finding_says_since_when_each_kind_of_failure():
    (row,) = lossjax.check(tail, targets="binary", **QUICK).findings()
    assert row.since["digits"]["size"] < row.since["false zero"]["size"]
    assert 16 < row.since["false zero"]["size"] < 18
    assert row.since["false zero"]["got"] == 0 != row.since["false zero"]["want"]
    assert "since |z| = 16.6" in str(lossjax.check(tail, targets="binary", **QUICK))


def test_a_clean_report_says_what_was_compared():
    report = lossjax.check(margin, targets="margin", **QUICK)
    assert report
    text = str(report)
    assert "test_lesson:margin itself" in text
    assert "B = 8" in text
    assert "evidence, not proof" in text
    assert "clean: 1 loss" in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_but_code_is_longer_than_the_window(width):
    page = page_of(lossjax.check(tail, name="mine:loss", targets="binary", points="quick"))
    code = {line for s in page.sections for _, line in s.lines}
    lines = as_text(page, width).splitlines()
    assert all(len(line) <= width for line in lines if line.strip() not in code)
    assert any(s.lines for s in page.sections)


def test_a_line_of_code_is_never_broken():
    text = as_text(page_of(lossjax.check(tail, targets="binary", **QUICK)), 40)
    (line,) = [x for x in text.splitlines() if "jnp.array(" in x]
    assert line.count("(") == line.count(")")


def test_what_no_command_can_show_has_the_call_that_does():
    by = 2.0
    f = lambda z, t: by * (jax.nn.sigmoid(z) - t) ** 2  # noqa: E731
    report = lossjax.check(f, targets="binary", **QUICK)
    (row,) = report.findings()
    assert row.reproducer == ""
    assert "no command can show it" in str(report)
    got = eval(row.here, {"jax": jax, "jnp": jnp, "f": f})
    assert float(got) == row.worst["got"]
    hand = lambda z, t: z  # noqa: E731
    row = lossjax.check(f, grad=hand, targets="binary", **QUICK).findings()[0]
    assert float(eval(row.here, {"jnp": jnp, "grad": hand})) == row.worst["got"]


class Tags(html.parser.HTMLParser):
    """The tags and the text of a page; well nested or it raises."""

    def __init__(self, page):
        super().__init__()
        self.open, self.seen, self.text = [], set(), ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.add(tag)
        assert {name for name, _ in attrs} <= {"class"}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


EVIL = "<script>alert('&\"')</script>|*_`"


def strange(**fields) -> Row:
    counts = dict.fromkeys(("undecided", "skipped", "lost", "wrong_nonfinite", "subnormal"), 0)
    found = {"loss": EVIL, "dtype": "float32", "quantity": "grad", "witness": "autodiff", "eligible": 1, "checked": 1}
    found |= counts | {"max_ulp": 1.0, "max_excess": 9.0, "bound": 8.0, "failures": 1, "ok": False, "code": "LJ007"}
    return Row(**found | {"cause": EVIL, "truth": EVIL, "reproducer": EVIL, "targets": EVIL} | fields)


def test_html_is_escaped_nested_and_fetches_nothing():
    report = Report([strange(), strange(reproducer="", here=EVIL)], 1.0, {})
    page = report._repr_html_()
    tags = Tags(page)
    assert tags.seen <= {
        "div",
        "style",
        "dl",
        "dt",
        "dd",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "h4",
        "span",
        "pre",
    }
    assert tags.text.count(EVIL) >= 6
    assert not re.search(r"https?:|url\(|@import|src=|<link", page)
    for colour in re.findall(r"(?:background|color):([^;}]+)", page):
        assert colour in ("inherit", "none") or colour.startswith(("rgba(128", "#d9403a", "#2a9d4a"))


def test_markdown_is_escaped():
    page = Report([strange()], 1.0, {}).to_markdown()
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    outside = re.sub(r"(?ms)^(`{3,})$.*?^\1$", "", page)
    assert not re.search(r"(?<!\\)<script", outside)
    assert f"```\n{EVIL}\n```" in page


def test_the_reports_of_a_comparison_are_pages_too():
    report = lossjax.compare(tail, lambda z, t: (jax.nn.sigmoid(z) - t) ** 2, targets="binary", **QUICK)
    assert "&lt;lambda&gt;" in report._repr_html_()
    Tags(report._repr_html_())
    assert "\\<lambda\\>" in report.to_markdown()
    json.loads(report.to_json())


def test_html_and_text_and_markdown_say_the_same():
    report = lossjax.check(tail, targets="binary", **QUICK)
    text = " ".join(str(report).split())
    for label, said in page_of(report).sections[0].items:
        assert label in text
        assert said in Tags(report._repr_html_()).text
        assert said.split(",")[0].split("(")[0].split("|")[0].split("_")[0] in report.to_markdown()


PARAMS = [
    ({}, "needs keyword gamma: give it as params={'gamma': ...}, on the command line --params gamma=..."),
    ({"gamma": 1.0, "delta": 2.0}, "takes no keyword delta; it has gamma"),
]


@pytest.mark.parametrize(("params", "words"), PARAMS)
def test_a_missing_or_unknown_keyword_is_named(params, words):
    from lossjax.proof.subject import UsageError

    def f(z, t, *, gamma):
        return gamma * margin(z, t)

    with pytest.raises(UsageError, match=re.escape(words)):
        lossjax.check(f, params=params, **QUICK)


def test_parameters_reach_the_loss_its_derivatives_and_the_report():
    def f(z, t, gamma):
        return gamma * margin(z, t)

    def gradient(z, t, gamma=2.0):
        return -gamma * t * jax.nn.sigmoid(-t * z)

    assert lossjax.check(f, grad=gradient, params={"gamma": 0.5}, targets="margin", **QUICK)
    report = lossjax.check(f, grad=lambda z, t: gradient(z, t), params={"gamma": 0.5}, targets="margin", **QUICK)
    assert [r.code for r in report.findings()] == ["LJ001"]
    assert "f(gamma=0.5)" in report.rows[0].loss


def test_the_worst_point_of_a_lost_tail_is_lost():
    """Where digits are lost as well, more of them than of what is 0 in all."""
    (row,) = lossjax.check(tail, targets="binary", **QUICK).findings()
    assert row.code == "LJ006"
    assert row.worst["got"] == 0 != row.worst["want"]
    one_more = lambda z, t: (jax.nn.sigmoid(z) + 1001.0) - 1001.0  # noqa: E731
    (row,) = lossjax.check(one_more, points="quick", quantity="value").findings()
    assert row.code == "LJ006"
    assert row.worst["got"] == 0 != row.worst["want"]


def test_no_two_numbers_of_a_report_print_alike_that_are_not():
    report = lossjax.check(
        lambda z, t: z + t, grad=lambda z, t: jnp.full_like(z, 1 + 2.0**-44), dtype="float64", **QUICK
    )
    items = dict(page_of(report).sections[0].items)
    got, want = re.search(r"got (\S+), want (\S+)$", items["worst"]).groups()
    assert float(got) == 1 + 2.0**-44 != float(want) == 1
