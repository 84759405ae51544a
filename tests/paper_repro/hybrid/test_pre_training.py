"""Denoising autoencoders: they restore better than at their start, and only hidden layers are theirs."""

import jax
import numpy as np
import toy

from paper_repro.hybrid import networks, pretraining, starts, training
from paper_repro.hybrid.config import AUTOENCODERS


def test_autoencoders_learn_to_restore(tmp_path, monkeypatch):
    lab = toy.lab(tmp_path)
    restored = []
    train = pretraining.train

    def watched(*arguments, **more):
        out = train(*arguments, **more)
        restored.append(out.history["restoring"][0])
        return out

    monkeypatch.setattr(pretraining, "train", watched)
    lab.pretraining.prepare(AUTOENCODERS, 2, [0])
    params = lab.pretraining.get(AUTOENCODERS, 2, 0)
    assert len(restored) == 2
    assert all(after < before for before, after in restored)
    fresh = starts.weights(starts.GLOROT, networks.over_rows(lab.data, 2, lab.protocol.width), 0)
    for k in range(2):
        assert not np.allclose(params["hidden"][k]["kernel"][...], fresh["hidden"][k]["kernel"][...])
    assert toy.same(params["output"]["kernel"][...], fresh["output"]["kernel"][...])
    # It fits where any other start does.
    assert jax.tree.structure(training.stacked([params])) == jax.tree.structure(training.stacked([fresh]))
