"""Checkpoints: a tree of arrays, kept by orbax, each with the SHA-256 of its files.

Orbax' commit is one rename, so that a kill leaves the checkpoint before it whole; but it reads a flipped bit without a
word. Here a manifest of every file's hash follows, and a checkpoint without it, or with other files, is refused.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from .bad_input import BadInputError

KEPT = 2
MANIFEST = "manifest.json"


class Restored(NamedTuple):
    """A checkpoint that is good, or step 0 and None; and what was refused on the way to it, a sentence each."""

    step: int
    tree: Any
    refused: list[str]


def save(folder: Path, step: int, tree: Any, about: dict) -> None:
    """Write a checkpoint; on return it is complete. The one before it is kept, older ones are not.

    about: what must be equal for the checkpoint to be of use, JSON; it is covered by a hash as well.

    Raises: OSError where it cannot be written, as on a full disk.
    """
    try:
        with _checkpointer(folder) as orbax:
            orbax.save(step, _leaves(tree), force=True, overwrite=True)
    except ValueError as error:  # so orbax' storage says that the disk is full, on many lines
        why = "No space left on device" if "No space left" in str(error) else str(error).splitlines()[0]
        raise OSError(f"a checkpoint could not be written: {why}") from error
    # Only with its manifest is it one. Until then the one before it is the newest.
    place = folder / str(step)
    part = place / "manifest.part"
    with part.open("w") as file:
        json.dump(_manifest(_hashes(place), about), file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(place / MANIFEST)


def restore(folder: Path, like: Any, about: dict) -> Restored:
    """The newest good checkpoint, as numpy arrays in the structure of `like`, a tree of arrays or of their shapes.

    A damaged one is refused by name and removed, and the one before it is tried.

    Raises: BadInputError where a good checkpoint was made for something else than `about`.
    """
    refused = []
    for place in sorted(folder.glob("[0-9]*"), key=lambda p: int(p.name.split(".")[0]), reverse=True):
        if not place.name.isdecimal():  # what a kill left of a save; orbax takes it away
            continue
        if harm := _harm(place):
            refused.append(f"refused the damaged checkpoint {place}: {harm}")
            shutil.rmtree(place)
            continue
        made_for = json.loads((place / MANIFEST).read_text())["about"]
        if made_for != _plain(about):
            changed = sorted(k for k in {*made_for, *about} if made_for.get(k) != _plain(about).get(k))
            raise BadInputError(
                f"the checkpoint {place} was made with another {', '.join(changed)}: choose another folder, or remove it"
            )
        with _checkpointer(folder) as orbax:
            return Restored(int(place.name), _unflatten(like, orbax.load(int(place.name))), refused)
    return Restored(0, None, refused)


def _harm(place):
    """What is wrong with a checkpoint, or None; found before anything in it is read for what it means."""
    try:
        manifest = json.loads((place / MANIFEST).read_text())
        wanted = manifest["sha256"]
        if manifest != _manifest(wanted, manifest["about"]):
            return "its manifest is not what was written"
    except (OSError, ValueError, KeyError, TypeError):
        return "its manifest is missing or broken, as after a kill while it was written"
    found = _hashes(place)
    wrong = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    return f"{wrong[0]} does not have the SHA-256 that it was saved with" if wrong else None


def _hashes(place):
    files = sorted(p for p in place.rglob("*") if p.is_file() and not p.name.startswith("manifest."))
    return {p.relative_to(place).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _manifest(hashes, about):
    text = json.dumps([hashes, _plain(about)], sort_keys=True)
    return {"about": _plain(about), "sha256": hashes, "of all": hashlib.sha256(text.encode()).hexdigest()}


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
