"""`check_grads` with the signature of `jax.test_util.check_grads`, judged by exact arithmetic."""

from collections.abc import Callable, Iterable, Mapping

from ..proof.primal import primal
from .assertion import BOUND, examine
from .flat import Flat, flatten
from .modes import pushed
from .trial import Request


def check_grads(
    f: Callable,
    args: Iterable,
    order: int,
    modes: Iterable[str] = ("fwd", "rev"),
    atol: float | Mapping | None = None,
    rtol: float | Mapping | None = None,
    eps: float | None = None,
) -> None:
    """Hold derivatives of f at args, up to `order`, to the exact ones: a drop-in for `jax.test_util.check_grads`.

    Args:
        f: any JAX function.
        args: a tuple of arguments; integer leaves are constants.
        order: 1 for first derivatives; more nests forward and reverse mode in every way, as JAX's own check does.
        modes: "fwd", "rev", "lin".
        atol: errors up to atol + rtol |want| pass as well, for each element by itself: never multiplied by a size.
            By default nothing is added to the tolerance of `assert_derivatives`, which needs no setting.
        rtol: see atol. Of a table by dtype, as JAX takes it, the loosest counts.
        eps: accepted and unused: no finite difference is taken.

    Raises:
        DerivativeError: an AssertionError that names the element.
        ValueError: for an order, modes or tolerances with which nothing would be judged.
    """
    del eps
    __tracebackhide__ = True
    args, modes = tuple(args), [modes] if isinstance(modes, str) else list(modes)
    if not modes or order < 1:
        raise ValueError(f"nothing would be judged: order {order}, modes {modes}; give one at least")
    request = Request(BOUND, (_number(atol), _number(rtol)), "auto", 1.0, 0, True)
    _check(flatten(f, primal(f, keep_linear_solve=True), args), order, modes, request, f, args)


def _check(flat: Flat, order, modes, request, f, args):
    __tracebackhide__ = True
    for mode in modes:
        examine(flat, mode, request, f, args)
        if order > 1:
            _check(pushed(flat, mode != "rev"), order - 1, modes, request, f, args)


def _number(tolerance) -> float:
    """JAX also takes a table of tolerances by dtype: the loosest of them."""
    return float(max(tolerance.values(), default=0.0) if isinstance(tolerance, Mapping) else tolerance or 0.0)
