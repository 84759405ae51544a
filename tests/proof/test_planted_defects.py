"""The audit finds mistakes that it was not tuned to, and stays silent about what is right and merely unusual."""

import dataclasses
import functools
import warnings
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from planted_defects import cross_entropy, log_normaliser, odds, softplus
from planted_later import DEFECTS, LIBRARY, RIGHT

from lossjax.losses.loss import Loss
from lossjax.proof.audit import run

# What the sweep misses or misnames, and why.
MISSED = {
    "clipped_target": "targets of a regression are not swept beyond 100",
}
# What was written as right and is not.
GUILTY = {
    "odds": "its softmax is taken from the rounded logarithm of the normaliser",
    "by_switch": "the second derivative of jax.nn.softplus loses its tail",
}
# Bases that err on their own: the same without the mistake. A class that both have, as often, does not name the mistake.
WITHOUT = {
    "wrong_sign": lambda z, t: softplus(z) - z * t,
    "third_class_dearer": cross_entropy,
    "third_class_dearer_alone": odds,
    "padded_logarithm": lambda z, t: -jnp.log(jnp.sum(t * jax.nn.softmax(z))),
    "whole_chunks_only": lambda z, t: log_normaliser(z),
    "label_of_a_byte": odds,
}
# Meanings that take seconds.
QUICK = {"softplus", "squared_hinge", "sigmoid"}


def without(case):
    """The case without its mistake."""
    return dataclasses.replace(case, name=f"{case.name}, mended", call=WITHOUT[case.name])


@functools.cache
def audited(meant, targets, dtype, points):
    """What the audit says about the planted losses of one meaning, in one dtype: {(loss, quantity): counts by class}."""
    planted = [d.case for d in DEFECTS if d.points == points]
    mended = [without(c) for c in planted if c.name in WITHOUT]
    library = dataclasses.replace(LIBRARY, cases=(*planted, *mended, *(RIGHT if points == "quick" else ())))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setattr(run, "load", lambda name: library)
        warnings.simplefilter("ignore")  # of overflows on the way, as for any library that is audited
        found, troubles = run.job((library.name,), (meant, targets), dtype, points)
    assert not troubles, troubles
    return found


def counts(case, quantity, dtype, points):
    """How often each class is reported of a quantity, in all modes."""
    total = Counter()
    for f in audited(case.meant, case.targets, dtype, points):
        if (f.loss, f.quantity) == (case.name, quantity):
            total[f.klass] += f.count
    return total


def verdict(d):
    """Is it found, and under which classes?"""
    got = counts(d.case, d.quantity, d.dtype, d.points)
    if d.case.name in WITHOUT:
        mended = counts(without(d.case), d.quantity, d.dtype, d.points)
        got = {k for k, n in got.items() if n > mended[k]}
    got = set(got)
    return ("found" if got & d.classes else "found, other class" if got else "missed"), got


def convictions(case):
    """What the audit holds against a loss, conventions and infinities aside."""
    found = audited(case.meant, case.targets, "float32", "quick")
    return [f for f in found if f.loss == case.name and f.severity != "S"]


def marked(name, case, why):
    """A parameter of a test: slow unless its meaning is quick, and expected to fail for the reason given."""
    marks = [] if case.meant in QUICK else [pytest.mark.slow]
    return [*marks, pytest.mark.xfail(strict=True, reason=why[name])] if name in why else marks


@pytest.mark.parametrize(
    "defect", [pytest.param(d, id=d.case.name, marks=marked(d.case.name, d.case, MISSED)) for d in DEFECTS]
)
def test_a_planted_defect_is_found(defect):
    assert verdict(defect)[0] == "found"


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name, marks=marked(c.name, c, GUILTY)) for c in RIGHT])
def test_what_is_right_stays_silent(case):
    assert not convictions(case)


@pytest.mark.slow
def test_the_table(capsys):
    """Every planted loss, what was expected and what was said."""
    rows = []
    for d in DEFECTS:
        said, got = verdict(d)
        rows.append((d.case.name, d.quantity, d.dtype, d.points, said, ", ".join(sorted(got))))
    for case in RIGHT:
        held = {f"{f.quantity}: {f.klass} ({f.severity})" for f in convictions(case)}
        rows.append(
            (case.name, "right", "float32", "quick", "convicted" if held else "silent", ", ".join(sorted(held)))
        )
    with capsys.disabled():
        print("", *(" | ".join(row) for row in rows), sep="\n")
        print(*(f"{n} {said}" for said, n in Counter(r[4] for r in rows).items()), sep=", ")
    assert {r[0] for r in rows if r[4] in ("missed", "found, other class")} == set(MISSED)
    assert {r[0] for r in rows if r[4] == "convicted"} == set(GUILTY)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: d.case.name)
def test_the_defect_is_there(defect):
    """At its input, the quantity is off by more than rounding."""
    d = defect
    with jax.enable_x64(True):
        want = _exact(d.case.formula, d.quantity)(*(jnp.asarray(a, "float64") for a in d.at))
    with jax.enable_x64(d.dtype == "float64"):
        f = _derivative(d.case.call, d.quantity)
        got = (f if d.points == "standard" else jax.jit(f))(*(jnp.asarray(a, d.dtype) for a in d.at))
    want, got = np.asarray(want, float), np.asarray(got, float)
    assert not (np.abs(got - want) <= 8 * np.finfo(d.dtype).eps * np.abs(want)).all()


def _exact(formula, quantity):
    if not isinstance(formula, Loss):
        return _derivative(formula, quantity)
    return {"value": formula, "grad": formula.gradient, "hess": formula.hessian}[quantity]


def _derivative(f, quantity):
    return {"value": f, "grad": jax.grad(f), "hess": jax.jacfwd(jax.grad(f))}[quantity]
