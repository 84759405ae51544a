"""The README's example of an own loss, network and data set: it runs, it is short, and it learns."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def test_own_loss_network_and_data_in_under_twenty_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", README.read_text(), re.S) if "of_module" in block)
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    room = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), room)
    found = room["records"]
    assert len(found) == 10
    errors = {(r["key"]["seed"], r["key"]["rate"]): r["history"]["test_error"] for r in found}
    assert all(len(curve) == 31 for curve in errors.values())
    assert max(curve[-1] for (_, rate), curve in errors.items() if rate == 1.0) < 0.15
    assert (tmp_path / "mine" / "records-1of1.jsonl").exists()
