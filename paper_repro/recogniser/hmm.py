"""Which HMM states a word runs through: left to right, self-loop and next, no transition probabilities."""

from collections.abc import Iterable
from itertools import accumulate, chain
from typing import NamedTuple

from lossjax.data.dataset import DataError

from ..corpora.corpus import Corpus

Chain = tuple[int, ...]


class Topology(NamedTuple):
    """States are numbers 0 ... number - 1, the classes of the acoustic model.

    units: unit -> its states, left to right. silence: the states of silence or blank. lexicon: word -> the states of
    each of its pronunciations.
    """

    number: int
    units: dict[str, Chain]
    silence: Chain
    lexicon: dict[str, tuple[Chain, ...]]


def topology(corpus: Corpus) -> Topology:
    """The states of a corpus, numbered unit after unit in the order of `corpus.states`.

    Raises: DataError for a unit without states, or a word without a pronunciation.
    """
    if not corpus.states or min(corpus.states.values()) < 1:
        raise DataError(f"every unit of {corpus.name} needs at least one HMM state")
    firsts = accumulate(corpus.states.values(), initial=0)
    units = {unit: tuple(range(first, first + n)) for (unit, n), first in zip(corpus.states.items(), firsts)}

    def states(word, pronunciation: Iterable[str]) -> Chain:
        for unit in pronunciation:
            if unit not in units:
                raise DataError(f"the pronunciation of {word!r} has the unit {unit!r}, which has no HMM states")
        return tuple(chain.from_iterable(units[unit] for unit in pronunciation))

    lexicon = {word: tuple(states(word, p) for p in variants) for word, variants in corpus.lexicon.items()}
    for word, variants in lexicon.items():
        if not variants or not all(variants):
            raise DataError(f"the word {word!r} has no pronunciation")
    return Topology(sum(corpus.states.values()), units, states("silence", (corpus.silence,)), lexicon)
