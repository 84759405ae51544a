"""Pages of made rows, and how a reader sees them."""

import re

from paper_repro.report.document import Document, Table
from paper_repro.report.evidence import Evidence, tasks
from paper_repro.report.html import html
from paper_repro.report.latex import latex
from paper_repro.report.page import page

TASKS = ("digit lines", "AN4")


def built(evidence: Evidence) -> Document:
    return page(evidence, tasks(evidence), {})


def as_html(document: Document) -> str:
    return html(document, lambda stem: b"<svg/>")


def as_latex(document: Document) -> str:
    return "\n".join(latex(block) for block in document.blocks if isinstance(block, Table) and block.name)


def unescaped(markdown_text: str) -> str:
    return re.sub(r"\\([^\w\s])", r"\1", markdown_text).replace("**", "")
