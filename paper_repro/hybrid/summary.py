"""What the records of a task come to: a row for every arm, a row for every comparison; tables and figures read these."""

import dataclasses

import numpy as np

from ..recogniser import matched_pairs, paired_rates
from . import claims, config
from .config import Arm
from .gaussians import Task
from .scoring import Search, System
from .stages import Stages


def rows(task: Task, stages: Stages, search: Search) -> list[dict]:
    """All rows of a task on one alignment; the baseline is among those of the Gaussian one."""
    about = {"task": task.name, "alignment": stages.lab.alignment.name}
    found = [_baseline(task, search)] if stages.lab.alignment is task.gaussian else []
    found += [_arm(task, stages, search, arm) for arm in stages.arms]
    found += [row for model in search.models for row in _claims(task, stages, search, model)]
    return [{**about, **row} for row in found]


def _baseline(task, search):
    system = search.gaussian()
    return {"kind": "baseline", "name": "Gaussian mixtures", "wer": _word_errors(task, search, [system], [system])}


def _arm(task: Task, stages: Stages, search: Search, arm: Arm) -> dict:
    runs = stages.seeds(arm)
    results = [stages.lab.result(run) for run in runs]
    grid = {} if arm.rate_of else stages.errors(arm)
    systems = [search.network(stages.lab, run) for run in runs]
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
        "at_edge": bool(grid) and stages.rates[arm.name] in (min(grid), max(grid)),
        "grid": [[rate, error] for rate, error in grid.items()],
        "seeds": len(runs),
        "enough": task.protocol.enough_fine if arm.after else task.protocol.enough,
        "diverged": sum(r["diverged"] is not None for r in results),
        **measured,
        "wer": _word_errors(task, search, systems, stages.first(search, arm)),
        "curves": _curves(results),
    }


def _spread(values):
    known = np.array([np.nan if v is None else v for v in values], float)
    return {"mean": float(known.mean()), "low": float(known.min()), "high": float(known.max())}


def _curves(results):
    """Means over seeds, epoch by epoch: of what is logged of every run, and of the error signals where they are."""
    names = [name for name in results[0]["curves"] if all(name in r["curves"] for r in results)]
    return {
        name: np.array([r["curves"][name] for r in results], float).mean(axis=0).round(6).tolist() for name in names
    }


def _errors(search: Search, systems: list[System], tuned: list[System], model: str) -> np.ndarray:
    weights = search.weights(tuned, model)
    return np.array([search.store.get(search.test_key(s, model, weights))["errors"] for s in systems], int)


def _test(task):
    words = np.array([len(u.words) for u in task.corpus.test])
    return words, [u.speaker for u in task.corpus.test]


def _word_errors(task, search, systems, tuned):
    words, speakers = _test(task)
    found = {}
    for model in search.models:
        errors = _errors(search, systems, tuned, model)
        record = search.store.get(search.tuning_key(tuned, model))
        over = paired_rates.compare(errors, np.zeros_like(errors), words, speakers)
        found[model] = {
            "rate": over.a,
            "low": over.low,
            "high": over.high,
            "by_seed": (errors.sum(axis=1) / words.sum()).tolist(),
            "words": over.words,
            "speakers": over.speakers,
            "weights": record["weights"],
            "dev": record["dev_wer"],
            "edges": record["edges"],
        }
    return found


def _claims(task, stages, search, model):
    words, speakers = _test(task)
    first = {arm.name: stages.first(search, arm) for arm in stages.arms}
    systems = {arm.name: [search.network(stages.lab, run) for run in stages.seeds(arm)] for arm in stages.arms}
    errors = {name: _errors(search, systems[name], first[name], model) for name in systems}
    p = task.protocol
    for one in claims.judge(errors, words, speakers, p.enough, p.enough_fine):
        yield {
            "kind": "claim",
            "claim": one.claim.says,
            "what": one.comparison.what,
            "more": list(one.comparison.more),
            "less": list(one.comparison.less),
            "model": model,
            "decides": one.comparison.decides and model == p.models[0],
            **one.difference._asdict(),
            "p": one.p,
            "needed_seeds": one.needed_seeds,
            "verdict": one.verdict,
            "matched_pairs": _matched(task, search, systems, first, one.comparison, model),
        }


def _matched(task, search, systems, first, comparison, model):
    """The test of Gillick and Cox on seed 0, of two arms."""
    if len(comparison.more) > 1:
        return None
    found = []
    for name in (*comparison.more, *comparison.less):
        key = search.test_key(systems[name][0], model, search.weights(first[name], model))
        words = search.store.get(key)["hypotheses"]
        found.append({u.name: tuple(text.split()) for u, text in zip(task.corpus.test, words)})
    return matched_pairs.matched_pairs(task.corpus.test, *found)._asdict()


def settings(task: Task) -> dict:
    """The protocol of a task, for the record."""
    p = dataclasses.asdict(task.protocol)
    return {"kind": "protocol", "task": task.name, **task.about, **p, "centres": config.CENTRES, "fine": config.FINE}
