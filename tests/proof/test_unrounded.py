"""Where code fails, is its formula wrong there, or right and only its floating point? Evaluated without rounding, per witness."""

import jax
import jax.numpy as jnp
import pytest

import lossjax
from lossjax.proof.text import page_of

QUICK = {"points": "quick", "quantity": "grad"}


def margin(z, t):
    return jax.nn.softplus(-t * z)


def far(z, t):
    """The derivative of margin up to |z| = 10."""
    return jnp.where(jnp.abs(z) > 10, 2.0, 1.0) * -t * jax.nn.sigmoid(-t * z)


def near(z, t):
    return jnp.where(jnp.abs(z) < 1e-4, 2.0, 1.0) * -t * jax.nn.sigmoid(-t * z)


def far_and_lost(z, t):
    """Lost from |z| = 17 on, and another formula from 40 on."""
    return -t * (1 - jax.nn.sigmoid(t * z)) * jnp.where(jnp.abs(z) > 40, 2.0, 1.0)


@jax.custom_jvp
def ruled_far(z, t):
    return margin(z, t)


ruled_far.defjvps(lambda dz, value, z, t: far(z, t) * dz, None)


def stopped_far(z, t):
    return jnp.where(jnp.abs(z) > 10, jax.lax.stop_gradient(margin(z, t)), margin(z, t))


def capped(z, t):
    return jnp.minimum(margin(z, t), 10.0)


def one_more(z, t):
    """What is left of exp(-t z) beside 1: in bfloat16 hardly a digit, and yet the right formula."""
    return (1 + jnp.exp(-t * z)) - 1


# f, options, the witness convicted, its formula where it fails, the code, who is wrong, the cause
WHERE_IT_FAILS = [
    (margin, {"grad": far}, "derived", "wrong", "LJ005", "the derivation:", "from |z| = 10.03 on"),
    (margin, {"grad": near}, "derived", "wrong", "LJ005", "the derivation:", "to 9.98e-05"),
    (margin, {"grad": far_and_lost}, "derived", "partly", "LJ005", "the derivation:", "from |z| = 40.51 on: got = 2"),
    (ruled_far, {}, "autodiff", "wrong", "LJ012", "an autodiff rule: without", "from |z| = 10.03 on: got = 2 * want"),
    (stopped_far, {}, "autodiff", "wrong", "LJ012", "an autodiff rule: a stop_gradient", "from |z| = 10.03 on"),
    (capped, {"like": "logistic"}, "autodiff", "wrong", "LJ005", "the formula: this computes", "the min with 10"),
    (
        capped,
        {"like": "logistic", "quantity": "value"},
        "derived",
        "wrong",
        "LJ005",
        "the formula: this computes",
        "the min with 10",
    ),
    (
        margin,
        {"grad": lambda z, t: -t * (1 - jax.nn.sigmoid(t * z))},
        "derived",
        "right",
        "LJ006",
        "the floating point of the gradient written by hand: where it fails its formula is right",
        "a lost tail",
    ),
    (
        one_more,
        {"quantity": "value", "dtype": "bfloat16"},
        "derived",
        "right",
        "LJ006",
        "the code's floating point: where it fails its formula is right",
        "a lost tail",
    ),
]


@pytest.mark.parametrize(
    ("f", "options", "witness", "itself", "code", "wrong", "cause"),
    WHERE_IT_FAILS,
    ids=lambda x: getattr(x, "__name__", None),
)
def test_a_formula_is_called_wrong_or_right_for_what_it_is_where_it_fails(
    f, options, witness, itself, code, wrong, cause
):
    """However far out, or near to zero, that may be."""
    report = lossjax.check(f, **{**QUICK, "targets": "margin", **options})
    (place,) = [i for i, r in enumerate(report.findings()) if r.witness == witness]
    row = report.findings()[place]
    assert (row.itself, row.code) == (itself, code), str(report)
    assert dict(page_of(report).sections[place].items)["wrong"].startswith(wrong)
    assert cause in row.cause
