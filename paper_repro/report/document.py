"""What a page consists of, apart from how it looks; markdown.py, html.py and latex.py write it down."""

import dataclasses
import re
from collections.abc import Sequence

from rich.table import Table as RichTable


@dataclasses.dataclass(frozen=True)
class Strong:
    """Words that stand out."""

    text: str


@dataclasses.dataclass(frozen=True)
class Code:
    """Something to type."""

    text: str


@dataclasses.dataclass(frozen=True)
class Link:
    """address: https, or # and the `anchor` of a heading."""

    text: str
    address: str


Inline = str | Strong | Code | Link
# What a paragraph, an item or a cell says. Text is only ever text: whoever writes it down escapes it.
Words = str | list[Inline]


@dataclasses.dataclass(frozen=True)
class Heading:
    """level: 2 or more, 1 is the title's."""

    level: int
    text: str


@dataclasses.dataclass(frozen=True)
class Paragraph:
    """One paragraph."""

    words: Words


@dataclasses.dataclass(frozen=True)
class Bullets:
    """A list."""

    items: Sequence[Words]


@dataclasses.dataclass(frozen=True)
class Column:
    """number: set to the right. wrap: may be broken."""

    title: str
    number: bool = False
    wrap: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """name: of its LaTeX file; without one it has none."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Words]]
    caption: Words = ""
    name: str = ""


@dataclasses.dataclass(frozen=True)
class Picture:
    """stem: of its files in figures/."""

    stem: str
    caption: str

    @property
    def alt(self) -> str:
        """For those who do not see it, and have the caption besides."""
        return f"Figure: {re.sub('[-_]', ' ', self.stem)}"


Block = Heading | Paragraph | Bullets | Table | Picture


@dataclasses.dataclass(frozen=True)
class Document:
    """A page."""

    title: str
    blocks: list[Block]


def inlines(words: Words) -> list[Inline]:
    """Words as a list."""
    return [words] if isinstance(words, str) else words


def plain(words: Words) -> str:
    """Words without any look."""
    return "".join(part if isinstance(part, str) else part.text for part in inlines(words))


def anchor(heading: str) -> str:
    """What a link to a heading is called: as GitHub does it, of ASCII letters, digits and hyphens only."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def stem(*names: str) -> str:
    """A file name from names that others chose."""
    return "-".join(re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "unnamed" for name in names)


def from_rich(table: RichTable) -> list[Block]:
    """A table of the terminal, its title as a paragraph."""
    columns = [Column(str(c.header), number=c.justify == "right", wrap=c.justify != "right") for c in table.columns]
    rows = [[str(cell) for cell in cells] for cells in zip(*(column.cells for column in table.columns))]
    return [Paragraph([Strong(str(table.title))]), Table(columns, rows, str(table.caption or ""))]
