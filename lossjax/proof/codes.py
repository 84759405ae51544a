"""The codes of findings: what each means, why it happens, what to write instead. Imports nothing, so that `explain` is instant."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Code:
    """One kind of finding."""

    title: str
    theory: str
    fix: str


CODES = {
    "LJ001": Code(
        "off by a constant factor",
        "got / want is the same number at every point: 2 or 1/2 (the square's 1/2 kept in one place and dropped in the other),\n"
        "K or 1/K (a mean over classes against a sum), or any other constant.",
        "Derive the gradient from the value as it is printed, constant included. If the factor is meant, rename the loss.",
    ),
    "LJ002": Code(
        "wrong sign",
        "got = -want at every point: descent becomes ascent.",
        "Check which of output - target and target - output the derivation holds.",
    ),
    "LJ003": Code(
        "missing or extra activation derivative",
        "By the chain rule dL/dz = dL/da * a'(z). The ratio got / want equals a'(z) or 1 / a'(z) at every point, so one of the two\n"
        "was taken for the other. A published demonstration of cross-entropy does this: it uses 1 / (1 - a), which is dL/da, as dL/dz.",
        "For sigmoid cross-entropy a'(z) cancels: dL/dz = a - t. For squared error it stays: dL/dz = 2 (a - t) a'(z).",
    ),
    "LJ004": Code(
        "dropped cross term",
        "Every off-diagonal entry of the Hessian is 0, the true ones are not: a softmax couples the classes.",
        "Differentiate every output by every pre-activation: dy_i/dz_j = y_i (delta_ij - y_j).",
    ),
    "LJ005": Code(
        "wrong formula",
        "At ordinary points the result is off by more than rounding can explain, and no single factor explains it.",
        "Differentiate the printed formula by hand at the worst point that the report names.",
    ),
    "LJ006": Code(
        "lost tail: a false zero",
        "The result is exactly 0 where the truth is a normal number. Usually 1 - p with p rounded to 1, or p - 1: in float32 from a\n"
        "logit gap of 16.636 on, in bfloat16 from 5.5625. Training sees an example as finished that is not.",
        "Compute what is small as what it is, never as a difference of what is large: 1 - sigmoid(z) = sigmoid(-z), 1 - softmax_k =\n"
        "the sum of the others, -expm1, log1p.",
    ),
    "LJ007": Code(
        "cancellation: lost precision",
        "The error is larger than the rounding of the result plus the rounding of the input that the function amplifies (its\n"
        "conditioning). A difference of nearly equal intermediates loses digits that the formula itself does not.",
        "Rearrange so that the difference is taken of exact quantities, or use expm1, log1p, or a sum of positive terms.",
    ),
    "LJ008": Code(
        "wrong NaN or inf",
        "The result is NaN or inf where the truth is an ordinary number, or an ordinary number where the truth is not. An\n"
        "intermediate overflows (exp(z), z * z), 0 * inf appears, or a NaN leaks through the unselected side of a where.",
        "Shift before exp, clip the argument inside the unselected branch, do not square what may be large.",
    ),
    "LJ009": Code(
        "wrong at a kink or a tie",
        "At a kink a derivative must lie between the left and the right one; at a tie of a smooth function (max, abs, select decided\n"
        "by equality) it must be the derivative. JAX takes abs'(0) = 1 and halves a max, so that max(z, 0) + log1p(exp(-abs(z)))\n"
        "may get a wrong gradient at exactly 0, the value of a zero-initialised network.",
        "Write the function so that the two halves agree at the tie, or give it a custom_jvp.",
    ),
    "LJ010": Code(
        "undecided",
        "Exact arithmetic reached its limit of bits or steps before it could enclose the truth, or it does not bear out the\n"
        "float64 twin that a sweep of all floats takes for it. Never counted as clean.",
        "Raise the limit, or leave the point out and say so.",
    ),
    "LJ011": Code(
        "a claim is refuted",
        "The loss claims a property (convex, a Lipschitz constant, a bound, proper, ...) and a witness contradicts it.",
        "Look at the witness that the report prints; correct the claim or the loss.",
    ),
    "LJ012": Code(
        "the derivative rule disagrees with the function",
        "The function's value is right and the exact derivative of its primal is known, but jax.grad returns something else: a\n"
        "custom_jvp or custom_vjp rule is wrong.",
        "Hold the rule to `jax.grad` of the function without it, at ordinary points.",
    ),
}


def explain(code: str) -> str:
    """The page of one code."""
    entry = CODES[code]
    return f"{code}: {entry.title}\n\n{entry.theory}\n\nInstead: {entry.fix}"
