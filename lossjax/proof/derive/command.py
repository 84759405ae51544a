"""What `lossjax derive` does with its options: find, derive, write down, confirm."""

from ...extras import need
from ..subject import UsageError


def run_derive(options) -> int:
    """Exit code 0 confirmed, 1 not."""
    need("sympy", "reference", "a derivation")
    need("flint", "reference", "exact arithmetic")
    if options.output is not None and not options.output.parent.is_dir():
        raise UsageError(f"--output: there is no folder {options.output.parent}; make it first")
    if options.output is not None and options.output.is_dir():
        raise UsageError(f"--output: {options.output} is a folder; name a file")
    from ..check import find
    from .page import page

    losses = [find(n) for n in (options.name, options.against) if n is not None]
    if len({loss.event_ndim for loss in losses}) > 1:
        raise UsageError(
            f"{losses[0].label} and {losses[1].label} have examples of unlike shape: a number and a vector"
        )
    if options.classes is not None and losses[0].event_ndim == 0:
        raise UsageError(f"{losses[0].label} has a number for an example: --classes is for vectors")
    text, ok = page(losses, 2 if options.classes is None else options.classes, options.format)
    print(text)
    if options.output is not None:
        options.output.write_text(text + "\n")
    return 0 if ok else 1
