"""Strings of spoken digits, built from the isolated recordings of the Free Spoken Digit Dataset, with noise.

Nobody spoke these strings: recordings of one speaker are set one after another. The recipe, all drawn from one seed:
1. Train: recordings 10 to 49 of each word and speaker, dev: 5 to 9, test: 0 to 4, the set's own test recordings. With
   speakers held out: all 50 of these are the test recordings, all 50 of the next speaker in alphabetical order dev, and
   10 to 49 of the others train.
2. Speakers take turns. A string has 3 to 7 words, dealt from the speaker's shuffled recordings, which are shuffled anew
   when they run out: every recording is used equally often, give or take one.
3. Between words 0 to 0.15 s of silence, at both ends 0.1 to 0.3 s, each length equally likely.
4. Noise over the whole string: white, pink or babble, equally likely, 0 to 15 dB below the power of the words, each
   level equally likely. Babble: four streams of recordings of the training speakers but the string's own, of the indices
   that the split has by the first rule of 1.
5. 20 log-mel energies (`lossjax.data.spoken_digits`), a frame of 25 ms every 15 ms, each with mean 0 and variance 1 over
   the string.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from lossjax.data.dataset import DataError
from lossjax.data.spoken_digits import RATE, log_mel, recordings

from .corpus import Corpus, Utterance, checked
from .dealing import deal, hand

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
WORDS = tuple("0123456789")
STATES = 4
SILENCE = "sil"
HOP = 0.015
PAUSE, MARGIN = (0.0, 0.15), (0.1, 0.3)
DECIBELS = (0.0, 15.0)
NOISES = ("white", "pink", "babble")
TALKERS = 4
_INDICES = {"train": range(10, 50), "dev": range(5, 10), "test": range(5)}

Signal = Float32[np.ndarray, " samples"]


class Take(NamedTuple):
    """One recording of one word."""

    word: str
    speaker: str
    number: int
    signal: Signal


def digit_strings(
    given: Path | None = None,
    seed: int = 0,
    *,
    held_out: Sequence[str] = (),
    strings: tuple[int, int, int] = (250, 100, 2_200),
) -> Corpus:
    """strings: of train, dev, test; 5 words a string on average, more than 10,000 in test.

    The 300 test recordings (500 of a speaker held out) are reused about 37 (22) times, each time with other neighbours
    and noise: resample over speakers, not strings. The same seed gives the same bits. given: the folder of the
    recordings, else $LOSSJAX_DATA/fsdd/recordings. held_out: the speakers to test, unheard in training.

    Raises: MissingExtraError without kaldi-native-fbank; DataError for recordings that are missing or others, or a
    speaker who is not there.
    """
    takes = [_take(name, signal) for name, signal in recordings(given).items()]
    return assembled(takes, seed, held_out=held_out, strings=strings)


def _take(name, signal):
    word, speaker, number = name.removesuffix(".wav").split("_")
    return Take(word, speaker, int(number), signal)


def assembled(takes: list[Take], seed: int, *, held_out: Sequence[str], strings: tuple[int, int, int]) -> Corpus:
    """The strings of these recordings, as `digit_strings`.

    Raises: DataError for a speaker who is not there, one without recordings for a split, and fewer than three speakers,
    or two besides those held out.
    """
    speakers = sorted({take.speaker for take in takes})
    if len(speakers) < 3:
        raise DataError(f"strings need recordings of three speakers or more, these are of {len(speakers)}")
    for name in held_out:
        if name not in speakers:
            raise DataError(f"there is no speaker {name!r} among the recordings, only {', '.join(speakers)}")
    if len(set(speakers) - set(held_out)) < 2:
        raise DataError(f"with {' and '.join(held_out)} held out fewer than two speakers are left, for train and dev")
    cast = _cast(speakers, held_out)
    train, dev, test = (
        tuple(_strings(np.random.default_rng([seed, part]), takes, cast, split, count, bool(held_out)))
        for part, (split, count) in enumerate(zip(cast, strings))
    )
    name = "digit strings" + (f", {' and '.join(held_out)} held out" if held_out else "")
    lexicon = {word: ((word,),) for word in WORDS}
    states = dict.fromkeys(WORDS, STATES) | {SILENCE: 1}
    return checked(Corpus(name, train, dev, test, lexicon, SILENCE, states, context=5, frame_seconds=HOP))


def _cast(speakers, held_out):
    """Split -> its speakers."""
    if not held_out:
        return dict.fromkeys(_INDICES, speakers)
    after = speakers.index(held_out[-1]) + 1
    following, *others = [s for s in (*speakers[after:], *speakers[:after]) if s not in held_out]
    return {"train": sorted(others), "dev": [following], "test": list(held_out)}


def _strings(rng, takes, cast, split, count, every_index) -> Iterator[Utterance]:
    indices = range(50) if every_index and split != "train" else _INDICES[split]
    pools = {s: [t for t in takes if t.speaker == s and t.number in indices] for s in cast[split]}
    for speaker, pool in pools.items():
        if not pool:
            raise DataError(f"the speaker {speaker} has no recording for the split {split}")
    decks = {speaker: deal(rng, len(pool)) for speaker, pool in pools.items()}
    heard = [t for t in takes if t.speaker in cast["train"] and t.number in _INDICES[split]]
    others = {s: [t.signal for t in heard if t.speaker != s] for s in cast[split]}
    for number in range(count):
        speaker = cast[split][number % len(cast[split])]
        chosen = [pools[speaker][i] for i in hand(rng, decks[speaker])]
        signal = noisy(rng, string(rng, [t.signal for t in chosen]), chosen, others[speaker])
        yield Utterance(f"{split} {number}", speaker, standardised(log_mel(signal, HOP)), tuple(t.word for t in chosen))


def string(rng: np.random.Generator, signals: list[Signal]) -> Signal:
    """The words one after another, with pauses between them and margins at both ends."""
    pieces = [_silence(rng, MARGIN)]
    for signal in signals:
        pieces += [signal, _silence(rng, PAUSE)]
    # The last pause gives way to the margin.
    return np.concatenate([*pieces[:-1], _silence(rng, MARGIN)])


def _silence(rng, seconds):
    return np.zeros(round(rng.uniform(*seconds) * RATE), np.float32)


def noisy(rng: np.random.Generator, signal: Signal, spoken: list[Take], others: list[Signal]) -> Signal:
    """The string with one of the three noises over it, at a random level below the power of its words."""
    kind, decibels = NOISES[rng.integers(len(NOISES))], rng.uniform(*DECIBELS)
    if kind == "white":
        noise = rng.standard_normal(len(signal))
    elif kind == "pink":
        noise = pink(rng, len(signal))
    else:
        noise = babble(rng, others, len(signal))
    power = np.mean(np.concatenate([take.signal for take in spoken]).astype(np.float64) ** 2)
    gain = np.sqrt(power / 10 ** (decibels / 10) / np.mean(noise.astype(np.float64) ** 2))
    return (signal + gain * noise).astype(np.float32)


def pink(rng: np.random.Generator, samples: int) -> np.ndarray:
    """Gaussian noise whose power falls as 1/f."""
    # A power of two: transforms of a prime length are slow.
    size = 1 << (samples - 1).bit_length()
    spectrum = np.fft.rfft(rng.standard_normal(size))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), size)[:samples]


def babble(rng: np.random.Generator, signals: list[Signal], samples: int) -> np.ndarray:
    """TALKERS streams at once, each of random recordings one after another, at equal power."""
    total = np.zeros(samples)
    for _ in range(TALKERS):
        stream = np.zeros(0)
        while len(stream) < samples:
            stream = np.concatenate([stream, signals[rng.integers(len(signals))]])
        cut = stream[:samples]
        total += cut / max(np.sqrt(np.mean(cut**2)), 1e-9)
    return total


def standardised(frames: Float32[np.ndarray, "frames mels"]) -> Float32[np.ndarray, "frames mels"]:
    """Mean 0 and variance 1 of every coefficient over the string."""
    x = frames.astype(np.float64)
    spread = x.std(axis=0)
    return ((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)).astype(np.float32)
