"""The audit of other libraries: published defects are found from sweeps alone, what is right stays silent."""

import ast
import functools
import importlib.util
import json
import math
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from published_defects import ACQUITTED, CONVICTED_AFTER_ALL, DEFECTS

from lossjax.proof.audit import case, run
from lossjax.proof.audit.finding import CLASSES
from lossjax.proof.subject import UsageError

AUDIT = Path(run.__file__).parent
PACKAGES = {"jax.nn": "jax"}


def load(library) -> case.Library:
    if importlib.util.find_spec(PACKAGES.get(library, library)) is None:
        pytest.skip(f"{library} is not installed")
    return run.load(library)


@functools.cache
def findings(library, loss, dtype, points="quick"):
    """What the audit says about one loss."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # another library's
        return _findings(library, loss, dtype, points)


def _findings(library, loss, dtype, points):
    ((key, _),) = [(k, c) for k, cases in run.groups([load(library)]).items() for _, c in cases if c.name == loss]
    found, troubles = run.job((library,), key, dtype, points)
    return [f for f in found if f.loss == loss], [t for t in troubles if t.loss == loss]


FAST = [d for d in DEFECTS if d[1:3] in {("optax", "huber_loss"), ("optax", "l2_loss"), ("jax.nn", "sparse_plus")}]


def test_a_slip_beside_the_kink_of_a_classifier_is_found():
    """A logit of a class is exact: to be a float beside a kink excuses nothing, as it does where z - t is rounded."""
    found, _ = findings("optax", "multiclass_hinge_loss", "bfloat16", "standard")
    assert {"cancellation"} == {f.klass for f in found if f.quantity == "grad"}


@pytest.mark.parametrize("defect", FAST, ids=lambda d: " ".join(d[:5]))
def test_a_published_defect_is_found(defect):
    _, library, loss, quantity, dtype, classes, _ = defect
    assert classes & {f.klass for f in findings(library, loss, dtype)[0] if f.quantity == quantity}


RIGHT = [(*key, dtype) for *key, dtypes in ACQUITTED for dtype in dtypes]


FAST_RIGHT = [a for a in RIGHT if a[0] == "optax" or a[1] == "huber_loss"]  # the table looks at the others


@pytest.mark.parametrize("acquitted", FAST_RIGHT, ids=" ".join)
def test_what_is_right_stays_silent_and_only_that(acquitted):
    library, loss, quantity, dtype = acquitted
    guilty = [f for f in findings(library, loss, dtype)[0] if f.quantity == quantity and _finite(f)]
    assert bool(guilty) == (acquitted in CONVICTED_AFTER_ALL), guilty


def _finite(f):
    return f.severity != "S"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_confusion_table(capsys):
    """Every published defect and every acquittal of the libraries that are installed, at standard points."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = run.audit()
    rows = confusion([f.as_dict() for f in seen.findings], seen.looked_at)
    missed, wrongly = (
        [r for r in rows if r[5] in kinds] for kinds in (("missed", "found, other class"), ("convicted",))
    )
    with capsys.disabled():
        print("", *(" | ".join(row) for row in rows), sep="\n")
        print(f"{len(rows)} lines: {len(missed)} defects missed or misnamed, {len(wrongly)} wrongly convicted")
    assert not missed
    # It takes the label's logit off first: where that is -2376, digits of the others go, which a sample need not show.
    excused = {("jaxopt", "multiclass_logistic_loss", "grad", "float32")}
    assert {w[1:5] for w in wrongly} - excused == {c for c in CONVICTED_AFTER_ALL if c[0] in seen.looked_at}


def confusion(found: list[dict], libraries) -> list[tuple[str, ...]]:
    """(report, library, loss, quantity, dtype, verdict, classes, reported at) of every line about these libraries."""

    def named(library, loss, quantity, dtype):
        same = [f for f in found if (f["library"], f["loss"]) == (library, loss)]
        return [f for f in same if (f["quantity"], f["dtype"]) == (quantity, dtype)]

    rows = []
    for report, *key, classes, at in DEFECTS:
        got = {f["class"] for f in named(*key)}
        verdict = "found" if got & classes else "found, other class" if got else "missed"
        rows.append((report, *key, verdict, ", ".join(sorted(got)), at))
    for key in RIGHT:
        got = {f["class"] for f in named(*key) if f["severity"] != "S"}
        rows.append(("right", *key, "convicted" if got else "silent", ", ".join(sorted(got)), ""))
    return [r for r in rows if r[1] in libraries]


# Whatever the audit draws its points from, and all that it is made of.
SOURCES = sorted([*AUDIT.glob("*.py"), AUDIT.parent / "points.py", AUDIT.parent / "judge.py"])
NUMBER = re.compile(r"(?<![\w.])(\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?)(?:\^(-?\d+))?")


def read(text: str) -> list[tuple[float, float]]:
    """The numbers in a text, each with half a unit of its last digit."""
    found = []
    for number, power in NUMBER.findall(text):
        plain = number.replace(",", "")
        digits, _, exponent = plain.partition("e")
        half = 0.5 * 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2])) if "." in digits else 0.0
        found.append((float(plain) ** int(power), 0.0) if power else (float(plain), half))
    return found


def natural(x: float) -> bool:
    """What anybody writes: whole numbers up to 10, tens up to 100, powers of ten and of two."""
    x = abs(x)
    power = x > 0 and (math.frexp(x)[0] == 0.5 or math.isclose(math.log10(x), round(math.log10(x)), abs_tol=1e-12))
    return power or (x <= 10 and x == int(x)) or (x <= 100 and x % 10 == 0)


def folded(node: ast.AST) -> float | None:
    """The value of a constant or of a sum, product, power, ... of constants."""
    try:
        x = eval(compile(ast.Expression(node), "", "eval"), {"__builtins__": {}})
    except Exception:
        return None
    return float(x) if isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) else None


def numbers_of(source: str) -> set[float]:
    """Every number of a module: constants, what follows from constants alone, and those within strings."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {x for x, _ in read(node.value)}
        elif isinstance(node, ast.Constant | ast.BinOp | ast.UnaryOp) and (x := folded(node)) is not None:
            found.add(abs(x))
    return found


REPORTED = {(x, half) for d in DEFECTS for x, half in read(d[-1]) if not natural(x)}


def held(source: str) -> list[tuple[float, float]]:
    """The numbers of a module that are among those reported, as far as these are printed."""
    return [(x, r) for x in numbers_of(source) for r, half in REPORTED if abs(x - r) <= max(half, 1e-9 * r)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_adapters_and_points_hold_no_input_of_the_list(path):
    assert not held(path.read_text())


@pytest.mark.parametrize(
    "line",
    [
        "x = 300",
        "x = -15",
        "x = 1.7e38",
        "x = 16.6355",
        "x = 1 + 2**-7",
        "x = 33.2710",
        'x = "f(z, 4.15625)"',
        "x = 3e2",
    ],
)
def test_an_input_of_the_list_would_be_seen(line):
    assert held(line)


def test_most_of_the_list_is_no_natural_number():
    assert len(REPORTED) >= 20
    assert not held("x = [0.0, 1, -2, 10, 1e-8, 1024, 2**-9, 40, 7.25]")


@pytest.mark.parametrize(
    ("library", "loss", "dtype", "klass"),
    [
        ("optax", "huber_loss", "float32", "false zero"),
        ("optax", "sparsemax_loss", "float16", "false NaN/inf"),
        ("jax.nn", "sparse_plus", "float32", "false NaN/inf"),
        ("optax", "l2_loss", "float16", "early overflow"),
        ("optax", "sigmoid_binary_cross_entropy", "float64", "cancellation"),  # 1 for 0.99999999999999645
    ],
)
def test_a_reproducer_prints_what_was_got(library, loss, dtype, klass):
    (f, *_) = [f for f in findings(library, loss, dtype)[0] if f.klass == klass]
    assert f.reproducer.count("\n") < 6
    got, want = (float(x) for x in re.search(r"entry \d+: (\S+); the truth is (\S+)$", f.reproducer).groups())
    assert np.isnan(got) or got != want  # read back, they are still apart
    np.testing.assert_equal(got, f.smallest_failing["got"] if "/" in klass else f.got)
    done = subprocess.run([sys.executable, "-c", f.reproducer], capture_output=True, text=True, check=True)
    np.testing.assert_equal(float(done.stdout), f.smallest_failing["got"] if "/" in klass else f.got)


def test_a_finding_has_every_field():
    f = findings("optax", "l2_loss", "float16")[0][0].as_dict()
    wanted = (
        "library version loss class severity dtype mode quantity input got want ulp smallest_failing count reproducer"
    )
    assert set(f) >= {*wanted.split(), "better"}
    assert f["class"] in CLASSES
    assert f["severity"] in "OTS"


def test_json_markdown_and_the_table(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "lossjax",
            "audit",
            "sklearn",
            "--points",
            "quick",
            "--dtype",
            "float32",
            "--output",
            tmp_path,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads((tmp_path / "audit.json").read_text())
    assert {"environment", "findings"} <= set(found)
    page = (tmp_path / "audit.md").read_text()
    assert page.startswith("# Losses of sklearn")
    assert page.count("```python\nimport") == len({(f["loss"], f["quantity"], f["class"]) for f in found["findings"]})
    for loss in found["libraries"]["sklearn"]["losses"]:
        assert loss in page
        assert loss.split("(")[0] in done.stdout


def test_mistakes():
    with pytest.raises(UsageError, match="no adapter for 'numpy'; there is one for optax"):
        run.audit(["numpy"])


@pytest.mark.parametrize(
    ("raises", "said"),
    [
        ("AttributeError('module jax has no attribute xmap')", "AttributeError: module jax has no attribute xmap"),
        ("KeyError('backend')", "KeyError: 'backend'"),
        ("SystemExit(3)", "SystemExit: 3"),
        ("ModuleNotFoundError('No module named numba', name='numba')", "ModuleNotFoundError: No module named numba"),
    ],
)
def test_a_library_that_does_not_start_is_left_out_with_one_line(raises, said, tmp_path, monkeypatch):
    (tmp_path / "jaxopt").mkdir()
    (tmp_path / "jaxopt" / "__init__.py").write_text(f"raise {raises}")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [n for n in sys.modules if n.split(".")[0] == "jaxopt" or n == "lossjax.proof.audit.jaxopt"]:
        monkeypatch.delitem(sys.modules, name)
    found, missing = run.chosen(["jaxopt", "optax"])
    assert [library.name for library in found] == ["optax"]
    assert missing == {"jaxopt": f"jaxopt does not start here: {said}"}


@pytest.mark.parametrize("library", run.LIBRARIES)
def test_every_loss_of_a_library_is_looked_at_or_left_out_with_a_reason(library):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library that is no longer maintained, when it is imported
        adapter = load(library)
    assert len({c.name for c in adapter.cases}) == len(adapter.cases)
    assert all(why for why in adapter.left_out.values())
    module = {"optax": "optax.losses", "jaxopt": "jaxopt.loss", "keras": "keras.losses", "rax": "rax"}.get(library)
    if module is None:
        return
    named = " ".join([c.words for c in adapter.cases] + list(adapter.left_out))
    offered = [
        n for n in dir(importlib.import_module(module)) if n.endswith("_loss") or n in ("log_cosh", "squared_error")
    ]
    kin = ("dice", "ranking")
    assert not [n for n in offered if n not in named and not any(k in n for k in kin)]
