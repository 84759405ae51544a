"""From the records of single runs to what they say: the rate chosen for each loss, comparisons, curves over epochs."""

import numpy as np

from lossjax.training import stats

from . import digits
from .config import Config
from .digits import Run, conditions
from .store import Store

# From 0.5 on, a ten-class network has failed to learn, diverged or not.
FAILED = 0.5
CLASSES = 10
CURVES = ("test_error", "confident_wrong")


def choose(config: Config, store: Store) -> list[dict]:
    """The rate of least dev error in the last tenth of the epochs, the lowest if tied, per network, start and loss."""
    tuned = {}
    for run in digits.tuning(config):
        result = store.get(digits.key(config, run))
        tuned.setdefault((run.network, run.start, run.loss), {}).setdefault(run.rate, []).append(result)
    return [_choice(network, start, loss, grid) for (network, start, loss), grid in tuned.items()]


def _choice(network, start, loss, grid):
    error = {rate: float(np.mean([r["dev_error_tail"] for r in results])) for rate, results in grid.items()}
    best = min(error, key=lambda rate: (error[rate], rate))
    return {
        "kind": "choice",
        "network": network,
        "start": start,
        "loss": loss,
        "rate": best,
        "dev_error": error[best],
        "at_edge": best in (min(grid), max(grid)),
        "grid": [[rate, e] for rate, e in error.items()],
        # The same dev errors at C/2 times the rate: where SE would lie if 2/C were all that tells it from CE.
        "scaled": [[rate * CLASSES / 2, e] for rate, e in error.items()],
        "diverged": sum(r["diverged"] for results in grid.values() for r in results),
    }


def rates(choices: list[dict]) -> dict:
    """(network, start, loss) -> the chosen rate."""
    return {(c["network"], c["start"], c["loss"]): c["rate"] for c in choices}


def compare(config: Config, store: Store, chosen: dict) -> list[dict]:
    """CE at its own rate against SE at its own, and at that of CE where the two differ, pair by pair."""
    return [
        _comparison(config, store, network, start, chosen, tuned_for)
        for network, start in conditions(config)
        for tuned_for in ("SE", "CE")
        if tuned_for == "SE" or chosen[network, start, "CE"] != chosen[network, start, "SE"]
    ]


def _comparison(config, store, network, start, chosen, tuned_for):
    arm = {"CE": chosen[network, start, "CE"], "SE": chosen[network, start, tuned_for]}
    results = {loss: _results(config, store, network, loss, start, rate) for loss, rate in arm.items()}
    error = {loss: np.array([r["final"]["test_error"] for r in rs]) for loss, rs in results.items()}
    return {
        "kind": "comparison",
        "network": network,
        "start": start,
        "rates": arm,
        "tuned": tuned_for == "SE",
        "test_error": stats.compare(error["CE"], error["SE"])._asdict(),
        **{loss: _arm(rs, error[loss]) for loss, rs in results.items()},
    }


def _arm(results, error):
    reached = sorted(np.inf if r["epochs_to_target"] is None else r["epochs_to_target"] for r in results)
    wrong = np.array([r["curves"]["confident_wrong"] for r in results])
    nll = [np.inf if r["final"]["test_nll"] is None else r["final"]["test_nll"] for r in results]
    return {
        # Over all seeds: infinite (null) where half of them or more never got there.
        "epochs_to_target": float(np.median(reached)),
        "reached": int(np.sum(np.isfinite(reached))),
        "nll": float(np.mean(nll)),
        "confident_wrong": {"start": float(wrong[:, 0].mean()), "end": float(wrong[:, -1].mean())},
        "false_zeros": float(np.mean([r["curves"]["false_zeros"][0] for r in results])),
        "diverged": sum(r["diverged"] for r in results),
        "failed": int(np.sum(error > FAILED)),
    }


def curves(config: Config, store: Store, chosen: dict) -> list[dict]:
    """Mean over seeds, and the band that holds 8 of 10, epoch by epoch."""
    return [
        _curve(config, store, network, start, loss, tuned_for, chosen[network, start, tuned_for])
        for network, start in conditions(config)
        for loss, tuned_for in digits.ARMS
    ]


def _curve(config, store, network, start, loss, tuned_for, rate):
    results = _results(config, store, network, loss, start, rate)
    kept = {name: np.array([r["curves"][name] for r in results]) for name in CURVES}
    return {
        "kind": "curve",
        "network": network,
        "start": start,
        "loss": loss,
        "tuned_for": tuned_for,
        "rate": rate,
        "seeds": len(results),
        **{name: _band(values) for name, values in kept.items()},
    }


def _band(values):
    low, high = np.quantile(values, (0.1, 0.9), axis=0)
    return {"mean": values.mean(axis=0).tolist(), "low": low.tolist(), "high": high.tolist()}


def _results(config, store, network, loss, start, rate):
    return [store.get(digits.key(config, Run(network, loss, start, rate, seed))) for seed in range(config.seeds)]
