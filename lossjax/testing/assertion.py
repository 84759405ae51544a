"""`assert_derivatives`: every derivative JAX gives of a function, held to the exact one of its primal."""

import time
from collections.abc import Callable, Iterable

import jax

from ..proof.primal import NoTruth, primal
from .flat import Flat, flatten
from .message import failure
from .modes import FIRST, TITLES, mode_of, refusal
from .result import Checked, DerivativeError
from .trial import Request, Trial
from .values import hold_values

BOUND = 8.0


def assert_derivatives(
    f: Callable,
    *args,
    modes: str | Iterable[str] | None = None,
    bound: float = BOUND,
    rounding: str = "auto",
    like: Callable | None = None,
    keep_stop_gradient: bool = False,
    effort: float = 1.0,
    seed: int = 0,
    jit: bool = True,
    atol: float = 0.0,
    rtol: float = 0.0,
) -> Checked:
    """Hold the derivatives of f at args to the exact ones, element by element; raise DerivativeError if one is wrong.

    f takes and returns pytrees. Float leaves are differentiated, all others are constants. The truth is that of the
    primal: custom_jvp and custom_vjp rules are inlined and stop_gradient is stripped, so that no rule vouches for itself.
    f must be traceable, as under jit.

    An element of a function of up to 16 numbers, those in the arrays it closes over counted, passes if
    |got - want| <= bound (ulp(want) + eps sum_k |x_k d want/d x_k|): as much as rounding it and rounding those numbers may
    bring about, so that digits lost to cancellation within the code fail. Of larger functions, in which sums run over many
    terms and layer follows on layer, the rounding of every intermediate result is granted too:
    |got - want| <= bound (ulp(want) + the root mean square of its moves when all that comes in and every result of every
    operation moves by eps, at random), and so it is of a function nothing of which can be evaluated exactly, as one with a
    factorisation in it. Either way a 0 passes only where one rounding of the arguments may make it so.
    ulp is that of the element's own dtype, bfloat16 and float16 included, as their arithmetic rounds every step; eps that
    of the coarsest dtype among the leaves in and out. At a kink, anything between the limits on both sides passes, and in a
    larger function, where only some of the limits are looked at, as far again beyond. Where no derivative exists anything
    does, and the result says at how many entries. Subnormal arguments are read as 0, as XLA does.

    The value that a rule returns beside its derivative is held to that of f, to half of the digits.

    Where exact arithmetic of every direction would take too long, random +-1 directions and a sample of rows are looked
    at; float64, held to exact arithmetic along some directions, is then the reference of the others. The result's text says
    which, and with which probability a wrong element is missed.

    Args:
        f: any JAX function.
        *args: where; pytrees.
        modes: "rev", "fwd", "fwd_over_rev" (second derivatives), "lin" (linearize), or several; by default the first
            two, less one that JAX does not offer for f. Second derivatives are judged on request: those of jax.nn.softplus,
            for one, are 0 in a tail where they should not be.
        bound: B above.
        rounding: whose rounding is granted: "inputs", "intermediates", or "auto", the former up to 16 numbers where exact
            arithmetic reaches; the result's text says which.
        like: a function of the same arguments whose derivative is the truth instead of that of f's own primal.
        keep_stop_gradient: for code that means its stop_gradient.
        effort: multiplies what exact arithmetic and JAX may be asked to compute; 1 is a second or so.
        seed: of the random directions.
        jit: compile the derivatives, as training does; False calls them op by op.
        atol: errors up to atol + rtol |want| pass as well.
        rtol: see atol.
    """
    __tracebackhide__ = True  # pytest then points at the test
    request = Request(bound, (atol, rtol), rounding, effort, seed, jit)
    flat = flatten(f, primal(like or f, keep_stop_gradient=keep_stop_gradient, keep_linear_solve=True), args)
    return examine(flat, modes, request, f, args)


def examine(flat: Flat, modes, request: Request, f, args) -> Checked:
    """Judge a flat function in these modes; f and args are for the message."""
    __tracebackhide__ = True
    began, judged = time.perf_counter(), []
    names, refused = _offered(flat, modes)
    for name in names:
        try:
            trial = Trial(name, flat, request)
        except NoTruth as none:
            raise NoTruth(str(none).replace("--like", "like=")) from None
        hold_values(flat, name)
        with jax.numpy_rank_promotion("allow"):  # a strict setting is for the user's code, which has been traced by now
            if trial.run().failed.any():
                raise DerivativeError(failure(trial, f, args))
        judged.append(trial.summary())
    checked = Checked(tuple(judged), refused, time.perf_counter() - began)
    if any(not m.judged and not m.nowhere for m in judged):
        raise NoTruth(f"nothing could be judged in a mode: its exact derivative is undecided\n{checked}")
    return checked


def _offered(flat: Flat, modes):
    """The modes asked for; by default all that JAX offers for this function, and why it does not offer the others."""
    if modes is not None:
        if not isinstance(modes, Iterable):
            raise TypeError(f"modes are names, some of {', '.join(TITLES)}, got {modes!r}")
        names = [modes] if isinstance(modes, str) else list(modes)
        if not names:
            raise ValueError(
                f"modes names none, so nothing would be judged; choose among {', '.join(TITLES)}, or leave it out"
            )
        return names, {}
    refused = {name: why for name in FIRST if (why := refusal(mode_of(name, flat)))}
    if len(refused) == len(FIRST):
        raise TypeError(f"JAX differentiates this function in no mode: {refused['rev']}")
    return [name for name in FIRST if name not in refused], refused
