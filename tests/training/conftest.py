"""What several files of tests hold their runs against."""

import pytest
import small


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The records of a run that nothing interrupts."""
    return small.train(tmp_path_factory.mktemp("whole"), block=5)
