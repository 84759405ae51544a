"""The recognition tasks that can be done here: built-in digits always, other corpora where their data are."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lossjax.data import files
from lossjax.data.dataset import DataError
from lossjax.extras import MissingExtraError, need

from ..corpora.an4 import an4
from ..corpora.corpus import Corpus
from ..corpora.digit_lines import digit_lines, mnist_lines
from ..corpora.digit_strings import SPEAKERS, digit_strings
from ..corpora.iam import iam
from ..corpora.jackknife import jackknife
from ..corpora.kaldi import kaldi

# AN4's test set is small: with the whole protocol every speaker is tested, in as many folds.
FOLDED, FOLDS = "AN4 by folds", 3
# Digit strings with two of the six speakers held out, as intervals over speakers need two; in three folds all six.
BY_SPEAKER, PAIRS = "digit strings by speaker", 3


@dataclasses.dataclass(frozen=True)
class Source:
    """A task by name: how to read its corpus, called only where the task is done. fold_of: the task that it is a fold of.

    needs: raises what `read` would raise where folder or package are missing, without reading.
    """

    name: str
    read: Callable[[], Corpus]
    fold_of: str = ""
    needs: Callable[[], object] = lambda: None

    @property
    def protocol(self) -> str:
        """The name of its protocol."""
        return self.fold_of or self.name


def data_folder() -> Path | None:
    """$LOSSJAX_DATA, or None."""
    named = os.environ.get(files.FOLDER)
    return Path(named) if named else None


def sources(full: bool, kaldi_folder: Path | None = None, iam_folder: Path | None = None) -> list[Source]:
    """All tasks, those of which a folder is named included."""
    lines, strings = ((300, 100, 2_200), (250, 100, 2_200)) if full else ((300, 60, 800), (250, 60, 400))
    found = [
        Source("digit lines", lambda: digit_lines(lines=lines)),
        Source("AN4", lambda: an4(_an4()), needs=_an4),
        Source("digit strings", lambda: digit_strings(_recordings(), strings=strings), needs=_recordings),
    ]
    if full:
        found += [
            Source(f"{FOLDED}, fold {k + 1} of {FOLDS}", lambda k=k: jackknife(an4(_an4()), FOLDS)[k], FOLDED, _an4)
            for k in range(FOLDS)
        ]
        # As many test strings in all.
        part = (strings[0], strings[1], -(-strings[2] // PAIRS))
        found += [
            Source(f"{BY_SPEAKER}, fold {k + 1} of {PAIRS}", lambda k=k: _held_out(k, part), BY_SPEAKER, _recordings)
            for k in range(PAIRS)
        ]
        found.append(Source("MNIST lines", lambda: mnist_lines(_mnist(), lines=lines), needs=_mnist))
    if kaldi_folder:
        found.append(Source("Kaldi", lambda: kaldi(kaldi_folder)))
    if iam_folder:
        found.append(Source("IAM", lambda: iam(iam_folder)))
    return found


def _an4():
    return _place("an4")


def _mnist():
    return _place("mnist")


def _recordings():
    place = _place("fsdd/recordings")
    need("kaldi_native_fbank", "data", "digit strings")
    return place


def _held_out(fold, strings):
    return digit_strings(_recordings(), held_out=SPEAKERS[fold::PAIRS], strings=strings)


def _place(name):
    root = data_folder()
    if root is None:
        raise DataError(f"no data folder (set {files.FOLDER} to the folder that holds {name})")
    if not (root / name).is_dir():
        raise DataError(f"there is no folder {root / name} (set {files.FOLDER} to the folder that holds it)")
    return root / name


def readable(wanted: Iterable[Source], refuse: Callable[[Source, str], None]) -> Iterator[tuple[Source, Corpus]]:
    """The corpora that are here; each of the others is refused, with what is missing in one line."""
    for source in wanted:
        try:
            corpus = source.read()
        except (DataError, MissingExtraError) as problem:
            refuse(source, str(problem))
            continue
        yield source, corpus
