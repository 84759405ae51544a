"""The first part of the job: what can be said of the two losses before any network is trained."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from . import bounds, equations, reasons
from .store import Store

SYMBOLIC_CLASSES = (2, 3, 4, 5, 6)


def parts() -> list[tuple[dict, Callable[[], dict]]]:
    """Key and function of every part; each yields one record."""
    half = np.dtype(np.float16)
    return [
        *((_key("symbolic", n), lambda n=n: _symbolic(n)) for n in equations.EQUATIONS),
        *(
            (_key("every gap", n, "float16"), lambda n=n: equations.at_every_gap(n, equations.gaps(half)))
            for n in equations.EQUATIONS
        ),
        (_key("ratio"), equations.ratio_at_uniform),
        (_key("bounds"), lambda: {"rows": bounds.check()}),
        (_key("vanishing"), reasons.vanishing),
        *((_key("curves", case), lambda case=case: reasons.curves(case)) for case in reasons.CASES),
        *(
            (_key("false zeros", case, dtype), lambda case=case, dtype=dtype: reasons.false_zeros(case, dtype))
            for case in reasons.CASES
            for dtype in reasons.DTYPES
        ),
    ]


def every_float32(resume: Path, progress) -> list[tuple[dict, Callable[[], dict]]]:
    """The two parts of `--points all`, minutes each; a stopped one goes on from `resume`."""
    return [
        (_key("every gap", n, "float32"), lambda n=n: equations.at_every_float32(n, resume=resume, progress=progress))
        for n in equations.EQUATIONS
    ]


def _key(part, *of):
    return {"kind": "theory", "part": part, "of": list(of)}


def _symbolic(number):
    return {"proved": {str(c): equations.symbolic(number, c) for c in SYMBOLIC_CLASSES}}


def run(todo: list[tuple[dict, Callable[[], dict]]], store: Store) -> Iterator[str]:
    """Compute the parts that the store does not hold; yields the name of each when it is there."""
    for key, part in todo:
        if not store.has(key):
            store.add([(key, part())])
        yield f"{key['part']} {' '.join(map(str, key['of']))}"
