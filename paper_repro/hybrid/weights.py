"""Weights of trained networks on disk, without pickle; damaged ones are as good as none."""

import hashlib
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np

from lossjax.training.checkpoint import digest


def path(folder: Path, key: dict) -> Path:
    """Where the weights of the run with this key are."""
    return folder / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]}.npz"


def save(file: Path, tree: Any) -> None:
    """Write all arrays at once: there is a whole file or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: several processes may write the same file.
    part = file.with_suffix(f".{uuid.uuid4().hex}.part")
    with part.open("wb") as content:
        np.savez(content, *(np.asarray(leaf) for leaf in jax.tree.leaves(tree)))
    part.replace(file)


def load(file: Path, like: Any, sha256: str) -> Any | None:
    """The arrays in the structure of `like`; None where the file is missing or not the one with this digest."""
    try:
        with np.load(file, allow_pickle=False) as content:
            leaves = [content[f"arr_{i}"] for i in range(len(content.files))]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    structure = jax.tree.structure(like)
    if structure.num_leaves != len(leaves):
        return None
    tree = jax.tree.unflatten(structure, leaves)
    return tree if digest(tree) == sha256 else None
