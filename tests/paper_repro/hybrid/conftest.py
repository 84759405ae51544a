"""Programs that these tests compile again and again are compiled once."""

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

OPTIONS = {"jax_persistent_cache_min_compile_time_secs": 0.3, "jax_persistent_cache_min_entry_size_bytes": -1}


@pytest.fixture(autouse=True, scope="package")
def compiled_once(tmp_path_factory):
    """A cache of programs on disk, for this folder of tests alone."""
    before = {name: getattr(jax.config, name) for name in (*OPTIONS, "jax_compilation_cache_dir")}
    folder = str(tmp_path_factory.mktemp("programs"))
    for name, value in {**OPTIONS, "jax_compilation_cache_dir": folder}.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
