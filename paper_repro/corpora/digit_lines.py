"""Lines of handwritten digits, built from isolated ones: scikit-learn's (in its package, no folder needed) or MNIST's.

Nobody wrote these lines: real digits of one writer are set side by side. The recipe, all of it drawn from one seed:
1. Writers are split as in `lossjax.data`, and no digit is in two splits. scikit-learn's digits come in blocks of one
   writer or a few, which stand for writers, and no block is in two splits; MNIST's files do not name writers, blocks of
   200 neighbouring images stand for them, and one or two writers may be both in train and in dev.
2. The writers of a split take turns. A line has 3 to 7 digits, dealt from the writer's shuffled digits, which are
   shuffled anew when they run out: every digit of a writer is used equally often, give or take one.
3. scikit-learn's 8 x 8 pixels are doubled to 16 x 16, halfway between neighbours by linear interpolation, and rows are
   cropped to 10: the middle ones, moved up or down by 0 to 2 at random for each digit (jitter). Tops and bottoms are
   lost, which is what makes these lines hard. MNIST keeps its 28 x 28, moved up or down by 0 to 3.
4. Between digits 0 to 5 empty columns (MNIST: 0 to 8), at both ends 2 to 8 (MNIST: 3 to 12).
5. Gaussian noise of standard deviation 0.2 on every pixel, ink being 1 and paper 0.

A frame is one column of pixels.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from lossjax.data.dataset import Split
from lossjax.data.digits import digits
from lossjax.data.mnist import mnist

from .corpus import Corpus, Utterance, checked
from .dealing import deal, hand

NOISE = 0.2
WORDS = tuple("0123456789")
STATES = 4
SILENCE = "blank"
# Where another block of writers begins, in each split of scikit-learn's digits.
_BLOCKS = ((0, 130, 256, 386, 516, 646, 776), (0, 123), (0, 130, 258, 386, 510))
_MNIST_BLOCK = 200


class Layout(NamedTuple):
    """Of a line, in pixels: rows kept, largest jitter, largest gap, smallest and largest margin."""

    height: int
    jitter: int
    gap: int
    margin: tuple[int, int]


DIGITS = Layout(10, 2, 5, (2, 8))
MNIST = Layout(28, 3, 8, (3, 12))


class Writer(NamedTuple):
    """A block of digits by one writer or a few."""

    name: str
    images: Float32[np.ndarray, "n height width"]
    labels: Int32[np.ndarray, " n"]


def digit_lines(seed: int = 0, *, lines: tuple[int, int, int] = (300, 100, 2_200)) -> Corpus:
    """scikit-learn's digits; lines: of train, dev, test. 5 digits a line on average, more than 10,000 in test.

    The 640 digits of the test split are reused about 17 times, each time with other neighbours and noise: resample over
    writers, not lines. The same seed gives the same bits.

    Raises: MissingExtraError without scikit-learn, DataError where its digits are not the known ones.
    """
    data = digits()
    writers = [
        _writers(split, (8, 8), starts, "block") for split, starts in zip((data.train, data.dev, data.test), _BLOCKS)
    ]
    writers = [[w._replace(images=doubled(w.images)) for w in split] for split in writers]
    return _corpus("digit lines", writers, DIGITS, seed, lines)


def mnist_lines(given: Path | None = None, seed: int = 0, *, lines: tuple[int, int, int] = (300, 100, 2_200)) -> Corpus:
    """MNIST at its full 28 x 28 pixels, otherwise the same; every test image is used once or twice.

    given: the folder of the files, else $LOSSJAX_DATA/mnist, else a download.

    Raises: DataError for files that are missing or not the known ones.
    """
    data = mnist(given)
    splits = (data.train, data.dev, data.test)
    writers = [_writers(s, (28, 28), range(0, len(s.t), _MNIST_BLOCK), "images from") for s in splits]
    return _corpus("MNIST lines", writers, MNIST, seed, lines)


def _writers(split: Split, shape, starts, what) -> list[Writer]:
    images = split.x.reshape(-1, *shape)
    ends = (*starts[1:], len(images))
    return [Writer(f"{what} {a}", images[a:b], split.t[a:b]) for a, b in zip(starts, ends)]


def doubled(images: Float32[np.ndarray, "n h w"]) -> Float32[np.ndarray, "n 2*h 2*w"]:
    """Twice as many pixels each way, by linear interpolation: weights 3/4 and 1/4, exact in float32 for multiples of 1/16.

    Pixels stand at the centres of their cells, and beyond the edge is more of the edge.
    """
    for axis in (1, 2):
        edge = np.concatenate(
            [np.take(images, [0], axis), images, np.take(images, [images.shape[axis] - 1], axis)], axis
        )
        n = images.shape[axis]
        before, here, after = (np.take(edge, np.arange(n) + k, axis) for k in range(3))
        pair = np.stack([(3 * here + before) / 4, (3 * here + after) / 4], axis + 1)
        images = pair.reshape([2 * n if k == axis else size for k, size in enumerate(images.shape)])
    return images.astype(np.float32)


def _corpus(name, writers, layout, seed, lines):
    train, dev, test = (
        tuple(_lines(np.random.default_rng([seed, part]), split, layout, count, title))
        for part, (split, count, title) in enumerate(zip(writers, lines, ("train", "dev", "test")))
    )
    lexicon = {word: ((word,),) for word in WORDS}
    states = dict.fromkeys(WORDS, STATES) | {SILENCE: 1}
    return checked(Corpus(name, train, dev, test, lexicon, SILENCE, states, context=4, frame_seconds=0.0))


def _lines(rng, writers, layout, count, title) -> Iterator[Utterance]:
    decks = [deal(rng, len(writer.labels)) for writer in writers]
    for line in range(count):
        writer, deck = writers[line % len(writers)], decks[line % len(writers)]
        chosen = hand(rng, deck)
        features = _line(rng, writer.images[chosen], layout)
        words = tuple(WORDS[label] for label in writer.labels[chosen])
        yield Utterance(f"{title} {line}", f"{title} {writer.name}", features, words)


def _line(rng, images, layout):
    """The columns of one line, from left to right."""
    pieces = [_paper(rng.integers(layout.margin[0], layout.margin[1] + 1), layout)]
    for image in images:
        pieces += [_cropped(rng, image, layout).T, _paper(rng.integers(0, layout.gap + 1), layout)]
    # The last gap gives way to the margin.
    pieces[-1] = _paper(rng.integers(layout.margin[0], layout.margin[1] + 1), layout)
    clean = np.concatenate(pieces)
    return (clean + NOISE * rng.standard_normal(clean.shape)).astype(np.float32)


def _paper(columns, layout):
    return np.zeros((int(columns), layout.height), np.float32)


def _cropped(rng, image, layout):
    """The middle rows of the image, moved by the jitter; paper where the image ends."""
    shift = int(rng.integers(-layout.jitter, layout.jitter + 1))
    top = (len(image) - layout.height) // 2 + layout.jitter + shift
    return np.pad(image, ((layout.jitter, layout.jitter), (0, 0)))[top : top + layout.height]
