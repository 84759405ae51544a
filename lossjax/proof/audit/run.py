"""An audit: which libraries are here, their cases grouped by meaning, each group and dtype a job of its own."""

import dataclasses
import functools
import importlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from ...environment import environment
from ..fitting import UsageError, said
from ..ulp import DTYPES
from .case import Case, Library
from .finding import Finding, by_invariants, findings
from .sweep import Against, Seen, Trouble, sweep

LIBRARIES = ("optax", "jax.nn", "jaxopt", "rax", "keras", "torch", "sklearn")


@dataclasses.dataclass(frozen=True)
class Audit:
    """Findings about libraries, what could not be evaluated, and what was looked at."""

    findings: list[Finding]
    troubles: list[Trouble]
    looked_at: dict[str, dict]  # library -> version, losses, left_out
    skipped: dict[str, str]  # library -> why
    points: str
    seconds: float
    environment: dict


def load(name: str) -> Library:
    """The adapter of a library; ModuleNotFoundError where the library is not installed."""
    return importlib.import_module(f"{__package__}.{name.replace('.', '_')}").LIBRARY


def chosen(names) -> tuple[list[Library], dict[str, str]]:
    """The libraries of these names that are installed, and why the others are not there."""
    found, missing = [], {}
    for name in dict.fromkeys(names):
        if name not in LIBRARIES:
            raise UsageError(f"no adapter for {name!r}; there is one for {', '.join(LIBRARIES)}")
        try:
            found.append(load(name))
        except (Exception, SystemExit) as error:  # whatever another library's code makes of being imported
            missing[name] = _missing(name, error)
    return found, missing


def _missing(name: str, error: BaseException) -> str:
    """Why a library is not there: not installed, or what it raises when it is imported."""
    if isinstance(error, ModuleNotFoundError) and error.name == name.split(".")[0]:
        return f"{name} is not installed here"
    kind, text = type(error).__name__, said(error)
    return f"{name} does not start here: {text if text.startswith(kind) else f'{kind}: {text}'}"


def groups(libraries: list[Library]) -> dict[tuple[str, str], list[tuple[Library, Case]]]:
    """Cases of the same meaning and target set: they share points and truth."""
    found: dict[tuple[str, str], list[tuple[Library, Case]]] = {}
    for library in libraries:
        for case in library.cases:
            found.setdefault((case.meant, case.targets), []).append((library, case))
    return found


def audit(
    names=LIBRARIES,
    *,
    dtypes=tuple(DTYPES),
    points: str = "standard",
    workers: int | None = None,
    watch: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Audit:
    """Every loss of these libraries, in these dtypes, against exact arithmetic.

    points: quick or standard. watch(done, total, what) is told of progress. workers: processes; one a core if not given.

    Raises: UsageError for a library without an adapter, or when none of them is installed.
    """
    began = time.perf_counter()
    libraries, missing = chosen(names)
    if not libraries:
        raise UsageError("; ".join(missing.values()))
    here = tuple(library.name for library in libraries)
    # Those with the most cases first, so that no worker is left alone with one at the end.
    order = sorted(groups(libraries).items(), key=lambda item: len(item[1]), reverse=True)
    jobs = [(here, key, d, points) for d in dtypes for key, _ in order]
    found, troubles = [], []
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(job, *args): args for args in jobs}
        try:
            for done, future in enumerate(as_completed(futures), 1):
                seen, trouble = future.result()
                found += seen
                troubles += trouble
                watch(done, len(jobs), " ".join([*futures[future][1], futures[future][2]]))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    looked_at = {
        lib.name: {
            "version": lib.version,
            "losses": [c.name for c in lib.cases],
            "meant": [c.meant for c in lib.cases],
            "left_out": dict(lib.left_out),
        }
        for lib in libraries
    }
    found.sort(
        key=lambda f: (LIBRARIES.index(f.library), "OTS".index(f.severity), f.loss, f.quantity, f.klass, f.dtype)
    )
    return Audit(found, troubles, looked_at, missing, points, time.perf_counter() - began, environment())


@functools.lru_cache(maxsize=1)
def _afresh(dtype: str):
    """Forget the compiled operations of the dtype before; losses of one dtype share theirs."""
    import jax

    jax.clear_caches()


def job(names, key, dtype: str, points: str) -> tuple[list[Finding], list[Trouble]]:
    """One group in one dtype."""
    import jax

    _afresh(dtype)
    libraries = [load(name) for name in names]
    parts = list(sweep(groups(libraries)[key], DTYPES[dtype], points))
    by: dict[tuple, list[Seen]] = {}
    for s in parts:
        if isinstance(s, Seen):
            by.setdefault((s.library.name, s.case.name, s.verdict.quantity, s.verdict.mode), []).append(s)
    with jax.enable_x64(dtype == "float64"):
        found = [f for seen in by.values() for f in findings(seen, DTYPES[dtype])]
        known = {(f.library, f.loss, f.quantity) for f in found}
        found += by_invariants([s for s in parts if isinstance(s, Against)], DTYPES[dtype], known)
    troubles = (s for s in parts if isinstance(s, Trouble))
    return found, list({(t.library, t.loss, t.quantity, t.mode): t for t in troubles}.values())  # one over class counts
