"""Derivatives of any JAX function held to exact arithmetic, in people's own tests.

`assert_derivatives(f, *args)` judges every derivative `jax.vjp`, `jax.jvp` and forward-over-reverse give;
`check_grads` has the signature of `jax.test_util.check_grads`. The pytest plugin is `lossjax.testing.plugin`.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .assertion import assert_derivatives
    from .drop_in import check_grads
    from .result import Checked, DerivativeError

# Resolved on first use: pytest loads the plugin from this package at its start, long before anybody needs JAX.
_PUBLIC = {
    "Checked": ".result",
    "DerivativeError": ".result",
    "assert_derivatives": ".assertion",
    "check_grads": ".drop_in",
}

__all__ = ["Checked", "DerivativeError", "assert_derivatives", "check_grads"]


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module 'lossjax.testing' has no attribute {name!r}")
