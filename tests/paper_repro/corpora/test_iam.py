"""IAM's folder, made here: lines of ink on paper, lists by form or line, and every way it can be wrong."""

import importlib
import io

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from small_corpus import one_sentence

from lossjax.data.dataset import DataError
from lossjax.extras import MissingExtraError
from paper_repro.corpora.corpus import out_of_vocabulary, too_short
from paper_repro.corpora.iam import columns, iam

Image = pytest.importorskip("PIL.Image")

LINES = {
    "a01-000u-00": "A|MOVE|to",
    "a01-000u-01": "stop|Mr.",
    "b02-011-00": "he|'s|to",
    "c03-007a-00": "stop|to move",
    "d04-021-00": "A|nominating",
}


def png(seed, width=240, height=80):
    """Grey paper with a few strokes."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(215, 230, size=(height, width)).astype(np.uint8)
    for x in rng.integers(10, width - 10, size=12):
        pixels[height // 4 : -height // 4, x : x + 4] = 30
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    for sub in ("ascii", "splits"):
        (tmp_path / sub).mkdir()
    described = [f"{name} ok 154 19 408 746 1661 89 {words}\n" for name, words in LINES.items()]
    (tmp_path / "ascii/lines.txt").write_text("#--- lines.txt ---\n#\n" + "".join(described))
    forms = dict.fromkeys(name.rpartition("-")[0] for name in LINES)
    writers = [f"{form} {i:03d} 2 prt 7 5 52 36\n" for i, form in enumerate(forms)]
    (tmp_path / "ascii/forms.txt").write_text("# forms\n" + "".join(writers))
    for part, listed in {"train": "a01-000u\nb02-011-00\n", "validation": "c03-007a\n", "test": "d04-021\n"}.items():
        (tmp_path / f"splits/{part}.uttlist").write_text(listed)
    for i, name in enumerate(LINES):
        path = tmp_path / "lines" / name.split("-")[0] / name.rpartition("-")[0] / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(i))
    return tmp_path


def test_a_folder_is_read(folder):
    corpus = iam(folder)
    assert [[u.name for u in split] for split in corpus[1:4]] == [
        ["a01-000u-00", "a01-000u-01", "b02-011-00"],
        ["c03-007a-00"],
        ["d04-021-00"],
    ]
    assert [u.speaker for u in corpus.train] == ["writer 000", "writer 000", "writer 001"]
    assert corpus.train[0].words == ("A", "MOVE", "to")
    assert corpus.dev[0].words == ("stop", "to", "move")
    assert corpus.lexicon["Mr."] == (("M", "r", "."),)
    assert corpus.states["'"] == 3
    assert corpus.states["<space>"] == 1
    assert corpus.train[0].features.shape == (96, 32)
    assert (corpus.context, corpus.frame_seconds) == (8, 0)
    assert too_short(corpus) == ()


def test_test_words_are_not_in_the_vocabulary_by_themselves(folder):
    assert out_of_vocabulary(iam(folder)) == {"d04-021-00": ("nominating",)}
    (folder / "words.txt").write_text("nominating\n")
    assert out_of_vocabulary(iam(folder, vocabulary=folder / "words.txt")) == {}


def test_lists_may_lie_beside_the_lines(folder):
    for name in ("lines.txt", "forms.txt"):
        (folder / "ascii" / name).rename(folder / name)
    assert len(iam(folder).train) == 3


def test_columns_are_ink_on_paper(folder):
    got = columns(folder / "lines/a01/a01-000u/a01-000u-00.png")
    assert got.dtype == np.float32
    assert (got.min(), got.max()) == (0, 1)
    # Strokes fill the middle rows of some columns; the rows at the top and the bottom are paper.
    assert got[:, 12:20].max(axis=1).mean() > 0.2
    assert got[:, [0, 1, -2, -1]].max() < 0.1


def blank():
    file = io.BytesIO()
    Image.new("L", (90, 30), 220).save(file, "PNG")
    return file.getvalue()


FIRST = "lines/a01/a01-000u/a01-000u-00.png"
# A file and its new content (None: it is gone), and what the sentence must hold.
WRONG = {
    "no lines": ("ascii/lines.txt", None, ("lines.txt", "missing")),
    "no forms": ("ascii/forms.txt", None, ("forms.txt", "missing")),
    "no list": ("splits/validation.uttlist", None, ("validation.uttlist", "missing", "Aachen")),
    "empty list": ("splits/test.uttlist", b"\n", ("test.uttlist", "empty")),
    "fewer fields": ("ascii/lines.txt", b"a01-000u-00 ok 154\n", ("'a01-000u-00 ok 154'", "9 fields")),
    "line twice": ("ascii/lines.txt", b"a01-000u-00 ok 1 1 1 1 1 1 A\n" * 2, ("two lines for a01-000u-00",)),
    "form twice": ("ascii/forms.txt", b"a01-000u 000 2\na01-000u 001 2\n", ("forms.txt", "two lines for a01-000u")),
    "unknown form": ("splits/test.uttlist", b"z99-999\n", ("test.uttlist", "z99-999")),
    "in two lists": ("splits/test.uttlist", b"b02-011\n", ("b02-011-00", "train", "test")),
    "twice in one list": ("splits/test.uttlist", b"d04-021\nd04-021-00\n", ("two utterances", "d04-021-00")),
    "no writer": ("ascii/forms.txt", b"a01-000u 000 2 prt 7 5 52 36\n", ("writer", "b02-011")),
    "not text": ("ascii/lines.txt", b"\xff\xfe", ("lines.txt", "cannot be read")),
    "no image": (FIRST, None, ("a01-000u-00.png", "missing")),
    "empty image": (FIRST, b"", ("a01-000u-00.png", "cannot be read")),
    "image cut": (FIRST, png(0)[:400], ("a01-000u-00.png", "cannot be read")),
    "no image at all": (FIRST, b"GIF89a" + bytes(50), ("a01-000u-00.png", "cannot be read")),
    "no ink": (FIRST, blank(), ("a01-000u-00.png", "no ink")),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_a_folder_is_one_sentence(folder, wrong):
    name, content, words = WRONG[wrong]
    path = folder / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(DataError) as error:
        iam(folder)
    one_sentence(error, *words)


def test_a_line_is_not_a_path(folder):
    with (folder / "ascii/lines.txt").open("a") as lists:
        lists.write("../../x-00 ok 1 1 1 1 1 1 A\n")
    (folder / "splits/train.uttlist").write_text("../../x-00\n")
    with pytest.raises(DataError) as error:
        iam(folder)
    one_sentence(error, "'../../x-00'", "not the name of a line")


@pytest.mark.parametrize(("width", "height"), [(30_000, 1_000), (30_000, 1)])
def test_an_image_of_too_many_pixels_is_not_opened(tmp_path, width, height):
    Image.new("1", (width, height)).save(tmp_path / "x.png")
    with pytest.raises(DataError) as error:
        columns(tmp_path / "x.png")
    one_sentence(error, f"{width} x {height}")


def test_without_pillow_it_says_what_to_install(folder, monkeypatch):
    def missing(module):
        raise ModuleNotFoundError(f"No module named {module!r}", name="PIL")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtraError) as error:
        iam(folder)
    one_sentence(error, "pillow", "pip install 'lossjax[data]'")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


WHOLE = [png(1, 30, 12), png(2, 25, 40)]


@settings(max_examples=150)
@given(whole=st.sampled_from(WHOLE), at=st.integers(0, 400), put=st.binary(max_size=8), cut=st.integers(0, 12))
def test_damaged_images(place, whole, at, put, cut):
    """Finite columns, or DataError in one sentence."""
    content = bytearray(whole)
    content[at : at + cut] = put
    (place / "x.png").write_bytes(content)
    try:
        values = columns(place / "x.png")
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert np.isfinite(values).all()
        assert values.shape[1] == 32
