"""Where a loss is swept: every bit pattern of a half type, windows at the boundaries, scales, roots, corners."""

import dataclasses

import ml_dtypes
import numpy as np

from .ulp import is_half

_LN2 = 0.6931471805599453


def _regimes(digits: int, top: int) -> list[float]:
    """Where exp, 1 - s(z), 1 + e^-z, tanh, z z and their kin change regime, for so many binary digits and that top exponent.

    e^-z passes half, all or two more of the digits of 1, and the exponents at which it, or its square, leaves the range.
    """
    powers = (1, digits // 2 + 1, digits - 5, digits - 3, digits, digits + 1)
    powers += (top // 2 - 1, top // 2, top - 2, top, top + digits - 2)
    return sorted({1.0, 8.0, 4097.0, 2.0 ** (top - 1), *(_LN2 * k for k in powers)})


_BOUNDARIES = {"float32": _regimes(24, 128), "float64": _regimes(53, 1024)}  # each on both sides of zero
# Points kept of each side of a boundary: all of the nearest, then ever wider steps out to 2^16 patterns.
_OFFSETS = np.unique(np.concatenate([np.arange(24), (2 ** np.linspace(4.6, 16, 200)).astype(int)]))

_SCALES = (1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4)

TARGETS = {
    "real": (0.0, 1.0, 0.3, -1.0, -2.5, 100.0, 1e-3),
    "unit": (0.0, 1.0, 0.3, 0.5, 0.1, 1 - 2**-8, 2**-20, 0.75),
    "binary": (0.0, 1.0),
    "margin": (-1.0, 1.0),
    "tanh": (-1.0, 1.0, 0.0, 0.3, -0.9),
    "count": (0.0, 1.0, 2.0, 7.0, 100.0),
}
_EVERY_PATTERN_TARGETS = {"real": 2, "unit": 3, "tanh": 3, "count": 2}

FLOAT32_POINTS, FLOAT64_POINTS = 200_000, 20_000


@dataclasses.dataclass(frozen=True)
class Points:
    """Pre-activations z and targets t with a leading axis over points, in the dtype that is swept."""

    z: np.ndarray
    t: np.ndarray
    classes: int = 0

    def __len__(self) -> int:
        """How many examples."""
        return len(self.z)


def every_pattern(dtype) -> np.ndarray:
    """All 65,536 values of a half type, NaN and infinities included."""
    return np.arange(2**16, dtype=np.uint16).view(dtype)


def scalar_points(dtype, targets: str, level: str = "standard", roots=()) -> Points:
    """Points for a scalar event: every pattern of a half type, or about 200,000 (float32) and 20,000 (float64) hard ones.

    roots: values of z where a quantity crosses zero or a kink lies; their neighbours are added at every target.
    """
    values = np.array(TARGETS[targets]).astype(dtype)
    if is_half(dtype):
        z = every_pattern(dtype)
        full = values[: _EVERY_PATTERN_TARGETS.get(targets, len(values))]
        if level == "quick":
            return _cross(z[::16], values)
        rest = _cross(z[::16], values[len(full) :])
        whole = _cross(z, full)
        return Points(np.concatenate([whole.z, rest.z]), np.concatenate([whole.t, rest.t]))
    wanted = FLOAT32_POINTS if dtype.itemsize == 4 else FLOAT64_POINTS
    near = _cross(np.concatenate([_specials(dtype), _neighbours(np.array(list(roots) or [0.0]), dtype, 8)]), values)
    # The target itself and its neighbours: the root of every residual.
    at = [(_neighbours(np.array([float(t)]), dtype, 16), t) for t in values]
    windows = _windows(dtype)
    z = _deal(windows, _spread(dtype, wanted - len(windows)))
    t = values[np.arange(len(z)) % len(values)]
    zs = [near.z, z] + [a for a, _ in at]
    ts = [near.t, t] + [np.full(len(a), b, dtype) for a, b in at]
    z, t = np.concatenate(zs), np.concatenate(ts)
    if level == "quick":
        # At random: targets are dealt in turn, and every tenth point would always have the same.
        some = np.random.default_rng(2).permutation(np.arange(len(near), len(z)))[: len(z) // 10]
        keep = np.concatenate([np.arange(len(near)), np.sort(some)])
        z, t = z[keep], t[keep]
    return Points(z, t)


def vector_points(dtype, targets: str, classes: int, level: str = "standard", seed: int = 0) -> Points:
    """Vectors of `classes` pre-activations: scales, one or two dominating classes, ties, shifts, masks, corners of the target set."""
    rng = np.random.default_rng([seed, classes])
    count = {2: 1200, 3: 1200, 10: 400}.get(classes, 200)
    if level == "quick":
        count //= 4
    rows = []
    for i in range(count):
        z = rng.standard_normal(classes) * _SCALES[i % len(_SCALES)]
        kind = i % 5
        if kind == 1:  # one class dominates by a gap that passes every boundary
            z = rng.standard_normal(classes) * 0.5
            z[rng.integers(classes)] += rng.uniform(2, 100)
        elif kind == 2:  # two classes far above the rest
            z = rng.standard_normal(classes)
            z[rng.permutation(classes)[:2]] += rng.uniform(2, 60) + rng.standard_normal(2)
        elif kind == 3 and i % 3 == 0:  # shifted, as logits are by a large bias
            z = rng.standard_normal(classes) + rng.choice([-1e4, 1e3, 64.0])
        rows.append(z)
    z = np.concatenate([np.array(rows), _vector_specials(classes)])
    with np.errstate(over="ignore", invalid="ignore"):
        z = z.astype(dtype)
    if classes == 2:
        z = np.concatenate([z, _differences(dtype, level)])
    return Points(z, _vector_targets(z, targets, rng).astype(dtype), classes)


def _differences(dtype, level: str) -> np.ndarray:
    """[x, 0] and [0, x] for x in the boundary windows (half types: over all patterns) and at powers of two."""
    x = (
        every_pattern(dtype)[:: 16 if level == "standard" else 128]
        if is_half(dtype)
        else _windows(dtype)[:: 8 if level == "standard" else 24]
    )
    x = np.concatenate([x, _neighbours(2.0 ** np.arange(-2, 30, 2), dtype, 2), _neighbours(np.array([1.0]), dtype, 4)])
    pairs = np.zeros((2 * len(x), 2), dtype)
    pairs[: len(x), 0] = pairs[len(x) :, 1] = x
    return pairs


def _vector_specials(classes: int) -> np.ndarray:
    zero, first = np.zeros(classes), np.eye(classes)[0]
    last = np.eye(classes)[-1]
    rows = [
        zero,
        -zero,
        zero + 3,
        first,
        -first,
        30 * first,
        40 * last,
        80 * first,
        -80 * first,
        1000 * last,
        first + last,
    ]
    rows += [30000 * first, 1e4 + first, _LN2 * 8 * first, _LN2 * 11 * last, _LN2 * 24 * first, -_LN2 * 24 * first]
    rows += [_LN2 * 21 * last]
    masked = zero.copy()
    masked[-1] = -np.inf
    masked_far = 20 * first
    masked_far[-1] = -np.inf
    broken = zero.copy()
    broken[0] = np.nan
    return np.array([*rows, masked, masked_far, broken])


def _vector_targets(z, targets: str, rng) -> np.ndarray:
    n, classes = z.shape
    with np.errstate(invalid="ignore"):
        safe = np.nan_to_num(z.astype(np.float64))
    order = np.argsort(safe, axis=1)
    # One-hot at the largest logit, the second, the least, and anywhere.
    label = np.where(np.arange(n) % 4 == 0, order[:, -1], order[:, -2])
    label = np.where(np.arange(n) % 4 == 2, order[:, 0], label)
    label = np.where(np.arange(n) % 4 == 3, rng.integers(classes, size=n), label)
    t = np.eye(classes)[label]
    if targets == "simplex":
        uniform, smoothed = np.full(classes, 1 / classes), 0.9 * t + 0.1 / classes
        random = rng.dirichlet(np.ones(classes), size=n)
        kind = (np.arange(n) // 4) % 5
        t = np.where((kind == 1)[:, None], smoothed, t)
        t = np.where((kind == 2)[:, None], random, t)
        t = np.where((kind == 3)[:, None], uniform, t)
    return t


def _cross(z, t) -> Points:
    return Points(np.tile(z, len(t)), np.repeat(t, len(z)))


def _deal(*parts) -> np.ndarray:
    """All parts in one fixed shuffled order, so that targets dealt in turn meet every region."""
    z = np.concatenate(parts)
    return z[np.random.default_rng(0).permutation(len(z))]


def _specials(dtype) -> np.ndarray:
    info = ml_dtypes.finfo(dtype)
    tiny, top, eps = float(info.tiny), float(info.max), float(info.eps)
    sub = float(info.smallest_subnormal)
    values = [
        0.0,
        tiny,
        tiny * 2,
        sub,
        sub * 100,
        top,
        top / 2,
        1.0,
        1 + eps,
        1 - eps / 2,
        0.5,
        2.0,
        3.0,
        10.0,
        30.0,
        100.0,
    ]
    with np.errstate(over="ignore"):
        signed = np.array([*values, *(-v for v in values), np.inf, -np.inf, np.nan]).astype(dtype)
    return np.concatenate([signed, np.array([-0.0]).astype(dtype)])


def _neighbours(at, dtype, reach: int) -> np.ndarray:
    """The `reach` floats on either side of each value, and the value."""
    signed = np.dtype(f"i{dtype.itemsize}")
    with np.errstate(over="ignore"):
        pattern = at.astype(dtype).view(signed)[:, None] + np.arange(-reach, reach + 1, dtype=signed)
    # Crossing zero by counting patterns would land on NaNs; 0 has its own entry among the specials.
    near = pattern.ravel().view(dtype)
    return near[np.isfinite(near)]


def _windows(dtype) -> np.ndarray:
    signed = np.dtype(f"i{dtype.itemsize}")
    at = np.array(_BOUNDARIES[dtype.name]).astype(dtype).view(signed)
    offsets = np.concatenate([-_OFFSETS[::-1], _OFFSETS]).astype(signed)
    magnitude = (at[:, None] + offsets).ravel().view(dtype)
    ends = np.concatenate(
        [
            ml_dtypes.finfo(dtype).tiny.view(signed) + offsets,
            np.array(ml_dtypes.finfo(dtype).max).view(signed) - _OFFSETS.astype(signed),
        ]
    ).view(dtype)
    magnitude = np.concatenate([magnitude, ends])
    return np.concatenate([magnitude, -magnitude])


def _spread(dtype, count: int) -> np.ndarray:
    """Half evenly over all bit patterns, half normal at the scales of real pre-activations."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    half = count // 2
    step = (2 ** (8 * dtype.itemsize)) // half
    # An odd step visits every low-order bit; an even one would keep to round numbers.
    patterns = (np.arange(half, dtype=unsigned) * unsigned.type(step | 1)).view(dtype)
    rng = np.random.default_rng(1)
    scaled = rng.standard_normal(count - half) * np.array(_SCALES)[np.arange(count - half) % len(_SCALES)]
    return np.concatenate([patterns, scaled.astype(dtype)])
