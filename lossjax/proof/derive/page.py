"""The whole page: the steps of one loss, or of two side by side, and the confirmation they end in."""

from ...losses.loss import Loss
from ..subject import UsageError
from .against import cancellation, columns
from .confirm import Confirmation, confirm
from .derivation import Derivation, derive
from .latex import as_latex, as_markdown
from .reader import NotSymbolic
from .steps import Step, steps
from .text import as_text

_WRITE = {"text": as_text, "latex": as_latex, "markdown": as_markdown}
_TITLE = {
    "text": "{label}",
    "latex": "% needs \\usepackage{{amsmath}}\n\\section*{{{escaped}}}",
    "markdown": "## {label}",
}
_QUANTITY = {"value": "The value", "grad": "The gradient", "hess": "The Hessian"}


def page(losses: list[Loss], classes: int = 2, form: str = "text") -> tuple[str, bool]:
    """The page in text, latex or markdown, and whether every confirmation holds.

    Raises: UsageError for a loss whose formula cannot be read as expressions.
    """
    found = [_derived(loss, classes) for loss in losses]
    results = [confirm(d) for d in found]
    ok = all(c.ok for r in results for c in r)
    if len(found) == 1:
        return _one(found[0], results[0], form), ok
    last = [confirmation(d, r) for d, r in zip(found, results)]
    if form == "text":
        closing = [cancellation(*found), *last]
        return "\n\n".join([columns(*found), *(as_text(s, i + 1) for i, s in enumerate(closing))]), ok
    pages = [_one(d, r, form) for d, r in zip(found, results)]
    return "\n\n".join([*pages, _WRITE[form](cancellation(*found), len(steps(found[1])) + 2)]), ok


def _derived(loss, classes):
    try:
        return derive(loss, classes)
    except NotSymbolic as why:
        raise UsageError(f"the formula of {loss.label} is beyond a derivation by SymPy: {why}") from None


def _one(found: Derivation, results, form):
    written = [*steps(found), confirmation(found, results)]
    label = found.at.loss.label + (f", K = {len(found.at.z)} classes" if found.at.vector else "")
    head = _TITLE[form].format(label=label, escaped=label.replace("_", "\\_"))
    return "\n\n".join([head, *(_WRITE[form](s, i + 1) for i, s in enumerate(written))])


def confirmation(found: Derivation, results: list[Confirmation]) -> Step:
    """The last step: what was held against the code, and how."""
    body = [_sentence(r) for r in results]
    if any(len(e) > 1 for e in (found.value, *found.gradient)):
        body.append(
            "All of it inside the cases; on the boundary between two, the code's choice is documented with the loss."
        )
    return Step(f"Confirmation: {found.at.loss.label}", tuple(body))


def _sentence(result: Confirmation) -> str:
    what = _QUANTITY[result.quantity]
    if result.ok:
        return f"{what} {'equals' if result.how == 'symbolically' else 'agrees with'} the code's {result.how}."
    return f"{what} is NOT the code's, {result.how}: {result.difference}."
