"""The command line: exit codes, one clear sentence for every mistake, output formats."""

import json
import shlex
import subprocess
import sys

import pytest

STRANGERS = """
import jax, jax.numpy as jnp, numpy as np
def good(z, t): return (z - t) ** 2
def vector(z, t): return jnp.stack([z, t])
def integer(z, t): return jnp.int32(1)
def broken(z, t): return undefined_name
def three(z, t, extra): return z
def lonely(z): return z
def needs(z, t, *, gamma): return gamma * (z - t) ** 2
def fft(z, t): return jnp.sum(jnp.abs(jnp.fft.fft(z)))
def loop(z, t):
    return jax.lax.while_loop(lambda s: s[1] < 20, lambda s: (s[0] - (s[0] ** 2 - z) / (2 * s[0]), s[1] + 1), (z, 0))[0]
def noisy(z, t): return (z - t) ** 2 + jax.random.normal(jax.random.key(0)) * z
def hidden(z, t): return jax.pure_callback(lambda x: x, jax.ShapeDtypeStruct((), z.dtype), z) ** 2
NUMBER = 3
def exits(z, t): raise SystemExit(3)
def silent(z, t): raise RuntimeError()
def by_name(*, z, t): return (z - t) ** 2
def pair(z, t): return (z - t) ** 2, z
def word(z, t): return "loss"
def truth(z, t): return z > t
def imaginary(z, t): return (z - t) * 1j
def branches(z, t): return (z - t) ** 2 if z > t else z - t
def numpy_too(z, t): return np.square(z - t) * float(z)
def strict(z, t): return jax.lax.mul(z - t, jnp.float32(2))
def picky(z, t):
    if z.dtype != jnp.float32: raise SystemExit("float32 only, please")
    return z - t
def carries(z, t): return jax.lax.scan(lambda c, _: (c + jnp.float32(1), None), z, None, length=3)[0] - t
def integers(z, t): return jnp.int32(1)
def talks(z, t):
    print("hello")
    return (z - t) ** 2
@jax.custom_vjp
def one_cotangent(z, t): return (z - t) ** 2
one_cotangent.defvjp(lambda z, t: ((z - t) ** 2, z), lambda z, g: (g * z,))
"""


@pytest.fixture
def lossjax(lossjax, monkeypatch, tmp_path):
    (tmp_path / "strangers.py").write_text(STRANGERS)
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit('done')\n")
    (tmp_path / "unfinished.py").write_text("def f(z, t) return z\n")
    (tmp_path / "lacks.py").write_text("import no_such_module_xyz\n")
    (tmp_path / "lacking_xyz.py").write_text("import lacking_x\n")
    (tmp_path / "taken" / "audit.json").mkdir(parents=True)
    monkeypatch.setenv("LOSSJAX_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))

    yield lossjax
    sys.modules.pop("strangers", None)


MISTAKES = [
    (["audit"], "name a library, one of optax"),
    (["audit", "numpy"], "no adapter for 'numpy'"),
    (["audit", "optax", "--workers", "0"], "at least 1, got 0"),
    (["audit", "optax", "--output", "strangers.py/below"], "cannot be made a folder"),
    (["check", "sigmoid_crossentropy"], "did you mean sigmoid_cross_entropy"),
    (["check", "nothing_like_it_at_all"], "lossjax list"),
    (["check", "no_such_module_xyz:f"], "module 'no_such_module_xyz' is not found"),
    (["check", "strangers:nothing"], "has no 'nothing'"),
    (["check", "strangers:NUMBER"], "is not a function"),
    (["check", "strangers:good;rm"], "not of the form MODULE:FUNCTION"),
    (["check", "strangers:vector"], "not one number per example"),
    (["check", "strangers:integer"], "not one number per example"),
    (["check", "strangers:broken"], "cannot be traced"),
    (["check", "strangers:three"], "needs keyword extra: give it as params={'extra': ...}"),
    (["check", "strangers:good", "strangers:good"], "one MODULE:FUNCTION at a time"),
    (["check", "strangers:good", "--like", "sqared_error"], "did you mean"),
    (["check", "strangers:good", "--targets", "one_hot"], "do not fit --event-ndim 0"),
    (["check", "strangers:good", "--event-ndim", "1"], "--event-ndim 1"),
    (["check", "strangers:fft", "--event-ndim", "1", "--points", "quick"], "fft"),
    (["check", "strangers:noisy", "--points", "quick"], "random_bits hides a random number"),
    (["check", "strangers:hidden", "--event-ndim", "0", "--points", "quick"], "pure_callback hides Python code"),
    (["check", "leaves:f"], "importing leaves failed: SystemExit: done"),
    (["check", "squared_error", "--like", "squared_error"], "MODULE:FUNCTION"),
    (["check", "squared_error", "--dtype", "float8"], "invalid choice"),
    (["check", "squared_error", "--output", "no/such/folder/report.txt"], "no/such/folder"),
    (["check", "softmax_cross_entropy", "--points", "all"], "scalar"),
    (["check", "squared_error", "--points", "all", "--dtype", "float64"], "float32"),
    (["check", "strangers:good", "--like", "strangers:good"], "held to each other by compare"),
    (["check", "strangers:lonely"], "takes one argument; a loss is f(z, t)"),
    (
        ["check", "strangers:needs"],
        "needs keyword gamma: give it as params={'gamma': ...}, on the command line --params gamma=",
    ),
    (["check", "strangers:needs", "--params", "delta=1"], "takes no keyword delta; it has gamma"),
    (["check", "strangers:needs", "--params", "gamma"], "'gamma' is not of the form NAME=VALUE"),
    (["check", "strangers:needs", "--params", "gamma=0.5", "--format", "yaml"], "invalid choice"),
    (["check", "strangers:good", "--params", "gamma=1"], "takes no keyword gamma; it has none"),
    (["check", "huber", "--params", "delta=1"], "--params is for a function of yours"),
    (["check", "strangers.py:good"], "module 'strangers.py' is not found; without .py it is strangers:good"),
    (["check", "strangers.py"], "is a file; name the function in it, strangers:FUNCTION"),
    (["check", "strangers"], "is a module; name the function in it, strangers:FUNCTION"),
    (["check", "strangers:god"], "has no 'god'; did you mean good?"),
    (["compare", "strangers:good"], "required"),
    (["compare", "strangers:good", "strangers:nothing"], "has no 'nothing'"),
    (["compare", "strangers:good", "sqared_error"], "did you mean"),
    (["compare", "strangers:good", "strangers:needs"], "needs keyword gamma"),
    (["compare", "strangers:good", "softmax_cross_entropy"], "is --event-ndim 1 right?"),
    (["compare", "hinge", "squared_error"], "no point would suit both"),
    (["compare", "strangers:good", "squared_error", "--output", "no/folder/x"], "no/folder"),
    (["compare", "strangers:good", "squared_error", "--max-excess", "0"], "a positive number"),
    (["check", "strangers:exits"], "cannot be traced as a loss f(z, t): SystemExit: 3"),
    (["check", "strangers:silent"], "RuntimeError"),
    (["check", "strangers:by_name"], "takes no argument by place"),
    (["check", "strangers:pair"], "returns a tuple, not one number per example"),
    (["check", "strangers:word"], "returns a str, not one number per example"),
    (["check", "strangers:truth"], "returns bool, not one number per example"),
    (["check", "strangers:imaginary"], "returns complex64, not one number per example"),
    (["check", "strangers:branches"], "of a number, Attempted boolean conversion"),
    (["check", "strangers:numpy_too"], "__array__() was called on traced array"),
    (["check", "strangers:np.square"], "is a function of NumPy, which JAX does not trace"),
    (
        ["check", "strangers:strict", "--dtype", "bfloat16", "--points", "quick"],
        "does not trace it in bfloat16: lax.mul",
    ),
    (["check", "strangers:picky", "--dtype", "float16"], "does not trace it in float16: float32 only, please"),
    (["check", "strangers:carries", "--dtype", "bfloat16", "--points", "quick"], "in bfloat16: scan body"),
    (["check", "strangers:one_cotangent", "--points", "quick"], "does not trace its gradient in float32"),
    (["check", "strangers:good", "--grad", "strangers:pair"], "it returns a tuple, not an array"),
    (["check", "strangers:good", "--grad", "strangers:integers"], "returns int32; it must be of the floating type"),
    (
        ["check", "strangers:good", "--grad", "strangers:strict", "--dtype", "float16", "--points", "quick"],
        "its gradient in float16: lax.mul",
    ),
    (["check", "strangers:needs", "--params", "gamma=high"], "gamma='high' is text"),
    (["check", "strangers:needs", "--params", "gamma=1", "gamma=2"], "gamma is given twice"),
    (["check", "strangers:good", "--points", "quick", "--points", "standard"], "--points is given twice"),
    (["check", "strangers:good", "--points"], "Missing value"),
    (["check", ".strangers:good"], "not of the form MODULE:FUNCTION"),
    (["check", "unfinished:f"], "importing unfinished failed: SyntaxError"),
    (["check", "lacks:f"], "module 'no_such_module_xyz', which lacks imports, is not found"),
    (["check", "lacking_xyz:f"], "module 'lacking_x', which lacking_xyz imports, is not found"),
    (["check", "squared_error", "--points", "all", "--state", "strangers.py"], "--state: strangers.py cannot be made"),
    (["compare", "strangers:good", "strangers:exits"], "SystemExit: 3"),
    (["compare", "strangers:strict", "strangers:good", "--dtype", "all", "--points", "quick"], "in bfloat16: lax.mul"),
    (["compare", "strangers:one_cotangent", "squared_error", "--points", "quick"], "does not trace its gradient"),
    (["compare", "squared_error", "softmax_cross_entropy"], "of squared_error is a number, of softmax_cross_entropy a"),
    (["audit", "sklearn", "--output", "taken"], "audit.json is a folder; name a file"),
    (["derive", "softmax_cross_entropy", "--against", "squared_error"], "is a vector, of squared_error a number"),
    (["derive", "squared_error", "--output", "no/folder/x"], "no/folder"),
    (["derive", "squared_error", "--output", "/dev/full"], "/dev/full cannot be written"),
    (["derive", "strangers:good"], "no loss is called 'strangers:good'"),
    (["derive", "softmax_cross_entropy", "--classes", "9"], "from 2 to 4"),
    (["bench", "--checkers", "--training"], "ask for one at a time"),
    (["bench", "--training"], "needs MNIST"),
    (["list", "everything"], "Unrecognized"),
    (["explain"], "Missing"),
    (["explain", "LJ999"], "LJ001"),
    (["nonsense"], "nonsense"),
]


@pytest.mark.parametrize(("argv", "words"), MISTAKES, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_a_mistake_gets_one_clear_sentence(lossjax, argv, words):
    code, out, err = lossjax(*argv)
    assert code == 2
    assert words in " ".join((out + err).split())
    assert "Traceback" not in err


def test_iterative_code_has_no_truth_without_a_reference(lossjax):
    code, _, err = lossjax("check", "strangers:loop", "--points", "quick")
    assert code == 2
    assert "--like" in err


def test_of_several_dtypes_one_that_is_not_traced_is_a_row(lossjax):
    words = ("--dtype", "all", "--points", "quick", "--quantity", "grad", "--format", "json")
    code, out, _ = lossjax("check", "strangers:strict", *words)
    rows = {(r["dtype"], r["witness"]): r for r in json.loads(out)["rows"]}
    assert code == 1
    assert rows["float32", "autodiff"]["ok"]
    for dtype in ("bfloat16", "float16", "float64"):
        (row,) = [r for (d, _), r in rows.items() if d == dtype]
        assert (row["code"], row["ok"], row["eligible"]) == ("LJ013", False, 0)
        assert f"in {dtype}: lax.mul" in row["cause"]
    assert "nothing was judged" in lossjax("check", "strangers:strict", *words[:-1], "text")[1]


@pytest.mark.parametrize("words", [("check", "strangers:talks"), ("compare", "strangers:talks", "squared_error")])
def test_what_a_function_prints_is_no_part_of_the_report(lossjax, words):
    code, out, err = lossjax(*words, "--points", "quick", "--quantity", "value", "--format", "json")
    assert code == 0
    assert json.loads(out)["ok"]
    assert "hello" in err


def test_of_what_keeps_no_state_it_is_not_said_that_it_goes_on(lossjax, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr("lossjax.cli.List.run", interrupted)
    assert lossjax("list")[::2] == (130, "lossjax: interrupted\n")


def test_a_missing_extra_is_one_sentence():
    code = "import sys; sys.modules['flint'] = None; from lossjax.cli import main; main()"
    argv = [sys.executable, "-c", code, "check", "squared_error", "--points", "quick"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'lossjax[reference]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_clean_is_0_and_the_json_has_the_agreed_keys(lossjax, tmp_path):
    report = tmp_path / "report.json"
    code, out, _ = lossjax("check", "squared_error", "--points", "quick", "--format", "json", "--output", str(report))
    found = json.loads(out)
    assert code == 0
    assert found == json.loads(report.read_text())
    assert found["ok"] is True
    assert {"ok", "seconds", "environment", "rows"} <= set(found)
    keys = "loss dtype quantity witness points max_ulp max_excess lost wrong_nonfinite subnormal ok code worst".split()
    for row in found["rows"]:
        assert set(keys) <= set(row)
        assert {"z", "t", "got", "want", "z_bits"} <= set(row["worst"])
        assert row["eligible"] == row["checked"] + row["undecided"] + row["skipped"]


def test_parameters_and_formats_of_a_function(lossjax, tmp_path):
    words = ("--params", "gamma=0.5", "--points", "quick", "--quantity", "grad", "--output", str(tmp_path / "out.md"))
    code, out, _ = lossjax("check", "strangers:needs", *words, "--format", "markdown")
    assert code == 1  # 0.5 * 2 * (z - t) overflows before it is halved
    assert "strangers:needs(gamma=0.5)" in out
    assert (tmp_path / "out.md").read_text() == out
    code, out, _ = lossjax("check", "strangers:needs", *words[:-2], "--format", "json")
    (row,) = [r for r in json.loads(out)["rows"] if r["witness"] == "autodiff"]
    assert row["since"]["NaN or inf"]["size"] > 1e38
    assert row["reproducer"].endswith(", gamma=0.5))'")
    argv = shlex.split(row["reproducer"])
    done = subprocess.run([sys.executable, *argv[1:]], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert float(done.stdout) == float(row["worst"]["got"])


def test_list_names_every_loss(lossjax):
    from lossjax.losses import ALL

    code, out, _ = lossjax("list")
    assert code == 0
    assert all(loss.name in out for loss in ALL)


def test_workers_end_with_their_parent():
    """They hold its standard output open, so that the run below ends only with the last of them."""
    killed = """if True:
        import os, time
        from lossjax.proof.command import _pool
        pool = _pool(1)
        pool.submit(os.getpid).result()
        pool.submit(time.sleep, 600)
        time.sleep(0.5)
        os._exit(3)
    """
    assert subprocess.run([sys.executable, "-c", killed], capture_output=True, timeout=60).returncode == 3
