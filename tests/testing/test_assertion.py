"""What `assert_derivatives` passes, what it fails, and what it says."""

import itertools
import re
import shlex
import subprocess
import sys

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import optax
import pytest

from lossjax.proof.primal import NoTruth
from lossjax.testing import Checked, DerivativeError, assert_derivatives

ALL = ("rev", "fwd", "fwd_over_rev")


def normal(seed, *shape, dtype=np.float32):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)


def perceptron(p, x, y):
    for i, (w, b) in enumerate(p):
        x = x @ w + b[None]
        x = jnp.tanh(x) if i < len(p) - 1 else x
    return jnp.mean((x - y) ** 2)


def layers(*sizes):
    return [(normal(i, n, m) / np.sqrt(n), jnp.zeros(m)) for i, (n, m) in enumerate(itertools.pairwise(sizes))]


def bfloat16(x):
    return jax.tree.map(lambda a: a.astype(jnp.bfloat16), x)


HEADS = [normal(i, 8, 8) for i in range(3)], normal(5, 6, 8)


def attention(p, x):
    q, k, v = (x @ w for w in p)
    return jax.nn.softmax(q @ k.T / np.sqrt(8).astype(x.dtype)) @ v


def recurrent(p, xs):
    def step(h, x):
        h = jnp.tanh(p["w"] @ h + p["u"] @ x)
        return h, h

    return jax.lax.scan(step, jnp.zeros(4), xs)[1]


def normalised(x):
    return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)


def relu_net(p, x):
    for w in p:
        x = jax.nn.relu(x @ w)
    return jnp.sum(x**2)


def cross_entropy(w, x, y):
    return optax.softmax_cross_entropy_with_integer_labels(x @ w, y).mean()


def convolution(w, x):
    return jax.nn.relu(jax.lax.conv(x, w, (1, 1), "SAME")).sum()


DATA = normal(0, 30, 100), normal(1, 100, 30)

# Correct code: nothing may be found in it.
RIGHT = {
    "network": (perceptron, (layers(20, 15, 5), normal(5, 4, 20), normal(6, 4, 5)), ("rev", "fwd")),
    "attention": (attention, HEADS, ("rev", "fwd")),
    "attention bfloat16": (attention, bfloat16(HEADS), ("rev",)),
    "scan": (
        recurrent,
        ({"w": normal(0, 4, 4) / 2, "u": normal(1, 4, 3) / 2}, normal(2, 6, 3)),
        ("rev",),
    ),
    "layer norm": (normalised, (normal(0, 2, 32),), ALL),
    "relu": (relu_net, ([normal(0, 6, 9), normal(1, 9, 4)], normal(2, 3, 6)), ALL),
    "relu, all ties": (relu_net, ([normal(0, 6, 9), normal(1, 9, 4)], jnp.zeros((3, 6))), ("rev", "fwd")),
    "relu, many ties": (lambda w, x: jax.nn.relu(x @ w).sum(), (normal(0, 20, 15), jnp.zeros((4, 20))), ("rev",)),
    "labels": (cross_entropy, (normal(0, 10, 5), normal(1, 4, 10), jnp.arange(4)), ("rev", "fwd")),
    "closed over": (lambda x: DATA[0] @ (DATA[1] @ x), (normal(2, 30),), ALL),
    "no exact meaning": (convolution, (normal(0, 2, 2, 3, 3), normal(1, 1, 2, 6, 6)), ("rev", "fwd")),
    "linear solve": (jnp.linalg.solve, (normal(0, 4, 4), normal(1, 4)), ("rev", "fwd")),
    "ties of a maximum": (jnp.max, (jnp.ones(5),), ("rev", "fwd")),
    "many kinks": (jax.nn.relu, (jnp.zeros(300),), ("rev", "fwd")),
    "two dtypes": (lambda a, b: a.astype(jnp.float32) * b, (normal(0, 3, dtype=jnp.bfloat16), normal(1, 3)), ALL),
    "while, forward": (lambda x: jax.lax.fori_loop(0, jnp.int32(4), lambda i, c: c * x, x), (jnp.float32(1.1),), None),
    "gelu bfloat16": (jax.nn.gelu, (normal(0, 40, dtype=jnp.bfloat16),), ("rev",)),
    "python numbers": (lambda p: {"y": p["a"] * 2.0, "n": 3}, ({"a": 1.5, "k": 2, "s": None},), ALL),
}


@pytest.mark.parametrize("name", RIGHT)
def test_correct_code_passes(name):
    f, args, modes = RIGHT[name]
    found = assert_derivatives(f, *args, modes=modes)
    assert found
    assert isinstance(found, Checked)


# Code that is wrong, or digits that are lost: where, and a word of the cause.
@jax.custom_vjp
def swapped(p):
    return jnp.sum(p["w"] * p["b"])


swapped.defvjp(lambda p: (swapped(p), p), lambda p, g: ({"w": g * p["b"], "b": g * p["w"].at[2].multiply(-1)},))


@jax.custom_jvp
def half(x):
    return x**2


half.defjvp(lambda p, t: (half(*p), p[0] * t[0]))


def elsewhere(x):
    return jnp.where(x > 0, jnp.sqrt(x), 0.0)


WRONG = {
    "sign": (swapped, ({"w": normal(0, 4), "b": normal(1, 4)},), "rev", "args[0]['b'][2]", "the sign"),
    "factor": (half, (jnp.float32(3),), "fwd", "d out / d args[0]", "the factor 1/2"),
    "false zero": (jax.nn.sigmoid, (jnp.float32(17),), "rev", "args[0]", "a false zero"),
    "second derivative": (
        jax.nn.softplus,
        (jnp.float32(30),),
        "fwd_over_rev",
        "d2 out / d args[0] d args[0]",
        "a false zero",
    ),
    "NaN": (elsewhere, (jnp.array([1.0, -1.0, 0.0]),), "rev", "args[0][1]", "a branch that is not taken"),
    "cancellation": (optax.huber_loss, (jnp.float32(1e-4),), "rev", "args[0]", "rounding='intermediates'"),
    "stopped": (lambda x: x * jax.lax.stop_gradient(x), (jnp.float32(2),), "rev", "args[0]", "keep_stop_gradient=True"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_derivatives_are_named(name):
    f, args, mode, place, cause = WRONG[name]
    with pytest.raises(DerivativeError) as error:
        assert_derivatives(f, *args, modes=mode)
    text = str(error.value)
    assert place in text.splitlines()[0]
    assert cause in text
    assert re.search(r"got \S+  want .*ulp|got nan", text)
    assert len(text.splitlines()) <= 6


@jax.custom_jvp
def other_value(x):
    return x**2


other_value.defjvp(lambda p, t: (p[0] ** 2 + 0.01, 2 * p[0] * t[0]))


def test_the_value_beside_a_rule_is_the_function_s():
    with pytest.raises(DerivativeError, match=r"not the function.s own: out is 9\.01"):
        assert_derivatives(other_value, 3.0)


def test_leniency_is_asked_for():
    assert assert_derivatives(optax.huber_loss, jnp.float32(1e-4), modes="rev", rounding="intermediates")
    assert assert_derivatives(lambda x: x * jax.lax.stop_gradient(x), 2.0, keep_stop_gradient=True)
    assert assert_derivatives(half, 3.0, rtol=0.6)
    with pytest.raises(DerivativeError, match="false zero"):
        assert_derivatives(jax.nn.sigmoid, 17.0, rounding="intermediates")
    with pytest.raises(DerivativeError, match="factor 1/2"):
        assert_derivatives(jnp.sin, 2.0, like=lambda x: 2 * jnp.sin(x))


def test_the_reproducer_reproduces():
    with pytest.raises(DerivativeError) as error:
        assert_derivatives(jax.nn.sigmoid, 17.0, modes="rev")
    (line,) = [x for x in str(error.value).splitlines() if "again:" in x]
    words = shlex.split(line.split("again: ")[1])
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True)
    assert words[0] == "python"
    assert "a false zero" in done.stderr


def one_wrong(scale):
    """A dense function of 400 numbers, one element of whose 160,000 is off by the factor `scale`."""
    w = normal(0, 400, 400) / 20

    @jax.custom_vjp
    def f(x):
        return jnp.tanh(w @ x)

    def back(x, g):
        slope = g * (1 - jnp.tanh(w @ x) ** 2)
        return ((slope @ w).at[300].add((scale - 1) * slope[17] * w[17, 300]),)

    f.defvjp(lambda x: (f(x), x), back)
    return f


def test_a_sample_finds_a_single_element_and_says_what_it_may_miss():
    x = normal(1, 400)
    found = assert_derivatives(one_wrong(1.0), x, effort=0.5)
    (rev,) = found.modes
    assert not rev.complete
    assert 0 < rev.cancel < 1e-2
    assert 0.9 < rev.miss < 1
    assert 0 < rev.exact < rev.directions
    assert f"missed with probability {rev.miss:.4f}" in str(found)
    assert "held to exact arithmetic along" in str(found)
    assert "fwd: not offered by JAX" in str(found)
    with pytest.raises(DerivativeError, match=re.escape("d out[17] / d args[0][300]")):
        assert_derivatives(one_wrong(1.01), x, effort=0.5)


def test_small_functions_are_looked_at_whole():
    (rev, fwd) = assert_derivatives(jnp.sin, normal(0, 5)).modes
    assert rev.complete
    assert fwd.complete
    assert rev.miss == rev.cancel == 0
    assert rev.exact == rev.directions == 5


def test_what_cannot_be_judged_is_said():
    with pytest.raises(TypeError, match="no argument has a floating leaf"):
        assert_derivatives(lambda i: i * 2, 3)
    with pytest.raises(TypeError, match="no result has a floating leaf"):
        assert_derivatives(lambda x: x > 0, 3.0)
    with pytest.raises(TypeError, match="complex"):
        assert_derivatives(lambda x: x, 1j)
    with pytest.raises(ValueError, match="unknown mode"):
        assert_derivatives(jnp.sin, 1.0, modes="backward")
    with pytest.raises(ValueError, match="modes names none, so nothing would be judged"):
        assert_derivatives(jnp.sin, 1.0, modes=())
    assert "no derivative exists at 1" in str(assert_derivatives(jnp.arccosh, 0.5))


def noisy(x, key):
    return x * jax.random.normal(key)


@pytest.mark.parametrize("key", [jax.random.key(0), jax.random.PRNGKey(0)], ids=["typed", "raw"])
def test_of_random_numbers_there_is_no_truth(key):
    for f, args in (
        (noisy, (1.0, key)),
        (lambda x: noisy(x, key), (1.0,)),
        (lambda k: noisy(jnp.float32(1), k), (key,)),
    ):
        with pytest.raises((NoTruth, TypeError), match=r"hides a random number.*like=|no argument has a floating leaf"):
            assert_derivatives(f, *args)


def test_a_key_that_nothing_hangs_on_is_a_constant_like_others():
    key = jax.random.key(0)
    assert assert_derivatives(lambda x, k: (jnp.sin(x), jax.random.split(k)), 1.0, key)


@pytest.mark.parametrize(
    "wrong", [{"effort": 0}, {"effort": -1.0}, {"bound": np.inf}, {"atol": -1.0}, {"rtol": np.nan}, {"modes": 3}]
)
def test_a_setting_that_would_judge_less_is_refused(wrong):
    with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
        assert_derivatives(jnp.sin, 1.0, **wrong)
