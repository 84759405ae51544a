"""A page as Markdown, for a repository's README."""

import re

from .document import Bullets, Code, Document, Heading, Inline, Link, Paragraph, Picture, Strong, Table, Words, inlines

_NOTE = "<!-- Written by `python -m paper_repro` from its records; changes made by hand are lost. -->"


def markdown(page: Document) -> str:
    """The whole page; its PNGs lie in figures/ beside it."""
    parts = [f"# {escaped(page.title)}", _NOTE]
    for block in page.blocks:
        match block:
            case Heading():
                parts.append(f"{'#' * block.level} {escaped(block.text)}")
            case Paragraph():
                parts.append(_words(block.words))
            case Bullets():
                parts.append("\n".join(f"- {_words(item)}" for item in block.items))
            case Table():
                parts.append(_table(block))
            case Picture():
                parts.append(f"![{escaped(block.alt)}](figures/{block.stem}.png)\n\n*{escaped(block.caption)}*")
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown, and the HTML within it, takes for nothing else."""
    return re.sub(r"([\\`*_{}\[\]<>|#~$&])", r"\\\1", re.sub(r"\s+", " ", text))


def _words(words: Words) -> str:
    return "".join(map(_inline, inlines(words)))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return escaped(part)
        case Strong():
            return _strong(part.text)
        case Link():
            return f"[{escaped(part.text)}]({part.address})"
        case Code():
            # No backtick inside: it would end there.
            return f"`{re.sub('[`|]|[^ -~]', ' ', part.text)}`"


def _strong(text):
    """Space stays outside: beside it the asterisks would not count."""
    inner = text.strip()
    before, _, after = text.partition(inner)
    return f"{before}**{escaped(inner)}**{after}" if inner else text


def _table(table: Table) -> str:
    bar = "|".join("---:" if column.number else "---" for column in table.columns)
    rows = [[_words(c.title) for c in table.columns], *([_words(cell) for cell in row] for row in table.rows)]
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    caption = f"\n\n{_words(table.caption)}" if table.caption else ""
    return "\n".join([lines[0], f"|{bar}|", *lines[1:]]) + caption
