"""The audit of other libraries: published defects are found from sweeps alone, what is right stays silent."""

import ast
import functools
import importlib.util
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from published_defects import ACQUITTED, DEFECTS

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


FAST_ACQUITTED = [a for a in ACQUITTED if a[0] == "optax" and a[3] != "float32"] + ACQUITTED[3:5] + ACQUITTED[9:11]


@pytest.mark.parametrize("acquitted", FAST_ACQUITTED, ids=" ".join)
def test_what_is_right_stays_silent(acquitted):
    library, loss, quantity, dtype = acquitted
    guilty = [f for f in findings(library, loss, dtype)[0] if f.quantity == quantity and _finite(f)]
    assert not guilty, guilty


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
    assert {w[1:5] for w in wrongly} <= {("jaxopt", "multiclass_logistic_loss", "grad", "float32")}


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
    for key in ACQUITTED:
        got = {f["class"] for f in named(*key) if f["severity"] != "S"}
        rows.append(("right", *key, "convicted" if got else "silent", ", ".join(sorted(got)), ""))
    return [r for r in rows if r[1] in libraries]


def test_adapters_and_points_hold_no_input_of_the_list():
    """No number of the list is in an adapter, nor among the points."""
    reported = set(re.findall(r"[1-9]\d*\.\d{2,}", " ".join(d[-1] for d in DEFECTS)))
    for name in ("../points", "optax", "jax_nn", "jaxopt", "rax", "keras", "torch", "sklearn", "sweep", "formulas"):
        tree = ast.parse((AUDIT / f"{name}.py").read_text())
        numbers = {repr(n.value) for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)}
        assert not numbers & reported


@pytest.mark.parametrize(
    ("library", "loss", "dtype", "klass"),
    [
        ("optax", "huber_loss", "float32", "false zero"),
        ("optax", "sparsemax_loss", "float16", "false NaN/inf"),
        ("jax.nn", "sparse_plus", "float32", "false NaN/inf"),
        ("optax", "l2_loss", "float16", "early overflow"),
    ],
)
def test_a_reproducer_prints_what_was_got(library, loss, dtype, klass):
    (f, *_) = [f for f in findings(library, loss, dtype)[0] if f.klass == klass]
    assert f.reproducer.count("\n") < 6
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
