"""A video window by window: the person's box per window, clips at the trained frame step, a pose for every frame.

A window is as long as a clip of T frames with a step of s between them: T x s frames. The s clips that start at its
first s frames together hold each of its frames once: one pass over them gives every pose and s votes on the action.

    frames   0 1 2 3 4 5 6 7 ...       s = 3: clip 0: 0 3 6 ...   clip 1: 1 4 7 ...   clip 2: 2 5 8 ...

Where the step is known in seconds, a clip takes at each of its moments the frame that a player shows then, so that it
lasts as long whatever the frame rate: s is then no whole number, and a frame may be in two clips.

The last, shorter window of a video reaches back so that it is full; a video shorter than one window gets a smaller
step, and where it has fewer than T frames, its last frame is repeated. Memory is that of one window, however long the
video.
"""

import numpy as np
from numpy.typing import ArrayLike

from deephar.inference.boxes import Box, box_from_poses, check_box, whole_frame
from deephar.inference.network import PersonNetwork
from deephar.inference.results import ActionResult, ActionScores
from deephar.inference.tracks import LOOKS, see_next

IMAGES_PER_WINDOW = 16  # frames that share a box when the network takes single images
TRACKING_FRAMES = 8  # frames of a window in which the person is followed
ROUNDING = 1e-3  # of times: the millisecond to which containers such as Matroska round


def clip_indices(times: ArrayLike, num_frames: int, step: float) -> np.ndarray:
    """Return the frame indices of the clips that cover a window.

    Args:
        times: (N,) ascending, when the frames of the window are shown; their numbers, or seconds.
        num_frames: int. T, the frames of a clip.
        step: float. Wanted step between the frames of a clip, in the unit of the times; it is smaller where the window
            is shorter than T x step.

    Returns:
        int (C, T), a clip for every frame of the first step. Every frame occurs at least once where the times are
        numbers and the step is whole.
    """
    times = np.asarray(times, float)
    step = min(step, gap_of(times) * max(1, -(-len(times) // num_frames)))
    starts = times[times < times[0] + step - ROUNDING] if step > ROUNDING else times[:1]
    moments = starts[:, None] + step * np.arange(num_frames)[None, :]  # (C, T)
    return np.searchsorted(times, moments + ROUNDING, side="right") - 1


def gap_of(times: np.ndarray) -> float:
    """Return the mean time from one frame to the next; 0 for one frame alone."""
    return (times[-1] - times[0]) / max(len(times) - 1, 1)


def rounds_of(refine: int | None, box: ArrayLike | None) -> int:
    """Return how often a box is looked for again, in an image or the first frame of a video.

    Args:
        refine: int, or None: LOOKS times, and not at all where the user gives the box.
        box: the given box (x1, y1, x2, y2), or None.
    """
    return refine if refine is not None else LOOKS * (box is None)


class WindowedVideo:
    """Takes frames one by one and predicts whenever a window is full.

    Args:
        network: PersonNetwork.
        subsampling: float. Step between the frames of a clip, in the unit of the times that `add` gets: frames, or
            seconds.
        refine: int or None. How often the box is looked for in the first frame, and where the person was lost, see
            `rounds_of`. 0 keeps the given box or the whole frame; otherwise the box follows the person.
        box: four numbers (x1, y1, x2, y2), the person's box in the first frame, px; or None.

    Attributes:
        size: (width, height) of the frames in px; None before the first one.
    """

    def __init__(
        self, network: PersonNetwork, subsampling: float = 1, refine: int | None = None, box: ArrayLike | None = None
    ):
        self._network, self._subsampling = network, subsampling
        self._first_rounds, self._rounds = rounds_of(refine, box), rounds_of(refine, None)
        self._box, self._given = box, box is not None
        self._window, self._times, self._num_new = [], [], 0
        self._poses, self._scores = [], []
        self._track = None  # the person's box in the last frame that was looked at
        self.size = None

    def add(self, frame: np.ndarray, time: float | None = None) -> None:
        """Take the next frame.

        Args:
            frame: uint8 (H, W, 3).
            time: float or None. When it is shown, in the unit of `subsampling`; None: its number.

        Raises:
            ValueError: another size than the first frame's, or the given box is bad.
        """
        size = frame.shape[1], frame.shape[0]
        if self.size is None:
            self.size = size
            self._box = whole_frame(size) if self._box is None else check_box(self._box, size)
            self._track = self._network.locate([frame], self._box, size, self._first_rounds) if self._given else None
        if size != self.size:
            raise ValueError(f"`frame` must be {self.size} (width, height) as the first one. Received: {size}")
        self._window.append(frame)
        self._times.append(len(self._poses) + self._num_new if time is None else time)
        self._gap = gap_of(self._times) or float(time is None)
        self._num_new += 1
        while len(self._window) > self._num_new and self._is_full(1):
            del self._window[0], self._times[0]
        if self._num_new == len(self._window) and self._is_full(0):
            self._predict()

    def _is_full(self, first):
        """Whether the frames from index `first` on make a window."""
        times, frames = self._times[first:], self._network.signature.num_frames
        if not frames:
            return len(times) >= IMAGES_PER_WINDOW
        return len(times) > 0 and times[-1] + self._gap - times[0] > frames * self._subsampling - ROUNDING

    def finish(self) -> tuple[tuple[tuple[np.ndarray, np.ndarray, Box], ...], ActionResult | None]:
        """Predict the remaining frames and return all results.

        Returns:
            poses: one tuple a frame, (points (J, D) in frame px, confidence (J,), box in frame px).
            action: `ActionResult`, or None for a network without actions.
        """
        if self._num_new:
            self._predict()
        if not self._scores:
            return tuple(self._poses), None
        mean = np.mean([clip.probabilities for clip in self._scores], axis=0)  # (A,)
        video = ActionScores(0, len(self._poses) - 1, mean, self._network.labels)
        return tuple(self._poses), ActionResult(video, tuple(self._scores))

    def _predict(self):
        """Find the box of the window, predict its poses and scores, keep those of the new frames."""
        self._move_box()
        if self._network.signature.num_frames is None:
            points, confidence = self._network.poses(self._window, self._box, self.size)
        else:
            points, confidence = self._predict_clips()
        for k in range(len(self._window) - self._num_new, len(self._window)):
            self._poses.append((points[k], confidence[k], self._box))
        self._num_new = 0

    def _move_box(self):
        """Follow the person through a few frames, each seen in the box of the one before; the box holds all of them."""
        if not self._rounds:
            return
        new = np.arange(len(self._window) - self._num_new, len(self._window))
        picked = new[np.linspace(0, len(new) - 1, min(TRACKING_FRAMES, len(new))).round().astype(int)]
        points, confidence = [], []
        for k in picked:
            found = self._see(self._window[k])
            points.append(found[0])
            confidence.append(found[1])
        if self._num_new < len(self._window):  # the frames before, which the window reaches back to
            kept = self._poses[-(len(self._window) - self._num_new) :]
            points += [np.stack([points for points, _, _ in kept])]
            confidence += [np.stack([confidence for _, confidence, _ in kept])]
        box = box_from_poses(np.concatenate(points), np.concatenate(confidence), self.size)
        self._box = box or whole_frame(self.size)

    def _see(self, frame):
        """Return pose (1, J, D) and confidence (1, J) in the tracked box, or in the whole frame; move the box."""
        points, confidence, (self._track,) = see_next(self._network, [frame], [self._track], self._rounds)
        return points, confidence

    def _predict_clips(self):
        """Return points and confidence of all frames in the window; append the window's scores."""
        signature = self._network.signature
        indices = clip_indices(self._times, signature.num_frames, self._subsampling)
        clips = [[self._window[k] for k in row] for row in indices]
        points, confidence, scores = self._network.clips(clips, self._box, self.size)
        if scores is not None:
            seen = len(self._poses) + self._num_new
            first = seen - len(self._window)
            self._scores.append(ActionScores(first, seen - 1, scores.mean(axis=0), self._network.labels))
        frame_points = np.empty((len(self._window), *points.shape[2:]))  # (N, J, D)
        frame_confidence = np.empty((len(self._window), confidence.shape[2]))  # (N, J)
        frame_points[indices] = points
        frame_confidence[indices] = confidence
        left = np.setdiff1d(np.arange(len(self._window)), indices)  # of frames that no clip has
        if len(left):
            found = self._network.poses([self._window[k] for k in left], self._box, self.size)
            frame_points[left], frame_confidence[left] = found
        return frame_points, frame_confidence
