"""What correct code was once convicted of, and what was once given the wrong name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lossjax
from lossjax.proof import causes
from lossjax.proof.primal import NoTruth
from lossjax.proof.relation import Relation
from lossjax.proof.subject import UsageError


def found(f, of, **options):
    """The finding about jax's derivative, or the value, of f."""
    report = lossjax.check(f, points="quick", **options)
    (row,) = [r for r in report.findings() if r.quantity == of]
    return row


def root_beside_a_where(z, t):
    return jnp.where(z > 0, jnp.sqrt(z), 0.0) + 0 * t


def test_a_nan_where_the_truth_is_a_kink_is_a_leak_and_no_kink():
    row = found(root_beside_a_where, "grad", quantity=("value", "grad"))
    assert row.code == "LJ008"
    assert row.cause.startswith("a NaN leaks")


def test_a_wrong_side_at_a_kink_is_one_still():
    def hinge(z, t):
        return jnp.maximum(0, 1 - t * z)

    row = found(
        hinge, "grad", grad=lambda z, t: jnp.where(t * z == 1, 3.0, jnp.where(t * z < 1, -t, 0.0)), quantity="grad"
    )
    assert row.code == "LJ009"


def sine_over(z, t):
    return jnp.sin(z) / z - t


def test_zero_over_zero_is_named_for_what_it_is():
    assert found(sine_over, "value", quantity="value").cause.startswith("0 / 0 at z = 0")


def test_a_leak_needs_a_finite_value():
    """The derivative of a quotient that is 0 / 0 there has nothing to leak from."""
    report = lossjax.check(sine_over, points="quick", quantity=("value", "grad"))
    assert not [r for r in report.findings() if "leaks" in r.cause]


def test_an_overflow_further_out_is_not_put_down_to_infinities():
    row = found(lambda z, t: jnp.log(1 + jnp.exp(z)) - t * z, "value", quantity="value")
    assert row.cause.startswith("an intermediate overflows")


def half_square(z, t):
    return 0.5 * (z - t) ** 2


def begins(row):
    return row.since["NaN or inf"]["size"]


def test_an_overflow_of_the_value_is_none_of_its_gradient():
    """The square overflows at 1.8e19, twice the difference at 1.7e38, where half of it is a number."""
    report = lossjax.check(half_square, points="quick", quantity=("value", "grad"))
    assert {r.quantity: begins(r) > 1e37 for r in report.findings()} == {"value": False, "grad": True}


def naive(z, t):
    p = jax.nn.sigmoid(z)
    return -t * jnp.log(p) - (1 - t) * jnp.log(1 - p)


def test_an_overflow_of_the_value_hides_no_gradient_that_is_none():
    assert found(naive, "grad").code == "LJ008"


@jax.custom_vjp
def square_of_16_bits(z, t):
    return (z - t) ** 2


def _wild(kept, cotangent):
    r = kept[0] - kept[1]
    return cotangent * jnp.where(jnp.isinf(r * r), jnp.inf, 2 * r), -2 * cotangent * r


square_of_16_bits.defvjp(lambda z, t: (square_of_16_bits(z, t), (z, t)), _wild)


def test_a_rule_is_judged_where_the_value_rightly_overflows():
    row = found(square_of_16_bits, "grad", targets="real", dtype="float16", quantity=("value", "grad"))
    assert row.code == "LJ008"


def double_where(z, t):
    return jnp.where(z > 0, jnp.sqrt(jnp.where(z > 0, z, 1.0)), 0.0) + 0 * t


def test_a_number_between_a_limit_and_infinity_is_an_answer():
    """Beside z = 0 the limits of the gradient are 0 and inf."""
    assert lossjax.check(double_where, points="quick", quantity=("value", "grad"))


def test_a_rounding_of_each_step_in_a_half_type_is_its_own():
    report = lossjax.check(lambda z, t: (z - t) ** 2, points="quick", targets="real", dtype="bfloat16")
    assert report, str(report)


def test_what_infinities_alone_do_names_no_finding_beside_false_zeros():
    """At z = inf this is NaN; from |z| = 15 on, one side is 0."""
    row = found(lambda z, t: jnp.logaddexp(0.0, z) - t * z, "value", quantity="value")
    assert row.code == "LJ006"


def test_a_gradient_that_is_checked_alone_is_judged_everywhere():
    row = found(lambda z, t: jnp.log(1 + jnp.exp(z)), "grad", quantity="grad")
    assert row.code == "LJ008"


def test_a_gradient_written_by_hand_is_judged_where_the_value_overflows():
    def slope(z, t):
        return jnp.exp(z) / (1 + jnp.exp(z))

    report = lossjax.check(lambda z, t: jnp.log(1 + jnp.exp(z)), grad=slope, quantity=("value", "grad"), points="quick")
    (row,) = [r for r in report.findings() if r.quantity == "grad" and r.witness == "derived"]
    assert row.code == "LJ008"
    assert "leaks" not in row.cause  # there is no chain rule for it to leak through


def quartered(z, t):
    """The square is normal where its quarter is subnormal, and so is flushed."""
    return 4 * (0.25 * (z - t) ** 2)


def uneven(z, t):
    return 3 * (0.25 * (z - t)) * (z - t)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("f", [quartered, uneven])
def test_what_is_flushed_convicts_nobody(f, dtype):
    report = lossjax.check(f, points="quick", targets="real", dtype=dtype)
    # That a factor overflows before its product does is another finding.
    assert all(r.code == "LJ008" and begins(r) > 1e37 and not r.lost for r in report.findings()), str(report)


def test_what_is_lost_before_it_could_be_flushed_convicts():
    """1e-19 is an ordinary number, of which only the square is not."""
    row = found(lambda z, t: jnp.sqrt((z - t) ** 2), "value", quantity="value", targets="real")
    assert row.lost


def test_another_loss_is_not_named_where_the_wanted_one_is_as_close():
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=(400, 1)), np.zeros((400, 1))
    want, got = z.copy(), z.copy()  # the gradient of huber(delta=10) and of half the squared error, here alike
    got[:3] *= 2
    everywhere, wrong = np.ones(z.shape, bool), got != want
    of = lambda got, want: Relation(got, want, z, t, everywhere, ~everywhere, wrong, 0, "grad")  # noqa: E731
    assert causes.another_loss(of(got, want)) is None
    told = causes.another_loss(of(got, 2 * want))
    assert told
    assert "half_squared_error" in told[1]


def contrasted(z, t):
    return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(z, axis=-1), axis=-1))


@pytest.mark.parametrize("like", ["softmax_cross_entropy", "squared_error"])
def test_a_loss_of_a_batch_is_not_held_to_one_of_an_example(like):
    with pytest.raises(UsageError, match=r"a loss of a whole batch, .* one of a single example"):
        lossjax.check(contrasted, event_ndim=2, like=like, points="quick")
    with pytest.raises(UsageError, match="a whole batch"):
        lossjax.compare(contrasted, contrasted, event_ndim=2, like=like, points="quick")


KEY = jax.random.key(0)


def dropped(z, t):
    return (z - t) ** 2 * jax.random.bernoulli(KEY, 0.5)


def dropped_out(z, t, *, key):
    return (z - t) ** 2 * jax.random.bernoulli(key, 0.5)


@pytest.mark.parametrize(
    ("f", "options"),
    [
        (dropped, {}),
        (dropped_out, {"params": {"key": KEY}}),
        (dropped_out, {"params": {"key": jax.random.PRNGKey(0)}}),
        (lambda z, t: (z - t) ** 2 * jax.random.uniform(jax.random.key(1)), {}),
    ],
    ids=["typed, closed over", "typed, given", "raw, given", "made within"],
)
def test_of_random_numbers_there_is_no_truth(f, options):
    with pytest.raises(NoTruth, match=r"hides a random number.* --like"):
        lossjax.check(f, points="quick", **options)


def test_with_a_reference_there_is_one_for_a_random_and_for_an_implicit_function():
    def kept(z, t):
        return (z - t) ** 2 * jnp.where(jax.random.uniform(KEY) < 2, 1, 0)

    def solved(z, t):
        y = jax.lax.custom_root(lambda y: y - (z - t), jnp.zeros_like(z), lambda f, x: z - t, lambda g, y: y / g(1.0))
        return y**2

    for f in (kept, solved):
        report = lossjax.check(f, like="squared_error", points="quick", targets="real")
        assert report, str(report)
        assert {r.witness for r in report.rows} == {"derived", "autodiff"}


def test_a_number_between_no_limits_is_wrong_where_one_of_them_is_infinite():
    @jax.custom_jvp
    def root(z, t):
        return jnp.sqrt(jnp.maximum(z, 0)) + 0 * t

    @root.defjvp
    def _(at, by):
        z = at[0]
        slope = jnp.where(z > 0, 0.5 / jnp.sqrt(jnp.where(z > 0, z, 1.0)), jnp.where(z == 0, -3.0, 0.0))
        return root(*at), slope * by[0]

    (row,) = lossjax.check(root, points="quick", quantity="grad").findings()
    assert row.code == "LJ009"
