"""Start Keras without the messages that its backend writes past Python to stderr."""

import logging
import os
import sys

from deephar.utils.progress import busy


def quiet_keras() -> None:
    """Import Keras without the start-up messages that its backend writes past Python to stderr, and later warnings.

    The later ones are TensorFlow's on retracing, which a program that loads several networks in turn cannot avoid.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        with open(os.dup(saved), "w", encoding="utf-8") as shown, busy("starting Keras", shown):
            import keras

            keras.ops.zeros(1)
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
