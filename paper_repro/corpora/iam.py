"""Lines of the IAM Handwriting Database, with the split that RWTH Aachen's papers use.

The folder, as unpacked from the database (which asks its users to register), and the split lists:

    ascii/lines.txt                    a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop|Mr.|Gaitskell|from
    ascii/forms.txt                    a01-000u 000 ...: of each form the writer
    lines/a01/a01-000u/a01-000u-00.png
    splits/train.uttlist               a form (a01-000u) or a line (a01-000u-00) on each line;
    splits/validation.uttlist          these lists go by the name of Aachen, and are not part of the database
    splits/test.uttlist

Features: the grey image is scaled to 32 rows, linearly and with its shape kept; paper (the median grey) becomes 0, the
darkest hundredth 1; a frame is one column, so that the network's window slides over the line. The preprocessing of the
paper is not known, this is ours. Words are spelled: a character is a unit.

Source: Marti and Bunke 2002, "The IAM-database: an English sentence database for off-line handwriting recognition".
"""

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from lossjax.data.dataset import DataError
from lossjax.extras import need

from . import text
from .corpus import Corpus, Utterance, checked

HEIGHT = 32
SILENCE = "<space>"
# What claims to be larger, or would be once it is scaled, is no line, and would fill the memory.
_MOST_PIXELS = 20_000_000
_LISTS = ("train", "validation", "test")
_LINE = re.compile(r"[a-z]\d\d-\d\d\d[a-z]?-\d\d")


def iam(folder: Path, *, vocabulary: Path | None = None, states: int = 3, context: int = 8) -> Corpus:
    """vocabulary: a list of words, one a line, added to those of the training and validation lines.

    Test words that are in neither are kept, no decoder can get them right, and `out_of_vocabulary` names them. Lines
    whose words were segmented badly ("err") are whole lines like the others, and stay. states: HMM states of every
    character.

    Raises: MissingExtraError without pillow; DataError, one sentence, for a file, line, form, writer or image that is
    missing, an image that is damaged, and a form that is in two lists.
    """
    words_of = _transcripts(_first(folder, "lines.txt"))
    writers = {form: rest[0] for form, rest in _described(_first(folder, "forms.txt"), 2)}
    chosen = {part: _listed(folder / f"splits/{part}.uttlist", words_of) for part in _LISTS}
    for a, b in (("train", "validation"), ("train", "test"), ("validation", "test")):
        if shared := sorted(set(chosen[a]) & set(chosen[b])):
            raise DataError(f"{folder}/splits: the line {shared[0]} is both in {a} and in {b}")
    train, dev, test = (tuple(_utterance(folder, line, writers, words_of) for line in chosen[p]) for p in _LISTS)
    known = {word for u in train + dev for word in u.words}
    known.update(text.lines(vocabulary, "the vocabulary") if vocabulary else ())
    lexicon = {word: (tuple(word),) for word in sorted(known)}
    units = dict.fromkeys(sorted({unit for word in known for unit in word}), states)
    return checked(Corpus("IAM", train, dev, test, lexicon, SILENCE, units | {SILENCE: 1}, context, 0.0))


def _first(folder, name):
    """The file in `ascii/`, where the database has it, or in the folder itself."""
    return folder / name if (folder / name).is_file() else folder / "ascii" / name


def _described(path, fields):
    """Name and the other fields of every line that is no comment."""
    seen = set()
    for line in text.lines(path, "a list that the database brings along"):
        if line.startswith("#"):
            continue
        name, *rest = line.split(maxsplit=fields - 1)
        if len(rest) != fields - 1:
            raise DataError(f"{path}: the line {line!r} has fewer than {fields} fields")
        if name in seen:
            raise DataError(f"{path} has two lines for {name}")
        seen.add(name)
        yield name, rest


def _transcripts(path):
    # Words are parted by bars; here and there a blank stands for one.
    return {name: tuple(filter(None, re.split(r"[|\s]+", rest[-1]))) for name, rest in _described(path, 9)}


def _listed(path, words_of):
    """The lines that a list names, or whose forms it names."""
    lines_of = {}
    for line in words_of:
        lines_of.setdefault(line.rpartition("-")[0], []).append(line)
    found = []
    for entry in text.lines(path, "one of the lists of the Aachen split, from outside the database"):
        if entry not in words_of and entry not in lines_of:
            raise DataError(f"{path} names {entry}, of which lines.txt has no line")
        found += [entry] if entry in words_of else lines_of[entry]
    return found


def _utterance(folder, line, writers, words_of):
    form = line.rpartition("-")[0]
    if not _LINE.fullmatch(line):
        raise DataError(f"{folder}: {line!r} is not the name of a line like a01-000u-00")
    if form not in writers:
        raise DataError(f"{folder}: forms.txt does not name the writer of {form}")
    features = columns(folder / "lines" / form.split("-")[0] / form / f"{line}.png")
    return Utterance(line, f"writer {writers[form].split()[0]}", features, words_of[line])


def columns(path: Path) -> Float32[np.ndarray, "columns 32"]:
    """The columns of an image, from left to right: 0 for paper, 1 for ink.

    Raises: MissingExtraError without pillow; DataError for an image that is missing, damaged, too large or of one grey.
    """
    images = need("PIL.Image", "data", "reading images of lines")
    try:
        with images.open(path, formats=["PNG"]) as image:
            width, height = image.size
            frames = max(1, round(width * HEIGHT / height))
            if max(width * height, frames * HEIGHT) > _MOST_PIXELS:
                raise ValueError(f"{width} x {height} pixels are too many for a line")
            scaled = image.convert("L").resize((frames, HEIGHT), images.Resampling.BILINEAR)
    except FileNotFoundError:
        raise DataError(f"the image {path} is missing") from None
    # On damaged bytes a foreign reader raises whatever it stumbles over.
    except Exception as error:
        raise DataError(f"the image {path} cannot be read: {' '.join(str(error).split())}") from None
    grey = np.asarray(scaled, np.float64).T
    paper, ink = np.median(grey), np.percentile(grey, 1)
    if paper <= ink:
        raise DataError(f"the image {path} holds no ink on paper")
    return np.clip((paper - grey) / (paper - ink), 0, 1).astype(np.float32)
