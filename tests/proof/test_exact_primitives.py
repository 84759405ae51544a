"""Every primitive that the functions of optax.losses and jax.nn trace to has an exact meaning."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from lossjax.proof.exact.ladder import trace, truth
from lossjax.proof.exact.plan import plan
from lossjax.proof.exact.rules import known
from lossjax.proof.primal import primal

L = optax.losses
T = np.array([0.0, 1.0, 0.0])
P = np.array([0.2, 0.5, 0.3])
LOSSES = {
    "binary_dice_loss": lambda z: L.binary_dice_loss(z, T).sum(),
    "convex_kl_divergence": lambda z: L.convex_kl_divergence(z, P),
    "cosine_distance": lambda z: L.cosine_distance(z, P),
    "cosine_similarity": lambda z: L.cosine_similarity(z, P),
    "ctc_loss": lambda z: L.ctc_loss(
        z.reshape(1, 3, 1) * P, np.zeros((1, 3)), np.array([[1, 2]]), np.zeros((1, 2))
    ).sum(),
    "ctc_loss_with_forward_probs": lambda z: L.ctc_loss_with_forward_probs(
        z.reshape(1, 3, 1) * P, np.zeros((1, 3)), np.array([[1, 2]]), np.zeros((1, 2))
    )[0].sum(),
    "dice_loss": lambda z: L.dice_loss(z[None], T[None]).sum(),
    "generalized_kl_divergence": lambda z: L.generalized_kl_divergence(z, P),
    "hinge_loss": lambda z: L.hinge_loss(z, T).sum(),
    "huber_loss": lambda z: L.huber_loss(z, T).sum(),
    "kl_divergence": lambda z: L.kl_divergence(z, P),
    "kl_divergence_with_log_targets": lambda z: L.kl_divergence_with_log_targets(z, P),
    "l2_loss": lambda z: L.l2_loss(z, T).sum(),
    "log_cosh": lambda z: L.log_cosh(z, T).sum(),
    "make_fenchel_young_loss": lambda z: L.make_fenchel_young_loss(jax.nn.logsumexp)(z, T),
    "multiclass_generalized_dice_loss": lambda z: L.multiclass_generalized_dice_loss(z[None], T[None]).sum(),
    "multiclass_hinge_loss": lambda z: L.multiclass_hinge_loss(z, 1),
    "multiclass_perceptron_loss": lambda z: L.multiclass_perceptron_loss(z, 1),
    "multiclass_sparsemax_loss": lambda z: L.multiclass_sparsemax_loss(z[None], jnp.array([1])).sum(),
    "ntxent": lambda z: L.ntxent(z[:, None] * P[:2] + P[:, None], jnp.array([0, 0, 1])),
    "perceptron_loss": lambda z: L.perceptron_loss(z, T).sum(),
    "poly_loss_cross_entropy": lambda z: L.poly_loss_cross_entropy(z, T),
    "ranking_softmax_loss": lambda z: L.ranking_softmax_loss(z, T),
    "safe_softmax_cross_entropy": lambda z: L.safe_softmax_cross_entropy(z, T),
    "sigmoid_binary_cross_entropy": lambda z: L.sigmoid_binary_cross_entropy(z, T).sum(),
    "sigmoid_focal_loss": lambda z: L.sigmoid_focal_loss(z, T).sum(),
    "smooth_labels": lambda z: L.smooth_labels(z, 0.1).sum(),
    "softmax_cross_entropy": lambda z: L.softmax_cross_entropy(z, T),
    "softmax_cross_entropy_with_integer_labels": lambda z: L.softmax_cross_entropy_with_integer_labels(z, 1),
    "sparsemax_loss": lambda z: L.sparsemax_loss(z, T).sum(),
    "squared_error": lambda z: L.squared_error(z, T).sum(),
    "triplet_margin_loss": lambda z: L.triplet_margin_loss(z, T, P),
}
# Not functions of logits: random or attention-like, or scaled matrix products for accelerators.
NOT_ACTIVATIONS = {
    "one_hot",
    "dot_product_attention",
    "scaled_dot_general",
    "scaled_matmul",
    "get_scaled_dot_general_config",
}
ACTIVATIONS = {
    name: f
    for name, f in vars(jax.nn).items()
    if inspect.isroutine(f) or (hasattr(f, "lower") and not name.startswith("_"))
}


@pytest.fixture(autouse=True)
def _as_their_users_call_them():
    """Other libraries promote ranks."""
    with jax.numpy_rank_promotion("allow"):
        yield


def functions():
    yield from LOSSES.items()
    for name in sorted(set(ACTIVATIONS) - NOT_ACTIVATIONS):
        f = ACTIVATIONS[name]
        yield "nn." + name, (lambda z, f=f: f(jnp.concatenate([z, z[:1]])).sum())


def test_the_list_is_complete():
    public = {n for n, f in vars(L).items() if callable(f) and not n.startswith("_")}
    assert public == set(LOSSES)
    assert len(ACTIVATIONS) > 25


@pytest.mark.filterwarnings("ignore:.*deprecated.*:DeprecationWarning")
@pytest.mark.parametrize(("name", "f"), list(functions()), ids=[n for n, _ in functions()])
def test_every_primitive_has_a_rule(name, f):
    bare = primal(f)
    for g in (bare, jax.grad(bare), jax.hessian(bare)):
        prepared = plan(trace(g, [np.zeros((1, 3))]))
        assert set(prepared.primitives()) <= known(), name


@pytest.mark.parametrize("name", ["multiclass_sparsemax_loss", "sigmoid_focal_loss", "triplet_margin_loss"])
def test_foreign_losses_agree_with_float64(name):
    f = primal(LOSSES[name])
    z = np.float32([[0.3, -0.7, 1.1], [2.5, 0.1, -1.4]])
    for g in (f, jax.grad(f)):
        got = truth(g, z, dtype=np.float32)
        with jax.enable_x64(True):
            want = jax.jit(jax.vmap(g))(jnp.asarray(z, jnp.float64))
        np.testing.assert_allclose(got.hi, want, rtol=1e-9, atol=1e-12)


HANDMADE = {
    "sort": lambda z: jnp.cumsum(jnp.sort(z)[::-1]),
    "top k": lambda z: jax.lax.top_k(z, 2)[0],
    "argsort": lambda z: jnp.argsort(z) * 1.0,
    "median": lambda z: jnp.median(z) + jnp.quantile(z, 0.3),
    "cumulative": lambda z: jax.lax.cumlogsumexp(z) + jax.lax.cummax(z, reverse=True) + jnp.cumprod(z),
    "scatter add": lambda z: z.at[jnp.array([0, 0, 2])].add(z * 2).at[1].set(0.5),
    "scatter mul": lambda z: z.at[jnp.array([0, 0, 2])].multiply(z * 2),
    "products": lambda z: z @ jnp.outer(z, z) @ z + jnp.prod(z) + jnp.einsum("i,j->", z, z),
    "rounding": lambda z: jnp.round(z * 3) + jnp.floor(z) + z.astype(int) + z % 1.0,
    "slices": lambda z: jnp.pad(jax.lax.dynamic_slice(z, (1,), (2,)), (1, 2), constant_values=3.0),
    "loop": lambda z: jax.lax.fori_loop(0, 3, lambda i, c: c * z + i, z),
    "while": lambda z: jax.lax.while_loop(lambda c: c[0] < 2, lambda c: (c[0] + z[1] ** 2 + 0.1, c[1] * z), (z[0], z))[
        1
    ],
    "branches": lambda z: jax.lax.switch(jnp.argmax(z), [jnp.sin, jnp.cos, jnp.tanh], z),
    "special": lambda z: jax.nn.gelu(z, approximate=False) + jnp.cbrt(z) + jnp.arctan2(z, z + 1) + jnp.exp2(z),
    "labels": lambda z: jax.nn.one_hot(jnp.argmax(z), 3) * z + z[jnp.sum(z > 0.1)],
}


@pytest.mark.parametrize("name", HANDMADE)
def test_structure_agrees_with_jax(name):
    z = np.random.default_rng(5).normal(size=(25, 3)).astype(np.float32)
    got = truth(HANDMADE[name], z, dtype=np.float32)
    with jax.enable_x64(True):
        want = jax.jit(jax.vmap(HANDMADE[name]))(jnp.asarray(z, jnp.float64))
    np.testing.assert_allclose(got.hi, want, rtol=1e-9, atol=1e-12)
