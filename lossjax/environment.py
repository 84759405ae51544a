"""Where a figure was measured: versions, device, flags."""

import importlib.metadata
import os
import platform

# What a result may depend on: programs, proofs, statistics and scoring, data and their readers.
_PACKAGES = (
    *("lossjax", "jax", "jaxlib", "numpy", "flax", "optax"),
    *("python-flint", "numpy-quaddtype", "sympy"),
    *("scipy", "jiwer", "rapidfuzz"),
    *("scikit-learn", "kaldi-native-fbank", "kaldiio", "pillow"),
)


def environment() -> dict:
    """Versions, device and flags of this process; starts JAX."""
    import jax

    device = jax.devices()[0]
    return {
        "versions": {"python": platform.python_version()} | {n: v for n in _PACKAGES if (v := _version(n))},
        "device": f"{len(jax.devices())} x {device.platform}: {device.device_kind}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "flags": {
            "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
            "x64": bool(jax.config.values["jax_enable_x64"]),
            "matmul_precision": str(jax.config.values["jax_default_matmul_precision"]),
        },
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(
                (line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine()
            )
    except OSError:
        return platform.processor() or platform.machine()
