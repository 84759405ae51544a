"""A page as one HTML file that needs nothing beside it: figures inside, everything escaped, nothing fetched."""

import base64
from collections.abc import Callable
from html import escape

from .document import (
    Bullets,
    Code,
    Document,
    Heading,
    Inline,
    Link,
    Paragraph,
    Picture,
    Strong,
    Table,
    Words,
    anchor,
    inlines,
)

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#222;background:#fff;max-width:62rem;margin:0 auto;padding:0 1rem 3rem}
h1{line-height:1.2}h2{margin-top:2.2em;border-bottom:1px solid #ccc}
.wide{overflow-x:auto;margin:.8em 0}table{border-collapse:collapse;font-size:.85rem}
th,td{padding:.25em .6em;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}
th{border-bottom:1px solid #666;vertical-align:bottom}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.w{min-width:12em}
figure{margin:1.2em 0}img{max-width:100%;height:auto}figcaption,.caption{font-size:.85rem;color:#555}
code{background:#f2f2f2;padding:0 .25em;overflow-wrap:anywhere}a{color:#0072b2}
"""


def html(page: Document, picture: Callable[[str], bytes]) -> str:
    """The whole page. picture: stem of a figure -> its SVG."""
    head = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style></head><body>\n<h1>{escape(page.title)}</h1>"
    )
    return "\n".join([head, *(_block(block, picture) for block in page.blocks), "</body></html>\n"])


def _block(block, picture) -> str:
    match block:
        case Heading():
            return f'<h{block.level} id="{anchor(block.text)}">{escape(block.text)}</h{block.level}>'
        case Paragraph():
            return f"<p>{_words(block.words)}</p>"
        case Bullets():
            return f"<ul>{''.join(f'<li>{_words(item)}</li>' for item in block.items)}</ul>"
        case Table():
            return _table(block)
        case Picture():
            inside = base64.b64encode(picture(block.stem)).decode()
            # As an image of its own: names inside two SVGs never meet.
            image = f'<img alt="{escape(block.alt)}" src="data:image/svg+xml;base64,{inside}">'
            return f"<figure>{image}<figcaption>{escape(block.caption)}</figcaption></figure>"
        case _:
            raise TypeError(f"a page has no {type(block).__name__}")


def _words(words: Words) -> str:
    return "".join(map(_inline, inlines(words)))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return escape(part)
        case Strong():
            return f"<strong>{escape(part.text)}</strong>"
        case Code():
            return f"<code>{escape(part.text)}</code>"
        case Link():
            return f'<a href="{escape(part.address)}">{escape(part.text)}</a>'


def _table(table: Table) -> str:
    kinds = [' class="n"' if c.number else ' class="w"' if c.wrap else "" for c in table.columns]
    head = "".join(f"<th{kind}>{escape(c.title)}</th>" for c, kind in zip(table.columns, kinds))
    rows = "".join(
        f"<tr>{''.join(f'<td{kind}>{_words(cell)}</td>' for cell, kind in zip(row, kinds))}</tr>\n"
        for row in table.rows
    )
    caption = f'<p class="caption">{_words(table.caption)}</p>' if table.caption else ""
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>{caption}'
