"""scikit-learn's handwritten digits, split by writer.

1,797 images of 8 x 8 pixels, 43 writers in the original collection. They come in blocks of one writer or a few; the
boundaries show in the repeating pattern of the labels, and two of them cut the set into 906 / 251 / 640 examples.

Source: Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits" (UCI), as shipped inside scikit-learn.
"""

import hashlib
import itertools

import numpy as np

from ..extras import need
from .dataset import DataError, Dataset, Split

_BOUNDARIES = (0, 906, 1157, 1797)
_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def digits() -> Dataset:
    """Train [0, 906), dev [906, 1157), test [1157, 1797); pixels in [0, 1].

    Raises: MissingExtraError without scikit-learn, DataError where its copy of the data is not the known one.
    """
    sets = need("sklearn.datasets", "repro", "reading the digits")
    pixels, labels = map(np.asarray, sets.load_digits(return_X_y=True))
    raw = pixels.astype(np.uint8).tobytes() + labels.astype(np.uint8).tobytes()
    if hashlib.sha256(raw).hexdigest() != _SHA256:
        raise DataError("scikit-learn's digits differ from the known ones: the split by writer would not hold")
    x, labels = (pixels / 16).astype(np.float32), labels.astype(np.int32)
    train, dev, test = (Split(x[a:b], labels[a:b]) for a, b in itertools.pairwise(_BOUNDARIES))
    return Dataset("digits", 10, train, dev, test)
