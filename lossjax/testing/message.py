"""The few lines that say which derivative is wrong, by how much, why perhaps, and how to see it again."""

import os
import shlex
from typing import Any

import jax
import numpy as np

from ..proof.again import where
from ..proof.exact import KINK
from ..proof.ulp import digits
from .modes import TITLES
from .reference import traced
from .trial import Trial
from .widen import primitives

_FEW = 12  # numbers that fit a line
_FACTORS = {2.0: "2", 0.5: "1/2", -1.0: "-1: the sign", -2.0: "-2", 4.0: "4", 0.25: "1/4", 3.0: "3"}

_STOPPED = "; or a stop_gradient is meant (keep_stop_gradient=True)"


def failure(trial: Trial, f, args) -> str:
    """The text of the error."""
    row, entry = trial.verdict.worst
    direction, found, row = trial.element(row, entry)
    got, want, mode = found.got[row, entry], found.truth.hi[row, entry], trial.mode
    count, of, n = int(trial.verdict.failed.sum()), trial.verdict.failed.size, _digits(mode)
    lines = [
        f"{TITLES[mode.name]} mode ({mode.name}): {count:,} of {of:,} entries wrong, first {_named(mode, direction, entry)}",
        f"  got {got:.{n}g}  want {_wanted(found, row, entry, n)}  ({_size(found, row, entry)}, bound {trial.request.bound:g})",
        f"  likely cause: {_cause(trial, direction, got, want, found, row, entry)}",
        f"  reference: {_reference(trial)}",
        f"  again: {_again(f, args, mode.name)}",
    ]
    return "\n".join(lines)


def _named(mode, direction, entry) -> str:
    """The element, by the leaves and indices of what is differentiated and by what."""
    names, start = [], 0
    for vector in mode.along:
        part = direction[start : start + len(vector)]
        start += len(vector)
        index = np.flatnonzero(part)
        names.append(vector.name(int(index[0])) if len(index) == 1 else "(random +-1)")
    last = mode.out.name(entry)
    if mode.name == "rev":
        return f"d {names[0]} / d {last}"
    if mode.name == "fwd_over_rev":
        return f"d2 {names[0]} / d {last} d {names[1]}"
    return f"d {last} / d {names[0]}"


def _digits(mode) -> int:
    """Decimals that tell numbers of the finest dtype in what is differentiated apart."""
    return max(digits(p.dtype) for p in mode.out.parts)


def _wanted(found, row, entry, n) -> str:
    t = found.truth
    if _sides(t, row, entry):
        return f"within [{t.low[row, entry]:.{n}g}, {t.high[row, entry]:.{n}g}], the limits beside a kink"
    return f"{t.hi[row, entry]:.{n}g}"


def _sides(t, row, entry) -> bool:
    """Are there several limits beside the point?"""
    low, high = t.low[row, entry], t.high[row, entry]
    apart = high - low > 1e-6 * abs(t.hi[row, entry]) or np.isinf(high - low)
    return bool(t.status[row, entry] == KINK and apart)


def _size(found, row, entry) -> str:
    if found.wrong[row, entry]:
        return "NaN or an infinity on one side only"
    return f"{found.ulps[row, entry]:,.3g} ulp, excess {found.excess[row, entry]:.3g}"


def _cause(trial, direction, got, want, found, row, entry) -> str:
    if found.wrong[row, entry]:
        return "an intermediate overflows, or a branch that is not taken has no derivative"
    if got == 0 and not _sides(found.truth, row, entry):
        return "a false zero: the derivative is lost, by a rule or by rounding"
    if found.error[row, entry] <= trial.request.bound * trial.own(direction[None])[0, entry]:
        return (
            "cancellation: the code's own rounding explains it, that of the arguments does not "
            "(rounding='intermediates' allows it)"
        )
    stopped = (
        _STOPPED if "stop_gradient" in primitives(traced(trial.mode.call, trial.mode.flat, len(direction))) else ""
    )
    if _sides(found.truth, row, entry):
        return f"on no side of a kink, and not between them{stopped}"
    ratio = got / want if want else np.inf
    near = next((text for factor, text in _FACTORS.items() if abs(ratio / factor - 1) < 1e-3), "")
    if near:
        return f"off by the factor {near}{stopped}"
    return f"a wrong formula or rule{f': off by the factor {ratio:.6g}' if want else ', 0 is right'}{stopped}"


def _reference(trial: Trial) -> str:
    text = str(trial.summary())
    return text.split("; reference: ")[1].split(";")[0]


def _again(f, args, mode) -> str:
    """A command where there is one, else the call."""
    here = os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" (", 1)[0]
    module, _, name = where(f).partition(":")
    written = _written(args) if name else None
    if written is not None:
        code = f"assert_derivatives({module}.{name}, *{written}, modes={mode!r})"
        imports = f"import jax.numpy as jnp, {module}; from lossjax.testing import assert_derivatives"
        wide = any(getattr(x, "dtype", None) == np.float64 for x in jax.tree.leaves(args))
        wide = "import jax; jax.config.update('jax_enable_x64', True); " if wide else ""
        return f"python -c {shlex.quote(f'{wide}{imports}; {code}')}"
    if here:
        return f"pytest {shlex.quote(here)}"
    return f"assert_derivatives({getattr(f, '__name__', 'f')}, *args, modes={mode!r})"


def _written(x: Any) -> str | None:
    """Few numbers in plain containers, as Python."""
    if type(x) in (tuple, list):
        parts = [_written(y) for y in x]
        brackets = "()" if isinstance(x, tuple) else "[]"
        comma = "," if isinstance(x, tuple) and len(x) == 1 else ""
        return None if None in parts else brackets[0] + ", ".join(map(str, parts)) + comma + brackets[1]
    if type(x) is dict:
        parts = {key: _written(y) for key, y in x.items()}
        return None if None in parts.values() else "{" + ", ".join(f"{key!r}: {y}" for key, y in parts.items()) + "}"
    if isinstance(x, (bool, int, float)) or x is None:
        return repr(x).replace("inf", "jnp.inf").replace("nan", "jnp.nan")
    if not hasattr(x, "dtype") or jax.numpy.issubdtype(x.dtype, jax.dtypes.prng_key) or np.size(x) > _FEW:
        return None
    values = repr(np.asarray(x).astype(object).tolist()).replace("inf", "jnp.inf").replace("nan", "jnp.nan")
    return f"jnp.array({values}, jnp.{x.dtype})"
