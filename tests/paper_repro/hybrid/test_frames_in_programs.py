"""Frames are arguments of compiled programs, on a device once; dev frames are computed some at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from lossjax.training.members import members
from lossjax.training.population import advance, everywhere, population, start
from paper_repro.corpora.context import Windows, gather, joined
from paper_repro.corpora.corpus import fingerprint, utterances
from paper_repro.hybrid import frames, starts, training
from paper_repro.hybrid.measures import by_block


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return toy.lab(tmp_path_factory.mktemp("lab"))


def values(jaxpr):
    """The sizes of all arrays within a program."""
    for step in jaxpr.eqns:
        yield from (v.aval.size for v in step.outvars)
        for inner in jax.tree.leaves(step.params, is_leaf=lambda p: hasattr(p, "eqns") or hasattr(p, "jaxpr")):
            if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                yield from values(getattr(inner, "jaxpr", inner))


@pytest.mark.parametrize("theory", [False, True])
def test_no_program_holds_frames(lab, theory):
    by, member = lab.program("CE", 1, theory), jax.tree.map(lambda column: jnp.asarray(column[0]), members(0, 0.1))
    state = jax.eval_shape(lambda: start(by.task, member))
    program = jax.make_jaxpr(lambda *a: advance(by.task, *a))(lab.examples(), member, state, jnp.zeros(1, jnp.int32))
    assert sum(np.size(constant) for constant in program.consts) < 100
    assert lab.data.frames.features.size > 10_000


def test_all_programs_share_the_frames(lab):
    examples = lab.examples()
    placed = everywhere(examples)
    for name, split in examples.items():
        for mine, theirs in zip(jax.tree.leaves(split.x.frames), jax.tree.leaves(placed[name].x.frames)):
            pairs = zip(mine.addressable_shards, theirs.addressable_shards, strict=True)
            assert all(a.data.unsafe_buffer_pointer() == b.data.unsafe_buffer_pointer() for a, b in pairs)
    assert examples["dev"].x.frames is examples["train"].x.frames
    assert lab.examples() is examples


def test_windows_are_cut_like_an_array_and_gathered_in_a_program():
    joint = joined(toy.corpus().dev)
    windows = Windows(joint, np.arange(9, dtype=np.int32), 2)
    chosen = jnp.array([3, 0, 8])
    got = jax.jit(lambda windows, chosen: windows[chosen].gathered())(windows, chosen)
    np.testing.assert_array_equal(got, gather(joint, chosen, 2))
    assert (len(windows), len(windows[2:5])) == (9, 3)


@pytest.mark.parametrize("count", [1, 4, 5, 12, 14])
def test_in_blocks_or_at_once_is_the_same(count, getkey):
    x, t = jax.random.normal(getkey(), (count, 3)), jnp.arange(count)
    got = by_block(lambda x, t: (x.sum(axis=1), 2 * t), x, t, block=4)
    np.testing.assert_array_equal(got[0], x.sum(axis=1))
    np.testing.assert_array_equal(got[1], 2 * t)


def test_members_abreast_learn_as_one_after_another(lab):
    """As on an accelerator; sums of products are in another order there, so that bits differ."""
    by, who = lab.program("CE", 1, True), members([0, 1, 2], [0.1, 0.2, 0.3], 0.9)
    first = training.stacked([starts.weights(starts.GLOROT, by.task.network, seed) for seed in range(3)])
    abreast = training.Trainer(by.task, population(by.task, lab.examples(), 4, block=1, width=2))
    never = np.zeros(3, bool)
    ours = training.train(abreast, who, first, 1, never)
    alone = [
        training.train(by, who.take(slice(i, i + 1)), jax.tree.map(lambda p, i=i: p[i : i + 1], first), 1, never[:1])
        for i in range(3)
    ]
    assert abreast.population.width == 2
    for name in ours.history:
        theirs = np.concatenate([one.history[name] for one in alone])
        np.testing.assert_allclose(ours.history[name], theirs, rtol=2e-3, atol=2e-3, err_msg=name)


def test_no_array_has_the_context_of_all_dev_frames(lab):
    x, t = lab.examples()["dev"]
    block, window = 16, (2 * x.context + 1) * x.frames.features.shape[1]

    def judged(x, t):
        return x.gathered().sum(axis=1) + t

    largest = {
        b: max(values(jax.make_jaxpr(lambda x, t, b=b: by_block(judged, x, t, b))(x, t).jaxpr)) for b in (len(x), block)
    }
    assert largest[len(x)] >= len(x) * window
    assert largest[block] <= max(block * window, len(x) + block) < len(x) * window


@pytest.mark.parametrize("at_a_time", [7, 10**6])
def test_frames_are_standardised_over_training_and_the_corpus_is_left_as_it_is(monkeypatch, at_a_time):
    corpus = toy.corpus()
    before = fingerprint(corpus)
    monkeypatch.setattr(frames, "_AT_A_TIME", at_a_time)
    found = frames.aligned(corpus, {}, 2)
    raw = joined(utterances(corpus)).features.astype(float)
    train = np.concatenate([u.features for u in corpus.train]).astype(float)
    scale = 1 / np.where(train.std(axis=0) > 0, train.std(axis=0), 1)
    np.testing.assert_allclose(found.frames.features, (raw - train.mean(axis=0)) * scale, rtol=1e-5, atol=1e-6)
    assert fingerprint(corpus) == before
