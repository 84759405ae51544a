"""Adding a loss is one short file and its line in the catalogue; nothing else is edited."""

import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "lossjax"

QUARTIC = '''"""Quartic error.

L       = (z - t)^4
dL/dz   = 4 (z - t)^3
d2L/dz2 = 12 (z - t)^2
"""

from .claims import INF, Claims, zero
from .domain import REAL
from .loss import Loss, identity


def formula(z, t):
    return (z - t) ** 4


def value(z, t):
    r = (z - t) * (z - t)
    return r * r


def grad(z, t):
    return 4 * (z - t) * ((z - t) * (z - t))


def hess(z, t):
    return 12 * (z - t) * (z - t)


quartic_error = Loss(
    name="quartic_error",
    event_ndim=0,
    targets=REAL,
    formula=formula,
    value=value,
    grad=grad,
    hess=hess,
    output=identity,
    claims=Claims(convex=True, lipschitz=INF, smooth=INF, bound=INF, perfect=zero),
    source="this test",
)
'''


def add(folder, text):
    shutil.copytree(PACKAGE, folder / "lossjax", ignore=shutil.ignore_patterns("__pycache__"))
    losses = folder / "lossjax" / "losses"
    (losses / "quartic_error.py").write_text(text)
    init = (losses / "__init__.py").read_text()
    assert init.count("ALL = (\n") == 1 or init.count("ALL: tuple[Loss, ...] = (\n") == 1
    head, tail = init.split("= (\n", 1)
    (losses / "__init__.py").write_text(
        f"from .quartic_error import quartic_error\n{head}= (\n    quartic_error,\n{tail}"
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
    add(tmp_path, QUARTIC)
    assert "quartic_error" in lossjax(tmp_path, "list").stdout
    done = lossjax(tmp_path, "check", "quartic_error", "--points", "quick")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_loss_that_is_wrong_is_convicted(tmp_path):
    add(tmp_path, QUARTIC.replace("return 4 *", "return 2 *"))
    done = lossjax(tmp_path, "check", "quartic_error", "--points", "quick")
    assert done.returncode == 1
    assert "LJ001" in done.stdout
