"""The look of every figure, and how it is saved: the same records give the same SVG, byte for byte."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's colours (2008), told apart by colour-blind readers; line styles tell them apart in grey print.
BLUE, ORANGE, GREEN, PURPLE, SKY, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#666666"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "lossjax",
    "savefig.dpi": 150,
}


def styled():
    """A context in which figures are made and saved."""
    return matplotlib.rc_context(STYLE)


def figure(width: float = 7.2, height: float = 4.0) -> Figure:
    """An empty figure, inches; no window and no global state."""
    return Figure(figsize=(width, height))


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write `stem`.svg and `stem`.png, without a date; returns both paths."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_suffix(".svg"), stem.with_suffix(".png")]
    figure.savefig(paths[0], metadata={"Date": None})
    figure.savefig(paths[1], metadata={"Software": None})
    with Image.open(paths[1]) as picture:
        # A third of the bytes: no figure here has 256 colours that a reader tells apart.
        picture.convert("RGB").quantize(256).save(paths[1], optimize=True, dpi=picture.info["dpi"])
    return paths
