"""Clips by time: the same moments of a video whatever its frame rate, and windows that last as long."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from deephar.inference.video import VideoReader, VideoWriter
from deephar.inference.windows import PersonClips, Sight, clip_indices, predict_windows

SIDE = 100


class Recorder:
    """Takes the place of `PersonNetwork`: remembers which frames were in a clip."""

    def __init__(self, num_frames=4):
        self.signature, self.seen = SimpleNamespace(num_frames=num_frames), []

    def poses_each(self, frames, boxes):
        return np.full((len(frames), 4, 2), 5.0), np.full((len(frames), 4), 0.9)

    def clips(self, clips, boxes):
        self.seen.append([[int(frame[0, 0, 0]) for frame in clip] for clip in clips])
        shape = (len(clips), len(clips[0]), 4)
        return np.zeros((*shape, 2)), np.full(shape, 0.9), np.full((len(clips), 2), 0.5)


def predicted(network, times, step):
    """Poses of all frames and the windows of one person who is seen at some times."""
    clips, poses, windows = PersonClips(network.signature.num_frames, step, by_number=False), [], []

    def see(window):
        if window is not None:
            ((points, confidence, scores),) = predict_windows(network, [window])
            assert len(points) == len(confidence) == window.num_new and scores.shape == (2,)
            windows.append(window)
            poses.extend(points)

    for k, time in enumerate(times):
        see(clips.add(Sight(k, time, time, frame(k % 250), np.array([10.0, 10, 90, 90]))))
    see(clips.finish())
    return poses, windows


def frame(level):
    return np.full((SIDE, SIDE, 3), level, np.uint8)


@pytest.mark.parametrize("fps", [5, 10, 24, 25, 30000 / 1001, 30, 50, 120])
def test_a_clip_takes_what_is_shown_at_its_moments(fps):
    times = np.arange(round(2 * fps)) / fps
    indices = clip_indices(times, 8, 4 / 30)
    moments = 4 / 30 * np.arange(8)
    first = times[indices[0]]
    assert (first <= moments + 1e-3).all() and (moments - first < 1 / fps + 1e-3).all()
    assert len(indices) == np.sum(times < 4 / 30 - 1e-3) and (indices[:, 0] == np.arange(len(indices))).all()


def test_whole_steps_are_what_they_were():
    seconds = clip_indices(np.arange(32) / 30, 8, 4 / 30)
    np.testing.assert_array_equal(seconds, clip_indices(np.arange(32), 8, 4))
    np.testing.assert_array_equal(seconds, np.arange(4)[:, None] + 4 * np.arange(8))
    milliseconds = np.round(np.arange(32) / 30, 3)  # as Matroska rounds them
    np.testing.assert_array_equal(seconds, clip_indices(milliseconds, 8, 4 / 30))


def test_frames_at_uneven_times():
    times = [0.0, 0.1, 0.11, 0.12, 0.3, 0.39]
    assert clip_indices(times, 4, 0.1)[0].tolist() == [0, 1, 3, 4]
    assert clip_indices([0.0], 3, 0.1).tolist() == [[0, 0, 0]]


def test_short_videos_get_a_smaller_step():
    assert clip_indices(np.arange(4) / 30, 8, 4 / 30).tolist() == [[0, 1, 2, 3, 3, 3, 3, 3]]
    assert clip_indices(np.arange(20) / 30, 8, 4 / 30).shape == (3, 8)


@pytest.mark.parametrize("fps", [10, 25, 30, 60])
def test_windows_last_as_long_at_any_rate(fps):
    network, count = Recorder(), round(3 * fps)
    poses, windows = predicted(network, np.arange(count) / fps, 0.2)  # a window lasts 0.8 s
    assert len(poses) == count and len(windows) == 4
    assert all(len(window.sights) <= np.ceil(0.8 * fps) + 1 for window in windows)
    first = np.array(network.seen[0][0]) / fps
    np.testing.assert_allclose(first, [0, 0.2, 0.4, 0.6], atol=1 / fps)
    assert network.seen[-1][-1][-1] >= count - 1 - np.ceil(fps * 0.2)
    assert windows[-1].sights[-1].index == count - 1


def test_frames_that_no_clip_has_get_a_pose_too():
    poses, _ = predicted(Recorder(), [0.0, 0.21, 0.22, 0.23, 0.24, 0.4, 0.6], 0.2)
    assert len(poses) == 7 and all(np.isfinite(points).all() for points in poses)
    assert poses[2].max() > 0 and poses[0].max() == 0  # seen alone, and in a clip


def test_the_box_of_a_window_holds_the_joints_of_all_its_frames():
    clips, extents = PersonClips(None, 1.0, by_number=True), [[10.0 + k, 20, 30 + k, 60] for k in range(16)]
    windows = [clips.add(Sight(k, 0.0, k, frame(k), np.array(e))) for k, e in enumerate(extents)]
    assert windows[:-1] == [None] * 15
    np.testing.assert_allclose(windows[-1].box, [6.5, 16, 48.5, 64])  # 1.2 times 10 to 45 and 20 to 60
    exact = [Sight(k, 0.0, k, frame(k), np.array(e), exact=True) for k, e in enumerate(extents)]
    assert [clips.add(sight) for sight in exact][-1].box == (10, 20, 45, 60)
    unknown = PersonClips(None, 1.0, by_number=True)
    unknown.add(Sight(0, 0.0, 0, frame(0), np.full(4, np.nan)))
    assert unknown.finish().box == (0, 0, SIDE, SIDE) and unknown.finish() is None


def test_a_video_tells_when_its_frames_are_shown(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "a.mkv"
    stamps = [0, 40, 50, 200, 210]  # ms
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "bgr0"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for level, stamp in enumerate(stamps):
            picture = av.VideoFrame.from_ndarray(frame(level), format="rgb24")
            picture.pts, picture.time_base = 300 + stamp, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with VideoReader(path) as video:
        assert [round(1000 * video.time_s) for _ in video] == stamps
    with VideoWriter(tmp_path / "b.mp4", 25) as writer:
        for level in range(4):
            writer.add(frame(level))
    with VideoReader(tmp_path / "b.mp4") as video:
        assert [round(video.time_s, 3) for _ in video] == [0, 0.04, 0.08, 0.12]
