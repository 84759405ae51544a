"""Tasks whose data are missing are left out by name, in one line."""

import sys

import pytest

from lossjax.data.dataset import DataError
from paper_repro.hybrid import config, tasks


def sources(*names):
    return [source for source in tasks.sources(full=True) if source.name in names]


@pytest.mark.parametrize("name", ["AN4", "digit strings", "MNIST lines"])
@pytest.mark.parametrize("there", [False, True])
def test_a_missing_folder_is_named(name, there, tmp_path, monkeypatch):
    monkeypatch.delenv("LOSSJAX_DATA", raising=False)
    if there:
        monkeypatch.setenv("LOSSJAX_DATA", str(tmp_path))
    said = []
    assert list(tasks.readable(sources(name), said.append)) == []
    (sentence,) = said
    assert sentence.startswith(f"left out: {name}: ")
    assert "LOSSJAX_DATA" in sentence
    assert "\n" not in sentence


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    (tmp_path / "fsdd" / "recordings").mkdir(parents=True)
    monkeypatch.setenv("LOSSJAX_DATA", str(tmp_path))
    monkeypatch.setitem(sys.modules, "kaldi_native_fbank", None)
    said = []
    assert list(tasks.readable(sources("digit strings"), said.append)) == []
    assert said == [
        "left out: digit strings: digit strings needs kaldi-native-fbank: pip install 'lossjax[data]'",
    ]


def test_a_damaged_corpus_is_left_out_and_others_stay():
    def damaged():
        raise DataError("it is damaged")

    said = []
    found = tasks.readable([tasks.Source("a", damaged), tasks.Source("b", lambda: "corpus")], said.append)
    assert [(source.name, corpus) for source, corpus in found] == [("b", "corpus")]
    assert said == ["left out: a: it is damaged"]


@pytest.mark.parametrize("protocols", [config.QUICK, config.FULL], ids=["quick", "full"])
def test_every_task_has_a_protocol_that_fits(protocols, tmp_path):
    named = {source.protocol for source in tasks.sources(protocols is config.FULL, tmp_path, tmp_path)}
    assert named <= protocols.keys()
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
