"""Pytrees as one vector: what a derivative is taken of, and the name of every entry."""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from ..proof.ulp import ulp


@dataclasses.dataclass(frozen=True)
class Part:
    """One float leaf: its name and its place in the vector."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    start: int

    @property
    def stop(self) -> int:
        """The end of its place."""
        return self.start + int(np.prod(self.shape, dtype=int))


@dataclasses.dataclass(frozen=True)
class Vector:
    """Float leaves, one after the other, in the widest dtype among them."""

    parts: tuple[Part, ...]
    dtype: np.dtype

    @classmethod
    def of(cls, names, leaves) -> "Vector":
        """Of leaves that have a shape and a dtype."""
        parts, start = [], 0
        for name, leaf in zip(names, leaves, strict=True):
            parts.append(Part(name, tuple(leaf.shape), np.dtype(leaf.dtype), start))
            start = parts[-1].stop
        dtype = functools.reduce(jnp.promote_types, [p.dtype for p in parts]) if parts else np.float32
        return cls(tuple(parts), np.dtype(dtype))

    def __len__(self) -> int:
        """Entries of all parts."""
        return self.parts[-1].stop if self.parts else 0

    def __add__(self, other: "Vector") -> "Vector":
        """Both, one after the other."""
        shifted = [dataclasses.replace(p, start=p.start + len(self)) for p in other.parts]
        return Vector((*self.parts, *shifted), np.dtype(jnp.promote_types(self.dtype, other.dtype)))

    def renamed(self, form: str) -> "Vector":
        """The same with every name put into `form`."""
        return Vector(tuple(dataclasses.replace(p, name=form.format(p.name)) for p in self.parts), self.dtype)

    def join(self, leaves):
        """The leaves as one vector."""
        flat = [jnp.ravel(leaf).astype(self.dtype) for leaf in leaves]
        return jnp.concatenate(flat) if len(flat) != 1 else flat[0]

    def split(self, vector):
        """The vector as leaves, each in its own shape and dtype."""
        return [vector[p.start : p.stop].reshape(p.shape).astype(p.dtype) for p in self.parts]

    def name(self, index: int) -> str:
        """What entry `index` is called."""
        part = next(p for p in self.parts if index < p.stop)
        place = ", ".join(str(i) for i in np.unravel_index(index - part.start, part.shape)) if part.shape else ""
        return f"{part.name}[{place}]" if place else part.name

    def ulp(self, want):
        """The ulp of each entry, in its own leaf's dtype, along the last axis."""
        return np.concatenate([ulp(want[..., p.start : p.stop], p.dtype) for p in self.parts], axis=-1)

    @property
    def tiny(self):
        """The least normal number of each entry's dtype."""
        return np.concatenate([np.full(p.stop - p.start, float(ml_dtypes.finfo(p.dtype).tiny)) for p in self.parts])

    @property
    def top(self):
        """The largest number of each entry's dtype."""
        return np.concatenate([np.full(p.stop - p.start, float(ml_dtypes.finfo(p.dtype).max)) for p in self.parts])

    @property
    def eps(self) -> float:
        """Of the coarsest dtype."""
        return max((_eps(p.dtype) for p in self.parts), default=0.0)


@dataclasses.dataclass(frozen=True)
class Flat:
    """A function of pytrees as one of their float leaves, at a point; all other leaves are constants."""

    call: Callable  # leaf, leaf, ... -> [leaf, leaf, ...]
    bare: Callable  # the same of its primal: custom rules inlined
    inputs: Vector
    outputs: Vector
    x: np.ndarray

    @property
    def eps(self) -> float:
        """The rounding that is granted: that of the coarsest dtype that comes in or goes out."""
        return max(self.inputs.eps, self.outputs.eps)

    @property
    def floor(self) -> float:
        """The number whose rounding is as large as what underflow takes away: XLA may flush all but float16's subnormals."""
        dtype = max((p.dtype for v in (self.inputs, self.outputs) for p in v.parts), key=_eps)
        return float(ml_dtypes.finfo(dtype).tiny) / (1 if dtype == np.float16 else _eps(dtype))


def flatten(f, bare, args, name: str = "args") -> Flat:
    """The function f and its primal `bare`, as functions of the float leaves of args."""
    leaves, tree = jax.tree_util.tree_flatten_with_path(args)
    values = [_array(leaf) for _, leaf in leaves]
    moved = [i for i, v in enumerate(values) if _floating(v)]
    inputs = Vector.of([name + jax.tree_util.keystr(leaves[i][0]) for i in moved], [values[i] for i in moved])
    if not len(inputs):
        raise TypeError("there is nothing to differentiate: no argument has a floating leaf")

    def given(new):
        full = list(values)
        for i, leaf in zip(moved, new, strict=True):
            full[i] = leaf
        return jax.tree.unflatten(tree, full)

    shapes = jax.eval_shape(lambda *new: f(*given(new)), *(values[i] for i in moved))
    named = jax.tree_util.tree_flatten_with_path(shapes)[0]
    kept = [i for i, (_, leaf) in enumerate(named) if _floating(leaf)]
    outputs = Vector.of(["out" + jax.tree_util.keystr(named[i][0]) for i in kept], [named[i][1] for i in kept])
    if not len(outputs):
        raise TypeError("there is nothing to differentiate: no result has a floating leaf")

    def on_leaves(g):
        def call(*new):
            out = jax.tree.leaves(g(*given(new)))
            return [out[i] for i in kept]

        return call

    return Flat(on_leaves(f), on_leaves(bare), inputs, outputs, _flushed(inputs, [values[i] for i in moved]))


def _eps(dtype) -> float:
    return float(ml_dtypes.finfo(dtype).eps)


def _array(leaf):
    return jnp.asarray(leaf) if isinstance(leaf, (bool, int, float, complex, np.ndarray, np.generic)) else leaf


def _floating(leaf) -> bool:
    if jnp.issubdtype(getattr(leaf, "dtype", np.int32), np.complexfloating):
        raise TypeError("complex leaves are not judged: pass real and imaginary parts as leaves of their own")
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, np.floating)


def _flushed(inputs, leaves):
    """The point, with subnormal numbers as 0: XLA may read them so, and then exact arithmetic has to."""
    x = np.concatenate([np.asarray(leaf).ravel().astype(inputs.dtype) for leaf in leaves])
    return np.where(np.abs(x.astype(np.float64)) < inputs.tiny, np.zeros_like(x), x)
