"""A scalar loss at all 2^32 floats: one compiled pass that computes, compares and counts, in constant memory.

Consecutive bit patterns are read as float32, the loss is called on them as its users call it, its float64 twin is evaluated
beside it, and the error in ulps goes into counters of one block's length that never leave the cache. Every local device
takes its own range.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from ..losses.loss import Loss

THRESHOLDS = (0.5, 1.0, 2.0, 4.0)
NONE = 0xFFFFFFFF

_TINY, _TOP = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
# Within 32 ulps of the largest float, inf and a finite number are the same answer (as in compare.py).
_EDGE = 32.0
# |error / threshold - 1| < 2^-20 is near: far above the error of the twin, about 2^-28 of an ulp of float32.
_NEAR = 1 << 32
_MANTISSA = (1 << 52) - 1


def calls(loss: Loss) -> dict[str, Callable]:
    """Value, gradient and Hessian as users call them."""
    return {"value": loss, "grad": loss.gradient, "hess": loss.hessian}


def judge(bits, got, want):
    truth = lax.bitcast_convert_type(want, jnp.int64)
    size = jnp.abs(want)
    # got with the sign of the truth divided out: nothing below asks for signs again, and no compiler can contract the
    # last product of `want` into the difference.
    got = lax.bitcast_convert_type(lax.bitcast_convert_type(got.astype(jnp.float64), jnp.int64) ^ (truth & _SIGN), jnp.float64)
    gap = jnp.abs(got - size)
    # Dividing by the ulp 2^(e - 23), e the exponent of the truth and at least -126, is a product with 2^(23 - e).
    exponent = jnp.maximum(truth & _EXPONENT, (1023 - 126) << 52)
    error = gap * lax.bitcast_convert_type((23 << 52) - (exponent - (2046 << 52)), jnp.float64)
    wide = lax.bitcast_convert_type(error, jnp.int64) + ((1 << 29) - 1)
    code = jnp.maximum((wide >> 29) - (896 << 23), 0).astype(jnp.int32)
    code = jnp.where((got == 0) & (size >= _TINY), code | -(1 << 31), code)
    code = jnp.where((size < _TINY) & (size > 0) & (gap <= _TINY), SUBNORMAL, code)
    usual = (jnp.abs(got) <= _TOP) & (size <= _TOP)
    agree = (jnp.isnan(got) & jnp.isnan(want)) | ((got >= _EDGE) & (size >= _EDGE))
    code = jnp.where(usual, code, jnp.where(agree, 0, WRONG))
    return jnp.where((bits & 0x7FFFFFFF) - 1 < 0x007FFFFF, SKIPPED, code).astype(jnp.int32)

_SIGN=-(1<<63)
_EXPONENT=0x7ff<<52
_EDGE = _TOP*(1-2**-19)
SUBNORMAL, SKIPPED, WRONG = -1, -2, -3
LOST = -10

def _packed(*masks):
    return sum(mask.astype(jnp.uint32) << (8 * i) for i, mask in enumerate(masks))


def _step(f: Callable, bits, t, go, state):
    def compute():
        got = f(lax.bitcast_convert_type(bits, jnp.float32), jnp.full(bits.shape, t))
        want = f(lax.bitcast_convert_type(bits, jnp.float32).astype(jnp.float64), jnp.full(bits.shape, t.astype(jnp.float64)))
        return judge(bits, got, want)

    code = lax.cond(go, compute, lambda: jnp.full(bits.shape, SKIPPED, jnp.int32))
    error = jnp.where(code < LOST, code & 0x7FFFFFFF, jnp.maximum(code, 0))
    better = error > state["worst"]
    pattern = (code + 8) & 0x7FFFFF
    around = (pattern < 16) & (code > 0x3ec00000) & (code < 0x40a00000)
    near = around & (pattern != 8)
    return {
        "worst": jnp.where(better, error, state["worst"]),
        "place": jnp.where(better, bits, state["place"]),
        "near_place": jnp.where(near, bits, state["near_place"]),
        "above": state["above"] + _packed(*(error > x for x in (0x3f000000,0x3f800000,0x40000000,0x40800000))),
        "kinds": state["kinds"] + _packed(code < LOST, code == WRONG, code == SUBNORMAL, code == SKIPPED),
        "close": state["close"] + _packed(near, around & ~near),
    }

ROUND=255

def _start(block: int):
    state = {name: jnp.zeros(block, jnp.uint32) for name in ("above", "kinds", "close")}
    worst = jnp.full(block, -1, jnp.int32)
    none = jnp.full(block, NONE, jnp.uint32)
    return state | {"worst": worst, "place": none, "near_place": none}


def _unpacked(x):
    return jnp.stack([jnp.sum((x >> (8 * i)) & 0xFF) for i in range(4)])


def _kernel(f: Callable, block: int):
    lanes = np.arange(block, dtype=np.uint32)

    def kernel(first, blocks, t):
        names=("above", "kinds", "close")
        def round(r, carry):
            state, counts = carry
            state = state | {n: jnp.zeros(block, jnp.uint32) for n in names}
            def body(i, state):
                return _step(f, first[0] + i * jnp.uint32(block) + lanes, t, blocks[0] > 0, state)
            state = lax.fori_loop(r*ROUND, jnp.minimum((r+1)*ROUND, blocks[0]), body, state)
            return state, {n: counts[n] + _unpacked(state[n]) for n in names}

        state, counts = lax.fori_loop(jnp.uint32(0), (blocks[0]+(ROUND-1))//ROUND, round, (_start(block), {n: jnp.zeros(4,jnp.uint64) for n in names}))
        worst = jnp.max(state["worst"])
        out = counts | {"worst": worst, "place": jnp.min(jnp.where(state["worst"] == worst, state["place"], jnp.uint32(NONE)))}
        return {n: x[None] for n, x in out.items()} | {"near_place": state["near_place"]}

    return kernel


@functools.lru_cache(maxsize=16)
def compiled(loss: Loss, quantity: str, block: int, options: str = ""):
    devices = jax.local_devices()
    mesh = jax.make_mesh((len(devices),), ("d",), devices=devices, axis_types=(AxisType.Auto,))
    split = NamedSharding(mesh, P("d"))
    kernel = _kernel(calls(loss)[quantity], block)
    with jax.enable_x64(True):
        g = jax.jit(jax.shard_map(kernel, mesh=mesh, in_specs=(P("d"), P("d"), P()), out_specs=P("d"), check_vma=False))
        u32 = jax.ShapeDtypeStruct((len(devices),), np.uint32, sharding=split)
        lowered = g.lower(u32, u32, jax.ShapeDtypeStruct((), np.float32))
        options = {"xla_cpu_prefer_vector_width": 512}
        return lowered.compile(compiler_options=options), split, len(devices)
