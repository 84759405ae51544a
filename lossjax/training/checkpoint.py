"""Checkpoints: a tree of arrays, kept by orbax, each with the SHA-256 of what it holds.

Orbax' commit is one rename, so that a kill leaves the checkpoint before it whole; but it reads a flipped bit without a
word. Here every array's hash is part of the commit, and a checkpoint whose arrays do not have theirs is refused.
"""

import contextlib
import hashlib
import json
import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from .bad_input import BadInputError

KEPT = 2


class Restored(NamedTuple):
    """A checkpoint that is good, or step 0 and None; and what was refused on the way to it, a sentence each."""

    step: int
    tree: Any
    refused: list[str]


def save(folder: Path, step: int, tree: Any, about: dict) -> None:
    """Write a checkpoint; on return it is complete. The one before it is kept, older ones are not.

    about: what must be equal for the checkpoint to be of use, JSON; it is covered by the hash as well.
    """
    leaves = _leaves(tree)
    with _checkpointer(folder) as orbax:
        orbax.save(step, leaves, custom_metadata=_manifest(step, leaves, about), force=True, overwrite=True)


def restore(folder: Path, like: Any, about: dict) -> Restored:
    """The newest good checkpoint, as numpy arrays in the structure of `like`, a tree of arrays or of their shapes.

    A damaged one is refused by name, and the one before it is tried.

    Raises: BadInputError where a good checkpoint was made for something else than `about`.
    """
    refused = []
    if not folder.is_dir():
        return Restored(0, None, refused)
    with _checkpointer(folder) as orbax:
        for step in sorted((c.step for c in orbax.checkpoints), reverse=True):
            try:
                found = _verified(orbax, step)
            # Whatever a damaged file makes of a reader: it is refused, and the reason is told.
            except Exception as error:
                reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                refused.append(f"refused the damaged checkpoint {folder / str(step)}: {reason}")
                continue
            leaves, made_for = found
            if made_for != _plain(about):
                changed = sorted(k for k in {*made_for, *about} if made_for.get(k) != _plain(about).get(k))
                raise BadInputError(
                    f"the checkpoint {folder / str(step)} was made with another {', '.join(changed)}:"
                    " choose another folder, or remove it"
                )
            return Restored(step, _unflatten(like, leaves), refused)
    return Restored(0, None, refused)


def _verified(orbax, step):
    manifest = orbax.metadata(step).custom_metadata
    leaves = orbax.load(step)
    if manifest != _manifest(step, leaves, manifest["about"]):
        raise ValueError("its arrays do not have the SHA-256 that they were saved with")
    return leaves, manifest["about"]


def _manifest(step, leaves, about):
    # The hash of `about` and of the step, so that nothing in the manifest itself can change unseen.
    text = json.dumps([step, _plain(about)], sort_keys=True)
    hashes = {name: _digest(leaf) for name, leaf in leaves.items()}
    return {"about": _plain(about), "sha256": {**hashes, "about": hashlib.sha256(text.encode()).hexdigest()}}


def _digest(leaf):
    leaf = np.ascontiguousarray(leaf)
    return hashlib.sha256(f"{leaf.dtype} {leaf.shape}".encode() + leaf.tobytes()).hexdigest()


def digest(tree: Any) -> str:
    """The SHA-256 of all arrays of a tree, in its order."""
    return hashlib.sha256("".join(_digest(np.asarray(leaf)) for leaf in jax.tree.leaves(tree)).encode()).hexdigest()


def _plain(about):
    return json.loads(json.dumps(about))


def _leaves(tree):
    # By number: what an optimiser keeps need not be known to orbax. It cannot save an array of size 0, but `like` can
    # give that back.
    leaves = (np.asarray(leaf) for leaf in jax.tree.leaves(tree))
    return {f"leaf {i}": leaf for i, leaf in enumerate(leaves) if leaf.size}


def _unflatten(like, leaves):
    shapes, structure = jax.tree.flatten(like)
    full = [leaves.get(f"leaf {i}", np.zeros(leaf.shape, leaf.dtype)) for i, leaf in enumerate(shapes)]
    return jax.tree.unflatten(structure, full)


@contextlib.contextmanager
def _checkpointer(folder):
    """Orbax' manager of the folder, without its log; opened anew each time, as it keeps a failed save in its cache."""
    from orbax.checkpoint import v1 as ocp  # the one place; it becomes `orbax.checkpoint` in 1.0

    logging.getLogger("absl").setLevel(logging.CRITICAL)
    latest = ocp.training.preservation_policies.LatestN(KEPT)
    options = {"preservation_policy": latest, "cleanup_tmp_directories": True}
    with ocp.training.Checkpointer(folder.resolve(), **options) as orbax:
        yield orbax


@contextlib.contextmanager
def held_interrupts() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set the event, so that what runs can save and stop; a second one stops it at once.

    Outside the main thread, where Python takes no signals, nothing is held.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def ask(number, frame):
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
