"""Tasks whose data are missing are refused by name, in one line."""

import re
import sys

import pytest

from lossjax.data.dataset import DataError
from lossjax.extras import MissingExtraError
from paper_repro.hybrid import config, tasks


def sources(*names):
    return [source for source in tasks.sources(full=True) if source.name in names]


def refusals(wanted):
    """What is refused, and why, where nothing can be read."""
    said = []
    assert list(tasks.readable(wanted, lambda source, why: said.append((source.name, why)))) == []
    return said


@pytest.mark.parametrize("name", ["AN4", "digit strings", "MNIST lines"])
@pytest.mark.parametrize("there", [False, True])
def test_a_missing_folder_is_named(name, there, tmp_path, monkeypatch):
    monkeypatch.delenv("LOSSJAX_DATA", raising=False)
    if there:
        monkeypatch.setenv("LOSSJAX_DATA", str(tmp_path))
    ((refused, why),) = refusals(sources(name))
    assert refused == name
    assert "LOSSJAX_DATA" in why
    assert "\n" not in why
    with pytest.raises(DataError, match=re.escape(why)):
        sources(name)[0].needs()


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    (tmp_path / "fsdd" / "recordings").mkdir(parents=True)
    monkeypatch.setenv("LOSSJAX_DATA", str(tmp_path))
    monkeypatch.setitem(sys.modules, "kaldi_native_fbank", None)
    why = "digit strings needs kaldi-native-fbank: pip install 'lossjax[data]'"
    assert refusals(sources("digit strings")) == [("digit strings", why)]
    with pytest.raises(MissingExtraError, match=re.escape(why)):
        sources("digit strings")[0].needs()


def test_a_damaged_corpus_is_left_out_and_others_stay():
    def damaged():
        raise DataError("it is damaged")

    said = []
    wanted = [tasks.Source("a", damaged), tasks.Source("b", lambda: "corpus")]
    found = tasks.readable(wanted, lambda source, why: said.append((source.name, why)))
    assert [(source.name, corpus) for source, corpus in found] == [("b", "corpus")]
    assert said == [("a", "it is damaged")]


@pytest.mark.parametrize("protocols", [config.QUICK, config.FULL], ids=["quick", "full"])
def test_every_task_has_a_protocol_that_fits(protocols, tmp_path):
    named = {source.protocol for source in tasks.sources(protocols is config.FULL, tmp_path, tmp_path)}
    assert named <= protocols.keys()
    assert (tasks.BY_SPEAKER in named) == (protocols is config.FULL)
    for protocol in protocols.values():
        config.check(protocol)
        assert {len(config.grid(protocol, arm)) for arm in protocol.arms} == {len(protocol.factors)}


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        ((config.Arm("b", after="a"), config.Arm("a")), "'b' needs 'a'"),
        ((config.Arm("b", rate_of="a"),), "'b' needs 'a'"),
        ((config.Arm("a"), config.Arm("a")), "two arms are called 'a'"),
    ],
)
def test_arms_that_name_each_other_wrongly_are_refused(arms, words):
    with pytest.raises(ValueError, match=words):
        config.check(config.Protocol(arms))
