"""The pytest plugin: fixtures `assert_derivatives` and `lossjax_point`, option `--lossjax-points`.

    def test_my_loss(assert_derivatives, lossjax_point):
        logits = lossjax_point((4, 10), "bfloat16")
        assert_derivatives(my_loss, logits, labels)

runs once for each kind of point: `pytest -k "test_my_loss and zeros"`, `pytest --lossjax-points standard`.
"""

import pytest

# name -> numbers of one shape, of a random generator; those of `quick` first.
_QUICK = ("normal", "zeros", "tail")
_STANDARD = (*_QUICK, "ones", "equal", "tiny", "large", "integers")


def pytest_addoption(parser):
    """Add --lossjax-points."""
    parser.getgroup("lossjax").addoption(
        "--lossjax-points",
        choices=("quick", "standard"),
        default="quick",
        help=f"kinds of points the fixture lossjax_point runs through: quick ({', '.join(_QUICK)}), "
        f"standard ({', '.join(_STANDARD)})",
    )


def pytest_generate_tests(metafunc):
    """One test for each kind of point."""
    if "lossjax_point" in metafunc.fixturenames:
        kinds = _STANDARD if metafunc.config.getoption("--lossjax-points") == "standard" else _QUICK
        metafunc.parametrize("lossjax_point", kinds, indirect=True)


@pytest.fixture
def lossjax_point(request):
    """A function (shape, dtype="float32", seed=0) -> an array of the kind of point this test is about."""
    from .points import point  # JAX is not imported before a test asks for it

    def make(shape=(), dtype="float32", seed=0):
        return point(request.param, shape, dtype, seed)

    return make


@pytest.fixture
def assert_derivatives():
    """`lossjax.testing.assert_derivatives`."""
    from .assertion import assert_derivatives

    return assert_derivatives
