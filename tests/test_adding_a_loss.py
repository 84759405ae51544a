"""Adding a loss is one short file and its line in the catalogue; nothing else is edited."""

import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "lossjax"

QUARTER = '''"""Quarter squared error.

L       = (z - t)^2 / 4
dL/dz   = (z - t) / 2
d2L/dz2 = 1/2
"""

import jax.numpy as jnp

from .claims import INF, Claims, zero
from .domain import REAL
from .loss import Loss, identity


def formula(z, t):
    return (z - t) ** 2 / 4


def value(z, t):
    return (0.25 * (z - t)) * (z - t)


def grad(z, t):
    return 0.5 * (z - t)


def hess(z, t):
    return jnp.full_like(z, 0.5)


quarter_squared_error = Loss(
    name="quarter_squared_error",
    event_ndim=0,
    targets=REAL,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=INF, smooth=0.5, bound=INF, perfect=zero),
    source="this test",
)
'''


def add(folder, text):
    shutil.copytree(PACKAGE, folder / "lossjax", ignore=shutil.ignore_patterns("__pycache__"))
    losses = folder / "lossjax" / "losses"
    (losses / "quarter_squared_error.py").write_text(text)
    init = (losses / "__init__.py").read_text()
    assert init.count("ALL = (\n") == 1 or init.count("ALL: tuple[Loss, ...] = (\n") == 1
    head, tail = init.split("= (\n", 1)
    (losses / "__init__.py").write_text(
        f"from .quarter_squared_error import quarter_squared_error\n{head}= (\n    quarter_squared_error,\n{tail}"
    )


def lossjax(folder, *argv):
    return subprocess.run(
        [sys.executable, "-m", "lossjax", *argv],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "", "PYTHONPATH": str(folder)},
    )


def test_a_new_loss_is_listed_and_proved_with_no_other_edit(tmp_path):
    add(tmp_path, QUARTER)
    assert "quarter_squared_error" in lossjax(tmp_path, "list").stdout
    done = lossjax(tmp_path, "check", "quarter_squared_error", "--points", "quick")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_loss_that_is_wrong_is_convicted(tmp_path):
    add(tmp_path, QUARTER.replace("return 0.5 * (z", "return (z"))
    done = lossjax(tmp_path, "check", "quarter_squared_error", "--points", "quick")
    assert done.returncode == 1
    assert "LJ001" in done.stdout
