"""How fast a sweep could be: the rate of exponentials and divisions on these devices."""

import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from .kernel import wide_vectors

_LANES = 1 << 13
_OPERATIONS = {"exp": lambda x: jnp.exp(-x), "div": lambda x: 1.5 / x}


def limit(seconds: float = 0.5) -> dict[str, float]:
    """Measured operations a second on all local devices: `exp64`, `div64` in float64, `exp32`, `div32` in float32.

    The best of several runs that take about `seconds` for each operation: loops over a block in the nearest cache,
    vectors as wide as in the sweep, nothing else in the loop.
    """
    with jax.enable_x64(True):
        return {f"{n}{8 * d.itemsize}": _rate(f, d, seconds) for n, f in _OPERATIONS.items() for d in _types()}


def bound(rates: dict[str, float]) -> float:
    """Patterns a second if one exponential and one division, in float32 and again in float64, were all that costs time.

    No loss with a sigmoid needs less; two exponentials of each kind, as in its squared error, about halve it.
    """
    return 1 / sum(1 / rate for rate in rates.values())


def _types():
    return np.dtype(np.float64), np.dtype(np.float32)


def _rate(f, dtype, seconds) -> float:
    devices = jax.local_devices()
    mesh = jax.make_mesh((len(devices),), ("device",), devices=devices, axis_types=(AxisType.Auto,))
    split = NamedSharding(mesh, P("device"))

    def loop(x, steps):
        return lax.fori_loop(0, steps[0], lambda _, x: f(x), x)

    run = jax.jit(
        jax.shard_map(loop, mesh=mesh, in_specs=(P("device"), P("device")), out_specs=P("device"), check_vma=False),
        compiler_options=wide_vectors(),
    )
    x = jax.device_put(np.linspace(0.5, 2, _LANES * len(devices)).astype(dtype), split)
    steps, best = 2000, 0.0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        n = jax.device_put(np.full(len(devices), steps, np.int32), split)
        began = time.perf_counter()
        jax.block_until_ready(run(x, n))
        best = max(best, steps * x.size / (time.perf_counter() - began))
    return best
