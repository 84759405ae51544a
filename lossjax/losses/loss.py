"""The one record: what a loss is."""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Num

from . import calling
from .claims import Claims
from .domain import Domain

# Numbers, or False and True for 0 and 1.
Targets = Num[Array, "..."] | Bool[Array, "..."]


@dataclasses.dataclass(frozen=True, eq=False)
class Loss:
    """Value, gradient and Hessian of one example as functions of the pre-activation z and the target t.

    Calling it, `loss(z, t)`, takes any batch shape and returns one number per example; its JAX derivative is the
    derived one.

    The functions take one example, parameters by name: `formula(z, t, **params)`, `value(z, t, **params)`,
    `grad(z, t, **params)` (shape of z). For a scalar event `hess(z, t, **params)` is a number; for a vector of K,
    `hess(z, t, v, **params)` is the product of the Hessian with v, so that no K x K matrix is ever needed.
    `formula` is the definition as printed, deliberately naive: the exact evaluator derives the truth from it alone.
    `likelihood(z, t, **params)` is -L up to a function of t alone, from scipy.stats or jax.scipy.stats, or None.
    `labelled` is the same loss written for one-hot targets only, which integer labels are: quicker where soft targets
    need care, or None.
    """

    name: str
    event_ndim: int
    targets: Domain
    formula: Callable
    value: Callable
    grad: Callable
    hess: Callable
    output: Callable
    claims: Claims
    source: str
    params: Mapping[str, float | tuple[float, ...] | Array] = dataclasses.field(default_factory=dict)
    likelihood: Callable | None = None
    labelled: "Loss | None" = None

    def __call__(
        self, z: Float[Array, "..."], t: Targets, *, where: Bool[Array, "..."] | None = None
    ) -> Float[Array, "..."]:
        """The loss of each example, unreduced.

        z: pre-activations, batch shape plus event shape. t: targets, of the shape of z, or integer labels without the
        class axis. A target outside the target set, or a label out of range, gives NaN. where: a mask of the batch
        shape; value and gradient are exactly 0 at masked examples. Half precision is evaluated in float32 and rounded
        once.

        Raises: TypeError for a dtype, ValueError for a shape that does not fit.
        """
        loss = self._for(z, t)
        return calling.call(loss, loss._core.value, z, t, where)

    def gradient(
        self, z: Float[Array, "..."], t: Targets, *, where: Bool[Array, "..."] | None = None
    ) -> Float[Array, "..."]:
        """dL/dz of each example, of the shape of z; arguments as in the call."""
        loss = self._for(z, t)
        return calling.call(loss, loss._core.grad, z, t, where)

    def hessian(
        self, z: Float[Array, "..."], t: Targets, *, where: Bool[Array, "..."] | None = None
    ) -> Float[Array, "..."]:
        """d2L/dz2 of each example: the shape of z for a scalar event, (..., K, K) for a vector of K."""
        return calling.call(self, self._core.hess, z, t, where)

    def hvp(
        self,
        z: Float[Array, "..."],
        t: Targets,
        v: Float[Array, "..."],
        *,
        where: Bool[Array, "..."] | None = None,
    ) -> Float[Array, "..."]:
        """The Hessian of each example times v, of the shape of z, without the K x K matrix.

        Raises: ValueError for a v of another shape.
        """
        if jnp.shape(v) != jnp.shape(z):
            raise ValueError(f"{self.name}: z has shape {jnp.shape(z)}, so v must have it too, got {jnp.shape(v)}")
        return calling.call(self, self._core.hvp, z, t, where, v)

    def gauss_newton(self, net: Callable, params, t: Targets, v):
        """J' H J v for `net(params) -> z`: J its Jacobian, H the loss Hessian summed over examples; v like params."""
        z, jv = jax.jvp(net, (params,), (v,))
        return jax.vjp(net, params)[1](self.hvp(z, t, jv))[0]

    def _for(self, z, t) -> "Loss":
        """The loss that these targets call: `labelled` for labels, which have one axis less."""
        return self.labelled if self.labelled is not None and jnp.ndim(t) == jnp.ndim(z) - 1 else self

    @functools.cached_property
    def _core(self) -> calling.Core:
        return calling.Core(self)

    @property
    def label(self) -> str:
        """Name and parameters, `huber(delta=0.1)`."""
        inside = ", ".join(f"{k}={v}" for k, v in self.params.items())
        return f"{self.name}({inside})" if inside else self.name

    def replace(self, **changes) -> "Loss":
        """The same record with some fields changed; without `labelled`, which is that of this loss alone."""
        return dataclasses.replace(self, **({"labelled": None} | changes))

    def __repr__(self) -> str:
        """The label."""
        return f"<Loss {self.label}>"


def identity(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """The linear output y = z."""
    return jnp.asarray(z)
