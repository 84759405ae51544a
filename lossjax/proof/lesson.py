"""What a finding teaches: which witnesses disagree and who is therefore wrong, and what training makes of it."""

from collections.abc import Mapping

from .findings import Row

MATHS = ("LJ001", "LJ002", "LJ003", "LJ004", "LJ005")
_NAMES = {"value": "value", "grad": "gradient", "hess": "Hessian"}
# Up to here a sigmoid is neither below 0.018 nor above 0.982; beyond the second a logit hardly gets.
_ORDINARY, _REACHED = 4.0, 1e3


def witnesses(rows: Mapping[str, Row], quantity: str) -> str:
    """Which witnesses disagree with the truth, and which agree."""
    sides = (("disagree with the truth", False), ("agree with it", True))
    said = {word: [title(w, quantity) for w, r in rows.items() if r.ok == ok] for word, ok in sides}
    return "; ".join(f"{word}: {', '.join(found)}" for word, found in said.items() if found)


def title(witness: str, quantity: str = "") -> str:
    """A witness in words."""
    derived = (
        "the code as written" if quantity == "value" else "the derivative written by hand" if quantity else "the code"
    )
    return {
        "derived": derived,
        "autodiff": "jax.hessian of it" if quantity == "hess" else "jax.grad of it",
        "plain": "the same without custom rules",
        "own": "its own formula in exact arithmetic",
    }[witness]


def blame(r: Row, rows: Mapping[str, Row]) -> str:
    """Who is wrong, from which of the witnesses of one quantity disagree; `rows` has them by name."""
    if r.code == "LJ013":
        return f"the code: it mixes dtypes, or has no derivative at all; in {r.dtype} nothing was judged"
    if r.code == "LJ010":
        return "nobody is convicted: the truth could not be enclosed"
    if r.witness == "own":
        return f"the formula: in exact arithmetic, where nothing is rounded, it still is not {_reference(r)}"
    if r.code == "LJ012" and "stop_gradient" in r.cause:
        return (
            "an autodiff rule: a stop_gradient holds back a part of the derivative; the formula and its value are right"
        )
    if r.code == "LJ012":
        return "an autodiff rule: without the function's custom_jvp or custom_vjp JAX has the right formula, with it it has not"
    if r.witness == "autodiff" and r.code == "LJ009":
        return "an autodiff rule: that of max, abs or select, which takes sides at a tie"
    by_hand = r.witness == "derived" and r.quantity != "value"
    if by_hand and r.code == "LJ009":
        return f"the derivation: at a tie or a kink the {_NAMES[r.quantity]} written by hand is on neither side"
    if r.code in MATHS or r.itself in ("wrong", "partly"):
        rest = "; elsewhere its floating point is wrong as well" if r.itself == "partly" else ""
        return _formula(r, by_hand, rows.get("own")) + rest
    return _floating_point(r, by_hand, rows.get("plain"))


def _formula(r: Row, by_hand: bool, own: Row | None) -> str:
    amiss = own is not None and not own.ok
    if by_hand and amiss:
        hand = f"its {_NAMES[r.quantity]} written by hand"
        return f"the formula, or the derivation as well: neither the function nor {hand} is that of {_reference(r)}"
    if by_hand:
        return f"the derivation: the {_NAMES[r.quantity]} written by hand is not the derivative of the value"
    if amiss:
        return f"the formula: this computes what the function says, and the function is not {_reference(r)}"
    what = "the code's formula" if r.quantity == "value" else "an autodiff rule: it"
    return f"{what} is not that of {_reference(r)}, nothing rounded"


def _floating_point(r: Row, by_hand: bool, plain: Row | None) -> str:
    if by_hand:
        what = f"the floating point of the {_NAMES[r.quantity]} written by hand"
    elif r.witness == "autodiff" and plain is not None and plain.ok:
        return f"the floating point of a custom rule or a stop_gradient: without them autodiff of the same code is right in {r.dtype}"
    else:
        what = "the code's floating point"
    if r.itself == "right":
        return (
            f"{what}: where it fails its formula is right, taken without rounding; its evaluation in {r.dtype} is not"
        )
    return (
        f"{what}, it seems: at ordinary z the formula is right, and where it fails exact arithmetic does not settle it"
    )


def _reference(r: Row) -> str:
    return r.truth.split(" and its")[0]


def effect(r: Row) -> str:
    """What a training run makes of it."""
    if r.code == "LJ013":
        return "It stops with this error before the first step."
    return f"{_EFFECTS[r.quantity](r)} {_reach(r)}"


def _value(r: Row) -> str:
    if r.code == "LJ008":
        return "The loss of a batch that holds such an example is NaN or inf; logs, schedules and early stopping act on it."
    if r.code == "LJ006":
        return "The loss reads 0 for an example that is not fit; gradient descent does not look at it, logs and early stopping do."
    return "Whatever compares losses (logs, early stopping, line search) compares wrong numbers; gradient descent does not look at them."


def _grad(r: Row) -> str:
    special = {
        "LJ001": "It trains as with another learning rate, and shifts the balance against every other term of the loss.",
        "LJ002": "Every step goes uphill.",
        "LJ003": "Where the output saturates, confidently wrong examples hardly learn or learn far too fast.",
        "LJ006": "Such an example counts as learnt: it moves no weight, although its gradient is an ordinary number.",
        "LJ007": "The step is partly rounding noise, larger than the input's own rounding explains.",
        "LJ008": "One such example makes the gradient of its whole batch NaN or inf, and every weight after the next step.",
        "LJ009": "A network that starts at a tie, as one initialised with zeros does, takes a wrong first step.",
        "LJ010": "Unknown.",
        "LJ012": "Training follows the rule, not the loss: it minimises something else than it reports.",
    }
    return special.get(r.code, "The steps do not go down this loss; training may settle at the minimum of another one.")


def _hess(r: Row) -> str:
    return (
        "Gradient descent does not see it; Newton steps, Hessian-vector products, natural gradients, Laplace approximations and "
        "influence functions do."
    )


_EFFECTS = {"value": _value, "grad": _grad, "hess": _hess}


def _reach(r: Row) -> str:
    kind = _KINDS.get(r.code, "")
    if not r.since:
        return "It fails at infinite or NaN pre-activations alone, such as logits masked with -inf."
    size = (r.since.get(kind) or min(r.since.values(), key=lambda w: w["size"]))["size"]
    if size <= _ORDINARY:
        return "It begins at ordinary pre-activations, which every run has."
    if size <= _REACHED:
        return f"It begins at |z| = {size:.4g}, where confident and saturated outputs are."
    return f"It begins at |z| = {size:.4g}, where few runs ever get to."


_KINDS = {"LJ006": "false zero", "LJ008": "NaN or inf"}
