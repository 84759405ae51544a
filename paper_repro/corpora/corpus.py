"""What a corpus is: utterances in three splits, a lexicon, the states of its units; and what is wrong with one."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from lossjax.data.dataset import DataError


class Utterance(NamedTuple):
    """One recording or one line of handwriting, and what is said or written in it.

    name: unique in its corpus. speaker: or writer. features: without context, `context.frames_with_context` gathers
    that on the fly.
    """

    name: str
    speaker: str
    features: Float32[np.ndarray, "frames dims"]
    words: tuple[str, ...]


class Corpus(NamedTuple):
    """Utterances and all that a recogniser has to know of them.

    train: to fit. dev: to choose rates and scales. test: to report.
    lexicon: word -> its pronunciations, each a tuple of units (phones, characters, or the digit itself).
    silence: the unit of silence or blank, optional between words and at both ends.
    states: number of HMM states of each unit, left to right.
    context: frames on each side of the centre that a network sees.
    frame_seconds: from one frame to the next; 0 where frames are columns of pixels.
    """

    name: str
    train: tuple[Utterance, ...]
    dev: tuple[Utterance, ...]
    test: tuple[Utterance, ...]
    lexicon: dict[str, tuple[tuple[str, ...], ...]]
    silence: str
    states: dict[str, int]
    context: int
    frame_seconds: float


def utterances(corpus: Corpus) -> tuple[Utterance, ...]:
    """Train, dev and test, one after another."""
    return corpus.train + corpus.dev + corpus.test


def checked(corpus: Corpus) -> Corpus:
    """The corpus itself, when a recogniser can be trained on it.

    Utterances may be shorter than their HMM (`too_short` names them), and dev and test may hold words that the lexicon
    lacks (`out_of_vocabulary` names them): nothing is dropped here.

    Raises: DataError, one sentence, for a split without utterances, two utterances of one name, features that are not
    finite float32 frames of one size, a training utterance without words or with one that the lexicon lacks, a word
    without pronunciation, a unit without states.
    """
    _check_lexicon(corpus)
    for split in ("train", "dev", "test"):
        if not getattr(corpus, split):
            raise DataError(f"{corpus.name}: the split {split} has no utterances")
    seen, dims = set(), corpus.train[0].features.shape[-1]
    for utterance in utterances(corpus):
        if utterance.name in seen:
            raise DataError(f"{corpus.name}: two utterances are called {utterance.name}")
        seen.add(utterance.name)
        _check_features(corpus.name, utterance, dims)
    for utterance in corpus.train:
        if not utterance.words:
            raise DataError(f"{corpus.name}: the training utterance {utterance.name} has no words")
        for word in utterance.words:
            if word not in corpus.lexicon:
                raise DataError(f"{corpus.name}: the word {word!r} of {utterance.name} is not in the lexicon")
    return corpus


def _check_lexicon(corpus):
    if corpus.silence not in corpus.states:
        raise DataError(f"{corpus.name}: the silence {corpus.silence!r} has no states")
    if any(count < 1 for count in corpus.states.values()):
        raise DataError(f"{corpus.name}: every unit needs at least one state")
    for word, pronunciations in corpus.lexicon.items():
        if not pronunciations or not all(pronunciations):
            raise DataError(f"{corpus.name}: the word {word!r} has no pronunciation")
        for unit in (unit for units in pronunciations for unit in units):
            if unit not in corpus.states:
                raise DataError(f"{corpus.name}: the unit {unit!r} of the word {word!r} is unknown")


def _check_features(corpus, utterance, dims):
    features = utterance.features
    if features.dtype != np.float32 or features.ndim != 2 or features.shape[1] != dims or not features.size:
        raise DataError(
            f"{corpus}: the features of {utterance.name} have shape {features.shape} and type {features.dtype}, "
            f"not (frames, {dims}) and float32"
        )
    if not np.isfinite(features).all():
        raise DataError(f"{corpus}: the features of {utterance.name} hold NaN or infinity")


def least_frames(corpus: Corpus, words: Sequence[str]) -> int:
    """The number of states of the shortest way through these words: each in its shortest variant, without silence.

    Of no words: silence. A word that the lexicon lacks counts for nothing.
    """
    if not words:
        return corpus.states[corpus.silence]
    lengths = (
        min(sum(corpus.states[unit] for unit in units) for units in corpus.lexicon[word])
        for word in words
        if word in corpus.lexicon
    )
    return sum(lengths)


def too_short(corpus: Corpus) -> tuple[str, ...]:
    """The names of the utterances with fewer frames than their HMM has states: no path leads through them."""
    return tuple(u.name for u in utterances(corpus) if len(u.features) < least_frames(corpus, u.words))


def out_of_vocabulary(corpus: Corpus) -> dict[str, tuple[str, ...]]:
    """Name of an utterance -> those of its words that the lexicon lacks: no decoder can get them right."""
    missing = ((u.name, tuple(w for w in u.words if w not in corpus.lexicon)) for u in utterances(corpus))
    return {name: words for name, words in missing if words}


def fingerprint(corpus: Corpus) -> str:
    """SHA-256 over lexicon, states, names, speakers, words and the bits of all features, for records."""
    digest = hashlib.sha256(repr((corpus.lexicon, corpus.silence, corpus.states)).encode())
    for split in (corpus.train, corpus.dev, corpus.test):
        for utterance in split:
            head = (utterance.name, utterance.speaker, utterance.features.shape, utterance.words)
            digest.update(repr(head).encode())
            digest.update(np.ascontiguousarray(utterance.features, "<f4").tobytes())
        digest.update(b"|")
    return digest.hexdigest()
