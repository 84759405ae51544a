"""From networks to words: the weights of the search tuned on dev, the test set recognised, errors counted."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .. import memory
from ..recogniser import language_model, search, tuning, wer, wordloop
from ..recogniser.align import Scorer
from ..recogniser.gaussian_training import scorer as gaussian_scorer
from ..recogniser.language_model import LanguageModel
from ..recogniser.wordloop import Weights
from ..store import Store
from .criteria import NAMED
from .gaussians import Task
from .runs import Lab, Run

# Where outputs only estimate posteriors; a larger kappa makes states win whose priors lie near the clip.
LARGEST_KAPPA_OF_ESTIMATES = 0.6
# Words of a test set up to which what was recognised is kept for every seed; of a larger one for seed 0 alone.
KEEP_WORDS = 2_000


class System(NamedTuple):
    """An acoustic model to be decoded. key: of its record. prior: None where it gives likelihoods."""

    key: dict
    score: Callable[[], Scorer]
    prior: np.ndarray | None
    estimates: bool
    seed: int


class Search:
    """The search of one task: word loop and language models, made once."""

    def __init__(self, task: Task, store: Store):
        """Language models come from the training transcripts."""
        self.task, self.store = task, store
        words = tuple(task.corpus.lexicon)
        self.loop = wordloop.word_loop(task.topology, words)
        known: dict[str, Callable[[], LanguageModel]] = {
            "zero-gram": lambda: language_model.zerogram(words),
            "bigram": lambda: language_model.bigram(words, [u.words for u in task.corpus.train]),
        }
        self.models = {name: known[name]() for name in task.protocol.models}

    def gaussian(self) -> System:
        """The baseline."""
        task = self.task
        key = {"kind": "gaussian", **task.about, "schedule": list(task.protocol.gaussian)}
        return System(key, lambda: gaussian_scorer(task.mixtures), None, False, 0)

    def network(self, lab: Lab, run: Run) -> System:
        """A trained network."""

        def score():
            return lab.posteriors(run.arm.criterion, lab.depth(run.arm)).scorer(lab.weights(run))

        estimates = NAMED[run.arm.criterion].estimates
        return System(lab.key(run), score, lab.alignment.log_prior, estimates, run.seed)

    def grid(self, system: System, model: str) -> dict[str, list[float]]:
        """What is tried; the zero-gram has no scale, likelihoods have no kappa."""
        p = self.task.protocol
        kappas = [k for k in p.kappas if not (system.estimates and k > LARGEST_KAPPA_OF_ESTIMATES)]
        found = {} if system.prior is None else {"kappa": kappas}
        return (
            found | ({} if model == "zero-gram" else {"lm_scale": list(p.lm_scales)}) | {"penalty": list(p.penalties)}
        )

    def tuning_key(self, systems: Sequence[System], model: str) -> dict:
        """Weights are tuned on the mean over these systems."""
        of = [system.key for system in systems]
        return {"kind": "search weights", "model": model, "grid": self.grid(systems[0], model), "of": of}

    def tune(self, systems: Sequence[System]) -> None:
        """Choose kappa, scale and penalty by the dev words, for every language model."""
        missing = [m for m in self.models if not self.store.has(self.tuning_key(systems, m))]
        if not missing:
            return
        dev = self.task.corpus.dev
        acoustics = [(s, search.acoustic_scores(s.score(), dev)) for s in systems]
        for model in missing:

            def error(weights, model=model):
                rates = [self._words(dev, a, s, model, weights)[0].rate for s, a in acoustics]
                return float(np.mean(rates))

            grid = self.grid(systems[0], model)
            middle = {knob: values[len(values) // 2] for knob, values in grid.items()}
            tuned = tuning.tune(error, grid, Weights(0.0, 1.0, 0.0)._replace(**middle), rounds=2)
            result = {
                "weights": tuned.weights._asdict(),
                "dev_wer": tuned.error,
                "edges": list(tuned.edges),
                "tried": [[*weights, wer] for weights, wer in tuned.tried.items()],
            }
            self.store.add([(self.tuning_key(systems, model), result)])

    def weights(self, systems: Sequence[System], model: str) -> Weights:
        """As tuned."""
        return Weights(**self.store.get(self.tuning_key(systems, model))["weights"])

    def _words(self, utterances, acoustics, system, model, weights):
        found = search.recognise(acoustics, self.loop, self.models[model], weights, system.prior)
        return wer.count(utterances, found.words, self.models[model].words), found

    def test_key(self, system: System, model: str, weights: Weights) -> dict:
        """Of the recognition of the test set."""
        return {"kind": "recognition", "model": model, "weights": weights._asdict(), "of": system.key}

    def test(self, system: System, weights: dict[str, Weights]) -> None:
        """Recognise the test set by every language model, with these weights."""
        missing = [m for m, w in weights.items() if not self.store.has(self.test_key(system, m, w))]
        if not missing:
            return
        test = self.task.corpus.test
        acoustics = search.acoustic_scores(system.score(), test)
        for model in missing:
            counts, found = self._words(test, acoustics, system, model, weights[model])
            keep = system.seed == 0 or counts.words.sum() <= KEEP_WORDS
            result = {
                "wer": counts.rate,
                "errors": counts.errors.tolist(),
                "substitutions": int(counts.substitutions.sum()),
                "deletions": int(counts.deletions.sum()),
                "insertions": int(counts.insertions.sum()),
                "unknown": int(counts.unknown.sum()),
                "hypotheses": [" ".join(found.words[name]) for name in counts.names] if keep else None,
                "skipped": [list(s) for s in found.skipped],
                "memory": memory.peak(),
            }
            self.store.add([(self.test_key(system, model, weights[model]), result)])
