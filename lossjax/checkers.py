"""`lossjax bench --checkers`: gradient checkers side by side, time and whether one element off by 1 % is found.

Each is called once, as a test calls it: what JAX compiles is part of the time. PyTorch's gradcheck needs float64; the
others look at float32. Ours judges reverse and forward mode, as check_grads does; gradcheck judges reverse mode.
"""

import importlib
import time
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np

_SIZES = ((300, 200), (200, 190), (190, 10))  # 100,300 weights


def run_checkers() -> Iterator[dict]:
    """One row a subject and checker: seconds, by what factor lossjax takes less, whether it passes, and finds the slip."""
    for name, (f, args, g) in _subjects().items():
        ours = _row(name, "lossjax", _ours, f, args)
        yield ours | {"lossjax_is_faster": 1.0}
        for by, run, subject, at in (("jax.test_util.check_grads", _check_grads, f, args), *_gradcheck(args, g)):
            row = _row(name, by, run, subject, at)
            yield row | {"lossjax_is_faster": row["seconds"] / ours["seconds"]}


def _row(name, by, run, f, args):
    start = time.perf_counter()
    clean = run(f, args, False)
    seconds = time.perf_counter() - start
    return {"subject": name, "by": by, "seconds": seconds, "passes": clean, "finds_slip": not run(f, args, True)}


def _subjects():
    """Name -> a function in JAX, its arguments (the first has the slip), and the same function in PyTorch."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(1000).astype(np.float32)
    w = (rng.standard_normal((1000, 1000)) / 32).astype(np.float32)
    layers = [(rng.standard_normal(s) / np.sqrt(s[0])).astype(np.float32) for s in _SIZES]
    batch = rng.standard_normal((4, 300)).astype(np.float32)

    def network(first, *rest):
        h = batch @ first
        for w in rest:
            h = jnp.tanh(h) @ w
        return jnp.mean(h**2)

    def in_torch(torch):
        data = torch.from_numpy(batch).double()

        def network(first, *rest):
            h = data @ first
            for w in rest:
                h = torch.tanh(h) @ w
            return (h**2).mean()

        return network

    return {
        "sin, 1,000 to 1,000": (jnp.sin, (x,), lambda torch: torch.sin),
        "tanh(W x), 1,000 to 1,000": (
            lambda x: jnp.tanh(w @ x),
            (x,),
            lambda torch: lambda x: torch.tanh(torch.from_numpy(w).double() @ x),
        ),
        "network of 100,300 weights": (network, tuple(layers), in_torch),
    }


@jax.custom_vjp
def _slip(x):
    """The identity, one element of whose derivative is off by 1 %."""
    return x


_slip.defvjp(lambda x: (x, None), lambda _, g: (g.at[(17,) * g.ndim].multiply(1.01),))


def _slipped(f):
    return lambda first, *rest: f(_slip(first), *rest)


def _ours(f, args, slip) -> bool:
    from lossjax.testing import assert_derivatives

    try:
        return bool(assert_derivatives(_slipped(f) if slip else f, *args))
    except AssertionError:
        return False


def _check_grads(f, args, slip) -> bool:
    try:
        jax.test_util.check_grads(_slipped(f) if slip else f, args, 1, ("rev",) if slip else ("fwd", "rev"))
    except AssertionError:
        return False
    return True


def _gradcheck(args, make) -> list[tuple]:
    try:
        torch = importlib.import_module("torch")  # in no extra: compared with where it happens to be installed
    except ModuleNotFoundError:
        return []

    class Slip(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            g = g.clone()
            g[(17,) * g.ndim] *= 1.01
            return g

    f = make(torch)
    inputs = tuple(torch.from_numpy(a).double().requires_grad_() for a in args)

    def check(fast):
        def run(f, inputs, slip):
            g = (lambda first, *rest: f(Slip.apply(first), *rest)) if slip else f
            return torch.autograd.gradcheck(g, inputs, fast_mode=fast, raise_exception=False)

        return run

    return [(f"torch gradcheck, {mode} mode", check(mode == "fast"), f, inputs) for mode in ("fast", "slow")]
