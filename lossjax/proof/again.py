"""The line for a shell that shows a finding again, and the call that shows it where no line can."""

import ast
import functools
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def where(f: Callable | None) -> str:
    """module:name of a function that can be imported, or nothing."""
    module, name = getattr(f, "__module__", None), getattr(f, "__qualname__", "")
    found = sys.modules.get(module) if module not in (None, "__main__") else None
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is f and f is not None else ""


def origin(f: Callable | None) -> str:
    """The same of a function to which functools.partial has given keyword parameters that a line can hold."""
    return where(_unbound(f)) if all(map(_writable, given_to(f).values())) else ""


def titled(f: Callable) -> str:
    """A name for a report, module:name, whether it can be imported or not."""
    f = _unbound(f)
    return f"{getattr(f, '__module__', '?')}:{getattr(f, '__qualname__', None) or type(f).__name__}"


def given_to(f: Callable | None) -> Mapping[str, Any]:
    """The keyword parameters that functools.partial has given to a function."""
    return f.keywords if isinstance(f, functools.partial) and not f.args else {}


def _unbound(f):
    return f.func if isinstance(f, functools.partial) and not f.args else f


def _writable(x) -> bool:
    try:
        return ast.literal_eval(repr(x)) == x
    except (ValueError, SyntaxError, TypeError):
        return False


def keywords(f: Callable | None) -> str:
    """The parameters given to f as a call goes on with them: ", delta=0.1"."""
    return "".join(f", {key}={x!r}" for key, x in given_to(f).items())


def command(name: str, params: Mapping[str, Any] | None = None, **options) -> str:
    """The command that checks this, or nothing where a part of it has no name."""
    given = {key: x for key, x in options.items() if x is not None}
    if not all((name, *(x != "" for x in given.values()))):
        return ""
    words = [f"--{key.replace('_', '-')} {shlex.quote(str(x))}" for key, x in given.items()]
    if params:
        words.append(" ".join(("--params", *(shlex.quote(f"{key}={x!r}") for key, x in params.items()))))
    return " ".join(("lossjax check", shlex.quote(name), *words))


def line(subject, dtype, quantity, witness, place) -> str:
    """One line for a shell that shows the worst point, or that checks again where a line cannot hold it, or nothing."""
    hand = witness == "derived" and quantity in subject.given
    module, _, name = (subject.given[quantity] if hand else subject.call).partition(":")
    if not name or place["classes"] > 10:
        return subject.again and f"{subject.again} --dtype {dtype.name} --quantity {quantity}"
    code = f"print({_call(f'{module}.{name}', subject, dtype, quantity, hand, place)})"
    wide = "jax.config.update('jax_enable_x64', True); " if dtype.itemsize == 8 else ""
    return f"python -c {shlex.quote(f'import jax, jax.numpy as jnp, {module}; {wide}{code}')}"


def here(subject, dtype, quantity, witness, place) -> str:
    """The call that shows the worst point where the function is at hand, as f or, of a hand-written derivative, as `grad` or `hess`."""
    hand = witness == "derived" and quantity in ("grad", "hess")
    if witness == "own" or place["classes"] > 10:
        return ""
    return _call(quantity if hand else "f", subject, dtype, quantity, hand, place)


def _call(name, subject, dtype, quantity, hand, place) -> str:
    f = name if hand or quantity == "value" else f"jax.{_OPERATORS[quantity]}({name})"
    z, t = (f"jnp.array({_python(place[name])}, jnp.{dtype.name})" for name in ("z", "t"))
    t = str(int(np.argmax(place["t"]))) if subject.labels else t
    return f"{f}({z}, {t}{subject.keywords.get(quantity if hand else 'value', '')})"


_OPERATORS = {"grad": "grad", "hess": "hessian"}


def _python(x) -> str:
    return repr(x).replace("inf", "jnp.inf").replace("nan", "jnp.nan")
