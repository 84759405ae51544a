"""The likely cause of a failure, read from how got and want relate."""

import numpy as np

from .compare import Comparison, widened
from .exact import EXACT, KINK, Truth
from .ulp import is_half

# At ordinary points rounding rarely explains a difference of one part in a hundred, and never at a third of them.
_SMALL, _TAME, _WRONG, _MANY = 1e-3, 6.0, 1e-2, 0.3
# Nor at any, in float32 and float64, where z is not small and the result not near a root.
_SOLID_Z, _SOLID = 0.1, 1e-3


def diagnose(got, truth: Truth, comparison: Comparison, z, t, classes: int, quantity: str) -> tuple[str, str]:
    """(code, cause) of a failed comparison."""
    got = widened(np.asarray(got))
    size = np.abs(widened(z)).max(axis=1)
    tame = ((size > _SMALL) & (size < _TAME))[:, None]
    with np.errstate(all="ignore"):
        usable = tame & np.isfinite(got) & (truth.status == EXACT) & (np.abs(truth.hi) > 1e-6) & ~comparison.skipped
        ratio = np.where(usable, got / np.where(usable, truth.hi, 1.0), 1.0)
        wrong = usable & (np.abs(ratio - 1) > _WRONG)
        if usable.sum() and wrong.sum() > _MANY * usable.sum():
            return _wrong_maths(got, truth.hi, ratio, usable, wrong, z, classes, quantity)
        gross = wrong & comparison.failed & (np.abs(truth.hi) > _SOLID) & (size > _SOLID_Z)[:, None]
        if gross.any() and not is_half(z.dtype):
            return "LJ005", f"a wrong formula in a part of its domain: {_off(gross, usable)}"
    return _lost_precision(truth, comparison, z)


def _wrong_maths(got, want, ratio, usable, wrong, z, classes, quantity):
    constant = _constant(ratio[usable])
    if constant is not None:
        if abs(constant + 1) < _WRONG:
            return "LJ002", "the sign is wrong: got = -want everywhere"
        names = ({float(classes): "K", 1 / classes: "1/K"} if classes else {}) | {2.0: "2", 0.5: "1/2"}
        near = next((text for c, text in names.items() if abs(constant / c - 1) < _WRONG), f"{constant:.4g}")
        return "LJ001", f"off by a constant factor: got = {near} * want everywhere"
    if quantity == "hess" and classes:
        off = ~np.eye(classes, dtype=bool).reshape(1, -1) if got.shape[1] == classes**2 else None
        if off is not None and np.all(got[np.broadcast_to(off, got.shape) & usable] == 0):
            return "LJ004", "the cross terms are dropped: every off-diagonal entry of the Hessian is 0"
    for name, slope in _slopes(z, got.shape):
        for text, factor in ((f"an extra factor {name}", slope), (f"a missing factor {name}", 1 / slope)):
            if _same((ratio / factor)[usable & np.isfinite(factor)]) is not None:
                return "LJ003", f"{text}, the derivative of the output: dL/da and dL/dz are confused"
    return "LJ005", f"a wrong formula: {_off(wrong, usable)}"


def _off(wrong, usable):
    return f"{wrong.sum()} of {usable.sum()} entries at |z| < {_TAME:g} are off by more than 1 %"


def _constant(ratio):
    """The factor other than 1 that 98 % of the ratios share, or None."""
    middle = _same(ratio)
    return None if middle is None or abs(middle - 1) < _WRONG else middle


def _same(ratio):
    """The value that 98 % of the ratios share, or None."""
    if len(ratio) < 8:
        return None
    middle = float(np.median(ratio))
    if middle == 0 or not np.isfinite(middle):
        return None
    return middle if np.mean(np.abs(ratio / middle - 1) < _WRONG) > 0.98 else None


def _slopes(z, shape):
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        z = widened(z)
        s = 1 / (1 + np.exp(-z))
        links = [("sigma'(z)", s * (1 - s)), ("tanh'(z)", 1 - np.tanh(z) ** 2), ("exp(z)", np.exp(z))]
        if z.shape[1] > 1:
            e = np.exp(z - z.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
            links.append(("y_k (1 - y_k)", p * (1 - p)))
    return [(name, np.broadcast_to(x, shape)) for name, x in links if x.shape[1] in (1, shape[1])]


def _lost_precision(truth: Truth, comparison: Comparison, z):
    failed = comparison.failed
    if np.any(failed & (truth.status == KINK)):
        return "LJ009", "outside the interval of one-sided limits at a kink"
    if comparison.wrong_nonfinite.any():
        return (
            "LJ008",
            "an intermediate overflows: NaN or inf where the true result is an ordinary number, or the reverse",
        )
    if comparison.lost.any():
        return "LJ006", "a lost tail: exactly 0 where the true result is a normal number"
    at_zero = np.all(widened(z) == 0, axis=1)[:, None]
    if np.any(failed) and np.all(~failed | at_zero):
        return "LJ009", "wrong at a tie only: a derivative rule picked the wrong side of max, abs or select at z = 0"
    return "LJ007", "cancellation: digits are lost that the conditioning of the quantity does not explain"
