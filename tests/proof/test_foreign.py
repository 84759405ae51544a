"""Verdicts on other people's losses, found from the sweep alone; the expectations are published defects and non-defects."""

import jax
import jax.numpy as jnp
import optax.losses as optax
import pytest
from optax import ctc_loss as optax_ctc

import lossjax
from lossjax.proof.subject import UsageError


def softplus_based(z, t):
    return jax.nn.softplus(z) - z * t


def softplus_of_margin(z, t):
    return jax.nn.softplus(-t * z)


def textbook(z, t):
    return -t * jnp.log(jax.nn.sigmoid(z)) - (1 - t) * jnp.log(1 - jax.nn.sigmoid(z))


def relu_form(z, t):
    return jax.nn.relu(z) - z * t + jnp.log(1 + jnp.exp(-jnp.abs(z)))


def squared_sigmoid(z, t):
    return (jax.nn.sigmoid(z) - t) ** 2


def shifted_hinge(z, t):
    return jnp.maximum(0, 1 - t * z)


@jax.custom_jvp
def doubled_rule(z, t):
    return (z - t) ** 2


@doubled_rule.defjvp
def _(primals, tangents):
    z, t = primals
    return doubled_rule(z, t), 4 * (z - t) * tangents[0]


# (function, options, quantities convicted, quantities acquitted)
VERDICTS = [
    (optax.sigmoid_binary_cross_entropy, {}, {"value", "hess"}, {"grad"}),  # value: NaN at an infinite logit
    pytest.param(optax.softmax_cross_entropy, {}, {"value", "grad"}, set(), marks=pytest.mark.slow),
    (optax.hinge_loss, {"targets": "margin"}, set(), {"value", "grad", "hess"}),
    (optax.perceptron_loss, {"targets": "margin"}, set(), {"value", "grad", "hess"}),
    (optax.squared_error, {}, set(), {"value", "grad", "hess"}),
    (optax.huber_loss, {}, {"grad"}, {"value"}),
    (optax.log_cosh, {}, {"value", "grad"}, set()),
    (optax.multiclass_hinge_loss, {}, {"value", "grad"}, set()),
    # softplus(z) - z cancels where the class is right; softplus(-z) does not.
    (softplus_based, {"targets": "binary"}, {"value", "grad", "hess"}, set()),
    (softplus_of_margin, {"targets": "margin"}, {"hess"}, {"value", "grad"}),
    (textbook, {"targets": "binary"}, {"value", "grad", "hess"}, set()),
    (relu_form, {"targets": "binary"}, {"grad"}, set()),
    (squared_sigmoid, {"targets": "binary"}, {"value", "grad"}, set()),
    (shifted_hinge, {"targets": "margin"}, set(), {"value", "grad", "hess"}),
    (doubled_rule, {}, {"grad", "hess"}, {"value"}),
]


@pytest.mark.parametrize(("f", "options", "convicted", "acquitted"), VERDICTS, ids=lambda x: getattr(x, "__name__", ""))
def test_verdict(f, options, convicted, acquitted):
    name = f"{f.__module__.split('._')[0]}:{f.__name__}"
    report = lossjax.check(f, name=name, points="quick", **options)
    found = {r.quantity for r in report.findings()}
    assert convicted <= found, str(report)
    assert not acquitted & found, str(report)


def test_a_wrong_rule_is_named():
    report = lossjax.check(doubled_rule, points="quick", quantity="grad")
    assert [r.code for r in report.findings()] == ["LJ012"]
    assert "2" in report.findings()[0].cause


def test_a_slip_between_da_and_dz_is_named():
    """The demonstration that uses dC/da = 1 / (1 - a) as dC/dz of the cross-entropy with target 0."""
    report = lossjax.check(
        lambda z, t: jax.nn.softplus(z) - z * t,
        name="published:demonstration",
        grad=lambda z, t: (jax.nn.sigmoid(z) - t) / (jax.nn.sigmoid(z) * jax.nn.sigmoid(-z)),
        targets="binary",
        quantity="grad",
        points="quick",
    )
    derived = next(r for r in report.rows if r.witness == "derived")
    assert derived.code == "LJ003"
    assert "missing" in derived.cause or "extra" in derived.cause


def test_like_takes_the_catalogue_formula_as_the_truth():
    def half(z, t):
        return (0.5 * (z - t)) * (z - t)  # 0.5 * (z - t) ** 2 would overflow early

    report = lossjax.check(half, like="squared_error", points="quick")
    assert {r.code for r in report.findings() if r.witness == "own"} == {"LJ001"}
    assert lossjax.check(half, like="half_squared_error", points="quick", quantity="value")


def test_batch_level_losses():
    def info_nce(z, t):
        return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(z, axis=-1), axis=-1))

    report = lossjax.check(info_nce, event_ndim=2, points="quick", quantity="value")
    assert report.rows[0].checked > 0
    told = " ".join(str(report).split())
    assert (
        "Targets: one_hot for the first row of batches of 4 rows and 4 classes, each further row the next class" in told
    )
    with pytest.raises(UsageError, match="one class each, never targets 'simplex'"):
        lossjax.check(info_nce, event_ndim=2, targets="simplex", points="quick")


def contrasted(z, t):
    """InfoNCE of both sides of a matrix of similarities, the right pairs on its diagonal."""
    right = jnp.diag(z)
    return jnp.mean(jax.nn.logsumexp(z, axis=0) + jax.nn.logsumexp(z, axis=1) - 2 * right)


def masked_after_the_log(z, t):
    keep = jnp.array([True, True, False, True])
    p = jnp.exp(z) / jnp.sum(jnp.exp(z), axis=1, keepdims=True)
    return jnp.sum(jnp.where(keep, -jnp.log(jnp.sum(t * p, axis=1)), 0.0)) / 3


def connected(z, t):
    labels, nothing = jnp.array([[1, 2]]), jnp.zeros((1, 2))
    return optax_ctc(z[None], jnp.zeros((1, 4)), labels, nothing)[0]


@pytest.mark.parametrize(
    ("f", "codes"),
    [
        pytest.param(contrasted, set(), id="contrasted", marks=pytest.mark.slow),
        pytest.param(masked_after_the_log, {"LJ008"}, id="masked_after_the_log"),
        pytest.param(connected, {"LJ008"}, id="connected", marks=pytest.mark.slow),
    ],
)
def test_losses_of_a_whole_batch(f, codes):
    report = lossjax.check(f, event_ndim=2, points="quick", quantity="value")
    assert {r.code for r in report.findings()} == codes, str(report)
    assert report.rows[0].checked > 50
    assert report.rows[0].undecided == 0


def test_the_report_is_usable():
    report = lossjax.check(textbook, targets="binary", points="quick", quantity="grad")
    assert not report
    assert "LJ00" in str(report)
    with pytest.raises(AssertionError):
        report.raise_if_failed()
    assert len(report.to_frame()) == len(report.rows)


def test_the_value_of_optax_binary_cross_entropy_fails_at_infinity_only():
    report = lossjax.check(optax.sigmoid_binary_cross_entropy, points="quick", quantity="value")
    (row,) = report.findings()
    assert row.code == "LJ008"
    assert row.failures == row.wrong_nonfinite


def test_a_sum_over_outputs_is_a_reference_like_any_other():
    def half(z, t):
        return 0.5 * jnp.sum(jnp.maximum(z, 0) - z * t + jnp.log1p(jnp.exp(-jnp.abs(z))))

    like = "sum_over_outputs[sigmoid_cross_entropy]"
    found = lossjax.check(half, like=like, points="quick", quantity="value")
    assert {r.code for r in found.findings()} == {"LJ001"}
    assert {r.targets for r in found.rows} == {"unit^K"}
