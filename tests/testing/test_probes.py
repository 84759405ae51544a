"""What finite-difference checkers pass though it is wrong, and fail though it is right, beside our verdict."""

import importlib.util
import sys

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest

from lossjax.testing import assert_derivatives, check_grads

FIRST = ("rev", "fwd")


def scaled(n, by, places=slice(None)):
    """sin with a forward rule that is off by a factor at some places."""
    factor = np.ones(n)
    factor[places] = by

    @jax.custom_jvp
    def f(x):
        return jnp.sin(x)

    f.defjvp(lambda p, t: (f(*p), jnp.cos(p[0]) * t[0] * jnp.asarray(factor, p[0].dtype)))
    return f


@jax.custom_vjp
def flat(x):
    return jax.nn.softplus(-x)


flat.defvjp(lambda x: (flat(x), x), lambda x, g: (0 * g,))


def numbers(n, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(n).astype(dtype)


def f32(x):
    return jnp.float32(x)


def square(x):
    return x**2


def summed(f):
    return lambda x: jnp.sum(f(x))


# name: function, arguments, modes, is it right?, what jax.test_util.check_grads says (None: not the same everywhere)
PROBES = {
    "twice, 10": (scaled(10, 2.0), (numbers(10),), FIRST, False, False),
    "twice, 1000": (scaled(1000, 2.0), (numbers(1000),), FIRST, False, None),
    "twice, 1000, forward": (scaled(1000, 2.0), (numbers(1000),), ("fwd",), False, True),
    "one of 1000 by 1 %": (scaled(1000, 1.01, 517), (numbers(1000),), FIRST, False, True),
    "one of 1000 by 0.1 %, summed": (summed(scaled(1000, 1.001, 517)), (numbers(1000),), FIRST, False, True),
    "0 for -9.1e-4": (flat, (f32(7),), ("rev",), False, True),
    "0 for -6.1e-6": (flat, (f32(12),), ("rev",), False, True),
    "x^2 at 1000": (square, (f32(1000),), FIRST, True, False),
    "softplus at 30": (jax.nn.softplus, (f32(30),), FIRST, True, False),
    "logsumexp of 512": (jax.nn.logsumexp, (numbers(512) * 5,), FIRST, True, None),
    "sigmoid bfloat16": (jax.nn.sigmoid, (jnp.array([0.5, -2, 3], jnp.bfloat16),), FIRST, True, False),
    "sigmoid float16": (jax.nn.sigmoid, (jnp.array([0.5, -2, 3], jnp.float16),), FIRST, True, False),
    "sin float32": (jnp.sin, (numbers(5),), FIRST, True, True),
    "sin bfloat16": (jnp.sin, (jnp.array([0.5, -2, 3], jnp.bfloat16),), FIRST, True, False),
    "relu at 0": (jax.nn.relu, (f32(0),), FIRST, True, False),
    "hinge at its kink": (lambda x: jnp.maximum(0, 1 - x), (f32(1),), FIRST, True, True),
    "NaN outside the domain": (jnp.arccosh, (f32(0.5),), FIRST, True, True),
    "an integer argument": (lambda x, label: x[label] * x[0], (numbers(3), 2), FIRST, True, None),
}


def passes(check):
    try:
        check()
    except AssertionError:
        return False
    return True


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROBES)
def test_ours_is_right_where_finite_differences_are_not(name):
    f, args, modes, right, theirs = PROBES[name]
    assert passes(lambda: assert_derivatives(f, *args, modes=modes)) == right
    assert passes(lambda: check_grads(f, args, 1, modes)) == right
    if theirs is not None:
        assert passes(lambda: jax.test_util.check_grads(f, args, 1, modes)) == theirs


def test_a_zero_in_float64():
    with jax.enable_x64(True):
        assert not passes(lambda: assert_derivatives(flat, jnp.float64(12), modes="rev"))
        assert not passes(lambda: assert_derivatives(flat, jnp.float64(40), modes="rev"))
        assert passes(lambda: assert_derivatives(jnp.sin, jnp.array([1.0, 2.0, 1e3])))
        assert not passes(lambda: assert_derivatives(scaled(1000, 1.001, 7), numbers(1000, np.float64), modes="fwd"))


def torch_probes(torch):
    class Flat(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.nn.functional.softplus(-x)

        @staticmethod
        def backward(ctx, g):
            return 0 * g

    def one_off(place, by):
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return torch.sin(x)

            @staticmethod
            def backward(ctx, g):
                factor = torch.ones(1000, dtype=torch.float64)
                factor[place] = by
                return g * torch.cos(ctx.saved_tensors[0]) * factor

        return Sin.apply

    double = torch.from_numpy(numbers(1000, np.float64)).requires_grad_()
    twelve = torch.tensor(12.0, dtype=torch.float64, requires_grad=True)
    single = torch.tensor([0.5, 2.0], dtype=torch.float32, requires_grad=True)
    return [  # the same probe above, function, argument, fast mode?, what gradcheck says
        ("0 for -6.1e-6", Flat.apply, twelve, False, True),
        ("one of 1000 by 1 %", one_off(517, 1.01), double, True, True),
        ("one of 1000 by 1 %", one_off(517, 1.01), double, False, False),
        ("sin float32", torch.sin, single, False, False),
    ]


@pytest.mark.filterwarnings("ignore")
def test_torch_gradcheck_beside_ours():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for name, f, x, fast, theirs in torch_probes(torch):
        assert torch.autograd.gradcheck(f, (x,), raise_exception=False, fast_mode=fast) == theirs, name


@pytest.mark.filterwarnings("ignore")
def test_chex_beside_ours():
    chex = pytest.importorskip("chex", reason="chex is not installed")
    assert passes(lambda: chex.assert_numerical_grads(scaled(1000, 2.0), (numbers(1000),), 1, modes=("fwd",)))


def side_by_side():
    """Print every probe with the verdicts of all checkers: `python tests/testing/test_probes.py`."""
    torch = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
    chex = importlib.import_module("chex") if importlib.util.find_spec("chex") else None
    says = {True: "passes", False: "fails", None: "raises"}
    print(f"{'probe':32}{'truth':8}{'ours':8}{'check_grads':13}{'chex':8}")
    for name, (f, args, modes, right, _) in PROBES.items():
        ours = passes(lambda: assert_derivatives(f, *args, modes=modes))
        refused = any(isinstance(a, int) for a in args)  # TypeError: a tangent of an integer
        jaxs = None if refused else passes(lambda: jax.test_util.check_grads(f, args, 1, modes))
        chexs = None if refused else chex and passes(lambda: chex.assert_numerical_grads(f, args, 1, modes=modes))
        print(f"{name:32}{'right' if right else 'wrong':8}{says[ours]:8}{says[jaxs]:13}{says[chexs] if chex else '-'}")
    print(f"\n{'probe':32}{'truth':8}gradcheck" if torch else "PyTorch is not installed: its rows are left out")
    for name, f, x, fast, _ in torch_probes(torch) if torch else ():
        theirs = torch.autograd.gradcheck(f, (x,), raise_exception=False, fast_mode=fast)
        print(f"{name:32}{'right' if PROBES[name][3] else 'wrong':8}{says[theirs]}, {'fast' if fast else 'slow'} mode")


if __name__ == "__main__":
    sys.exit(side_by_side())
