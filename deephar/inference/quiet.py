"""Start Keras, and run other native code, without the messages that it writes past Python to stderr."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from deephar.utils.progress import busy


def quiet_keras() -> None:
    """Import Keras without the start-up messages of its backend and its later warnings.

    The later ones are TensorFlow's on retracing, which a program that loads several networks in turn cannot avoid.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_native() as shown, busy("starting Keras", shown):
        import keras

        keras.ops.zeros(1)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


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
