"""Tables of a page as LaTeX, one tabular each, with the rules of booktabs."""

import re

from .document import Strong, Table, Words, inlines

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
_PARAGRAPH = "p{0.3\\textwidth}"


def latex(table: Table) -> str:
    """A tabular, to be read into a float."""
    kinds = "".join("r" if c.number else _PARAGRAPH if c.wrap else "l" for c in table.columns)
    rows = [[c.title for c in table.columns], *table.rows]
    head, *body = (" & ".join(map(_words, row)) + r" \\" for row in rows)
    caption = [f"% {line}" for line in _words(table.caption).splitlines()]
    opening = ["% \\usepackage{booktabs}", *caption, f"\\begin{{tabular}}{{{kinds}}}", "\\toprule", head, "\\midrule"]
    return "\n".join([*opening, *body, "\\bottomrule", "\\end{tabular}", ""])


def escaped(text: str) -> str:
    """Text that LaTeX takes for nothing else; a minus before a digit is one."""
    # A bracket that begins a row would be taken for the argument of the line break before it.
    text = "".join(_SPECIAL.get(sign, sign) for sign in re.sub(r"\s+", " ", text))
    return re.sub(r"(?<![\w-])-(?=\d)", "$-$", re.sub(r"^\[", "{[}", text))


def _words(words: Words) -> str:
    parts = inlines(words)
    return "".join(
        f"\\textbf{{{escaped(p.text)}}}" if isinstance(p, Strong) else escaped(p if isinstance(p, str) else p.text)
        for p in parts
    )
