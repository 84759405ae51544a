"""A researcher's own corpus in Kaldi's format: features, transcripts, lexicon, and alignments of any system.

The folder is the one that recipes call `data/`:

    local/dict/lexicon.txt            word unit unit ... (one line a pronunciation)
    local/dict/optional_silence.txt   the unit of silence
    train/feats.scp                   utterance archive:offset; dev/ and test/ alike
    train/text                        utterance word word ...
    train/utt2spk                     utterance speaker
    train/frame_shift                 seconds from one frame to the next (0.01 where the file is missing)

Features are taken as they are: write them with apply-cmvn and add-deltas, uncompressed. A relative path in a .scp file is
looked for beside that file, then in the current folder. Archives are read by kaldiio, but never through it a command
(`cat x |`) or a pickle, which it would run: an entry is a file, an optional offset, and binary Kaldi.
"""

import math
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int32

from lossjax.data.dataset import DataError
from lossjax.extras import need

from . import text
from .corpus import Corpus, Utterance, checked

_FIX = "Kaldi's utils/fix_data_dir.sh keeps those that have everything"


def kaldi(
    folder: Path, *, splits: tuple[str, str, str] = ("train", "dev", "test"), states: int = 3, context: int = 5
) -> Corpus:
    """splits: the folders of train, dev and test. states: HMM states of every unit.

    Raises: MissingExtraError without kaldiio; DataError, one sentence, for a file that is missing, an utterance without
    transcript, speaker or features, an archive that is cut short or none, and what `corpus.checked` finds.
    """
    silence = text.lines(folder / "local/dict/optional_silence.txt", "the unit of silence")[0]
    lexicon = _lexicon(folder / "local/dict/lexicon.txt", silence)
    units = dict.fromkeys([silence, *(unit for ways in lexicon.values() for way in ways for unit in way)])
    train, dev, test = (_split(folder / name) for name in splits)
    seconds = _frame_seconds(folder / splits[0] / "frame_shift")
    name, counts = folder.resolve().name, dict.fromkeys(units, states)
    return checked(Corpus(name, train, dev, test, lexicon, silence, counts, context, seconds))


def _lexicon(path, silence):
    """Word -> pronunciations, without words that are silence alone (`!SIL SIL`): none is right in a sentence."""
    found = {}
    for word, *units in map(str.split, text.lines(path, "the lexicon")):
        if not units:
            raise DataError(f"{path}: {word} has no pronunciation")
        if set(units) != {silence}:
            found.setdefault(word, []).append(tuple(units))
    return {word: tuple(dict.fromkeys(ways)) for word, ways in found.items()}


def _frame_seconds(path):
    if not path.exists():
        return 0.01
    first = text.lines(path, "the frame shift")[0]
    try:
        seconds = float(first)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise DataError(f"{path} holds no number of seconds: {first!r}")
    return seconds


def _split(folder) -> tuple[Utterance, ...]:
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}: a Kaldi corpus has one for train, dev and test")
    archives = text.table(folder / "feats.scp", "the list of features")
    words = text.table(folder / "text", "the transcripts")
    speakers = text.table(folder / "utt2spk", "the speaker of each utterance")
    for has, of in (("transcript", words), ("speaker", speakers), ("features", archives)):
        if missing := sorted((archives.keys() | words.keys()) - of.keys()):
            raise DataError(f"{folder}: {len(missing)} utterances have no {has}, the first is {missing[0]}; {_FIX}")
    return tuple(
        Utterance(name, _speaker(folder, name, speakers), matrix(folder / "feats.scp", name, entry), tuple(words[name]))
        for name, entry in archives.items()
    )


def _speaker(folder, name, speakers):
    if len(speakers[name]) != 1:
        raise DataError(f"{folder}/utt2spk does not name one speaker for {name}")
    return speakers[name][0]


def alignments(scp: Path, utterances: Sequence[Utterance]) -> dict[str, Int32[np.ndarray, " frames"]]:
    """Utterance -> the state of every frame, from 0 on, as another system has aligned them.

    scp: lists vectors of int32, as `ali-to-pdf ... ark,scp:x.ark,x.scp` writes them. The numbers are that system's own.

    Raises: MissingExtraError without kaldiio; DataError for an utterance that is missing there, has another number of
    frames, or a negative state.
    """
    entries = text.table(scp, "the list of alignments")
    if missing := [u.name for u in utterances if u.name not in entries]:
        raise DataError(f"{scp}: {len(missing)} utterances have no alignment, the first is {missing[0]}")
    found = {}
    for utterance in utterances:
        states = _read(scp, utterance.name, entries[utterance.name], _check_vector)
        if len(states) != len(utterance.features):
            raise DataError(
                f"{scp}: {utterance.name} has {len(utterance.features)} frames, its alignment {len(states)}"
            )
        if states.min() < 0:
            raise DataError(f"{scp}: the alignment of {utterance.name} has the state {states.min()}")
        found[utterance.name] = states.astype(np.int32)
    return found


def matrix(scp: Path, name: str, entry: Sequence[str]) -> Float32[np.ndarray, "frames dims"]:
    """The features that an entry of a .scp file points at; entry: the words after the utterance's name.

    Raises: MissingExtraError without kaldiio; DataError for what is not a file, or holds no matrix of numbers there.
    """
    # What float32 cannot hold becomes infinite, and `checked` says so.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(_read(scp, name, entry, _check_matrix), np.float32)


def _read(scp, name, entry, check):
    path, offset = _place(scp, name, entry)
    archives = need("kaldiio", "data", "reading Kaldi archives").matio
    try:
        with path.open("rb") as file:
            file.seek(offset)
            check(file.read(32), path.stat().st_size - offset)
            file.seek(offset)
            return archives.read_kaldi(file)
    except FileNotFoundError:
        raise DataError(f"{scp}: the archive {path} of {name} is missing") from None
    # On damaged bytes a foreign reader raises whatever it stumbles over.
    except Exception as error:
        raise DataError(f"{scp}: {name} cannot be read at byte {offset} of {path}: {_line(error)}") from None


def _line(error):
    return " ".join(str(error).split()) or type(error).__name__


def _place(scp, name, entry):
    whole = " ".join(entry)
    if not whole or "|" in whole or whole.endswith("]"):
        raise DataError(f"{scp}: the entry {whole!r} of {name} is not a file, or a file and an offset")
    stem, _, offset = whole.rpartition(":")
    file, at = (stem, int(offset)) if stem and offset.isdecimal() else (whole, 0)
    beside = scp.parent / file
    return (beside if beside.exists() else Path(file)), at


def _check_matrix(head, size):
    """Kaldi's binary matrix: 0, B, its kind, then rows and columns, which must fit the file."""
    if head[:2] != b"\0B":
        raise ValueError("there is no binary Kaldi data")
    kind = head[2:].split(b" ")[0]
    if kind not in (b"FM", b"DM", b"CM", b"CM2", b"CM3"):
        raise ValueError(f"there is a {kind!r}, not a matrix")
    # A compressed matrix has its least value and its range before the shape, another a 4 before each number.
    form, at = ("<2i", 8) if kind[:1] == b"C" else ("<xixi", 0)
    rows, columns = struct.unpack_from(form, head, 3 + len(kind) + at)
    bytes_each = {b"FM": 4, b"DM": 8, b"CM2": 2}.get(kind, 1)
    if rows < 1 or columns < 1 or rows * columns * bytes_each > size:
        raise ValueError(f"there is a matrix of {rows} x {columns} in the last {size} bytes")


def _check_vector(head, size):
    """Kaldi's vector of int32: 0, B, 4, its length, then 4 and a number each."""
    if head[:3] != b"\0B\4":
        raise ValueError("there is no binary vector of int32")
    (length,) = struct.unpack_from("<i", head, 3)
    if length < 1 or 5 * length > size:
        raise ValueError(f"there is a vector of {length} in the last {size} bytes")
