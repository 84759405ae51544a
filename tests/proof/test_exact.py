"""Exact arithmetic: the tiers agree with each other and with mpmath, and every semantic rule of the truth holds."""

import functools

import jax
import jax.numpy as jnp
import ml_dtypes
import mpmath
import numpy as np
import pytest
from naive import at, cross_entropy, derivative, sigmoid, softmax_loss

from lossjax.proof.exact import EXACT, NAN, NoTruth, UnknownPrimitive, arrays, truth
from lossjax.proof.exact import ladder as exact
from lossjax.proof.exact.arb import balls
from lossjax.proof.exact.wide import Wide
from lossjax.proof.primal import primal

TIGHT = {np.float32: 2.0**-32, np.float64: 2.0**-61}


def number(hi, lo):
    return mpmath.mpf(float(hi)) + mpmath.mpf(float(lo))


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workprec(4000):
        yield


SCALAR = {
    0: lambda z, t: t * mpmath.log1p(mpmath.exp(-z)) + (1 - t) * mpmath.log1p(mpmath.exp(z)),
    1: lambda z, t: 1 / (1 + mpmath.exp(-z)) - t,
    2: lambda z, t: 1 / (2 + mpmath.exp(z) + mpmath.exp(-z)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_naive_cross_entropy_is_exact_in_both_tails(order, dtype, rng):
    z = (rng.normal(size=150) * np.exp(rng.uniform(-30, 7, 150))).astype(dtype)
    t = rng.choice([0, 1, 0.3, 0.25], 150).astype(dtype)
    got = truth(derivative(cross_entropy, order), z, t, dtype=dtype)
    assert (got.status == EXACT).all()
    for i in range(len(z)):
        want = SCALAR[order](mpmath.mpf(float(z[i])), mpmath.mpf(float(t[i])))
        assert abs(number(got.hi[i], got.lo[i]) - want) <= TIGHT[dtype] * abs(want) + mpmath.mpf(2) ** -159


def softmax_by_mpmath(order, z, t):
    e = [mpmath.exp(mpmath.mpf(float(v)) - max(float(w) for w in z)) for v in z]
    p = [v / mpmath.fsum(e) for v in e]
    if order == 0:
        return np.array(-mpmath.log(p[t]), object)
    if order == 1:
        return np.array([q - (k == t) for k, q in enumerate(p)], object)
    return np.array([[p[i] * ((i == j) - p[j]) for j in range(len(p))] for i in range(len(p))], object)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("scale", [1.0, 30.0, 400.0])
def test_naive_softmax_is_exact(order, scale, dtype, rng):
    z = (scale * rng.normal(size=(6, 3))).astype(dtype)
    t = rng.integers(0, 3, 6)
    got = truth(derivative(softmax_loss, order), z, t, dtype=dtype)
    assert (got.status == EXACT).all()
    for i in range(len(z)):
        want = softmax_by_mpmath(order, z[i], t[i])
        for a, b, w in zip(got.hi[i].ravel(), got.lo[i].ravel(), want.ravel(), strict=True):
            assert abs(number(a, b) - w) <= TIGHT[dtype] * abs(w) + mpmath.mpf(2) ** -159


def test_naive_softmax_at_a_gap_of_a_thousand():
    got = at(jax.grad(softmax_loss), [[1000.0, 0.0, 3.0], [80.0, 0.0, 0.0]], np.array([0, 0]), dtype=np.float64)
    assert (got.status == EXACT).all()
    assert got.hi[1, 0] == pytest.approx(-2 * np.exp(-80.0), rel=1e-15)
    assert got.hi[0, 0] == 0  # -exp(-997) is far below the least float64, and known to be


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, np.float32])
def test_huge_logits_end_quickly(dtype):
    z = np.array([[3e38, -3e38, 0], [1e30, 0, 0], [-2e38, 3e38, 1]]).astype(dtype)
    got = truth(jax.grad(softmax_loss), z, np.zeros(3, int), dtype=dtype)
    assert (got.status == EXACT).all()
    assert got.hi.tolist() == [[0, 0, 0], [0, 0, 0], [-1, 1, 0]]
    one = truth(jax.grad(cross_entropy), z[:, 0], np.full(3, 0.25, dtype), dtype=dtype)
    assert one.hi.tolist() == [0.75, 0.75, -0.25]


def formulas():
    yield "tanh", lambda z: (jnp.exp(z) - jnp.exp(-z)) / (jnp.exp(z) + jnp.exp(-z))
    yield "tanh squared", lambda z: jnp.tanh(z) ** 2 - 0.5 * z
    yield "huber", lambda z: jnp.sqrt(1 + z**2) - 1
    yield "focal", lambda z: -((1 - sigmoid(z)) ** 2.5) * jnp.log(sigmoid(z))
    yield "logistic", lambda z: jax.lax.logistic(z) * jax.lax.logistic(-2 * z)
    yield "gauss", lambda z: jax.lax.erf(z) * jnp.cos(z) + jax.scipy.special.gammaln(2 + z * z)
    yield "expm1", lambda z: jnp.expm1(z) / (3 + jnp.log1p(z * z))
    yield "clip", lambda z: jnp.clip(z, -0.7, 1.1) * z
    yield "power", lambda z: jnp.abs(z) ** 1.3 + (2 + jnp.sin(z)) ** z


@pytest.mark.parametrize(("name", "f"), list(formulas()), ids=[n for n, _ in formulas()])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_tiers_agree(name, f, order, rng, monkeypatch):
    z = (3 * rng.normal(size=40)).astype(np.float32)
    g = [f, jax.grad(f), jax.grad(jax.grad(f))][order]
    everything = truth(g, z, dtype=np.float32)
    monkeypatch.setattr(exact, "_array_kernels", lambda dtype: [])
    balls = truth(g, z, dtype=np.float64)
    assert (everything.status == EXACT).all()
    assert (balls.status == EXACT).all()
    np.testing.assert_allclose(everything.hi, balls.hi, rtol=2.0**-33, atol=2.0**-150)
    if (wide := arrays.quad()) is not None:
        monkeypatch.setattr(exact, "_array_kernels", lambda dtype: [wide])
        quad = truth(g, z, dtype=np.float64)
        gap = np.abs((quad.hi - balls.hi) + (quad.lo - balls.lo))
        assert (gap <= 2.0**-60 * np.abs(balls.hi)).all()
    with jax.enable_x64(True):
        np.testing.assert_allclose(balls.hi, jax.vmap(g)(jnp.asarray(z, jnp.float64)), rtol=1e-6, atol=1e-9)


def test_enclosures_hold(rng):
    """The radius of the array tiers is honest: Arb's value lies inside."""
    z = (rng.normal(size=300) * np.exp(rng.uniform(-8, 4, 300))).astype(np.float32)
    for _, f in formulas():
        best = truth(f, z, dtype=np.float64)
        prepared = exact.plan(exact.trace(f, [z]))
        for kernel in filter(None, (arrays.float64(), Wide(), arrays.quad())):
            job = exact.Job(prepared, [z.astype(float)], exact.Tolerance.of(np.float32), 256)
            with np.errstate(all="ignore"):
                (hi, lo, r), _ = job.evaluate(kernel, np.arange(300))
            ok = np.isfinite(r)
            assert (np.abs((hi - best.hi) + (lo - best.lo)) <= r * 1.01 + 1e-31 * np.abs(hi))[ok].all()


# And the part of the points that needs no ball: beyond 2^52 digits cancel only between exponents known exactly.
WIDE = {
    "softplus": (lambda z: jnp.log(1 + jnp.exp(z)), 0.99),
    "cross-entropy": (lambda z: cross_entropy(z, 0.3), 0.99),
    "its gradient": (jax.grad(lambda z: cross_entropy(z, 0.3)), 0.5),
    "a power": (lambda z: (1 - sigmoid(z)) ** 2.5 * jnp.log(sigmoid(z)), 0.9),
    "a root": (lambda z: jnp.sqrt(1 + jnp.exp(z) + jnp.exp(-z)) * jnp.exp(-jnp.abs(z)), 0.5),
    "a double exponential": (lambda z: jnp.exp(-jnp.exp(z)), 0.9),
}


@pytest.mark.parametrize(("f", "settled"), WIDE.values(), ids=WIDE)
def test_numbers_beyond_floats_are_enclosed(f, settled, rng):
    """Where exp overflows: Arb's value lies within the radius, and enough is known."""
    z = np.r_[rng.choice([-1, 1], 300) * 10.0 ** rng.uniform(1, 38, 300), rng.normal(size=100)].astype(np.float32)
    job = exact.Job(exact.plan(exact.trace(f, [z])), [z.astype(float)], exact.Tolerance.of(np.float32), 2**16)
    with np.errstate(all="ignore"):
        (hi, _, r), _ = job.evaluate(Wide(), np.arange(len(z)))
        with exact._precision(2048):
            (want, rest, radius), _ = job.evaluate(balls(), np.arange(len(z)))
    known = np.isfinite(r) & np.isfinite(want) & np.isfinite(radius)
    assert (np.abs((hi - want) - rest)[known] <= (r + radius + 1e-300)[known]).all()
    assert job.tight(np.arange(len(z)), hi, 0 * hi, r).mean() >= settled


# Constants, casts, integers


def test_constants_as_printed_or_as_traced():
    third = np.float32(1) / 3
    assert at(lambda z: z * 0.1, [1.0]).hi[0] == 0.1
    assert at(lambda z: z * 0.1, [1.0], trace_dtype=np.float32).hi[0] == np.float32(0.1)
    assert at(lambda z: z.astype(jnp.bfloat16).astype(jnp.float32), [third], trace_dtype=np.float32).hi[0] == third
    assert at(lambda z: z.astype(jnp.int32) + jnp.floor(z), [2.7, -2.7]).hi.tolist() == [4, -5]
    assert at(jnp.round, [2.4, 3.6, -1.2]).hi.tolist() == [2, 4, -1]


def test_a_label_out_of_range_is_nan():
    f = functools.partial(jnp.take, mode="fill")
    got = at(lambda z, t: f(z, t), [[1.0, 2.0]] * 3, np.array([0, 1, 5]))
    assert got.status.tolist() == [EXACT, EXACT, NAN]


# Custom rules


@jax.custom_jvp
def lying(z):
    return z * z


lying.defjvp(lambda p, t: (lying(*p), 100 * t[0]))


@jax.custom_vjp
def lying_too(z):
    return jnp.sin(z)


lying_too.defvjp(lambda z: (lying_too(z), z), lambda z, g: (-7 * g,))


@pytest.mark.parametrize(("f", "want"), [(lying, 3.0), (lying_too, np.cos(1.5))])
def test_a_custom_rule_does_not_vouch_for_itself(f, want):
    assert at(jax.grad(primal(f)), [1.5]).hi[0] == pytest.approx(want)
    assert at(jax.grad(primal(jax.jit(lambda z: f(z) + 0))), [1.5]).hi[0] == pytest.approx(want)

    def looped(z):
        return jax.lax.scan(lambda c, _: (f(c), c), z, None, length=1)[0]

    def chosen(z):
        return jax.lax.cond(z > 0, jax.checkpoint(f), lambda z: z, z)

    assert at(jax.grad(primal(looped)), [1.5]).hi[0] == pytest.approx(want)
    assert at(jax.grad(primal(chosen)), [1.5]).hi[0] == pytest.approx(want)
    assert at(jax.grad(f), [1.5]).hi[0] != pytest.approx(want)


def test_stop_gradient_is_stripped_unless_kept():
    def f(z):
        return z * jax.lax.stop_gradient(z)

    assert at(jax.grad(primal(f)), [3.0]).hi[0] == 6
    assert at(jax.grad(primal(f, keep_stop_gradient=True)), [3.0]).hi[0] == 3


def test_no_truth_for_implicit_and_iterative_primals():
    def root(z):
        def solve(g, x):
            return jax.lax.while_loop(lambda x: jnp.abs(g(x)) > 1e-6, lambda x: x - g(x) / (2 * x), x)

        return jax.lax.custom_root(lambda x: x * x - z, z, solve, lambda g, y: y / g(1.0))

    def linear(z):
        return jax.lax.custom_linear_solve(lambda x: z * x, z, lambda m, b: b / z, symmetric=True)

    for f in (root, linear):
        with pytest.raises(NoTruth, match="--like"):
            at(primal(f), [2.0])


def test_an_unknown_primitive_is_named():
    with pytest.raises(UnknownPrimitive, match="lu"):
        at(lambda z: jnp.linalg.det(jnp.eye(4) * z), [2.0])
