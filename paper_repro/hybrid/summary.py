"""What the records of a task come to: a row for every arm, a row for every comparison; tables and figures read these."""

import dataclasses
from typing import NamedTuple

import numpy as np

from ..recogniser import matched_pairs, paired_rates
from ..store import short
from . import claims, config
from .config import Arm
from .gaussians import Task
from .scoring import Search, System
from .stages import Stages

# Of the SHA-256 of a network's last weights.
DIGITS = 16


class Part(NamedTuple):
    """A task on one alignment, trained and decoded."""

    task: Task
    stages: Stages
    search: Search


def rows(part: Part) -> list[dict]:
    """All rows of a task on one alignment; the baseline is among those of the Gaussian one."""
    task, stages, search = part
    about = {"task": task.name, "alignment": stages.lab.alignment.name}
    found = [_baseline([part])] if stages.lab.alignment is task.gaussian else []
    found += [_arm(part, arm) for arm in stages.arms]
    found += [row for model in search.models for row in _claims([part], model)]
    return [{**about, **row} for row in found]


def pooled(name: str, parts: list[Part]) -> list[dict]:
    """Rows of tasks that are folds of one: word errors and claims over the utterances of all of them."""
    first = parts[0]
    found = [_baseline(parts)]
    found += [_pooled_arm(parts, arm) for arm in first.stages.arms]
    found += [row for model in first.search.models for row in _claims(parts, model)]
    return [{"task": name, "alignment": first.stages.lab.alignment.name, **row} for row in found]


def _baseline(parts):
    systems = [[part.search.gaussian()] for part in parts]
    return {"kind": "baseline", "name": "Gaussian mixtures", "wer": _word_errors(parts, systems, systems)}


def _pooled_arm(parts, arm):
    about = {k: v for k, v in dataclasses.asdict(arm).items() if k != "name"}
    edges = [part.stages.at_edge(arm) for part in parts]
    return {
        "kind": "pooled",
        "name": arm.name,
        **about,
        "rates": [part.stages.rates[arm.name] for part in parts],
        "at_edge": any(edges),
        "seeds": len(parts[0].stages.seeds(arm)),
        "wer": _arm_errors(parts, arm),
    }


def _arm(part: Part, arm: Arm) -> dict:
    task, stages, _ = part
    results = [stages.lab.result(run) for run in stages.seeds(arm)]
    grid = {} if arm.rate_of else stages.errors(arm)
    measured = {
        f"{split}_{name}": _spread([r[split][name] for r in results])
        for split in ("dev", "test")
        for name in ("error", "loss", "nll", "ece")
    }
    return {
        "kind": "arm",
        "name": arm.name,
        **{k: v for k, v in dataclasses.asdict(arm).items() if k != "name"},
        "depth": stages.lab.depth(arm),
        "rate": stages.rates[arm.name],
        "at_edge": stages.at_edge(arm),
        "grid": [[rate, error] for rate, error in grid.items()],
        "seeds": len(results),
        # By seed, so that one of them can be trained again and held against it.
        "networks": [r["weights"][:DIGITS] for r in results],
        "states": stages.lab.alignment.digest,
        "enough": task.protocol.enough_fine if arm.after else task.protocol.enough,
        "diverged": sum(r["diverged"] is not None for r in results),
        **measured,
        "wer": _arm_errors([part], arm),
        "curves": mean_curves(results),
    }


def _spread(values):
    known = np.array([np.nan if v is None else v for v in values], float)
    return {"mean": float(known.mean()), "low": float(known.min()), "high": float(known.max())}


# Means over the frames of a bin of p(right).
_BY_BIN = ("signal_CE", "signal_SE")


def mean_curves(results):
    """Means over seeds, epoch by epoch: of what is logged of every run, and of the error signals where they are.

    The norm in a bin of p(right) is the mean over the frames of all seeds that are in it: NaN where there are none.
    """
    names = [name for name in results[0]["curves"] if all(name in r["curves"] for r in results)]
    known = {name: np.array([r["curves"][name] for r in results], float) for name in names}
    means = {name: known[name].mean(axis=0) for name in names}
    means |= {name: _in_bins(known[name], known["in_bin"]) for name in _BY_BIN if name in known}
    return {name: _rounded(values) for name, values in means.items()}


def _in_bins(norms, shares):
    """A network that diverged has frames in a bin, and no norm there."""
    weights = np.where(np.isfinite(norms), shares, 0).sum(axis=0)
    sums = np.where(shares > 0, np.nan_to_num(norms) * shares, 0).sum(axis=0)
    return np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)


def _rounded(values):
    """To six digits: a signal that vanishes is small, and not 0."""
    return [float(f"{v:.6g}") if np.ndim(v) == 0 else _rounded(v) for v in values]


def _arm_errors(parts, arm):
    tuned = [part.stages.first(part.search, arm) for part in parts]
    return _word_errors(parts, [_systems(part, arm) for part in parts], tuned)


def _systems(part: Part, arm: Arm) -> list[System]:
    return [part.search.network(part.stages.lab, run) for run in part.stages.seeds(arm)]


def _errors(parts, systems, tuned, model) -> np.ndarray:
    """Word errors (seeds, utterances of all parts)."""
    found = [
        [_recognised(part, system, of, model)["errors"] for system in own]
        for part, own, of in zip(parts, systems, tuned)
    ]
    return np.concatenate([np.array(errors, int) for errors in found], axis=1)


def _recognised(part, system, tuned, model):
    return part.search.store.get(part.search.test_key(system, model, part.search.weights(tuned, model)))


def _test(parts):
    utterances = [u for part in parts for u in part.task.corpus.test]
    return np.array([len(u.words) for u in utterances]), [u.speaker for u in utterances]


def _word_errors(parts, systems, tuned):
    words, speakers = _test(parts)
    found = {}
    for model in parts[0].search.models:
        errors = _errors(parts, systems, tuned, model)
        records = [part.search.store.get(part.search.tuning_key(of, model)) for part, of in zip(parts, tuned)]
        over = paired_rates.compare(errors, np.zeros_like(errors), words, speakers)
        found[model] = {
            "rate": over.a,
            "low": over.low,
            "high": over.high,
            "by_seed": (errors.sum(axis=1) / words.sum()).tolist(),
            "words": over.words,
            "speakers": over.speakers,
            "weights": [record["weights"] for record in records],
            "dev": float(np.mean([record["dev_wer"] for record in records])),
            "edges": sorted({knob for record in records for knob in record["edges"]}),
            "searches": [short(record["key"]) for record in records],
        }
    return found


def _claims(parts, model):
    words, speakers = _test(parts)
    arms = parts[0].stages.arms
    tuned = {arm.name: [part.stages.first(part.search, arm) for part in parts] for arm in arms}
    systems = {arm.name: [_systems(part, arm) for part in parts] for arm in arms}
    errors = {name: _errors(parts, systems[name], tuned[name], model) for name in systems}
    p = parts[0].task.protocol
    for one in claims.judge(errors, words, speakers, p.enough, p.enough_fine, model == p.models[0]):
        yield {
            "kind": "claim",
            "claim": one.claim.says,
            "what": one.comparison.what,
            "more": list(one.comparison.more),
            "less": list(one.comparison.less),
            "model": model,
            "decides": one.comparison.decides,
            **one.difference._asdict(),
            "p": one.p,
            "needed_seeds": one.needed_seeds,
            "verdict": one.verdict,
            "matched_pairs": _matched(parts, systems, tuned, one.comparison, model),
        }


def _matched(parts, systems, tuned, comparison, model):
    """The test of Gillick and Cox on seed 0, of two arms."""
    if len(comparison.more) > 1:
        return None
    found = []
    for name in (*comparison.more, *comparison.less):
        words = {}
        for part, own, of in zip(parts, systems[name], tuned[name]):
            record = _recognised(part, own[0], of, model)
            words |= {u.name: tuple(text.split()) for u, text in zip(part.task.corpus.test, record["hypotheses"])}
        found.append(words)
    return matched_pairs.matched_pairs([u for part in parts for u in part.task.corpus.test], *found)._asdict()


def settings(parts: list[Part]) -> dict:
    """The protocol of a task on all its alignments, for the record; with what it took, and what could not be aligned.

    seconds: of training, summed over networks. memory: MiB, the most that a process had held when a network of this task
    was trained or had recognised the test set, whatever it did before. skipped: alignment -> number of utterances without
    states.
    """
    task, labs = parts[0].task, [part.stages.lab for part in parts]
    trained = [part.stages.lab.result(run) for part in parts for run in part.stages.runs()]
    tested = [
        _recognised(part, system, part.stages.first(part.search, arm), model)
        for part in parts
        for arm in part.stages.arms
        for system in _systems(part, arm)
        for model in part.search.models
    ]
    return {
        "kind": "protocol",
        "task": task.name,
        **task.about,
        **dataclasses.asdict(task.protocol),
        "centres": config.CENTRES,
        "fine": config.FINE,
        "seconds": sum(result["seconds"] for result in trained),
        "memory": max(result["memory"] for result in (*trained, *tested)),
        "skipped": {lab.alignment.name: lab.alignment.skipped for lab in labs},
    }
