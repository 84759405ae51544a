"""Units in the last place, and the error that no algorithm can be blamed for."""

import ml_dtypes
import numpy as np

DTYPES = {
    "float32": np.dtype(np.float32),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float16": np.dtype(np.float16),
    "float64": np.dtype(np.float64),
}

# B of the standard |got - want| <= B (ulp(want) + eps sum_k |z_k dq/dz_k|).
BOUNDS = {"value": 3.0, "grad": 4.0, "hess": 6.0}


def is_half(dtype) -> bool:
    """Is this a 16-bit type, evaluated in float32 and rounded once?"""
    return np.dtype(dtype).itemsize == 2


def working_dtype(dtype) -> np.dtype:
    """The dtype in which a loss of this dtype is evaluated."""
    return DTYPES["float32"] if is_half(dtype) else np.dtype(dtype)


def ulp(want, dtype):
    """The spacing of `dtype` at `want`, 2^(floor log2 |want|) eps; of the least normal below that. float64 arrays."""
    info = ml_dtypes.finfo(dtype)
    size = np.clip(np.abs(np.asarray(want, np.float64)), float(info.tiny), float(info.max))
    _, exponent = np.frexp(size)
    return np.ldexp(float(info.eps), exponent - 1)


def digits(dtype) -> int:
    """Decimal digits that tell any two numbers of this type apart: read back, each is the same number."""
    return 17 if np.dtype(dtype).itemsize == 8 else 9


def bits(x) -> str:
    """The bit pattern of a scalar or an array, in hex."""
    x = np.asarray(x)
    unsigned = np.dtype(f"u{x.dtype.itemsize}")
    flat = [f"0x{int(b):0{2 * x.dtype.itemsize}x}" for b in np.atleast_1d(x).view(unsigned).ravel()[:16]]
    return flat[0] if x.ndim == 0 else " ".join(flat)
