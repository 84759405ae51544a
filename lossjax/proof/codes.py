"""The codes of findings: what each means, why it happens, what to write instead. Imports nothing, so that `explain` is instant."""

import dataclasses
import textwrap


@dataclasses.dataclass(frozen=True)
class Code:
    """One kind of finding."""

    title: str
    theory: str
    fix: str
    example: str  # a session of the Python prompt, with what it prints


CODES = {
    "LJ001": Code(
        "off by a constant factor",
        "got / want is the same number at every point: 2 or 1/2 (the square's 1/2 kept in one place and dropped in the other),\n"
        "K or 1/K (a mean over classes against a sum), or any other constant.",
        "Derive the gradient from the value as it is printed, constant included. If the factor is meant, rename the loss.",
        """
>>> import lossjax
>>> ask = {"quantity": "grad", "points": "quick"}
>>> def loss(z, t): return (z - t) ** 2
>>> def gradient(z, t): return z - t  # the derivative of half of it
>>> found = lossjax.check(loss, grad=gradient, **ask).findings()[0]
>>> print(found.code, found.cause.replace("; ", "\\n"))
LJ001 off by a constant factor: got = 1/2 * want everywhere
as if the exponent of (z - t)^2 were not brought down
>>> def gradient(z, t): return 2 * (z - t)
>>> lossjax.check(loss, grad=gradient, **ask).ok
True
""",
    ),
    "LJ002": Code(
        "wrong sign",
        "got = -want at every point: descent becomes ascent.",
        "Check which of output - target and target - output the derivation holds.",
        """
>>> import lossjax
>>> ask = {"quantity": "grad", "points": "quick"}
>>> def loss(z, t): return (z - t) ** 2
>>> def gradient(z, t): return 2 * (t - z)
>>> found = lossjax.check(loss, grad=gradient, **ask).findings()[0]
>>> print(found.code, found.cause)
LJ002 the sign is wrong: got = -want everywhere
""",
    ),
    "LJ003": Code(
        "missing or extra activation derivative",
        "By the chain rule dL/dz = dL/da * a'(z). The ratio got / want equals a'(z) or 1 / a'(z) at every point, so one of the two\n"
        "was taken for the other. A published demonstration of cross-entropy does this: it uses 1 / (1 - a), which is dL/da, as dL/dz.",
        "For sigmoid cross-entropy a'(z) cancels: dL/dz = a - t. For squared error it stays: dL/dz = 2 (a - t) a'(z).",
        """
>>> import jax, lossjax, textwrap
>>> ask = {"quantity": "grad", "points": "quick"}
>>> def loss(z, t):  # sigmoid cross-entropy
...     return jax.nn.softplus(z) - t * z
>>> def gradient(z, t):  # as squared error has it
...     a = jax.nn.sigmoid(z)
...     return (a - t) * a * (1 - a)
>>> found = lossjax.check(loss, grad=gradient, **ask).findings()[0]
>>> print(textwrap.fill(f"{found.code} {found.cause}", 79))
LJ003 an extra factor sigma'(z), the derivative of the output: dL/da and dL/dz
are confused
""",
    ),
    "LJ004": Code(
        "dropped cross term",
        "Every off-diagonal entry of the Hessian is 0, the true ones are not: a softmax couples the classes.",
        "Differentiate every output by every pre-activation: dy_i/dz_j = y_i (delta_ij - y_j).",
        """
>>> import jax.numpy as jnp, lossjax
>>> ask = {"event_ndim": 1, "quantity": "hess", "points": "quick"}
>>> def loss(z, t): return jnp.sum(z - t) ** 2
>>> def hessian(z, t): return 2 * jnp.eye(len(z))
>>> found = lossjax.check(loss, hess=hessian, **ask).findings()[0]
>>> print(found.code, found.cause)
LJ004 the cross terms are dropped: every off-diagonal entry of the Hessian is 0
>>> def hessian(z, t): return 2 * jnp.ones((len(z), len(z)))
>>> lossjax.check(loss, hess=hessian, **ask).ok
True
""",
    ),
    "LJ005": Code(
        "wrong formula",
        "At ordinary points the result is off by more than rounding can explain, and no single factor explains it.",
        "Differentiate the printed formula by hand at the worst point that the report names.",
        """
>>> import jax.numpy as jnp, lossjax
>>> ask = {"quantity": "grad", "points": "quick"}
>>> def loss(z, t): return z * z
>>> def gradient(z, t): return 2 * z + jnp.sin(z)
>>> lossjax.check(loss, grad=gradient, **ask).findings()[0].code
'LJ005'
""",
    ),
    "LJ006": Code(
        "lost tail: a false zero",
        "The result is exactly 0 where the truth is a normal number. Usually 1 - p with p rounded to 1, or p - 1: in float32 from a\n"
        "logit gap of 16.636 on, in bfloat16 from 5.5625. Training sees an example as finished that is not.",
        "Compute what is small as what it is, never as a difference of what is large: 1 - sigmoid(z) = sigmoid(-z), 1 - softmax_k =\n"
        "the sum of the others, -expm1, log1p.",
        """
>>> import jax, lossjax
>>> ask = {"quantity": "value", "points": "quick"}
>>> print(1 - jax.nn.sigmoid(18.0), jax.nn.sigmoid(-18.0))  # the same on paper
0.0 1.522998e-08
>>> def wrong(z, t): return 1 - jax.nn.sigmoid(z)
>>> found = lossjax.check(wrong, **ask).findings()[0]
>>> print(found.code, f"since |z| = {found.since['false zero']['size']:.3f}")
LJ006 since |z| = 16.636
>>> def right(z, t): return jax.nn.sigmoid(-z)
>>> lossjax.check(right, **ask).ok
True
""",
    ),
    "LJ007": Code(
        "cancellation: lost precision",
        "The error is larger than the rounding of the result plus the rounding of the input that the function amplifies (its\n"
        "conditioning). A difference of nearly equal intermediates loses digits that the formula itself does not.",
        "Rearrange so that the difference is taken of exact quantities, or use expm1, log1p, or a sum of positive terms.",
        """
>>> import jax, lossjax
>>> ask = {"quantity": "value", "points": "quick"}
>>> p = jax.nn.sigmoid(1.0)
>>> print((p + 1001.0) - 1000.0, p + 1.0)  # the same number on paper
1.7310791 1.7310586
>>> def wrong(z, t): return (jax.nn.sigmoid(z) + 1001.0) - 1000.0
>>> lossjax.check(wrong, **ask).findings()[0].code
'LJ007'
>>> def right(z, t): return jax.nn.sigmoid(z) + 1.0
>>> lossjax.check(right, **ask).ok
True
""",
    ),
    "LJ008": Code(
        "wrong NaN or inf",
        "The result is NaN or inf where the truth is an ordinary number, or an ordinary number where the truth is not. An\n"
        "intermediate overflows (exp(z), z * z), 0 * inf appears, or a NaN leaks through the unselected side of a where.",
        "Shift before exp, clip the argument inside the unselected branch, do not square what may be large.",
        """
>>> import jax, jax.numpy as jnp, lossjax
>>> ask = {"quantity": "value", "points": "quick"}
>>> def wrong(z, t): return jnp.log(1 + jnp.exp(z))
>>> print(wrong(100.0, 0.0), jax.nn.softplus(100.0))  # the same on paper
inf 100.0
>>> found = lossjax.check(wrong, **ask).findings()[0]
>>> print(found.code, f"since |z| = {found.since['NaN or inf']['size']:.2f}")
LJ008 since |z| = 88.72
>>> def right(z, t): return jax.nn.softplus(z)
>>> lossjax.check(right, **ask).ok
True
""",
    ),
    "LJ009": Code(
        "wrong at a kink or a tie",
        "At a kink a derivative must lie between the left and the right one; at a tie of a smooth function (max, abs, select decided\n"
        "by equality) it must be the derivative. JAX takes abs'(0) = 1 and halves a max, so that max(z, 0) + log1p(exp(-abs(z)))\n"
        "may get a wrong gradient at exactly 0, the value of a zero-initialised network.",
        "Write the function so that the two halves agree at the tie, or give it a custom_jvp.",
        """
>>> import jax, jax.numpy as jnp, lossjax
>>> ask = {"quantity": "grad", "points": "quick"}
>>> def wrong(z, t):  # 3 z in two halves, and neither has z = 0
...     return jnp.where(z > 0, 3 * z, z) + jnp.where(z < 0, 2 * z, 0)
>>> print(*(jax.grad(wrong)(z, 0.0) for z in (-0.5, 0.0, 0.5)))
3.0 1.0 3.0
>>> lossjax.check(wrong, **ask).findings()[0].code
'LJ009'
>>> def right(z, t):
...     return jnp.where(z >= 0, 3 * z, z) + jnp.where(z < 0, 2 * z, 0)
>>> lossjax.check(right, **ask).ok
True
""",
    ),
    "LJ010": Code(
        "undecided",
        "Exact arithmetic reached its limit of bits or steps before it could enclose the truth, or it does not bear out the\n"
        "float64 twin that a sweep of all floats takes for it. Never counted as clean.",
        "Raise the limit, or leave the point out and say so.",
        """
>>> import jax.numpy as jnp, numpy as np
>>> from lossjax.proof.exact import UNDECIDED, truth
>>> def f(z):  # no number of digits tells 1 from 1
...     return jnp.where(jnp.sin(z) ** 2 + jnp.cos(z) ** 2 > 1, z, -z)
>>> found = truth(f, np.array([1.0], np.float32), dtype=np.dtype("float32"))
>>> bool(found.status[0] == UNDECIDED)
True
""",
    ),
    "LJ011": Code(
        "a claim is refuted",
        "The loss claims a property (convex, a Lipschitz constant, a bound, proper, ...) and a witness contradicts it.",
        "Look at the witness that the report prints; correct the claim or the loss.",
        """
>>> import dataclasses
>>> from lossjax.losses import squared_error
>>> from lossjax.proof.claims import verify
>>> claims = dataclasses.replace(squared_error.claims, convex=False)
>>> (verdict,) = verify(squared_error.replace(claims=claims), "convex")
>>> print(verdict.code, verdict.state)
LJ011 refuted
""",
    ),
    "LJ012": Code(
        "the derivative rule disagrees with the function",
        "The function's value is right and the exact derivative of its primal is known, but jax.grad returns something else: a\n"
        "custom_jvp or custom_vjp rule is wrong.",
        "Hold the rule to `jax.grad` of the function without it, at ordinary points.",
        """
>>> import jax, lossjax
>>> ask = {"quantity": "grad", "points": "quick"}
>>> @jax.custom_jvp
... def loss(z, t): return (z - t) ** 2
>>> loss.defjvps(lambda dz, value, z, t: (z - t) * dz, None)  # the 2 is forgotten
>>> print(jax.grad(loss)(3.0, 1.0))  # 4 is right
2.0
>>> lossjax.check(loss, **ask).findings()[0].code
'LJ012'
""",
    ),
    "LJ013": Code(
        "not evaluated in this dtype",
        "JAX traces the function in another dtype and not in this one, or traces it and none of its derivatives, so that nothing\n"
        "could be judged. Operations of jax.lax, and the branches of a cond or the carry of a scan, must all have one dtype: a\n"
        "constant that was given float32 stops a bfloat16 run with an error.",
        "Give constants the dtype of z, jnp.asarray(x, z.dtype), or leave them numbers of Python, which take it by themselves.",
        """
>>> import jax, jax.numpy as jnp, lossjax
>>> ask = {"points": "quick", "quantity": "value"}
>>> def wrong(z, t): return jax.lax.mul(z, jnp.float32(2.0))
>>> report = lossjax.check(wrong, dtype=("float32", "bfloat16"), **ask)
>>> print(*((r.dtype, r.code) for r in report.findings()))
('bfloat16', 'LJ013')
>>> def right(z, t): return z * 2.0
>>> lossjax.check(right, dtype=("float32", "bfloat16"), **ask).ok
True
""",
    ),
}


def explain(code: str) -> str:
    """The page of one code: the theory, an example that runs, the fix."""
    entry = CODES[code]
    example = textwrap.indent(entry.example.strip("\n"), "    ")
    return "\n\n".join(
        [f"{code}: {entry.title}", _lines(entry.theory), "For example", example, _lines(f"Instead: {entry.fix}")]
    )


def _lines(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 79)
