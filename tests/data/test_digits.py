"""The digits: three splits that share no writer."""

from lossjax.data.digits import digits


def test_splits_have_their_sizes_and_all_classes():
    data = digits()
    splits = (data.train, data.dev, data.test)
    assert [len(s.t) for s in splits] == [906, 251, 640]
    for split in splits:
        assert split.x.shape == (len(split.t), 64)
        assert (split.x.min(), split.x.max()) == (0, 1)
        assert set(split.t) == set(range(data.classes))


def test_boundaries_fall_between_blocks_of_writers():
    """A block begins 0, 1, 2, ... 9 (one has lost its 0) and ends 4, 9, 0, 8, 9, 8."""
    data = digits()
    for before, after in ((data.train, data.dev), (data.dev, data.test)):
        assert before.t[-6:].tolist() == [4, 9, 0, 8, 9, 8]
        assert (after.t[:8] - after.t[0]).tolist() == list(range(8))
        assert after.t[0] in (0, 1)
