"""Bad input: found before anything is trained, and said in one sentence."""

import operator
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np


class BadInputError(ValueError):
    """What was asked for cannot be trained: one sentence that says what is wrong. Exit code 2 on a command line."""


def check_count(name: str, count: int) -> None:
    """A whole number, at least 1.

    Raises: BadInputError that names it.
    """
    try:
        fits = operator.index(count) >= 1
    except TypeError:
        fits = False
    if not fits:
        raise BadInputError(f"{name} is a whole number of at least 1, got {count!r}")


def arrays(data: Mapping) -> dict:
    """Split -> features and targets, as arrays; every split has examples, a target each, and no NaN or infinity.

    Raises: BadInputError that names the split.
    """
    if not isinstance(data, Mapping):
        raise BadInputError(
            "data is a mapping of splits, {'train': Examples(x, t), ...}, where "
            f"{type(data).__name__} was given; of a Dataset d it is {{'train': d.train, 'dev': d.dev, 'test': d.test}}"
        )
    if "train" not in data:
        raise BadInputError(f"the data need a split named 'train', got {', '.join(map(repr, data)) or 'none'}")
    return {name: _split(name, part) for name, part in data.items()}


def _split(name, part):
    if not isinstance(part, tuple | list) or len(part) != 2:
        raise BadInputError(f"the split {name!r} is a pair of features and targets, got {type(part).__name__}")
    # Features may be a pytree that is cut by rows.
    x = jax.tree.map(lambda leaf: _array(name, "features", leaf), part[0], is_leaf=lambda leaf: isinstance(leaf, list))
    t = _array(name, "targets", part[1])
    if getattr(x, "ndim", 1) == 0 or len(x) == 0:
        raise BadInputError(f"the split {name!r} is empty")
    if t.ndim == 0 or len(x) != len(t):
        raise BadInputError(f"the split {name!r} has {len(x)} examples but {t.size if t.ndim == 0 else len(t)} targets")
    return x, t


def _array(name, what, values):
    try:
        values = values if isinstance(values, jax.Array) else np.asarray(values)
    except ValueError:
        raise BadInputError(f"the {what} of the split {name!r} are no array: rows of different lengths") from None
    if not (jnp.issubdtype(values.dtype, jnp.number) or values.dtype == bool):
        raise BadInputError(f"the {what} of the split {name!r} are no numbers but {values.dtype}")
    if jnp.issubdtype(values.dtype, jnp.floating):
        finite = np.isfinite(np.asarray(values))
        if not finite.all():
            first = np.argwhere(~finite)[0]
            found = float(values[tuple(first)])
            raise BadInputError(f"the {what} of the split {name!r} hold {found}, first in example {first[0]}")
    return values


def check_members(members) -> None:
    """There are members, and their rates, momenta and scales are finite.

    Raises: BadInputError.
    """
    if len(members.seed) == 0:
        raise BadInputError("a population needs at least one member")
    for name in ("rate", "momentum", "scale"):
        if not np.isfinite(column := getattr(members, name)).all():
            raise BadInputError(f"the {name} of member {int(np.argmin(np.isfinite(column)))} is not finite")


def check_task(task, data: Mapping) -> None:
    """The network takes the features, the loss its pre-activations and the targets, and the measure gives numbers by name.

    Raises: BadInputError that names the network, the loss or the measure.
    """
    check_count("batch", task.batch)
    if not 1 <= task.batch <= len(data["train"].x):
        raise BadInputError(f"batch must lie between 1 and the {len(data['train'].x)} training examples: {task.batch}")
    for name, (x, t) in data.items():
        z = _pre_activations(task.network, name, x)
        try:
            value = jax.eval_shape(task.loss, z, t)
        except Exception as error:  # a stranger's function
            raise BadInputError(f"the split {name!r} does not fit: {_first_line(error)}") from None
        if not hasattr(value, "shape"):
            raise BadInputError(
                f"{loss_name(task.loss)} gives {type(value).__name__} where one number per example is needed"
            )
        if value.shape != (len(x),):
            wanted = "one number per example" if value.ndim > 1 else f"{len(x)} numbers"
            raise BadInputError(
                f"{loss_name(task.loss)} at pre-activations of shape {z.shape} gives shape {value.shape} where {wanted} are"
                " needed: sum_over_outputs makes a vector's loss of a number's, `single` a number of the last axis"
            )
        _check_targets(task.loss, name, np.asarray(t), z)
    _check_measure(task, data)


def _check_measure(task, data):
    try:
        params = jax.eval_shape(lambda: task.network.init(jax.random.key(0), 1.0))
        found = jax.eval_shape(task.measure, params, dict(data))
    except Exception as error:  # a stranger's function
        raise BadInputError(f"the measure does not fit the network or the data: {_first_line(error)}") from None
    if not isinstance(found, dict):
        raise BadInputError(f"the measure gives {type(found).__name__} where a dict is needed, name to number")
    for name, value in found.items():
        if not hasattr(value, "shape"):
            raise BadInputError(f"the measure gives {name!r} of type {type(value).__name__} where one number is needed")
        if value.shape:
            raise BadInputError(f"the measure gives {name!r} of shape {value.shape} where one number is needed")


def _first_line(error):
    """What an exception says, without what libraries add on further lines."""
    said = (str(error).strip().splitlines() or [""])[0]
    return said if said and isinstance(error, ValueError | TypeError) else f"{type(error).__name__}: {said}"


def _pre_activations(network, name, x):
    def forward(x):
        return network.apply(network.init(jax.random.key(0), 1.0), x)

    try:
        return jax.eval_shape(forward, x)
    except Exception as error:  # a stranger's function
        shape, why = np.shape(x)[1:], _first_line(error)
        raise BadInputError(
            f"the network {network.name!r} does not take features of shape {shape} ({name!r}): {why}"
        ) from None


def _check_targets(loss, name, t, z):
    """Labels in range; other targets inside the target set of a loss that has one."""
    if z.ndim == t.ndim + 1:
        if t.min() < 0 or t.max() >= z.shape[-1]:
            raise BadInputError(
                f"the labels of the split {name!r} run from {t.min()} to {t.max()}, the network has {z.shape[-1]} classes"
            )
        return
    targets = getattr(loss, "targets", None)
    if targets is not None and not np.all(inside := targets.contains(jax.numpy.asarray(t, float))):
        first = int(np.argwhere(~np.asarray(inside).reshape(len(t), -1).all(axis=1))[0, 0])
        raise BadInputError(f"the target of example {first} of the split {name!r} is not in {targets.name}: {t[first]}")


def loss_name(loss) -> str:
    """The label of a catalogue loss, the name of any other function."""
    return getattr(loss, "label", None) or getattr(loss, "__name__", repr(loss))


def check_folder(folder: Path) -> None:
    """The folder is there, or can be made, and a file can be written into it.

    Raises: BadInputError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
            file.flush()
    except OSError as error:
        raise BadInputError(f"cannot write into {os.fspath(folder)}: {error.strerror or error}") from None
