"""Start Keras, and run other native code, without the messages that it writes past Python to stderr."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from deephar.utils.io import cache_folder
from deephar.utils.progress import busy


def quiet_keras() -> None:
    """Import Keras without the start-up messages of its backend and its later warnings.

    The later ones are TensorFlow's on retracing, which a program that loads several networks in turn cannot avoid. What
    JAX compiles is kept for the next run, unless its own settings say where.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_native() as shown, busy("starting Keras", shown):
        import keras

        keras.ops.zeros(1)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    if keras.backend.backend() == "jax":
        _keep_compiled()


def _keep_compiled():
    import jax

    if jax.config.jax_compilation_cache_dir is None:
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "jax"))


@contextlib.contextmanager
def quiet_native() -> Iterator[TextIO]:
    """Drop what is written to stderr inside of the `with` block, by native code, too; exceptions come as ever.

    Yields:
        A text file: what is written to it is shown.
    """
    sys.stderr.flush()
    saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        with open(os.dup(saved), "w", encoding="utf-8") as shown:
            yield shown
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
