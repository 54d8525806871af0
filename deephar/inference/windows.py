"""One person window by window: a box per window, clips at the trained frame step, a pose for every frame.

A window is as long as a clip of T frames with a step of s between them: T x s frames. The s clips that start at its
first s frames together hold each of its frames once: one pass over them gives every pose and s votes on the action.

    frames   0 1 2 3 4 5 6 7 ...       s = 3: clip 0: 0 3 6 ...   clip 1: 1 4 7 ...   clip 2: 2 5 8 ...

Where the step is known in seconds, a clip takes at each of its moments the frame that a player shows then, so that it
lasts as long whatever the frame rate: s is then no whole number, and a frame may be in two clips.

The last, shorter window of a person reaches back so that it is full; who is seen for less than one window gets a
smaller step, and for fewer than T frames, the last frame repeated. Memory is that of one window, however long the
video.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from deephar.inference.boxes import Box, box_of_extents, whole_frame
from deephar.inference.network import PersonNetwork
from deephar.inference.tracks import LOOKS

IMAGES_PER_WINDOW = 16  # frames that share a box when the network takes single images
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


@dataclass(frozen=True, eq=False)
class Sight:
    """A frame in which a person is.

    Attributes:
        index, time_s: int and float, number of the frame, and when it is shown, s.
        time: float, the same in the unit of the clips' step.
        frame: uint8 (H, W, 3).
        extent: float (4,), x1 y1 x2 y2 px around the joints, NaN where not known.
        exact: bool, whether `extent` is a box to crop, which must not be changed.
        score: float or None, how sure it is that the person is there.
    """

    index: int
    time_s: float
    time: float
    frame: np.ndarray
    extent: np.ndarray
    exact: bool = False
    score: float | None = None


@dataclass(frozen=True, eq=False)
class Window:
    """What a full window asks of the network.

    Attributes:
        sights: list of N `Sight`, of which the last `num_new` have no pose yet.
        num_new: int.
        box: the person's box, frame px.
        indices: int (C, T), the frames of the clips; None for a network of images.
    """

    sights: list[Sight]
    num_new: int
    box: Box
    indices: np.ndarray | None

    @property
    def new(self) -> list[Sight]:
        """The frames that have no pose yet."""
        return self.sights[-self.num_new :]


class PersonClips:
    """The frames of one person: takes them one by one and gives a `Window` whenever one is full.

    Args:
        num_frames: int or None. T of the network's clips; None: a network of images.
        step: float. Step between the frames of a clip, in the unit of the frames' times.
        by_number: bool. Times are numbers of frames.
    """

    def __init__(self, num_frames: int | None, step: float, by_number: bool) -> None:
        self._num_frames, self._step, self._by_number = num_frames, step, by_number
        self._window, self._num_new = [], 0

    def add(self, sight: Sight) -> Window | None:
        """Take the next frame; return the window that it makes full."""
        self._window.append(sight)
        self._num_new += 1
        self._gap = gap_of(np.array([k.time for k in self._window])) or float(self._by_number)
        while len(self._window) > self._num_new and self._is_full(1):
            del self._window[0]
        return self._take() if self._num_new == len(self._window) and self._is_full(0) else None

    def finish(self) -> Window | None:
        """Return the window of the frames that are left, which reaches back; None where there are none."""
        return self._take() if self._num_new else None

    def _is_full(self, first):
        """Whether the frames from index `first` on make a window."""
        count = len(self._window) - first
        if not self._num_frames:
            return count >= IMAGES_PER_WINDOW
        length = self._num_frames * self._step - ROUNDING
        return count > 0 and self._window[-1].time + self._gap - self._window[first].time > length

    def _take(self):
        sights, times = list(self._window), [k.time for k in self._window]
        box = _box_of(sights[-self._num_new :] if sights[-1].exact else sights)
        indices = clip_indices(times, self._num_frames, self._step) if self._num_frames else None
        window = Window(sights, self._num_new, box, indices)
        self._num_new = 0
        return window


def _box_of(sights):
    """The box of a person over some frames: around the boxes as they are, or with a margin around the joints."""
    extents, size = np.array([k.extent for k in sights]), sights[-1].frame.shape[1::-1]
    if sights[-1].exact:
        return (*extents[:, :2].min(axis=0).tolist(), *extents[:, 2:].max(axis=0).tolist())
    return box_of_extents(extents, size) or whole_frame(size)


Found = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # points (N, J, D), confidence (N, J), scores (A,) or None


def predict_windows(network: PersonNetwork, windows: Sequence[Window]) -> list[Found]:
    """Predict windows of several people in common batches.

    Args:
        network: PersonNetwork.
        windows: list of `Window`.

    Returns:
        For each one: points (N, J, D) in frame px and confidence (N, J) of its new frames; probabilities (A,) of the
        actions, the mean over its clips, or None for a network without actions.
    """
    seen = _see_clips(network, windows) if network.signature.num_frames else _unseen(windows)
    left = [(place, k) for place, (missing, *_) in enumerate(seen) for k in missing]
    frames, boxes = [windows[w].sights[k].frame for w, k in left], [windows[w].box for w, _ in left]
    poses = zip(*network.poses_each(frames, boxes), strict=True) if left else ()
    for (place, k), (points, confidence) in zip(left, poses, strict=True):
        seen[place][1][k], seen[place][2][k] = points, confidence
    return [
        (np.stack(points[-w.num_new :]), np.stack(confidence[-w.num_new :]), scores)
        for w, (_, points, confidence, scores) in zip(windows, seen, strict=True)
    ]


def _see_clips(network, windows):
    """For each window: which frames no clip has, points and confidence of the N frames, mean scores."""
    clips = [[w.sights[k].frame for k in row] for w in windows for row in w.indices]
    boxes = [w.box for w in windows for _ in w.indices]
    points, confidence, scores = network.clips(clips, boxes)  # (C, T, J, D), (C, T, J), (C, A)
    found, ends = [], np.cumsum([len(w.indices) for w in windows])
    for window, end in zip(windows, ends, strict=True):
        some, number = slice(end - len(window.indices), end), len(window.sights)
        frame_points, frame_confidence = [None] * number, [None] * number
        for row, *poses in zip(window.indices, points[some], confidence[some], strict=True):
            for k, pose, sure in zip(row, *poses, strict=True):
                frame_points[k], frame_confidence[k] = pose, sure
        missing = np.setdiff1d(np.arange(number), window.indices).tolist()
        found.append((missing, frame_points, frame_confidence, None if scores is None else scores[some].mean(axis=0)))
    return found


def _unseen(windows):
    """The same for a network of images: every new frame has to be looked at."""
    numbers = [len(w.sights) for w in windows]
    return [
        (range(n - w.num_new, n), [None] * n, [None] * n, None) for w, n in zip(windows, numbers, strict=True)
    ]
