"""The catalogue is clean, and the comparison can tell."""

import numpy as np
import pytest

import lossjax
from lossjax.losses import ALL
from lossjax.proof.check import find
from lossjax.proof.compare import compare
from lossjax.proof.condition import Condition
from lossjax.proof.exact import EXACT, KINK, UNDECIDED, Truth
from lossjax.proof.exact import truth as exact
from lossjax.proof.subject import UsageError, derivative, from_loss
from lossjax.proof.ulp import DTYPES, ulp, working_dtype


@pytest.mark.parametrize("name", ["sigmoid_cross_entropy", "squared_error", "hinge"])
def test_a_loss_is_clean(name):
    report = lossjax.check(find(name), points="quick")
    assert report, str(report)
    for row in report.rows:
        assert row.eligible == row.checked + row.undecided + row.skipped


@pytest.mark.slow
@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)
def test_the_catalogue_is_clean(loss):
    report = lossjax.check(loss, dtype=("float32", "float64"), points="quick")
    assert report, str(report)
    for row in report.rows:
        assert row.eligible == row.checked + row.undecided + row.skipped
        assert row.undecided == 0


@pytest.mark.parametrize("name", ["sigmoid_cross_entropy", "softmax_cross_entropy", "huber"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_types_are_clean(name, dtype):
    report = lossjax.check(find(name), dtype=dtype, points="quick")
    assert report, str(report)


def truth(values, status=EXACT, low=None, high=None):
    hi = np.array(values, np.float64)[:, None]
    low, high = hi if low is None else np.full_like(hi, low), hi if high is None else np.full_like(hi, high)
    return Truth(hi, np.zeros_like(hi), low, high, np.full(hi.shape, status, np.uint8))


class Fixed(Condition):
    """The same conditioning everywhere."""

    def __init__(self, value, working):
        self.value, self.working = 2.0**-23 * value, working

    def at_least(self, needed):
        return np.full((1, 1), self.value / 2)

    def __call__(self, rows, entries):
        return np.full(len(rows), self.value)


def judged(got, want, z=1.0, cond=0.0, dtype="float32", bound=4.0):
    d = DTYPES[dtype]
    z = np.array([z], d)
    return compare(np.array([[got]], d), want, z, z, d, bound, Fixed(cond, working_dtype(d)))


# exp(-z) given as 0 in bfloat16, whose roundings of z move it by z / 128 of itself each.
@pytest.mark.parametrize(("z", "lost"), [(5.0, True), (20.0, True), (60.0, True), (80.0, False)])
def test_what_is_audited_may_be_zero_only_where_two_roundings_explain_it(z, lost):
    d, want = DTYPES["bfloat16"], np.exp(-z)
    at, moves = np.array([z], d), Fixed(2.0**23 * 2.0**-7 * z * want, d)
    seen = compare(np.zeros((1, 1), d), truth([want]), at, at, d, 8.0, moves, foreign=True, audited=True)
    assert (seen.lost.item(), seen.failed.item()) == (lost, lost)


@pytest.mark.parametrize("name", ["sigmoid_cross_entropy", "softmax_squared_error", "crammer_singer"])
def test_the_conditioning_is_what_finite_differences_say_and_never_below_its_lower_bound(name):
    loss = find(name)
    gradient = derivative(from_loss(loss).truth(DTYPES["float64"]), "grad", loss.event_ndim, False)
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20, 3) if loss.event_ndim else 20)
    t = np.eye(3)[rng.integers(3, size=20)] if loss.event_ndim else rng.uniform(size=20)
    want = exact(gradient, z, t, dtype=DTYPES["float64"]).hi.reshape(20, -1)
    condition = Condition(gradient, (z, t), want, z.shape[1:], None, z.dtype)
    rows, entries = (i.ravel() for i in np.indices(want.shape))
    found = condition(rows, entries).reshape(want.shape)

    step, differences = 1e-6, np.zeros(want.shape)
    for k in range(want.shape[1]):
        e = step * np.eye(want.shape[1])[k].reshape(z.shape[1:])
        up, down = (exact(gradient, z + d, t, dtype=DTYPES["float64"]).hi.reshape(20, -1) for d in (e, -e))
        differences += np.abs(z.reshape(20, -1)[:, k : k + 1] * (up - down) / (2 * step))
    np.testing.assert_allclose(found / np.finfo(np.float64).eps, differences, rtol=2e-2, atol=1e-6)
    low = condition.at_least(lambda bounds: np.ones(20, bool))
    assert np.all(low <= found * 1.02)
    assert np.sum(low) >= 0.5 * np.sum(found)
    at_once = Condition(gradient, (z, t), want, z.shape[1:], None, z.dtype)
    at_once.at_least(lambda bounds: np.ones(20, bool))
    assert at_once.asked.mean() > 0.9  # what was asked coordinate by coordinate is known, and is the same
    np.testing.assert_allclose(at_once(rows, entries).reshape(want.shape), found, rtol=2e-2, atol=1e-20)


def test_ulp_is_the_spacing_of_the_dtype():
    for name in ("float32", "float64"):
        d = DTYPES[name]
        x = np.array([1.0, 1.5, 3.0, 1e-30, 1e30, float(np.finfo(d).tiny)], d)
        assert np.array_equal(ulp(x, d), np.spacing(x).astype(np.float64))


def test_the_standard_is_the_error_over_ulp_plus_conditioning():
    eps = 2.0**-23
    assert judged(1 + 4 * eps, truth([1.0])).max_excess == 4
    assert not judged(1 + 4 * eps, truth([1.0])).failed.any()
    assert judged(1 + 5 * eps, truth([1.0])).failed.any()
    assert judged(1 + 5 * eps, truth([1.0]), cond=4.0).max_excess == 1


def test_where_truth_is_zero_only_zero_will_do():
    assert not judged(0.0, truth([0.0])).failed.any()
    assert judged(2e-38, truth([0.0])).failed.any()


def test_false_zeros_and_wrong_nonfinite_are_counted_apart():
    assert judged(0.0, truth([1e-30])).lost.all()
    assert judged(0.0, truth([1e-39])).subnormal.all()
    tiny = float(np.finfo(np.float32).tiny)
    assert judged(0.0, truth([1.01 * tiny])).lost.all()
    assert judged(0.0, truth([1.01 * tiny]), cond=1e6 * tiny).lost.all()
    assert not judged(0.0, truth([1e-39])).failed.any()
    assert judged(np.nan, truth([1.0])).wrong_nonfinite.all()
    assert judged(np.inf, truth([1.0])).wrong_nonfinite.all()
    assert not judged(np.inf, truth([np.inf])).failed.any()
    assert judged(1.0, truth([np.inf])).wrong_nonfinite.all()
    assert not judged(np.inf, truth([1e39])).failed.any()


def test_inside_the_hull_of_a_kink_anything_goes_and_outside_nothing():
    kink = truth([0.0], KINK, -1.0, 0.0)
    assert not judged(-0.5, kink).failed.any()
    assert judged(-1.5, kink).failed.any()


def test_undecided_is_never_clean_and_never_failed():
    c = judged(5.0, truth([1.0], UNDECIDED))
    assert c.undecided.all()
    assert not c.failed.any()


def test_half_precision_is_held_to_half_an_ulp_of_half():
    assert not judged(1.0, truth([1 + 2.0**-9]), dtype="bfloat16").failed.any()
    assert judged(1.0, truth([1 + 2.0**-7]), dtype="bfloat16").failed.any()


def test_nothing_to_check_is_a_mistake_and_not_clean():
    with pytest.raises(UsageError, match="no loss was given"):
        lossjax.check([])
