"""The line for a shell that shows a finding again."""

import shlex
import sys

import numpy as np


def where(f) -> str:
    """module:name of a function that can be imported, or nothing."""
    module, name = getattr(f, "__module__", None), getattr(f, "__qualname__", "")
    found = sys.modules.get(module) if module not in (None, "__main__") else None
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is f and f is not None else ""


def command(name: str, **options) -> str:
    """The command that checks this, or nothing where a part of it has no name."""
    given = {key: x for key, x in options.items() if x is not None}
    if not all((name, *(x != "" for x in given.values()))):
        return ""
    words = (f"--{key.replace('_', '-')} {shlex.quote(str(x))}" for key, x in given.items())
    return " ".join(("lossjax check", shlex.quote(name), *words))


def line(subject, dtype, quantity, witness, place) -> str:
    """One line for a shell that shows the worst point, or that checks again where a line cannot hold it, or nothing."""
    hand = witness == "derived" and quantity in subject.given
    module, _, name = (subject.given[quantity] if hand else subject.call).partition(":")
    if not name or place["classes"] > 10:
        return subject.again and f"{subject.again} --dtype {dtype.name} --quantity {quantity}"
    f = f"{module}.{name}" if hand or quantity == "value" else f"jax.{_OPERATORS[quantity]}({module}.{name})"
    z, t = (f"jnp.array({_python(place[name])}, jnp.{dtype.name})" for name in ("z", "t"))
    t = str(int(np.argmax(place["t"]))) if subject.labels else t
    wide = "jax.config.update('jax_enable_x64', True); " if dtype.itemsize == 8 else ""
    return f'python -c "import jax, jax.numpy as jnp, {module}; {wide}print({f}({z}, {t}))"'


_OPERATORS = {"grad": "grad", "hess": "hessian"}


def _python(x) -> str:
    return repr(x).replace("inf", "jnp.inf").replace("nan", "jnp.nan")
