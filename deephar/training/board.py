"""Scores for TensorBoard: one event file a session of training, to which every epoch is appended."""

import pathlib
import time
from collections.abc import Mapping


class Board:
    """Appends scores to a new event file, which a reader that is open sees as soon as they are added.

    Records and messages are TensorFlow's own; none of its operations is run, so it takes no memory of an accelerator
    beside another backend.

    Args:
        folder: Path. Existing folder; files of earlier sessions stay and are read before this one.
        first_step: int. Number of the first step that will be added. Readers drop steps from here on that an earlier
            session had written before it was killed.
    """

    def __init__(self, folder: pathlib.Path, first_step: int) -> None:
        import tensorflow as tf

        self._event, self._summary = tf.compat.v1.Event, tf.compat.v1.Summary
        self._writer = tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{time.time_ns()}.deephar"))
        start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        self._write(time.time(), file_version="brain.Event:2")
        self._write(time.time(), step=first_step, session_log=start)

    def add(self, step: int, wall_time_s: float, scores: Mapping[str, float]) -> None:
        """Add the scores of one step.

        Args:
            step: int.
            wall_time_s: float. Seconds since 1970.
            scores: dict of str to float.
        """
        values = [self._summary.Value(tag=name, simple_value=value) for name, value in scores.items()]
        self._write(wall_time_s, step=step, summary=self._summary(value=values))
        self._writer.flush()

    def _write(self, wall_time_s, **fields):
        self._writer.write(self._event(wall_time=wall_time_s, **fields).SerializeToString())
