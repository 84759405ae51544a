"""The most memory that this process has held."""

import resource
import sys


def peak() -> int:
    """MiB of resident host memory at the highest so far: it never falls, whatever is freed."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # In bytes on macOS, in KiB elsewhere.
    return most // (2**20 if sys.platform == "darwin" else 2**10)
