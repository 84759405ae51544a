"""Arithmetic beyond the range of floats encloses: each operation on numbers within their radii, held against mpmath."""

import mpmath
import numpy as np
import pytest

from lossjax.proof.exact.wide import _KIND, Wide

mp = mpmath.mp.clone()
mp.prec = 400
COUNT = 1_000
TWO = mp.mpf(2)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def power(e):
    return TWO ** mp.mpf(float(e))


def drawn(rng, positive):
    """Numbers of all sizes, some only bounded, some 0; and for each a true value, often at an end of what it may be."""
    near, far = rng.integers(-70, 70, COUNT), rng.integers(-1200, 1200, COUNT)
    beyond = np.rint(rng.choice([-1, 1], COUNT) * 10.0 ** rng.uniform(0, 6, COUNT))
    kind = rng.integers(0, 4, COUNT)
    x = np.empty(COUNT, _KIND)
    x["e"] = np.choose(kind, [rng.integers(-4, 14, COUNT), near, far, beyond])
    x["m"] = np.where(rng.random(COUNT) < 0.1, 0.5, rng.uniform(0.5, 1, COUNT))
    x["r"] = np.where(rng.random(COUNT) < 0.3, 0, 2.0 ** rng.uniform(-55, 3, COUNT))
    if not positive:
        x["m"] *= rng.choice([-1, 0, 1], COUNT, p=[0.45, 0.1, 0.45])
        none = x["m"] == 0
        x["r"][none] = 0
        x["e"][none & (rng.random(COUNT) < 0.3)] = -np.inf
    return x, [true(one, rng.choice([-1, 1, rng.uniform(-1, 1)])) for one in x]


def true(x, d):
    m, e, r = x.tolist()
    if m == 0:
        return mp.mpf(0) if e == -np.inf else mp.mpf(d) * power(e)
    return mp.mpf(m) * power(e) * TWO ** (mp.mpf(d) * mp.mpf(r) * (1 - TWO**-300))


def holds(x, value):
    """Does this number enclose the value? None where it says nothing."""
    m, e, r = x.tolist()
    if np.isnan(m):
        return None
    if m == 0:
        return value == 0 if e == -np.inf else abs(value) <= power(e)
    ratio = value / (mp.mpf(m) * power(e))
    return ratio > 0 and abs(mp.log(ratio, 2)) <= mp.mpf(r)


def moderate(f):
    return lambda x: f(x) if abs(x) < TWO**3000 else None


# name, the function in mpmath, are arguments positive, the least share of arguments about which something must be said
OPERATIONS = [
    ("add", lambda x, y: x + y, False, 1.0),
    ("mul", lambda x, y: x * y, False, 1.0),
    ("div", lambda x, y: x / y if y else None, False, 0.85),
    ("exp", moderate(mp.exp), False, 0.85),
    ("expm1", moderate(mp.expm1), False, 0.85),
    ("log1p", lambda x: mp.log1p(x) if x > -1 else None, False, 0.6),
    ("log", mp.log, True, 1.0),
    ("sqrt", mp.sqrt, True, 1.0),
]


@pytest.mark.parametrize(("name", "f", "positive", "least"), OPERATIONS, ids=[row[0] for row in OPERATIONS])
def test_an_operation_encloses(name, f, positive, least, rng):
    arguments = [drawn(rng, positive) for _ in range(2 if name in ("add", "mul", "div") else 1)]
    with np.errstate(all="ignore"):
        out, _ = getattr(Wide(), name)(*((x, None) for x, _ in arguments))
    said = 0
    for i, values in enumerate(zip(*(values for _, values in arguments))):
        value = f(*values)
        verdict = None if value is None else holds(out[i], value)
        assert verdict is not False, (name, [x[i] for x, _ in arguments], out[i], mp.nstr(value, 20))
        said += verdict is not None
    assert said >= least * COUNT


def test_what_cancels_is_bounded(rng):
    x, values = drawn(rng, False)
    y = x.copy()
    y["m"], y["r"] = -x["m"], 0
    with np.errstate(all="ignore"):
        out, _ = Wide().add((x, None), (y, None))
    for one, other, value, total in zip(x, y, values, out):
        assert holds(total, value + true(other, 0)), (one, other, total)


def test_what_is_given_back_is_within_its_radius(rng):
    x, values = drawn(rng, False)
    with np.errstate(all="ignore"):
        hi, _, r = Wide().output((x, None))
    for one, value, middle, radius in zip(x, values, hi, r):
        if np.isnan(radius):
            continue
        if np.isinf(middle):
            assert abs(value) > TWO**1024, one
        elif abs(value) > TWO**-1080:  # further down float64 has 0 alone
            assert abs(value - mp.mpf(middle)) <= mp.mpf(radius), one
