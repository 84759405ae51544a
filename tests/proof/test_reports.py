"""What a finding tells: its cause, and the line that shows it again."""

import functools
import importlib
import shlex
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

import lossjax
from lossjax.proof.check import find

MODULE = """
import jax, jax.numpy as jnp
def square(z, t): return z * z
def wrong_between(z, t): return jnp.where((z > 2) & (z < 3), 3 * z, 2 * z)
def stopped(z, t): return (jax.lax.stop_gradient(z) - t) * (z - t)
def batch(z, t): return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(z, axis=-1), axis=-1))
def labels(z, t): return jnp.log(jnp.sum(jnp.exp(z))) - 2 * z[t]
"""


@pytest.fixture
def strange(tmp_path, monkeypatch):
    (tmp_path / "strange.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield importlib.import_module("strange")
    sys.modules.pop("strange", None)


def first(report, **fields):
    return next(r for r in report.findings() if all(getattr(r, k) == v for k, v in fields.items()))


def test_a_wrong_formula_in_a_small_part_of_the_line_is_called_one(strange):
    row = first(lossjax.check(strange.square, grad=strange.wrong_between, points="quick", quantity="grad"))
    assert row.code == "LJ005"
    assert "in a part of its domain" in row.cause
    assert 2 < row.worst["z"] < 3


def test_a_stop_gradient_is_named_and_may_be_kept(strange):
    row = first(lossjax.check(strange.stopped, points="quick", quantity="grad"), witness="autodiff")
    assert row.code == "LJ012"
    assert "--keep-stop-gradient" in row.cause
    assert lossjax.check(strange.stopped, points="quick", quantity="grad", keep_stop_gradient=True)


@pytest.mark.parametrize(
    ("name", "dtype"), [("square", "float32"), ("square", "bfloat16"), ("square", "float64"), ("labels", "float32")]
)
def test_the_line_again_prints_what_was_got(strange, name, dtype):
    hand = {"grad": strange.wrong_between} if name == "square" else {}
    like = {"like": "label_cross_entropy"} if name == "labels" else {}
    row = first(
        lossjax.check(
            getattr(strange, name), points="quick", dtype=dtype, quantity="grad", name=f"strange:{name}", **hand, **like
        )
    )
    words = shlex.split(row.reproducer)
    assert words[0] == "python"
    ran = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True)
    printed = ran.stdout.replace("[", " ").replace("]", " ").split()
    assert float(printed[row.worst["entry"]]) == pytest.approx(row.worst["got"], rel=1e-2, nan_ok=True)


def test_a_rule_that_is_wrong_beside_a_harmless_stop_gradient_is_blamed_itself():
    def cost(z, t):
        return -jnp.sum(t * jax.nn.log_softmax(z))

    f = jax.custom_jvp(cost)
    f.defjvp(lambda x, dx: (cost(*x), 2 * jax.jvp(cost, x, dx)[1]))
    row = first(lossjax.check(f, points="quick", quantity="grad"), witness="autodiff")
    assert row.code == "LJ012"
    assert "custom derivative rule" in row.cause


def test_what_no_line_can_hold_is_checked_again_by_a_command(strange):
    row = first(lossjax.check(find("huber(delta=0.1)"), points="quick", quantity="grad", max_excess=0.1))
    assert row.reproducer == "lossjax check 'huber(delta=0.1)' --max-excess 0.1 --dtype float32 --quantity grad"
    row = first(lossjax.check(strange.batch, event_ndim=2, points="quick", quantity="value", max_excess=1e-3))
    words = "lossjax check strange:batch --event-ndim 2 --targets one_hot --max-excess 0.001 --dtype float32 --quantity value"
    assert row.reproducer == words


@pytest.mark.parametrize("hand", [lambda z, t: 3 * z, functools.partial(lambda a, z, t: a * z, 3)])
def test_what_cannot_be_imported_has_no_line(strange, hand):
    assert first(lossjax.check(strange.square, grad=hand, points="quick", quantity="grad")).reproducer == ""
