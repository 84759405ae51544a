"""Frames with their neighbours, gathered where they are used: what is stored has no context."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int, Int32

from .corpus import Utterance


class Frames(NamedTuple):
    """Utterances one after another; first, last: of every frame, the rows where its utterance begins and ends."""

    features: Float32[np.ndarray | Array, "n dims"]
    first: Int32[np.ndarray | Array, " n"]
    last: Int32[np.ndarray | Array, " n"]


def joined(utterances: Sequence[Utterance]) -> Frames:
    """The frames of these utterances as one array; nothing is copied twice, nothing has context."""
    lengths = np.array([len(u.features) for u in utterances])
    ends = np.cumsum(lengths)
    first, last = (np.repeat(rows, lengths).astype(np.int32) for rows in (ends - lengths, ends - 1))
    return Frames(np.concatenate([u.features for u in utterances]), first, last)


def gather(frames: Frames, rows: Int[np.ndarray | Array, " batch"], context: int) -> Float[Array, "batch window"]:
    """These rows with `context` neighbours on each side, from left to right: window = (2 context + 1) dims.

    A neighbour beyond an end of the utterance is the frame at that end. For use inside jit: rows may be traced, context
    is a Python number.
    """
    rows = jnp.asarray(rows)
    first, last = (jnp.asarray(ends)[rows][:, None] for ends in (frames.first, frames.last))
    neighbours = rows[:, None] + jnp.arange(-context, context + 1, dtype=rows.dtype)[None, :]
    return jnp.asarray(frames.features)[jnp.clip(neighbours, first, last)].reshape(len(rows), -1)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Windows:
    """Rows of frames, each an example: an argument of compiled programs, cut like an array, and gathered where it is used."""

    frames: Frames
    rows: Int32[np.ndarray | Array, " n"]
    context: int = dataclasses.field(metadata={"static": True})

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen) -> "Windows":
        return dataclasses.replace(self, rows=self.rows[chosen])

    def gathered(self) -> Float[Array, "n window"]:
        """The frames with their neighbours."""
        return gather(self.frames, self.rows, self.context)


def frames_with_context(
    features: Float[np.ndarray | Array, "frames dims"], context: int, length: int | Int[Array, ""] | None = None
) -> Float[Array, "frames window"]:
    """Every frame of one utterance with its neighbours, as `gather` gives them.

    length: of an utterance that is padded to a common size (may be traced, vmap over both): neighbours never lie in the
    padding; the rows from `length` on are repetitions without meaning.
    """
    rows = jnp.arange(len(features))
    last = jnp.full_like(rows, (len(features) if length is None else jnp.asarray(length)) - 1)
    return gather(Frames(jnp.asarray(features), jnp.zeros_like(rows), last), rows, context)
