"""The Gaussian system of a task, trained once and kept: mixtures, and the states of every frame that it gives."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from ..corpora.corpus import Corpus, fingerprint, utterances
from ..recogniser import gaussian_training
from ..recogniser.align import Scorer, align, jobs, log_priors
from ..recogniser.gaussian import Mixtures
from ..recogniser.gaussian_training import Schedule
from ..recogniser.hmm import Topology, topology
from ..store import Store
from . import weights
from .config import Protocol
from .frames import Aligned, aligned

States = Mapping[str, Int32[np.ndarray, " t"]]


class Alignment(NamedTuple):
    """One alignment of a corpus: who made it, a digest of it, the frames with their states, log priors of the states.

    skipped: the number of utterances that have none.
    """

    name: str
    digest: str
    data: Aligned
    log_prior: Float32[np.ndarray, " c"]
    skipped: int


class Task(NamedTuple):
    """A corpus ready for networks. about: name and fingerprint, part of every key."""

    name: str
    corpus: Corpus
    topology: Topology
    protocol: Protocol
    mixtures: Mixtures
    gaussian: Alignment
    about: dict


def prepared(name: str, corpus: Corpus, protocol: Protocol, store: Store, folder: Path) -> Task:
    """The task with its Gaussian system, which is trained where the records do not hold it.

    folder: of mixtures and alignments.

    Raises: DataError where no training utterance can be aligned.
    """
    about, key = described(name, corpus, protocol)
    corpus = _used(corpus, protocol)
    _describe(corpus, store, about)
    made = topology(corpus)
    place = weights.path(folder, key)
    kept = weights.load(place, (0, 0, 0, 0), store.get(key)["weights"]) if store.has(key) else None
    if kept is None:
        kept = _trained(corpus, made, protocol, store, key, place)
    mixtures, states = Mixtures(*kept[:3]), _unpacked(corpus, kept[3])
    return Task(name, corpus, made, protocol, mixtures, alignment("Gaussian", corpus, made, states), about)


def described(name: str, corpus: Corpus, protocol: Protocol) -> tuple[dict, dict]:
    """Name and fingerprint of what is used of a corpus; the key of its Gaussian system."""
    about = {"task": name, "data": fingerprint(_used(corpus, protocol))[:16]}
    return about, {"kind": "gaussian", **about, "schedule": list(protocol.gaussian)}


def _used(corpus, protocol):
    return corpus._replace(train=corpus.train[:: protocol.keep])


def _describe(corpus, store, about):
    """What the test set is, so that errors by utterance can be read without the corpus."""
    key, test = {"kind": "corpus", **about}, corpus.test
    if not store.has(key):
        described = {
            "corpus": corpus.name,
            "frames": {s: sum(len(u.features) for u in getattr(corpus, s)) for s in ("train", "dev", "test")},
            "words": {s: sum(len(u.words) for u in getattr(corpus, s)) for s in ("train", "dev", "test")},
            "states": sum(corpus.states.values()),
            "context": corpus.context,
            "test": [[u.name, u.speaker, " ".join(u.words)] for u in test],
        }
        store.add([(key, described)])


def _trained(corpus, made, protocol, store, key, place):
    energy = (lambda features: features[:, 0]) if corpus.name.startswith("AN4") else None
    system = gaussian_training.train(made, corpus.train, energy, Schedule(*protocol.gaussian))
    states, skipped = everyone(corpus, made, gaussian_training.scorer(system.mixtures), system.alignments.states)
    kept = (*(np.asarray(part) for part in system.mixtures), _packed(corpus, states))
    weights.save(place, kept)
    store.add(
        [
            (
                key,
                {
                    "passes": [list(p) for p in system.history],
                    "skipped": [list(s) for s in (*system.alignments.skipped, *skipped)],
                    "weights": weights.digest(kept),
                },
            )
        ]
    )
    return kept


def everyone(corpus: Corpus, made: Topology, score: Scorer, known: States) -> tuple[dict, list]:
    """The states of all utterances that can be aligned; those of `known` are not searched again. And the skipped ones."""
    states, skipped = dict(known), []
    for split in ("train", "dev", "test"):
        left = [u for u in getattr(corpus, split) if u.name not in states]
        if left and not (split == "train" and known):
            found = align(score, *jobs(made, left))
            states |= found.states
            skipped += found.skipped
    return states, skipped


def alignment(name: str, corpus: Corpus, made: Topology, states: States) -> Alignment:
    """What networks are trained on."""
    in_training = {u.name: states[u.name] for u in corpus.train if u.name in states}
    about = weights.digest(_packed(corpus, states))[:16]
    skipped = sum(u.name not in states for u in utterances(corpus))
    return Alignment(name, about, aligned(corpus, states, made.number), log_priors(in_training, made.number), skipped)


def _packed(corpus: Corpus, states: States) -> Int32[np.ndarray, " n"]:
    """All frames of all utterances in order, -1 where there is no state."""
    nothing = (states.get(u.name, np.full(len(u.features), -1)) for u in utterances(corpus))
    return np.concatenate(list(nothing)).astype(np.int32)


def _unpacked(corpus: Corpus, packed) -> dict[str, Int32[np.ndarray, " t"]]:
    ends = np.cumsum([len(u.features) for u in utterances(corpus)])[:-1]
    return {u.name: part for u, part in zip(utterances(corpus), np.split(packed, ends)) if (part >= 0).all()}
