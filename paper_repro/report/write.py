"""The one call of the job: evidence in, page, figures and tables out."""

from pathlib import Path

from .document import Document, Table
from .evidence import Evidence, read, tasks
from .figures import drawn
from .html import html
from .latex import latex
from .markdown import markdown
from .page import page


def draw(records: Path, output: Path) -> list[Path]:
    """Write the page of the records in one folder into another, or the same; nothing is computed again."""
    return write(read(records), output)


def write(evidence: Evidence, output: Path) -> list[Path]:
    """Write README.md, index.html, figures/ and latex/ into the folder; returns the paths of all that was written."""
    found = tasks(evidence)
    pictures = drawn(evidence, found, output / "figures")
    made = page(evidence, found, pictures)
    figures = [
        output / "figures" / f"{p.stem}.{kind}" for ps in pictures.values() for p in ps for kind in ("svg", "png")
    ]
    pages = {
        output / "README.md": markdown(made),
        output / "index.html": html(made, lambda stem: (output / "figures" / f"{stem}.svg").read_bytes()),
        **_tables(made, output / "latex"),
    }
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [*pages, *figures]


def _tables(made: Document, folder: Path) -> dict[Path, str]:
    named = [block for block in made.blocks if isinstance(block, Table) and block.name]
    return {folder / f"{table.name}.tex": latex(table) for table in named}
