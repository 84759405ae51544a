"""Folds over speakers: each utterance tested once, by who has not heard its speaker."""

import pytest
from small_corpus import corpus, one_sentence, utterance

from lossjax.data.dataset import DataError
from paper_repro.corpora.jackknife import jackknife


def spoken(count):
    """A corpus of so many speakers with two utterances each, spread over the splits."""
    everything = [utterance(f"{s:02d}{i}", speaker=f"{s:02d}") for s in range(count) for i in range(2)]
    return corpus(train=tuple(everything[:-3]), dev=tuple(everything[-3:-1]), test=tuple(everything[-1:]))


@pytest.mark.parametrize(("speakers", "folds"), [(3, 3), (6, 6), (6, 3), (25, 4), (25, 25)])
def test_every_utterance_is_tested_once_and_speakers_never_meet(speakers, folds):
    made = jackknife(spoken(speakers), folds)
    assert sorted(u.name for fold in made for u in fold.test) == [f"{s:02d}{i}" for s in range(speakers) for i in "01"]
    for fold in made:
        train, dev, test = ({u.speaker for u in split} for split in fold[1:4])
        assert train
        assert not train & dev
        assert not (train | dev) & test
        left = sorted(train | dev)
        assert len(left) + len(test) == speakers
        assert sorted(dev) == (left[5::10] if len(left) > 5 else left[-1:])
    assert len({fold.name for fold in made}) == folds


@pytest.mark.parametrize(("speakers", "folds"), [(6, 1), (6, 7), (6, 0), (2, 2), (3, 2)])
def test_folds_that_cannot_be(speakers, folds):
    with pytest.raises(DataError) as error:
        jackknife(spoken(speakers), folds)
    one_sentence(error, "small", str(folds))
