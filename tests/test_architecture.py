"""Arrows between rooms go one way, names speak, modules stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(p for room in ("lossjax", "paper_repro", "experiments") for p in (ROOT / room).rglob("*.py"))

# room -> rooms it must not import
FORBIDDEN = {
    "lossjax.losses": (
        "lossjax.proof",
        "lossjax.testing",
        "lossjax.training",
        "lossjax.data",
        "lossjax.plot",
        "paper_repro",
        "experiments",
    ),
    "lossjax.proof": (
        "lossjax.testing",
        "lossjax.training",
        "lossjax.data",
        "lossjax.plot",
        "paper_repro",
        "experiments",
    ),
    "lossjax.testing": ("lossjax.training", "lossjax.data", "lossjax.plot", "paper_repro", "experiments"),
    "lossjax.training": ("lossjax.proof", "lossjax.testing", "lossjax.plot", "paper_repro", "experiments"),
    "lossjax.data": (
        "lossjax.losses",
        "lossjax.proof",
        "lossjax.testing",
        "lossjax.training",
        "lossjax.plot",
        "paper_repro",
        "experiments",
    ),
    "lossjax.plot": (
        "lossjax.losses",
        "lossjax.proof",
        "lossjax.testing",
        "lossjax.training",
        "paper_repro",
        "experiments",
    ),
    "paper_repro": ("experiments",),
}


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    """Absolute names of everything a module imports, also inside functions."""
    package = list(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield stem
            yield from (f"{stem}.{a.name}" for a in node.names)


def within(name, room):
    return name == room or name.startswith(room + ".")


@pytest.mark.parametrize("room", FORBIDDEN)
def test_arrows_go_one_way(room):
    wrong = [
        f"{name_of(path)} -> {target}"
        for path in MODULES
        if within(name_of(path), room)
        for target in imports(path)
        if any(within(target, other) for other in FORBIDDEN[room])
    ]
    assert wrong == []


def test_top_level_is_the_agreed_one():
    agreed = {"pyproject.toml", "lossjax", "experiments", "tests", "README.md", "paper_repro", "LICENSE"}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    top = {line.split("/")[0] for line in tracked if line}
    assert {t for t in top if not t.startswith((".", "constraints"))} <= agreed


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_have_one_subject(path):
    assert path.stem not in ("utils", "util", "helpers", "misc", "common")
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_public_symbols_have_docstrings(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or path.name == "__init__.py"
    if name_of(path).startswith("lossjax.losses."):
        return  # the formulas of a loss speak through the file's docstring
    missing = [
        n.name
        for n in tree.body
        if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_") and not ast.get_docstring(n)
    ]
    assert missing == []


def test_the_pytest_plugin_imports_nothing_heavy():
    code = "import sys, lossjax.testing.plugin; print([m for m in ('jax', 'numpy', 'flint') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    "argv", [["lossjax", "--help"], ["lossjax", "check", "--help"], ["lossjax", "explain", "LJ001"]]
)
def test_help_imports_nothing_heavy(argv):
    code = (
        "import sys, atexit, json; sys.argv = json.loads(sys.argv[1]);"
        "atexit.register(lambda: print([m for m in ('jax', 'pandas', 'matplotlib', 'scipy') if m in sys.modules], file=sys.stderr));"
        "from lossjax.cli import main; main()"
    )
    import json

    done = subprocess.run([sys.executable, "-c", code, json.dumps(argv)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip().endswith("[]")
