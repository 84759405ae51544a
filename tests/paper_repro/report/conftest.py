"""One page of made rows, for all tests of it."""

import html as html_text
import re

import made_rows as made
import pytest
from made_pages import TASKS, as_html, built, unescaped

from paper_repro.report.markdown import markdown


@pytest.fixture(scope="module")
def evidence():
    return made.everything(*TASKS)


@pytest.fixture(scope="module")
def document(evidence):
    return built(evidence)


@pytest.fixture(scope="module", params=["markdown", "html"])
def text(request, document):
    """The page as a reader sees it, without marks."""
    if request.param == "markdown":
        return unescaped(markdown(document))
    return html_text.unescape(re.sub(r"<[^>]*>", " ", as_html(document)))
