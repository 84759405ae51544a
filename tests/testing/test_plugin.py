"""The pytest plugin, as a stranger's tests use it."""

import pytest

# What a test within a test imports first is forgotten after it, and imported anew for the next one.
import lossjax.testing.assertion
import lossjax.testing.points  # noqa: F401

EXAMPLE = """
import jax, jax.numpy as jnp

def test_right(assert_derivatives, lossjax_point):
    assert assert_derivatives(jnp.sin, lossjax_point((3,), "float32"))

def test_wrong(assert_derivatives):
    assert_derivatives(lambda p: jax.nn.sigmoid(p["w"]), {"w": jnp.array([0.0, 17.0])})
"""


AT_ITS_MARGIN = """
import jax, jax.numpy as jnp

@jax.custom_jvp
def hinge(z):
    return jnp.maximum(0, 1 - z)

hinge.defjvp(lambda p, t: (hinge(*p), jnp.where(p[0] == 1, 3.0, jnp.where(p[0] < 1, -1.0, 0.0)) * t[0]))

def test_hinge(assert_derivatives, lossjax_point):
    assert_derivatives(hinge, lossjax_point((3,)))
"""


# By name, and not by the entry point of an installed lossjax as well.
LOADED = ("-p", "no:lossjax", "-p", "lossjax.testing.plugin", "-p", "no:cacheprovider")


@pytest.fixture
def example(pytester):
    pytester.makepyfile(EXAMPLE)

    def run(*options):
        return pytester.runpytest(*LOADED, *options)

    return run


def test_kinds_of_points_are_ids(example):
    example("-k", "test_right").assert_outcomes(passed=3)
    example("-k", "test_right", "--lossjax-points", "standard").assert_outcomes(passed=8)
    example("-k", "test_right and tail").assert_outcomes(passed=1, deselected=3)
    example("-k", "test_right[zeros]").assert_outcomes(passed=1, deselected=3)


def test_standard_points_find_what_quick_ones_do_not_look_at(pytester):
    pytester.makepyfile(AT_ITS_MARGIN)
    pytester.runpytest(*LOADED).assert_outcomes(passed=3)
    done = pytester.runpytest(*LOADED, "--lossjax-points", "standard")
    done.assert_outcomes(passed=6, failed=2)  # whole numbers hold a 1 as well
    done.stdout.fnmatch_lines(["FAILED *test_hinge[[]ones]*"])


def test_a_failure_names_the_element_and_the_test(example):
    done = example("-k", "wrong")
    done.assert_outcomes(failed=1, deselected=3)
    done.stdout.fnmatch_lines(["*d out[[]1] / d args[[]0][[]'w'][[]1]*", "*again: pytest *::test_wrong*"])


def test_the_option_is_documented(pytester):
    done = pytester.runpytest(*LOADED, "--help")
    done.stdout.fnmatch_lines(["*--lossjax-points={quick,standard}*"])
