"""Records depend on the code that can change a network or a recognised word, and on no other."""

import ast
from pathlib import Path

from paper_repro.hybrid import provenance

ROOT = Path(__file__).parents[3]
# Part of what networks are made by, and of no weight: what they say is in the keys, the environment or nowhere.
NO_PART = {
    "lossjax/__init__.py": "a version, which the environment holds, and lazy names",
    "lossjax/environment.py": "says where records were made",
    "lossjax/extras.py": "says what is not installed",
    "paper_repro/memory.py": "measures memory",
    "paper_repro/store.py": "finds records by their keys",
    "paper_repro/hybrid/config.py": "settings, all in the keys",
    "paper_repro/hybrid/stages.py": "which networks, by what is in the keys",
    "paper_repro/hybrid/tasks.py": "which corpora, by fingerprints in the keys",
}


def hashed():
    rooms = {path for room in provenance.ROOMS for path in (ROOT / "lossjax" / room).rglob("*.py")}
    return {path.relative_to(ROOT).as_posix() for path in rooms | set(provenance.SOURCES)}


def imported(path, names):
    """Adds the files of this project that a file imports, and those that these import, to `names`."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        found = []
        if isinstance(node, ast.Import):
            found = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *filter(None, [node.module])])
            found = [stem, *(f"{stem}.{a.name}" for a in node.names)]
        for name in found:
            place = ROOT.joinpath(*name.split("."))
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                if file.exists() and file not in names:
                    names.add(file)
                    imported(file, names)


def test_all_that_makes_networks_and_words_is_in_the_hash():
    used = set()
    for name in ("stages", "tasks"):
        imported(ROOT / "paper_repro" / "hybrid" / f"{name}.py", used)
    used = {path.relative_to(ROOT).as_posix() for path in used}
    assert {"paper_repro/hybrid/runs.py", "paper_repro/corpora/an4.py", "lossjax/training/population.py"} <= used
    empty = {name for name in used if not (ROOT / name).read_text().strip()}
    assert (
        used - hashed() - empty - set(NO_PART) - {"paper_repro/__init__.py", "paper_repro/hybrid/__init__.py"} == set()
    )


def test_checker_drawing_and_text_are_not():
    outside = ("lossjax/proof", "lossjax/plot", "lossjax/testing", "paper_repro/report", "experiments")
    assert [name for name in hashed() if name.startswith(outside)] == []
    for name in ("hybrid/claims.py", "hybrid/tables.py", "hybrid/summary.py", "job.py", "tables.py", "draw.py"):
        assert f"paper_repro/{name}" not in hashed()


def test_a_change_of_such_a_file_changes_the_hash(tmp_path, monkeypatch):
    changed = tmp_path / provenance.SOURCES[0].name
    changed.write_text(provenance.SOURCES[0].read_text() + "\n# another\n")
    before = provenance.provenance()["code"]
    monkeypatch.setattr(provenance, "SOURCES", (changed, *provenance.SOURCES[1:]))
    assert provenance.provenance()["code"] != before
