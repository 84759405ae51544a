"""Optional packages, imported where they are used; a missing one is one clear sentence."""

import importlib

# Packages that are not called what is imported.
_PACKAGES = {
    "flint": "python-flint",
    "sklearn": "scikit-learn",
    "kaldi_native_fbank": "kaldi-native-fbank",
    "PIL": "pillow",
}


class MissingExtraError(ImportError):
    """An optional package is not installed."""


def need(module: str, extra: str, who: str):
    """The module, or MissingExtraError that says which extra to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise
        name = module.split(".")[0]
        package = _PACKAGES.get(name, name)
        raise MissingExtraError(f"{who} needs {package}: pip install 'lossjax[{extra}]'") from None
