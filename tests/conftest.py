"""Strict settings for every test: ranks never promote silently, keys come from a fixture, examples are reproducible."""

import sys

import hypothesis
import jax
import pytest

pytest_plugins = ["lossjax.testing.plugin", "pytester"]

# Two host devices, so that what is sharded is really split; ranks must match unless one is 0.
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")

hypothesis.settings.register_profile("default", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("default")


@pytest.fixture
def getkey():
    """A function that gives a new random key at every call, the same sequence in every run."""
    keys = iter(range(2**31))
    return lambda: jax.random.key(next(keys))


@pytest.fixture
def lossjax(monkeypatch, capsys):
    """Run the command line with these arguments: exit code, output and errors."""
    from lossjax import cli  # not before the type hook is installed

    def run(*argv):
        monkeypatch.setattr(sys, "argv", ["lossjax", *argv])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return run


# Every table runs over all losses; in the fast suite over these, one of each kind, and over the rest with `-m slow`.
SAMPLE = {"sigmoid_cross_entropy", "huber(delta=0.1)", "hinge", "softmax_cross_entropy", "crammer_singer"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    from lossjax.losses.loss import Loss  # not before the type hook is installed

    for item in items:
        losses = [
            v for v in (getattr(item, "callspec", None) and item.callspec.params.values()) or () if isinstance(v, Loss)
        ]
        if any(loss.label not in SAMPLE for loss in losses):
            item.add_marker(pytest.mark.slow)
