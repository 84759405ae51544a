"""MNIST: 70,000 handwritten digits of 28 x 28 pixels in four IDX files.

Source: LeCun, Cortes and Burges 1998. The 10,000 test images are by other writers than the training images; the dev
split is the end of these, whose writers differ from those at the beginning but for one or two.
"""

import math
import struct
from pathlib import Path

import numpy as np

from . import files
from .dataset import DataError, Dataset, Split

_ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_DEV = 10_000
# File: SHA-256 of what is inside, and of the file as that address holds it.
_FILES = {
    "train-images-idx3-ubyte.gz": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "train-labels-idx1-ubyte.gz": (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "t10k-images-idx3-ubyte.gz": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}


def mnist(given: Path | None = None, *, examples: int = 60_000) -> Dataset:
    """Train on the first 50,000 training images, dev the last 10,000 of them, test the 10,000 test images; pixels in [0, 1].

    given: the folder of the files, else $LOSSJAX_DATA/mnist, else a download. examples: fewer keep these proportions,
    from the beginning of each split.

    Raises: DataError for files that are missing or not the known ones.
    """
    place = files.folder("mnist", given)
    images, labels, test_images, test_labels = (_array(name, place) for name in _FILES)
    first = len(labels) - _DEV
    whole = Split(_pixels(images), labels.astype(np.int32))
    splits = (
        Split(whole.x[:first], whole.t[:first]),
        Split(whole.x[first:], whole.t[first:]),
        Split(_pixels(test_images), test_labels.astype(np.int32)),
    )
    if not 60 <= examples <= len(labels):
        raise DataError(f"MNIST has 60 to {len(labels)} training and dev examples, not {examples}")
    kept = [len(split.t) * examples // len(labels) for split in splits]
    return Dataset("mnist", 10, *(Split(split.x[:n], split.t[:n]) for split, n in zip(splits, kept)))


def _pixels(images):
    return (images.reshape(len(images), -1) / np.float32(255)).astype(np.float32)


def _array(name, place):
    inside, transferred = _FILES[name]
    path = place / name if place else files.fetched(_ADDRESS + name, transferred)
    return idx(files.unzipped(path, inside), path)


def idx(content: bytes, path: Path) -> np.ndarray:
    """The array of unsigned bytes in an IDX file: two zeros, the type 8, the rank, the sizes as big-endian int32, the bytes.

    Raises: DataError for bytes that are none, and for an array without axes or elements.
    """
    rank = content[3] if len(content) > 3 else 0
    header = 4 + 4 * rank
    if content[:3] != b"\0\0\x08" or len(content) < header:
        raise DataError(f"{path} is not an IDX file of bytes")
    shape = struct.unpack(f">{rank}i", content[4:header])
    # Images have three axes; NumPy has at most 64.
    if not 1 <= rank <= 8 or min(shape) < 1:
        raise DataError(f"{path} is not an IDX file of images or labels: its shape is {shape[:8]}")
    if len(content) - header != math.prod(shape):
        raise DataError(
            f"{path} should hold {math.prod(shape)} bytes for the shape {shape}, it has {len(content) - header}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
