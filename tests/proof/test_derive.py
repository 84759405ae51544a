"""The derivation: of every loss, from its formula, confirmed against its code; a wrong formula is not confirmed."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from jax.extend import core

from lossjax.losses import ALL, hinge, huber, sigmoid_cross_entropy, sigmoid_squared_error, softmax_cross_entropy
from lossjax.losses.loss import Loss
from lossjax.losses.transforms import scaled
from lossjax.proof.derive.confirm import confirm
from lossjax.proof.derive.derivation import derive
from lossjax.proof.derive.page import page
from lossjax.proof.derive.points import points
from lossjax.proof.primal import primal
from lossjax.proof.subject import UsageError


@functools.cache
def written(loss: Loss, classes=2) -> tuple[str, bool]:
    return page([loss], classes)


def paper(text):
    """The steps without the confirmation."""
    return text[: text.index("Confirmation: ")]


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)
def test_every_derivation_ends_in_a_confirmation(loss):
    text, ok = written(loss)
    assert ok, text
    last = text[text.index("Confirmation: ") :]
    ways = ("symbolically", "in exact arithmetic at")
    for what in ("The value", "The gradient", "The Hessian"):
        (line,) = (x for x in last.split("\n\n") if x.strip().startswith(what))
        assert any(way in " ".join(line.split()) for way in ways)
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.slow
@pytest.mark.parametrize("loss", [x for x in ALL if x.event_ndim == 1], ids=lambda loss: loss.label)
def test_three_classes_are_confirmed_as_well(loss):
    text, ok = page([loss], 3)
    assert ok, text


def sites(loss, classes=2):
    """Where a sign or a constant stands in the formula: (kind, equation, operand)."""
    found = []
    for i, eqn in _numbered(_jaxpr(loss, *_shapes(loss, classes))):
        if i is None:
            continue
        if eqn.primitive.name in ("add", "sub", "neg"):
            found.append(("sign", i, 0))
        if eqn.primitive.name == "integer_pow":
            found.append(("constant", i, 0))
        for k, v in enumerate(eqn.invars):
            if isinstance(v, core.Literal) and np.ndim(v.val) == 0 and np.isfinite(v.val):
                found.append(("constant", i, k))
    return found


def _numbered(closed):
    """The equations by number, casts not counted: how many there are hangs on the dtype."""
    count = 0
    for eqn in closed.jaxpr.eqns:
        cast = eqn.primitive.name == "convert_element_type"
        yield (None if cast else count), eqn
        count += not cast


def _shapes(loss, classes):
    shape = (classes,) if loss.event_ndim else ()
    return (jax.ShapeDtypeStruct(shape, np.float32),) * 2


def _jaxpr(loss, z, t, params=None):
    params = _arrays(dict(loss.params) if params is None else params)
    return jax.make_jaxpr(primal(lambda z, t, p: loss.formula(z, t, **p)))(z, t, params)


def _arrays(params):
    """However they are given, the same equations."""
    return {name: jnp.asarray(x) for name, x in params.items()}


def mutant(loss, kind, place, operand) -> Loss:
    """The loss with this sign turned, or this constant one larger, in its formula alone."""

    def formula(z, t, **params):
        closed = _jaxpr(loss, z, t, params)
        env = dict(zip(closed.jaxpr.constvars, closed.consts))
        env |= dict(zip(closed.jaxpr.invars, [z, t, *jax.tree.leaves(_arrays(params))]))
        value = lambda v: v.val if isinstance(v, core.Literal) else env[v]  # noqa: E731
        for i, eqn in _numbered(closed):
            inputs = [value(v) for v in eqn.invars]
            out = _wrong(eqn, inputs, kind, operand) if i == place else eqn.primitive.bind(*inputs, **eqn.params)
            env |= dict(zip(eqn.outvars, out if eqn.primitive.multiple_results else [out]))
        return value(closed.jaxpr.outvars[0])

    changed = loss.replace(formula=formula, labelled=loss.labelled)
    changed.__dict__["_core"] = loss._core  # the same code: not to be compiled again
    return changed


def _wrong(eqn, inputs, kind, operand):
    name = eqn.primitive.name
    if kind == "sign":
        return inputs[0] if name == "neg" else inputs[0] + inputs[1] * (-1 if name == "add" else 1)
    if name == "integer_pow":
        return inputs[0] ** (eqn.params["y"] + 1)
    inputs[operand] = jnp.asarray(inputs[operand] + 1, eqn.invars[operand].aval.dtype)
    return eqn.primitive.bind(*inputs, **eqn.params)


def changes(loss, other) -> bool:
    """Does the formula have other values anywhere?"""
    found = derive(loss)
    at = points(found.at, [found.value, *found.gradient])
    z, t = (np.stack([np.asarray(getattr(p, name)) for p in at]) for name in "zt")
    one, two = (jax.vmap(lambda z, t, f=f: f(z, t, **loss.params))(z, t) for f in (loss.formula, other.formula))
    return not np.allclose(one, two, rtol=1e-4, atol=1e-5, equal_nan=True)


def convicted(loss, wrong_sites) -> int:
    """How many mutants, all of which must be derived otherwise and not confirmed; those with the same values are none.

    What divides by 0 has no derivation, and the refusal says so.
    """
    found = [wrong for site in wrong_sites if changes(loss, wrong := mutant(loss, *site))]
    for wrong in found:
        try:
            text, ok = page([wrong])
        except UsageError as refused:
            assert "divides by 0" in str(refused)  # noqa: PT017
            continue
        assert not ok, text
        assert "is NOT the code's" in " ".join(text.split())
        assert paper(text) != paper(written(loss)[0])
    return len(found)


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)
def test_a_wrong_formula_is_derived_differently_and_not_confirmed(loss):
    """The last of each kind that makes a difference: the value where a comparison settles all, as at t = 0, makes none."""
    found = sites(loss)[::-1]
    first = [
        next((s for s in found if s[0] == kind and changes(loss, mutant(loss, *s))), None)
        for kind in ("sign", "constant")
    ]
    assert convicted(loss, [s for s in first if s])


@pytest.mark.slow
@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)
def test_every_sign_and_constant_of_a_formula_counts(loss):
    assert convicted(loss, sites(loss))


def test_what_differs_by_less_than_float64_can_tell_is_seen():
    """1 ulp and its conditioning excuse nothing where nothing is rounded."""
    part = 2.0**-49
    off = sigmoid_cross_entropy.replace(grad=lambda z, t: sigmoid_cross_entropy.grad(z, t) * (1 + part))
    (gradient,) = [c for c in confirm(derive(off)) if c.quantity == "grad"]
    assert not gradient.how.startswith("in exact arithmetic")
    (gradient,) = [c for c in confirm(derive(sigmoid_cross_entropy)) if c.quantity == "grad"]
    assert gradient.ok
    assert re.match(r"in exact arithmetic at \d+ rational points to 2\^-6\d of itself .*to 2\^-100 of", gradient.how)


def test_a_wrong_derivative_in_the_code_is_not_confirmed():
    wrong = sigmoid_cross_entropy.replace(grad=lambda z, t: -sigmoid_cross_entropy.grad(z, t))
    text, ok = page([wrong])
    assert not ok
    assert "the derivation gives" in " ".join(text.split())
    assert "The gradient is NOT the code's" in text


KNOWN = [
    (sigmoid_cross_entropy, "y - t", "y*(1 - y)"),
    (sigmoid_squared_error, "2*y*(1 - y)*(y - t)", "2*y*(1 - y)*(y*(1 - y) + (y - t)*(1 - 2*y))"),
    (scaled(sigmoid_cross_entropy, 3.0), "factor*(y - t)", "factor*y*(1 - y)"),
]


@pytest.mark.parametrize(("loss", "gradient", "hessian"), KNOWN, ids=["ce", "se", "scaled"])
def test_textbook_results(loss, gradient, hessian):
    found = derive(loss)
    names = {s.name: s for s in {*found.at.values, found.at.y[()], found.at.t[()]}}
    ((g,),), (((h,),),) = found.gradient, found.hessian
    assert sp.simplify(g.expr - sp.sympify(gradient, locals=names)) == 0
    assert sp.simplify(h.expr - sp.sympify(hessian, locals=names)) == 0


@pytest.mark.parametrize("classes", [2, 3])
def test_softmax_cross_entropy_is_output_less_target(classes):
    found = derive(softmax_cross_entropy, classes)
    assert [g[0].expr for g in found.gradient] == [y - t for y, t in zip(found.at.y, found.at.t)]


def test_pieces_meet_where_they_should():
    (gradient,) = derive(huber(1.0)).gradient
    z, t, d = (sp.Symbol("z", real=True), sp.Symbol("t", real=True), sp.Symbol("delta", positive=True))
    assert [(c.ranges[0].axis, c.ranges[0].low, c.ranges[0].high, c.expr) for c in gradient] == [
        (z - t, -sp.oo, -d, -d),
        (z - t, -d, d, z - t),
        (z - t, d, sp.oo, d),
    ]
    assert len(derive(hinge).gradient[0]) == 2


def test_two_losses_side_by_side(lossjax):
    code, out, _ = lossjax("derive", "sigmoid_squared_error", "--against", "sigmoid_cross_entropy")
    assert code == 0
    assert re.search(r"dL/dz = 2⋅y⋅\(1 - y\)⋅\(y - t\) +│  dL/dz = y - t", out)
    assert "sigmoid_cross_entropy: the denominator of dL/dy holds dy/dz. It cancels." in out
    assert "sigmoid_squared_error: nothing in dL/dy cancels dy/dz. It stays" in out
    assert "ratio = 2⋅y⋅(1 - y)" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("form", ["text", "latex", "markdown"])
def test_formats_and_file(lossjax, tmp_path, form):
    path = tmp_path / "derivation"
    code, out, _ = lossjax("derive", "sigmoid_cross_entropy", "--format", form, "--output", str(path))
    assert code == 0
    assert path.read_text() == out
    assert {"text": "d²L/dz²", "latex": r"\frac{d^2 L}{d z^2}", "markdown": "$$\n"}[form] in out


MISTAKES = [
    (["sigmoid_crossentropy"], "did you mean sigmoid_cross_entropy"),
    (["squared_error", "--classes", "3"], "--classes is for vectors"),
    (["softmax_cross_entropy", "--classes", "40"], "from 2 to 4"),
    (["softmax_cross_entropy", "--against", "squared_error"], "is a vector, of squared_error a number"),
    (["squared_error", "--against", "nothing_like_it_at_all"], "lossjax list"),
    (["squared_error", "--output", "no/such/folder/x"], "no/such/folder"),
]


@pytest.mark.parametrize(("argv", "words"), MISTAKES, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_a_mistake_gets_one_clear_sentence(lossjax, argv, words):
    code, out, err = lossjax("derive", *argv)
    assert code == 2
    assert words in " ".join((out + err).split())
    assert "Traceback" not in err


def test_a_formula_that_is_no_expression_is_one_clear_sentence(lossjax, monkeypatch):
    strange = sigmoid_cross_entropy.replace(
        formula=lambda z, t: jax.lax.while_loop(lambda s: s < z, lambda s: s + t, z)
    )
    monkeypatch.setattr("lossjax.proof.check.find", lambda name: strange)
    code, _, err = lossjax("derive", "sigmoid_cross_entropy")
    assert code == 2
    assert "beyond a derivation by SymPy: while" in err


def test_not_confirmed_is_exit_code_1(lossjax, monkeypatch):
    wrong = huber(1.0).replace(formula=lambda z, t, delta: 2 * huber(1.0).formula(z, t, delta))
    monkeypatch.setattr("lossjax.proof.check.find", lambda name: wrong)
    code, out, _ = lossjax("derive", "huber")
    assert code == 1
    assert "is NOT the code's" in out
