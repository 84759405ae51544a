"""From the functions of one example to `loss(z, t)`: shapes, labels, masks, precision, and the derivative nest."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from .one_hot import Label


class Core:
    """value -> grad -> hess of one example (scalar events: of any shape), each the JAX derivative of the one before.

    All run in the compute dtype. `valid` says whether the target is one; if not, every quantity is NaN.
    """

    def __init__(self, loss):
        """Bind the loss' functions."""
        scalar = loss.event_ndim == 0
        # Each is traced once for a shape, however many derivatives pass through it, and runs as one program outside jit.
        value_of, grad_of, hess_of = jax.jit(loss.value), jax.jit(loss.grad), jax.jit(loss.hess)

        def poison(valid, x):
            # A factor, not a select: the derivative of an invalid example must be NaN as well, and a select's would be 0.
            return x * jnp.where(valid, 1, jnp.nan).astype(x.dtype)

        @jax.custom_jvp
        def value(z, t, valid, params):
            return poison(valid, value_of(z, t, **params))

        @jax.custom_jvp
        def grad(z, t, valid, params):
            return poison(valid, grad_of(z, t, **params))

        def hvp(z, t, valid, params, v):
            if scalar:
                return poison(valid, hess_of(z, t, **params) * v)
            return poison(valid, hess_of(z, t, v, **params))

        @functools.partial(value.defjvp, symbolic_zeros=True)
        def _(primals, tangents):
            z, t, valid, params = primals
            dz, dt, _, dparams = tangents
            terms = []
            if not isinstance(dz, SymbolicZero):
                g = grad(z, t, valid, params)
                terms.append(g * dz if scalar else jnp.sum(g * dz))
            terms += _along_target_and_params(lambda t, p: poison(valid, value_of(z, t, **p)), t, params, dt, dparams)
            out = value(z, t, valid, params)
            return out, sum(terms, start=jnp.zeros_like(out))

        @functools.partial(grad.defjvp, symbolic_zeros=True)
        def _(primals, tangents):
            z, t, valid, params = primals
            dz, dt, _, dparams = tangents
            terms = [] if isinstance(dz, SymbolicZero) else [hvp(z, t, valid, params, dz)]
            terms += _along_target_and_params(lambda t, p: poison(valid, grad_of(z, t, **p)), t, params, dt, dparams)
            out = grad(z, t, valid, params)
            return out, sum(terms, start=jnp.zeros_like(out))

        def hess(z, t, valid, params):
            if scalar:
                return hvp(z, t, valid, params, jnp.ones_like(z))
            return jax.vmap(lambda v: hvp(z, t, valid, params, v), out_axes=1)(jnp.eye(z.shape[-1], dtype=z.dtype))

        self.value, self.grad, self.hvp, self.hess = value, grad, hvp, hess


def _along_target_and_params(f, t, params, dt, dparams):
    """The tangent of f(t, params) by JAX's own rules; no term where neither moves."""
    leaves, tree = jax.tree.flatten((t, params))
    dleaves = jax.tree.leaves((dt, dparams), is_leaf=lambda x: isinstance(x, SymbolicZero))
    moving = [i for i, d in enumerate(dleaves) if not isinstance(d, SymbolicZero)]
    if not moving:
        return []

    def along(*moved):
        full = list(leaves)
        for i, x in zip(moving, moved):
            full[i] = x
        return f(*jax.tree.unflatten(tree, full))

    return [jax.jvp(along, [leaves[i] for i in moving], [dleaves[i] for i in moving])[1]]


def call(loss, function, z, t, where, *extra):
    """Check and convert the arguments, then map `function` over the batch."""
    z, t, valid = _arguments(loss, z, t)
    batch = z.shape[: z.ndim - loss.event_ndim]
    compute = _compute_dtype(z.dtype)
    params = {k: jnp.asarray(v, compute) for k, v in loss.params.items()}
    zc = z.astype(compute)
    tc = t if isinstance(t, Label) else t.astype(compute)
    if where is not None:
        where = _mask(where, batch)
        # A masked example is replaced before anything is computed, so that no NaN in it can reach a derivative.
        zc, valid = jnp.where(_like(where, zc), zc, 0), valid | ~where
        tc = jax.tree.map(lambda t: jnp.where(_like(where, t), t, jnp.asarray(loss.targets.safe, t.dtype)), tc)
    vectors = [jnp.broadcast_to(v, z.shape).astype(compute) for v in extra]

    def one(z, t, valid, *vectors):
        return function(z, t, valid, params, *vectors)

    for _ in range(len(batch) if loss.event_ndim else 0):
        one = jax.vmap(one)
    out = one(zc, tc, valid, *vectors)
    if where is not None:
        out = jnp.where(_like(where, out), out, 0)
    return out.astype(z.dtype)


def _like(mask, x):
    """A mask of the batch, of the rank of x."""
    return jnp.expand_dims(mask, tuple(range(mask.ndim, x.ndim)))


def _compute_dtype(dtype):
    return jnp.float32 if jnp.finfo(dtype).bits < 32 else dtype


def _arguments(loss, z, t) -> tuple[jax.Array, jax.Array | Label, jax.Array]:
    z, t = jnp.asarray(z), jnp.asarray(_unwrapped(t))
    if not jnp.issubdtype(z.dtype, jnp.floating):
        raise TypeError(f"{loss.name}: z must be floating point, got {z.dtype}; convert it with z.astype(jnp.float32)")
    if not (jnp.issubdtype(t.dtype, jnp.floating) or jnp.issubdtype(t.dtype, jnp.integer) or t.dtype == bool):
        raise TypeError(f"{loss.name}: t must be real or integer, got {t.dtype}")
    if z.ndim < loss.event_ndim or (loss.event_ndim and z.shape[-1] == 0):
        raise ValueError(f"{loss.name}: z needs a last axis of classes, got shape {z.shape}")
    if loss.targets.labels and t.ndim == z.ndim - 1:
        t, valid = _from_labels(loss, z, t)
        return z, t, valid
    if t.shape != z.shape:
        wanted = f"{z.shape}" if not loss.targets.labels else f"{z.shape} (one-hot) or {z.shape[:-1]} (labels)"
        raise ValueError(
            f"{loss.name}: z has shape {z.shape}, so t must have shape {wanted}, got {t.shape}; they never broadcast"
        )
    # A count of 1001 is no bfloat16.
    t = t if jnp.issubdtype(t.dtype, jnp.floating) else t.astype(_compute_dtype(z.dtype))
    return z, t, loss.targets.contains(t) & ~_broken(loss, z)


def _unwrapped(t):
    """T, integers of NumPy kept beyond all classes where JAX would wrap them to 32 bits, 2^32 to the label 0."""
    if not isinstance(t, np.ndarray | np.integer) or t.dtype.kind not in "iu" or jax.config.jax_enable_x64:  # pyright: ignore
        return t
    ends = np.iinfo(np.int32)
    return np.clip(t, ends.min if t.dtype.kind == "i" else 0, ends.max).astype(np.int32) if t.dtype.itemsize > 4 else t


def _broken(loss, z):
    """Is there a NaN in an example? Its gradient may be a constant or look at other classes only, and must not hide it."""
    nan = jnp.isnan(z)
    return jnp.any(nan, axis=-1) if loss.event_ndim else nan


def _from_labels(loss, z, labels) -> tuple[jax.Array | Label, jax.Array]:
    if labels.shape != z.shape[:-1]:
        raise ValueError(
            f"{loss.name}: z has shape {z.shape}, so labels must have shape {z.shape[:-1]}, got {labels.shape}"
        )
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise TypeError(
            f"{loss.name}: t has one axis less than z, so it holds labels, which must be integers, got {labels.dtype}"
        )
    classes = z.shape[-1]
    # Wide enough to count the classes: an int8 label may stand beside a thousand of them.
    labels = labels.astype(jnp.int32) if labels.dtype.itemsize < 4 else labels
    valid = (labels >= 0) & (labels < classes)
    if loss.targets.by_class:  # whose sums carry a NaN: to look for it would take another pass
        return Label(labels, classes), valid
    valid = valid & ~_broken(loss, z)
    t = jnp.expand_dims(labels, -1) == jax.lax.broadcasted_iota(labels.dtype, z.shape, z.ndim - 1)
    return t.astype(z.dtype), valid


def _mask(where, batch):
    where = jnp.asarray(where)
    if where.dtype != bool or where.shape != batch:
        raise ValueError(
            f"where must be a bool mask of the batch shape {batch}, got {where.dtype} of shape {where.shape}"
        )
    return where
