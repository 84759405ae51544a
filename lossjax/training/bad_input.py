"""Bad input: found before anything is trained, and said in one sentence."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np


class BadInputError(ValueError):
    """What was asked for cannot be trained: one sentence that says what is wrong. Exit code 2 on a command line."""


def check_data(data: Mapping) -> None:
    """Every split has examples, a target each, and no NaN or infinity.

    Raises: BadInputError that names the split.
    """
    if "train" not in data:
        raise BadInputError(f"the data need a split named 'train', got {', '.join(map(repr, data)) or 'none'}")
    for name, (x, t) in data.items():
        if len(x) == 0:
            raise BadInputError(f"the split {name!r} is empty")
        if len(x) != len(t):
            raise BadInputError(f"the split {name!r} has {len(x)} examples but {len(t)} targets")
        for what, values in (("features", x), ("targets", t)):
            _check_finite(name, what, np.asarray(values))


def _check_finite(name, what, values):
    if not np.issubdtype(values.dtype, np.floating) or np.isfinite(values).all():
        return
    first = np.argwhere(~np.isfinite(values))[0]
    raise BadInputError(f"the {what} of the split {name!r} hold {values[tuple(first)]}, first in example {first[0]}")


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
    """The network takes the features, and the loss its pre-activations and the targets of every split.

    Raises: BadInputError that names the network or the loss.
    """
    if not 1 <= task.batch <= len(data["train"].x):
        raise BadInputError(f"batch must lie between 1 and the {len(data['train'].x)} training examples: {task.batch}")
    for name, (x, t) in data.items():
        z = _pre_activations(task.network, name, x)
        try:
            value = jax.eval_shape(task.loss, z, t)
        except (ValueError, TypeError) as error:
            raise BadInputError(f"the split {name!r} does not fit: {error}") from None
        if value.shape != (len(x),):
            wanted = "one number per example" if value.ndim > 1 else f"{len(x)} numbers"
            raise BadInputError(
                f"{loss_name(task.loss)} at pre-activations of shape {z.shape} gives shape {value.shape} where {wanted} are"
                " needed: sum_over_outputs makes a vector's loss of a number's, `single` a number of the last axis"
            )
        _check_targets(task.loss, name, np.asarray(t), z)


def _pre_activations(network, name, x):
    def forward(x):
        return network.apply(network.init(jax.random.key(0), 1.0), x)

    try:
        return jax.eval_shape(forward, x)
    except (ValueError, TypeError) as error:
        # The library's message goes on for lines; the first says it.
        first = str(error).strip().splitlines()[0]
        shape = np.shape(x)[1:]
        message = f"the network {network.name!r} does not take features of shape {shape} ({name!r}): {first}"
        raise BadInputError(message) from None


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
