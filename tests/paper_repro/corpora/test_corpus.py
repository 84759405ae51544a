"""What is wrong with a corpus is said in one sentence; nothing is dropped."""

import numpy as np
import pytest
from small_corpus import corpus, one_sentence, utterance

from lossjax.data.dataset import DataError
from paper_repro.corpora.corpus import (
    checked,
    fingerprint,
    least_frames,
    out_of_vocabulary,
    too_short,
    utterances,
)

NAN = utterance("u9")
NAN.features[4, 1] = np.nan
WRONG = {
    "empty split": ({"dev": ()}, ("dev", "no utterances")),
    "same name": ({"test": (utterance("u1"),)}, ("two utterances", "u1")),
    "not finite": ({"test": (NAN,)}, ("u9", "NaN")),
    "other size": ({"dev": (utterance("u3", dims=4),)}, ("u3", "(9, 4)", "(frames, 3)")),
    "no frame": ({"dev": (utterance("u3", frames=0),)}, ("u3", "(0, 3)")),
    "float64": ({"dev": (utterance("u3")._replace(features=np.zeros((5, 3))),)}, ("u3", "float64")),
    "one axis": ({"dev": (utterance("u3")._replace(features=np.zeros(3, np.float32)),)}, ("u3", "(3,)")),
    "no words": ({"train": (utterance("u1", ()),)}, ("u1", "no words")),
    "unknown word": ({"train": (utterance("u1", ("c",)),)}, ("'c'", "u1", "lexicon")),
    "unknown unit": ({"lexicon": {"a": (("z",),)}}, ("'z'", "'a'")),
    "no pronunciation": ({"lexicon": {"a": ()}}, ("'a'", "pronunciation")),
    "empty pronunciation": ({"lexicon": {"a": ((),)}}, ("'a'", "pronunciation")),
    "no silence": ({"silence": "pause"}, ("'pause'", "states")),
    "no states": ({"states": {"x": 2, "y": 0, "sil": 1}}, ("at least one",)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_one_sentence(wrong):
    changes, words = WRONG[wrong]
    with pytest.raises(DataError) as error:
        checked(corpus(**changes))
    one_sentence(error, "small", *words)


def test_a_sound_corpus_is_returned_as_it_is():
    whole = corpus()
    assert checked(whole) is whole
    assert [u.name for u in utterances(whole)] == ["u1", "u2", "u3", "u4"]


def test_the_shortest_way_takes_the_shortest_variants():
    assert least_frames(corpus(), ("a", "b", "a")) == 2 + 6 + 2
    assert least_frames(corpus(states={"x": 2, "y": 3, "sil": 4}), ()) == 4


def test_utterances_shorter_than_their_hmm_are_named_and_kept():
    """`a b` needs 2 + 6 frames without silence."""
    whole = corpus(test=(utterance("short", ("a", "b"), frames=7), utterance("enough", ("a", "b"), frames=8)))
    assert too_short(checked(whole)) == ("short",)
    assert len(whole.test) == 2


def test_words_out_of_the_vocabulary_are_named_and_kept():
    whole = corpus(test=(utterance("u4", ("a", "new", "b", "newer")),))
    assert out_of_vocabulary(checked(whole)) == {"u4": ("new", "newer")}
    assert out_of_vocabulary(corpus()) == {}


def test_a_fingerprint_sees_every_bit_and_every_label():
    one = corpus()
    assert fingerprint(one) == fingerprint(corpus())
    values = one.test[0].features.copy()
    values[-1, -1] = np.nextafter(values[-1, -1], np.float32(9))
    others = [
        one._replace(test=(one.test[0]._replace(features=values),)),
        one._replace(test=(one.test[0]._replace(words=("b",)),)),
        one._replace(test=(one.test[0]._replace(speaker="s1"),)),
        one._replace(dev=one.dev + one.test, test=()),
        one._replace(lexicon={**one.lexicon, "b": (("y",),)}),
        one._replace(states={**one.states, "sil": 3}),
    ]
    assert len({fingerprint(c) for c in (one, *others)}) == 7
