"""The command line of the reproduction: what it refuses, what it leaves out, how it ends."""

import subprocess
import sys

import pytest

from lossjax.data.dataset import DataError
from paper_repro import __main__ as command
from paper_repro import job, tables
from paper_repro.hybrid import tasks


def absent():
    raise DataError("there is no folder")


def test_a_task_asked_for_without_its_data_is_one_line_and_2_before_anything(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("LOSSJAX_DATA", raising=False)
    assert command.main(["--tasks", "digit-lines", "an4", "--output", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("paper_repro: AN4: no data folder (set LOSSJAX_DATA")
    assert message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("arguments", "code"), [(["--tasks", "an4"], 2), ([], 0)])
def test_a_damaged_corpus_fails_the_command_only_where_it_was_asked_for(tmp_path, monkeypatch, capsys, arguments, code):
    for name in ("run_theory", "run_training"):
        monkeypatch.setattr(job, name, lambda *a: [])
    monkeypatch.setattr(tables, "theory", lambda found: [])
    monkeypatch.setattr(tables, "training", lambda found, target: [])
    monkeypatch.setattr(tasks, "sources", lambda *a: [tasks.Source("AN4", absent)])
    assert command.main([*arguments, "--output", str(tmp_path)]) == code
    out, err = capsys.readouterr()
    assert err == ("paper_repro: AN4: there is no folder\n" if code else "")
    assert ("left out: AN4: there is no folder" in out) == (code == 0)
    assert (tmp_path / "README.md").exists()


def test_ctrl_c_is_one_line_and_130(tmp_path, monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "run", interrupted)
    assert command.main(["--output", str(tmp_path)]) == 130
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "1"], "--seeds must lie between 2 and 1000, got 1"),
        (["--seeds", "x"], "invalid literal for int()"),
        (["--sedes", "3"], "Unrecognized options: --sedes"),
        (["--points", "float8"], "float8"),
        (["--quick", "--full"], "--quick and --full exclude each other"),
        (["--shard", "3/2"], "--shard is i/n with i from 1 to n, such as 2/8, got '3/2'"),
        (["--shard", "one"], "--shard is i/n"),
        (["--tasks", "an5"], "an5"),
        (["--tasks", "an4", "mnist-lines"], "--tasks mnist-lines needs --full"),
        (["--tasks", "digit-strings-by-speaker"], "--tasks digit-strings-by-speaker needs --full"),
        (["--kaldi", "no_such_folder"], "--kaldi: there is no folder no_such_folder"),
        (["--iam", "pyproject.toml"], "--iam: there is no folder pyproject.toml"),
        (["--draw", "--output", "no_such_folder"], "there are no records to draw in no_such_folder"),
        (["--output", "pyproject.toml"], "cannot write into pyproject.toml"),
    ],
)
def test_a_bad_option_is_named_and_exits_with_2(arguments, sentence, capsys):
    try:
        code = command.main(arguments)
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert sentence in capsys.readouterr().err


def test_a_missing_extra_is_one_line_and_2(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert command.main([]) == 2
    message = capsys.readouterr().err
    assert "needs scikit-learn: pip install 'lossjax[repro]'" in message
    assert message.count("\n") == 1


def test_help_imports_neither_jax_nor_matplotlib():
    program = (
        "import sys; from paper_repro.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'jax', 'matplotlib', 'sklearn', 'pandas', 'flax'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
