"""Every speaker of a corpus is tested once, by a recogniser that has not heard the speaker."""

from lossjax.data.dataset import DataError

from .corpus import Corpus, checked, utterances


def jackknife(corpus: Corpus, folds: int) -> tuple[Corpus, ...]:
    """`folds` corpora over the speakers of all splits, in alphabetical order: speaker i is tested in fold i mod folds.

    Of the speakers left, every tenth from the sixth on is dev (where there are fewer, the last one), the others train.
    Over the folds each utterance is in exactly one test split. Features are shared, not copied. Not for digit strings:
    what babbles in their noise are the other speakers, and `held_out` there keeps them apart.

    Raises: DataError for fewer than two folds, more folds than speakers, or fewer than three speakers.
    """
    everything = utterances(corpus)
    speakers = sorted({u.speaker for u in everything})
    if not 2 <= folds <= len(speakers) or len(speakers) < 3:
        raise DataError(
            f"{corpus.name} has {len(speakers)} speakers: {folds} folds need 2 folds or more, a speaker for each, and "
            "one more to train on"
        )
    return tuple(_fold(corpus, everything, speakers, fold, folds) for fold in range(folds))


def _fold(corpus, everything, speakers, fold, folds):
    tested = speakers[fold::folds]
    left = [s for s in speakers if s not in tested]
    if len(left) < 2:
        raise DataError(f"{corpus.name}: fold {fold} of {folds} leaves one speaker, for train and dev")
    held_out = left[min(5, len(left) - 1) :: 10]
    role = {**dict.fromkeys(left, "train"), **dict.fromkeys(held_out, "dev"), **dict.fromkeys(tested, "test")}
    splits = {part: tuple(u for u in everything if role[u.speaker] == part) for part in ("train", "dev", "test")}
    return checked(corpus._replace(name=f"{corpus.name}, fold {fold + 1} of {folds}", **splits))
