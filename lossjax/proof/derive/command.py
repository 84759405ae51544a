"""What `lossjax derive` does with its options: find, derive, write down, confirm."""

from ...extras import need
from ..output import writable, write
from ..subject import UsageError

_SHAPES = ("number", "vector")


def run_derive(options) -> int:
    """Exit code 0 confirmed, 1 not."""
    need("sympy", "reference", "a derivation")
    need("flint", "reference", "exact arithmetic")
    writable(options.output)
    from ..check import find
    from .page import page

    losses = [find(n) for n in (options.name, options.against) if n is not None]
    if len({loss.event_ndim for loss in losses}) > 1:
        raise UsageError(
            f"one example of {losses[0].label} is a {_SHAPES[losses[0].event_ndim]}, of {losses[1].label} a "
            f"{_SHAPES[losses[1].event_ndim]}: nothing is gained side by side"
        )
    if options.classes is not None and losses[0].event_ndim == 0:
        raise UsageError(f"{losses[0].label} has a number for an example: --classes is for vectors")
    text, ok = page(losses, 2 if options.classes is None else options.classes, options.format)
    print(text)
    if options.output is not None:
        write(options.output, text + "\n")
    return 0 if ok else 1
