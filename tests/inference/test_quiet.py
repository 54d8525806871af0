"""Starting Keras: what JAX compiles is kept, where nobody says otherwise."""

import pytest

from deephar.inference import quiet


def test_jax_keeps_what_it_compiles_where_its_settings_say_nothing(tmp_path, monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.setenv("DEEPHAR_CACHE", str(tmp_path))
    before = jax.config.jax_compilation_cache_dir
    try:
        jax.config.update("jax_compilation_cache_dir", None)
        quiet._keep_compiled()
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "jax")
        jax.config.update("jax_compilation_cache_dir", "elsewhere")
        quiet._keep_compiled()
        assert jax.config.jax_compilation_cache_dir == "elsewhere"
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
