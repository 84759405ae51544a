"""Free Spoken Digit Dataset: 3,000 recordings of isolated digits, 10 words x 6 speakers x 50, 8 kHz, as log-mel features.

Source: Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset at commit
26eb9aaf76e81b692f806f9140c2d2777410d7a1, CC BY-SA 4.0. Its test set: recordings 0 to 4 of every word and speaker.
"""

import hashlib
import io
import wave
from pathlib import Path

import numpy as np

from ..extras import need
from . import files
from .dataset import DataError, Dataset, Split

RATE = 8_000
MELS = 20
# A word is stretched or shrunk to so many frames.
FRAMES = 20
_SHA256 = "1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e6959"
_HOW = (
    "git clone https://github.com/Jakobovski/free-spoken-digit-dataset $LOSSJAX_DATA/fsdd, then git checkout "
    "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
)


def spoken_digits(given: Path | None = None) -> Dataset:
    """Isolated words as 20 frames of 20 log-mel energies, each coefficient with mean 0 and variance 1 over the word.

    The log-mel frames of a word (25 ms, every 10 ms) are averaged in 20 equal parts of its length. Train: recordings 10
    to 49, dev: 5 to 9, test: 0 to 4. given: the folder of the recordings, else $LOSSJAX_DATA/fsdd/recordings.

    Raises: MissingExtraError without kaldi-native-fbank, DataError for recordings that are missing or others.
    """
    if files.folder("fsdd/recordings", given):  # said before 3,000 files are read
        need("kaldi_native_fbank", "data", "reading the spoken digits")
    known = recordings(given)
    x = np.stack([_word(log_mel(signal, hop=0.01)) for signal in known.values()])
    labels = np.array([int(name[0]) for name in known], np.int32)
    index = np.array([int(name.split("_")[-1].removesuffix(".wav")) for name in known])
    chosen = (index >= 10, (index >= 5) & (index < 10), index < 5)
    return Dataset("spoken digits", 10, *(Split(x[rows], labels[rows]) for rows in chosen))


def recordings(given: Path | None = None) -> dict[str, np.ndarray]:
    """`{digit}_{speaker}_{index}.wav` -> samples, sorted by name; given: as for `spoken_digits`.

    Raises: DataError for recordings that are missing or others.
    """
    place = files.folder("fsdd/recordings", given)
    if place is None:
        raise DataError(f"the spoken digits need a folder: {_HOW}")
    names = sorted(path.name for path in place.glob("*.wav"))
    content = [(place / name).read_bytes() for name in names]
    lines = "".join(f"{hashlib.sha256(raw).hexdigest()}  {name}\n" for raw, name in zip(content, names))
    if hashlib.sha256(lines.encode()).hexdigest() != _SHA256:
        raise DataError(f"{place} holds {len(names)} recordings that are not the 3,000 known ones: {_HOW}")
    return {name: samples(raw, name) for raw, name in zip(content, names)}


def samples(raw: bytes, name: str) -> np.ndarray:
    """The samples of a recording, as the integers of its file in float32.

    Raises: DataError for another format than 16-bit mono at 8 kHz, and for a recording that is empty or cut short.
    """
    try:
        with wave.open(io.BytesIO(raw)) as file:
            form = file.getnchannels(), file.getsampwidth(), file.getframerate()
            count = file.getnframes()
            content = file.readframes(count)
    # RuntimeError: a chunk that ends beyond the file.
    except (wave.Error, EOFError, RuntimeError) as error:
        raise DataError(f"{name} is not a WAV file: {error or type(error).__name__}") from None
    if form != (1, 2, RATE):
        raise DataError(f"{name} has (channels, bytes, rate) {form}, not (1, 2, {RATE})")
    if count == 0 or len(content) != 2 * count:
        raise DataError(f"{name} should hold {count} samples, at least one, it has {len(content) / 2:g}")
    return np.frombuffer(content, "<i2").astype(np.float32)


def log_mel(signal: np.ndarray, hop: float) -> np.ndarray:
    """Frames of 25 ms, one every `hop` seconds, as 20 log-mel energies in float32.

    Raises: MissingExtraError without kaldi-native-fbank.
    """
    mel = need("kaldi_native_fbank", "data", "reading the spoken digits")
    options = mel.FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.frame_shift_ms = 1000 * hop
    options.frame_opts.dither = 0.0
    # Some recordings are shorter than a frame and a half: the ends are mirrored.
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = MELS
    bank = mel.OnlineFbank(options)
    bank.accept_waveform(RATE, signal.tolist())
    bank.input_finished()
    return np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)])


def _word(frames):
    word = np.stack([part.mean(axis=0) for part in _parts(frames)])
    return ((word - word.mean(axis=0)) / (word.std(axis=0) + 1e-3)).astype(np.float32).reshape(-1)


def _parts(frames):
    """FRAMES runs of neighbouring frames, as equal as can be; at least one frame each."""
    ends = np.linspace(0, len(frames), FRAMES + 1)
    for low, high in zip(ends[:-1].astype(int), ends[1:]):
        yield frames[min(low, len(frames) - 1) : max(int(np.ceil(high)), low + 1)]
