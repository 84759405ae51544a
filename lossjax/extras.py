"""Optional packages, imported where they are used; a missing one is one clear sentence."""

import importlib


class MissingExtraError(ImportError):
    """An optional package is not installed."""


def need(module: str, extra: str, who: str):
    """The module, or MissingExtraError that says which extra to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise
        package = {"flint": "python-flint", "sklearn": "scikit-learn"}.get(module.split(".")[0], module.split(".")[0])
        raise MissingExtraError(f"{who} needs {package}: pip install 'lossjax[{extra}]'") from None
