"""A loss that JAX traces in one dtype and not in another, or of which it traces no derivative: one sentence says so."""

import contextlib
from collections.abc import Iterable, Iterator

import jax
import numpy as np

from .exact import NoTruth, UnknownPrimitive
from .findings import Row
from .fitting import UsageError, said
from .subject import COLUMNS_FROM, Subject

_ITS = {"value": "it", "grad": "its gradient", "hess": "its Hessian"}


class UntraceableError(UsageError):
    """JAX does not trace a quantity of a subject in a dtype; for a caller who asks for others there is a row that says so."""

    def __init__(self, subject: Subject, dtype: np.dtype, quantity: str, witness: str, why: str):
        """Why: what JAX, or the function itself, says."""
        super().__init__(f"{subject.label}: JAX does not trace {_ITS[quantity]} in {dtype.name}: {why}")
        self.subject, self.dtype, self.quantity, self.witness = subject, dtype, quantity, witness

    def row(self) -> Row:
        """Nothing was judged in this dtype."""
        counts = dict.fromkeys(
            ("eligible", "checked", "undecided", "skipped", "lost", "wrong_nonfinite", "subnormal"), 0
        )
        return Row(
            loss=self.subject.label,
            dtype=self.dtype.name,
            quantity=self.quantity,
            witness=self.witness,
            **counts,
            max_ulp=float("nan"),
            max_excess=float("nan"),
            bound=self.subject.bounds[self.quantity],
            failures=0,
            ok=False,
            code="LJ013",
            cause=str(self),
            truth=self.subject.means,
            targets=self.subject.targets,
        )


@contextlib.contextmanager
def traceable(subjects: Iterable[Subject], dtype: np.dtype, quantities: Iterable[str]) -> Iterator[None]:
    """Where somebody's function is to blame for an exception, UntraceableError in its place; else the exception itself."""
    try:
        yield
    except (UsageError, NoTruth, UnknownPrimitive):
        raise
    except (Exception, SystemExit):
        for subject in subjects:
            for quantity in quantities:
                _try(subject, dtype, quantity)
        raise


def _try(subject: Subject, dtype: np.dtype, quantity: str) -> None:
    """Trace every witness at every size, without evaluating any."""
    with jax.enable_x64(dtype.itemsize == 8):
        for k in subject.classes or (0,):
            x = jax.ShapeDtypeStruct((k,) if k else (), dtype)
            columns = quantity == "hess" and k >= COLUMNS_FROM
            for witness, f in subject.witnesses(quantity, columns).items():
                try:
                    jax.eval_shape(f, *(x, x, x)[: 3 if columns else 2])
                except NoTruth:  # it traces: what it says is another thing
                    raise
                except (Exception, SystemExit) as error:  # a stranger's function
                    raise UntraceableError(subject, dtype, quantity, witness, said(error)) from None
