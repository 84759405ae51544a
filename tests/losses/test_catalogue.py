"""The list and the files are one, and every entry is complete."""

import importlib
import inspect
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from loss_examples import example

import lossjax.losses
from lossjax.losses import (
    ALL,
    Loss,
    hinge,
    label_cross_entropy,
    label_smoothing,
    scaled,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    squared_error,
    sum_over_outputs,
    weighted,
)
from lossjax.losses.claims import Claims

FOLDER = Path(lossjax.losses.__file__).parent
MODULES = {path.stem: importlib.import_module(f"lossjax.losses.{path.stem}") for path in FOLDER.glob("[!_]*.py")}
each_loss = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.label)


def imports(module) -> str:
    return "".join(line for line in inspect.getsource(module).splitlines(True) if "import" in line)


def test_labels_are_unique():
    labels = [loss.label for loss in ALL]
    assert len(set(labels)) == len(labels) >= 35


def test_every_file_of_a_loss_is_in_the_list_and_every_entry_has_its_file():
    listed = {loss.name.rpartition("[")[2].rstrip("]") for loss in ALL}
    described = {name for name, module in MODULES.items() if hasattr(module, "formula")}
    assert listed == described


def test_every_other_module_is_imported_by_one_of_them():
    text = imports(lossjax.losses) + "".join(imports(module) for module in MODULES.values())
    for name in MODULES:
        assert f".{name} import" in text or f" {name}" in text, name


def test_every_constructor_is_exported():
    makers = {f for f in vars(lossjax.losses).values() if inspect.isfunction(f) or isinstance(f, Loss)}
    assert makers == {getattr(lossjax.losses, name) for name in lossjax.losses.__all__ if name not in ("ALL", "Loss")}


@each_loss
def test_the_record_is_complete(loss):
    assert isinstance(loss.claims, Claims)
    assert loss.source
    assert loss.event_ndim in (0, 1)
    assert loss.targets.event_ndim == loss.event_ndim
    functions = (loss.formula, loss.value, loss.grad, loss.hess, loss.output, loss.claims.perfect)
    assert all(callable(f) for f in functions)
    z, t = example(loss, (3,))
    assert loss.output(z).shape == z.shape
    assert loss.targets.contains(t).all()
    assert np.isfinite(loss.claims.perfect(np.asarray(t, float)[0])).all()


@each_loss
def test_the_value_of_a_perfect_prediction_is_a_lower_bound(loss):
    z, t = example(loss, (20,))
    floor = [float(loss.claims.perfect(x)) for x in np.asarray(t, float)]
    assert (np.asarray(loss(z, t)) >= np.array(floor) - 1e-6).all()


@pytest.mark.parametrize("name", MODULES)
def test_every_public_symbol_has_a_docstring(name):
    module = MODULES[name]
    assert module.__doc__
    # formula, value, grad, hess, likelihood and perfect stand under the maths of the module's docstring.
    described = {"formula", "value", "grad", "hess", "likelihood", "perfect"} if hasattr(module, "formula") else set()
    for symbol, x in vars(module).items():
        here = getattr(x, "__module__", None) == module.__name__
        if here and not symbol.startswith("_") and symbol not in described and not isinstance(x, Loss) and callable(x):
            assert inspect.getdoc(x), symbol


@pytest.mark.parametrize("name", [name for name, module in MODULES.items() if hasattr(module, "formula")])
def test_the_docstring_of_a_loss_states_value_gradient_and_hessian(name):
    for line in ("L  ", "dL/dz", "d2L/dz"):
        assert line in MODULES[name].__doc__


def test_transforms_nest_and_keep_their_parameters_apart():
    z, t = example(sigmoid_cross_entropy, (5,))
    loss = scaled(scaled(weighted(sigmoid_cross_entropy, (2.0, 4.0)), 0.5), 3.0)
    assert loss.label == "scaled[scaled[weighted[sigmoid_cross_entropy]]](weights=(2.0, 4.0), factor=0.5, factor2=3.0)"
    want = 1.5 * ((1 - t) * 2 + t * 4) * sigmoid_cross_entropy(z, t)
    np.testing.assert_allclose(loss(z, t), want, rtol=1e-6)
    assert loss.claims.lipschitz == 6.0


@pytest.mark.parametrize("unweighted", [softmax_cross_entropy, label_cross_entropy], ids=str)
def test_class_weights_are_those_of_the_target_class(unweighted):
    z, _ = example(softmax_cross_entropy, (3,))
    loss = weighted(unweighted, (1.0, 2.0, 3.0, 4.0))
    labels = jnp.array([3, 0, 2])
    np.testing.assert_allclose(loss(z, labels), jnp.array([4.0, 1, 3]) * unweighted(z, labels), rtol=1e-6)


@pytest.mark.parametrize("unweighted", [softmax_cross_entropy, label_cross_entropy], ids=str)
def test_as_many_weights_as_classes(unweighted):
    with pytest.raises(ValueError, match="3 classes, so weighted needs 3 weights, got 1"):
        weighted(unweighted, (2.0,))(jnp.zeros(3), jnp.array(0))


def test_label_smoothing_is_the_loss_at_the_smoothed_target():
    z, t = example(softmax_cross_entropy, (5,))
    loss = label_smoothing(softmax_cross_entropy, 0.1)
    np.testing.assert_allclose(loss(z, t), softmax_cross_entropy(z, 0.9 * t + 0.1 / 4), rtol=1e-6)


MISUSES = [
    (sum_over_outputs, (softmax_cross_entropy,)),
    (weighted, (sigmoid_cross_entropy, (1.0, 2.0, 3.0))),
    (weighted, (squared_error, (1.0, 2.0))),
    (weighted, (hinge, (1.0, -2.0))),
    (scaled, (hinge, 0.0)),
    (label_smoothing, (hinge, 0.1)),
    (label_smoothing, (softmax_cross_entropy, 1.5)),
]


@pytest.mark.parametrize(("transform", "arguments"), MISUSES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_a_transform_of_the_wrong_loss_raises(transform, arguments):
    with pytest.raises(ValueError, match=r"need|must|no classes"):
        transform(*arguments)
