"""Rows as the recognition job writes them, made up: no figure here was measured."""

import math

from paper_repro.report import paper
from paper_repro.report.evidence import Evidence
from paper_repro.store import short

ENVIRONMENT = {
    "commit": "0123abc",
    "code": "feedc0de",
    "versions": {"python": "3.11", "jax": "0.0.1"},
    "device": "2 x cpu: cpu",
    "cpu": "a processor",
    "cores": 2,
    "flags": {},
}
WORSE, CURED, HELPS = (claim.says for claim in paper.CLAIMS)
PLAIN = {
    "criterion": "CE",
    "start": "Glorot",
    "schedule": "new-bob",
    "after": "",
    "rate_of": "",
    "compensated": False,
    "momentum": None,
}
BINS = 10


def protocol(task: str, **settings) -> dict:
    """The settings of a task."""
    known = {
        "data": f"data of {task}",
        "depth": 2,
        "width": 64,
        "batch": 256,
        "momentum": 0.9,
        "epochs": 4,
        "fine_epochs": 2,
        "pretraining_epochs": 1,
        "factors": [1 / 3, 1.0, 3.0],
        "seeds": 8,
        "fine_seeds": 30,
        "tuning_seeds": 1,
        "models": ["bigram", "zero-gram"],
        "alignments": ["Gaussian"],
        "enough": 8,
        "enough_fine": 30,
        "seconds": 240.0,
        "memory": 1_536,
        "skipped": {"Gaussian": 0},
    }
    return {"kind": "protocol", "task": task, **known, **settings, "environment": ENVIRONMENT}


def wer(rate: float, edges=()) -> dict:
    """The word errors of an arm by one language model."""
    return {
        "rate": rate,
        "low": rate - 0.0312,
        "high": rate + 0.0423,
        "words": 773,
        "speakers": 10,
        "weights": [{"kappa": 0.6, "lm_scale": 8.0, "penalty": 10.0}],
        "dev": rate,
        "edges": list(edges),
        "searches": [],
    }


def baseline(task: str, rate: float, models=("bigram", "zero-gram")) -> dict:
    """The Gaussian system."""
    rates = {model: wer(rate + 0.1 * i) for i, model in enumerate(models)}
    row = {"kind": "baseline", "task": task, "alignment": "Gaussian", "name": "Gaussian mixtures", "wer": rates}
    return {**row, "environment": ENVIRONMENT}


def spread(mean: float) -> dict:
    """A measure over seeds."""
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}


def falling(end: float, epochs: int, start: float = 0.97) -> list[float]:
    """A curve with a plateau first."""
    return [start if e < 2 else end + (start - end) * math.exp(1.0 - e) for e in range(epochs + 1)]


def signals(epochs: int) -> dict:
    """Error signals of a network that learns; the lowest bins are empty."""
    right = [0.0, 0.0, 0.005, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.995]
    shares = [[0.0, 0.0, *[1 / 8] * 8] for _ in range(epochs + 1)]
    return {
        "in_bin": shares,
        "signal_CE": [[1 - p if p else 0.0 for p in right]] * (epochs + 1),
        "signal_SE": [[2 * p * (1 - p) for p in right]] * (epochs + 1),
        "weak": [0.5 / (e + 1) for e in range(epochs + 1)],
        "attenuated": [0.4 / (e + 1) for e in range(epochs + 1)],
        "vanishing": [0.1 / (e + 1) for e in range(epochs + 1)],
        "false_zeros_float32": [0.0] * (epochs + 1),
        "false_zeros_bfloat16": [1e-4] * (epochs + 1),
    }


def arm(
    task: str, name: str, error: float, words: float, alignment="Gaussian", models=("bigram", "zero-gram"), **settings
):
    """A row of the table: test frame error `error`, word errors `words` by the first model."""
    theory, epochs = settings.pop("theory", False), 4
    curves = {"dev_error": falling(error + 0.01, epochs), "train_loss": falling(error, epochs, start=4.0)}
    return {
        "kind": "arm",
        "task": task,
        "alignment": alignment,
        "name": name,
        "depth": 2,
        "rate": 0.2,
        "at_edge": False,
        "grid": [],
        "seeds": 8,
        "diverged": 0,
        **PLAIN,
        "dev_error": spread(error + 0.01),
        "test_error": spread(error),
        "test_ece": spread(0.0234),
        "wer": {model: wer(words + 0.1 * i) for i, model in enumerate(models)},
        "curves": curves | (signals(epochs) if theory else {}),
        "environment": ENVIRONMENT,
        **settings,
    }


def claim(task: str, says: str, what: str, more, less, rates, verdict=None, **settings) -> dict:
    """A comparison with word errors `rates` of both sides, or their difference alone for gaps."""
    a, b = rates
    return {
        "kind": "claim",
        "task": task,
        "alignment": "Gaussian",
        "claim": says,
        "what": what,
        "more": list(more),
        "less": list(less),
        "model": "bigram",
        "decides": verdict is not None,
        "seeds": 8,
        "speakers": 10,
        "words": 773,
        "a": a,
        "b": b,
        "difference": a - b,
        "low": a - b - 0.0123,
        "high": a - b + 0.0156,
        "better": 0.5,
        "words_needed": 12_345.0,
        "p": 0.0078,
        "needed_seeds": 8,
        "verdict": verdict,
        "matched_pairs": {"segments": 10, "difference": 0.1, "z": 2.0, "p": 0.046},
        "environment": ENVIRONMENT,
        **settings,
    }


def arms(task: str, **settings) -> list[dict]:
    """The main ones, with error signals of two."""
    constant = {"schedule": "constant"}
    return [
        arm(task, "CE", 0.341, 0.181, **settings),
        arm(task, "SE", 0.382, 0.213, criterion="SE", **settings),
        arm(task, "CE, constant rate", 0.345, 0.187, theory=True, **constant, **settings),
        arm(task, "SE, constant rate", 0.391, 0.227, criterion="SE", theory=True, **constant, **settings),
        arm(
            task,
            "CE, then SE",
            0.337,
            0.179,
            criterion="SE",
            after="CE",
            rate=0.1,
            at_edge=True,
            **constant,
            **settings,
        ),
        arm(task, "CE, then CE (control)", 0.336, 0.178, after="CE", rate=0.02, **constant, **settings),
    ]


def depths(task: str, starts=("Glorot", "4 x Glorot"), layers=(2, 4)) -> list[dict]:
    """CE and SE from every start at every depth."""
    return [
        arm(task, f"{c}, {s}, depth {d}", e, e / 2, criterion=c, start=s, depth=d, schedule="constant", rate=r)
        for i, s in enumerate(starts)
        for d in layers
        for c, e, r in (("CE", 0.30 + 0.01 * d, 0.3), ("SE", min(0.95, 0.31 + 0.01 * d * d * (i + 1)), 0.9))
    ]


def claims(task: str, worse="supported", cured="supported", helps="no difference shown") -> list[dict]:
    """Every claim, decided."""
    fine = {"needed_seeds": 30, "seeds": 30}
    control = "CE, then CE (control)"
    return [
        claim(task, WORSE, "SE - CE, constant", ["SE, constant rate"], ["CE, constant rate"], (0.227, 0.187), worse),
        claim(task, WORSE, "SE - CE, new-bob", ["SE"], ["CE"], (0.213, 0.181), words_needed=None),
        claim(task, CURED, "gaps", ["SE, constant rate", "CE, constant rate"], ["SE, x", "CE, x"], (0.04, 0.01), cured),
        claim(task, HELPS, "control", [control], ["CE, then SE"], (0.178, 0.179), helps, **fine),
        claim(task, HELPS, "no control", ["CE"], ["CE, then SE"], (0.181, 0.179), **fine),
        claim(task, HELPS, "gain", ["CE"], [control], (0.181, 0.178), **fine),
    ]


def corpus(task: str) -> dict:
    """What the test set is."""
    return {
        "key": {"kind": "corpus", "task": task, "data": f"data of {task}"},
        "frames": {"train": 116_731, "dev": 24_339, "test": 35_570},
        "words": {"train": 2_505, "dev": 513, "test": 773},
        "states": 102,
        "context": 5,
        "test": [["one", "anna", "A B"], ["two", "bert", "C"]],
        "environment": ENVIRONMENT,
    }


def network_key(row: dict) -> dict:
    """Of a network of this arm."""
    names = ("task", "criterion", "depth", "schedule", "rate")
    begun = {"after": {"kind": "network"}} if row["after"] else {"start": row["start"]}
    key = {
        "kind": "network",
        "data": f"data of {row['task']}",
        "alignment": {"by": row["alignment"]},
        "momentum": 0.9,
        "seed": 0,
    }
    return key | {name: row[name] for name in names} | begun


def tuned(row: dict, model: str = "bigram") -> dict:
    """The search weights of an arm, which names them from then on."""
    chosen = {"kappa": 0.6, "lm_scale": 8.0, "penalty": 10.0}
    points = [(k, 8.0, 10.0) for k in (0.3, 0.6, 1.0)] + [(0.6, s, 10.0) for s in (5.0, 11.0)]
    points += [(0.6, 8.0, w) for w in (-40.0, 0.0)]
    tried = [[*p, 0.2 + abs(p[0] - 0.6) / 5 + abs(p[1] - 8) / 50 + (10 - p[2]) / 20] for p in points]
    key = {"kind": "search weights", "model": model, "of": [network_key(row)]}
    row["wer"][model]["searches"] = [short(key)]
    return {"key": key, "weights": chosen, "dev_wer": 0.2, "tried": tried, "environment": ENVIRONMENT}


def folded(name: str, folds: int) -> list[dict]:
    """A task pooled over folds, and these."""
    rows = []
    for k in range(folds):
        fold = f"{name}, fold {k + 1} of {folds}"
        rows += [protocol(fold), baseline(fold, 0.3), *arms(fold), *claims(fold, worse="contradicted")]
    pooled = arms(name)
    for row in pooled:
        for gone in ("rate", "diverged", "dev_error", "test_error", "test_ece", "curves", "grid"):
            del row[gone]
        row |= {"kind": "pooled", "depth": 0, "rates": [0.1, 0.3, 0.1][:folds]}
    return [*rows, baseline(name, 0.2), *pooled, *claims(name)]


def job(options: str, seconds: float) -> dict:
    """A run of the whole setting."""
    return {"command": f"python -m paper_repro {options}", "setting": "full", "seconds": seconds}


def everything(*names: str) -> Evidence:
    """Whole evidence of these tasks."""
    rows, kept = [], []
    for task in names:
        own = arms(task)
        rows += [protocol(task), baseline(task, 0.2354), *own, *depths(task), *claims(task)]
        kept += [corpus(task), *(tuned(row) for row in own)]
    return Evidence(rows, [], kept, [job("--full", 7200.0)])
