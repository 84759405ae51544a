"""CMU AN4 ("census"): spelled names, numbers and commands, about 100 words, test speakers unseen; 16 kHz, 1991.

The folder holds what CMU publishes: `etc/` with dictionary, phones, fillers, transcripts and file lists, and `feat/`
with Sphinx cepstra, 13 a frame, 100 frames a second.

Features: the 13 cepstra c with mean 0 and variance 1 over the utterance, their slopes d, and the slopes of these, 39 in
all. d_t = sum_k k (c_{t+k} - c_{t-k}) / (2 sum_k k^2), k = 1, 2 (the regression over five frames), edges repeated.
The dev split: every tenth of the training speakers in alphabetical order, from the sixth on (7 of 74).
Source: Acero 1993, "Acoustical and environmental robustness in automatic speech recognition".
"""

import re
import struct
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from lossjax.data import files
from lossjax.data.dataset import DataError

from . import text
from .corpus import Corpus, Utterance, checked

CEPSTRA = 13
STATES = 3
SILENCE = "SIL"
_HOW = "set LOSSJAX_DATA to a folder that holds an4/ with etc/ and feat/, as CMU publishes it"
_TRANSCRIPT = re.compile(r"(.*)\((\S+)\)")
_VARIANT = re.compile(r"\(\d+\)$")


def an4(given: Path | None = None) -> Corpus:
    """948 training and dev utterances and 130 to test; 3 states for each of 33 phones and silence.

    given: the folder, else $LOSSJAX_DATA/an4.

    Raises: DataError, one sentence, for a folder, file or speaker that is missing, a feature file that is none, an
    utterance without transcript or with another's, a word that the dictionary lacks, a phone that the list lacks.
    """
    place = files.folder("an4", given)
    if place is None:
        raise DataError(f"AN4 needs a folder: {_HOW}")
    phones = text.lines(place / "etc/an4.phone", "the list of phones")
    lexicon = dictionary(place / "etc/an4.dic", phones)
    fillers = set(text.table(place / "etc/an4.filler", "the list of fillers"))
    known, test = (tuple(_utterances(place, part, lexicon, fillers)) for part in ("train", "test"))
    held_out = sorted({u.speaker for u in known})[5::10]
    train = tuple(u for u in known if u.speaker not in held_out)
    dev = tuple(u for u in known if u.speaker in held_out)
    states = dict.fromkeys(phones, STATES)
    return checked(Corpus("AN4", train, dev, test, lexicon, SILENCE, states, context=5, frame_seconds=0.01))


def dictionary(path: Path, phones: list[str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Word -> pronunciations, in the order of the file; `WORD(2)` is another pronunciation of WORD.

    Raises: DataError for a word without phones or with one that is not in the list.
    """
    found = {}
    for entry, units in text.table(path, "the dictionary").items():
        if not units:
            raise DataError(f"{path}: {entry} has no pronunciation")
        if unknown := [unit for unit in units if unit not in phones]:
            raise DataError(f"{path}: the phone {unknown[0]} of {entry} is not in the list of phones")
        found.setdefault(_VARIANT.sub("", entry), []).append(tuple(units))
    return {word: tuple(pronunciations) for word, pronunciations in found.items()}


def _utterances(place, part, lexicon, fillers):
    words_of = _transcripts(place / f"etc/an4_{part}.transcription", fillers)
    listed = text.lines(place / f"etc/an4_{part}.fileids", "the list of utterances")
    if len(set(listed)) != len(listed):
        raise DataError(f"{place}/etc/an4_{part}.fileids names an utterance twice")
    if extra := sorted(set(words_of) - {entry.split("/")[-1] for entry in listed}):
        raise DataError(f"{place}/etc/an4_{part}.transcription has {extra[0]}, which the list of utterances lacks")
    for entry in listed:
        speaker, name = _names(entry)
        if name not in words_of:
            raise DataError(f"the utterance {name} has no transcript in {place}/etc/an4_{part}.transcription")
        if unknown := [word for word in words_of[name] if word not in lexicon]:
            raise DataError(f"the word {unknown[0]} of the utterance {name} is not in the dictionary of {place}")
        features = with_slopes(mfc(_bytes(place / "feat" / f"{entry}.mfc", speaker), f"{entry}.mfc"))
        yield Utterance(name, speaker, features, words_of[name])


def _names(entry):
    """Speaker and utterance of an entry `folder/speaker/utterance`, where the utterance is called `number-speaker-b`."""
    *_, speaker, name = "", "", *entry.split("/")
    if not speaker or entry.startswith("/") or ".." in entry.split("/"):
        raise DataError(f"the entry {entry!r} of the list of utterances is not folder/speaker/utterance")
    if f"-{speaker}-" not in name:
        raise DataError(
            f"the utterance {name} lies in the folder of the speaker {speaker}, whom its name does not hold"
        )
    return speaker, name


def _transcripts(path, fillers):
    found = {}
    for line in text.lines(path, "the transcripts"):
        match = _TRANSCRIPT.fullmatch(line)
        if match is None:
            raise DataError(f"{path}: the line {line!r} does not end with the name of an utterance in brackets")
        words, name = match.groups()
        if name in found:
            raise DataError(f"{path} has two transcripts of {name}")
        found[name] = tuple(word for word in words.split() if word not in fillers)
    return found


def _bytes(path, speaker):
    try:
        return path.read_bytes()
    except OSError as error:
        if not path.parent.is_dir():
            raise DataError(f"the speaker {speaker} is missing: there is no folder {path.parent}") from None
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def mfc(content: bytes, name: str) -> Float32[np.ndarray, "frames 13"]:
    """The cepstra in a Sphinx feature file: how many numbers follow as big-endian int32, then big-endian float32.

    Raises: DataError for bytes that are none, and for cepstra that are NaN or infinite.
    """
    if len(content) < 4:
        raise DataError(f"{name} is not a Sphinx feature file: it has {len(content)} bytes")
    (count,) = struct.unpack(">i", content[:4])
    if len(content) != 4 + 4 * count:
        raise DataError(f"{name} should hold {count} numbers after its head, it has {(len(content) - 4) / 4:g}")
    if count == 0 or count % CEPSTRA:
        raise DataError(f"{name} holds {count} numbers, not frames of {CEPSTRA}")
    cepstra = np.frombuffer(content, ">f4", offset=4).astype(np.float32).reshape(-1, CEPSTRA)
    if not np.isfinite(cepstra).all():
        raise DataError(f"{name} holds NaN or infinity, first in frame {np.argwhere(~np.isfinite(cepstra))[0, 0]}")
    return cepstra


def with_slopes(frames: Float32[np.ndarray, "frames d"]) -> Float32[np.ndarray, "frames 3*d"]:
    """Mean 0 and variance 1 over the utterance (a constant becomes 0), then slopes, then slopes of slopes."""
    static = frames.astype(np.float64)
    static = static - static.mean(0)
    spread = static.std(0)
    static = static / np.where(spread > 0, spread, 1)
    slopes = slope(static)
    return np.concatenate([static, slopes, slope(slopes)], axis=1).astype(np.float32)


def slope(x: Float[np.ndarray, "frames d"]) -> Float[np.ndarray, "frames d"]:
    """Of the least-squares line through five neighbouring frames; edges repeated."""
    n, padded = len(x), np.pad(x, ((2, 2), (0, 0)), mode="edge")
    near, far = (padded[2 + k : 2 + k + n] - padded[2 - k : 2 - k + n] for k in (1, 2))
    return (near + 2 * far) / 10
