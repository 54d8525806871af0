"""Own videos of people: who is found where, once and by time; clips at the same moments, cropped as in prediction."""

import json
import os

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import VideoFolder
from deephar.experiments import own_videos
from deephar.experiments.own_videos import PersonVideos, find_people
from deephar.inference import Predictor
from deephar.inference.boxes import JOINTS_TO_BOX
from deephar.models.specs import InputSpec
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import pa16j2d
from deephar.utils.video import VideoWriter

pytest.importorskip("av")
SIDE, FRAME = 64, InputSpec.for_shape((4, 64, 64, 3), fps=20.0, frame_step=4)  # a clip: 4 frames in 0.8 s
PLAIN = DataConfig(crop_resolution=(SIDE, SIDE), hflips=[0], chpower=[1], fixed_subsampling=4)


class Red:
    """A stand-in network of images: joints in the corners of the red pixels' box, confidence 0 where there are none."""

    name, input_shape, output_shape = "Red", (None, SIDE, SIDE, 3), [(None, 16, 3)]

    def __init__(self):
        self.seen = 0

    def get_weights(self):
        return [np.zeros(1)]

    def predict_on_batch(self, x):
        self.seen += len(x)
        red, pose = (x[..., 0] > 0.1) & (x[..., 2] < -0.1), np.zeros((len(x), 16, 3))
        for column, line in enumerate((red.any(axis=1), red.any(axis=2))):  # (B, 64)
            low, high = line.argmax(axis=1) / SIDE, 1 - line[:, ::-1].argmax(axis=1) / SIDE
            pose[..., column] = np.where(np.arange(16) % 2, high[:, None], low[:, None])
        pose[..., 2] = np.where(red.any(axis=(1, 2)), 0.9, 0.0)[:, None]
        return [pose]


def write(path, fps, seconds=1.6, empty=False):
    """A red square of 24 px that moves to the right by 20 px a second, before grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, fps) as writer:
        for k in range(round(seconds * fps)):
            frame = np.full((120, 160, 3), 128, np.uint8)
            left = 20 + round(20 * k / fps)
            frame[40:64, left : left + 24] = (128, 128, 128) if empty else (255, 0, 0)
            writer.add(frame)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two classes: squares at 20 and 50 frames a second, and videos without anybody."""
    root = tmp_path_factory.mktemp("videos")
    write(root / "train" / "walk" / "slow.mp4", 20)
    write(root / "train" / "walk" / "fast.mp4", 50)
    write(root / "train" / "wait" / "empty.mp4", 20, empty=True)
    write(root / "test" / "wait" / "empty_too.mp4", 20, empty=True)
    write(root / "test" / "walk" / "square.mp4", 25)
    return root


@pytest.fixture(scope="module")
def folder(root):
    return VideoFolder(root)


@pytest.fixture(scope="module")
def people(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "boxes.json"
    return find_people(Red(), folder.root, folder.names(), path, FRAME)


def key_of(videos, mode, name):
    return next(k for k, sequence in enumerate(videos.sequences[mode]) if sequence.name.endswith(name))


def test_people_are_found_at_the_same_times_at_any_rate(people):
    slow, fast = (people.videos[f"train/walk/{name}.mp4"] for name in ("slow", "fast"))
    assert slow.num_frames == fast.num_frames == 32 and slow.size == (160, 120)
    assert slow.extents.shape == fast.extents.shape == (8, 4)  # 5 looks a second
    np.testing.assert_allclose(slow.extents, fast.extents, atol=2)
    np.testing.assert_allclose(slow.extents[:, 0], 20 + 4 * np.arange(8), atol=2)
    np.testing.assert_allclose(slow.extents[3], [32, 40, 56, 64], atol=2)


def test_videos_without_anybody_are_named(people):
    assert people.empty == ["test/wait/empty_too.mp4", "train/wait/empty.mp4"]
    assert np.isnan(people.videos["train/wait/empty.mp4"].extents).all()


def test_a_video_is_looked_at_once(folder, people, tmp_path):
    path, network = tmp_path / "boxes.json", Red()
    path.write_text(people.path.read_text())
    again = find_people(network, folder.root, folder.names(), path, FRAME)
    assert network.seen == 0
    for name, person in people.videos.items():
        np.testing.assert_array_equal(again.videos[name].extents, person.extents)
    changed = folder.root / "train" / "walk" / "slow.mp4"
    before = os.stat(changed)
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    find_people(network, folder.root, ["train/walk/slow.mp4"], path, FRAME)
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert 8 <= network.seen <= 12
    other = InputSpec.for_shape((4, 64, 64, 3), fps=20.0, frame_step=2)
    finer = find_people(network, folder.root, folder.names(), path, other)
    assert len(finer.videos["test/walk/square.mp4"].extents) == 16


def test_a_stopped_search_goes_on(folder, people, tmp_path, monkeypatch):
    path, names, network = tmp_path / "boxes.json", folder.names(), Red()
    monkeypatch.setattr(own_videos, "SAVE_EVERY_S", -1.0)
    monkeypatch.setattr(own_videos, "TOGETHER", 2)
    with pytest.raises(FileNotFoundError), monkeypatch.context() as patched:
        patched.setattr(own_videos, "_stamp", lambda root, name: [0, 0])
        find_people(network, folder.root, [*names[:2], "gone.mp4"], path, FRAME)
    content = json.loads(path.read_text())
    assert list(content["videos"]) == names[:2]
    for name in names[:2]:
        content["videos"][name]["stamp"] = own_videos._stamp(folder.root, name)
    path.write_text(json.dumps(content))
    seen = network.seen
    found = find_people(network, folder.root, names[:2], path, FRAME)
    assert network.seen == seen
    np.testing.assert_array_equal(found.videos[names[0]].extents, people.videos[names[0]].extents)


def test_a_clip_shows_the_same_moments_at_any_rate(folder, people):
    videos = PersonVideos(folder, people, PLAIN, pa16j2d, FRAME, seed=0)
    slow, fast = (
        videos.get_data(key_of(videos, TRAIN_MODE, name), TRAIN_MODE, frame_list=[3, 7, 11, 15])
        for name in ("slow.mp4", "fast.mp4")
    )
    np.testing.assert_allclose(slow["bbox"], fast["bbox"], atol=3)
    assert slow["frame"].shape == (4, SIDE, SIDE, 3) and np.abs(slow["frame"] - fast["frame"]).mean() < 0.1
    columns = [(frame[..., 0] > 0.1).any(axis=0).argmax() for frame in slow["frame"]]
    assert (np.diff(columns) > 2).all()  # it moves
    assert slow["action"].tolist() == [0.0, 1.0] and videos.action_labels == ("wait", "walk")
    assert (slow["pose"] < -1e8).any() and slow["frame_list"] == [3, 7, 11, 15]


def test_the_window_is_that_of_prediction(folder, people):
    videos = PersonVideos(folder, people, PLAIN, pa16j2d, FRAME)
    sample = videos.get_data(key_of(videos, TEST_MODE, "square.mp4"), TEST_MODE)
    first, last = min(sample["frame_list"]), max(sample["frame_list"])
    width = 24 + last - first  # 1 px a frame of 20 a second
    side = sample["bbox"][2] - sample["bbox"][0]
    assert side == pytest.approx(1.25 * JOINTS_TO_BOX * width, rel=0.2)
    assert sample["bbox"][3] - sample["bbox"][1] == pytest.approx(side)
    path = folder.root / "test" / "walk" / "square.mp4"
    predicted = Predictor(Red(), detector="none").predict_video(path, progress=False)
    assert predicted.poses[0].box[0] < 20 < predicted.poses[0].box[2]


def test_where_nobody_is_found_the_whole_frame_is_seen(folder, people):
    videos = PersonVideos(folder, people, PLAIN, pa16j2d, FRAME)
    sample = videos.get_data(key_of(videos, TEST_MODE, "empty_too.mp4"), TEST_MODE)
    np.testing.assert_allclose(sample["bbox"], [0, -20, 160, 140])  # a square as wide as the frame


def test_shifts_are_pixels_of_the_crop(folder, people):
    places = []
    for shift in (0, 8):
        videos = PersonVideos(folder, people, PLAIN.replace(fixed_trans_x=shift), pa16j2d, FRAME)
        sample = videos.get_data(key_of(videos, TEST_MODE, "square.mp4"), TEST_MODE)
        places.append(sample["afmat"] @ [80.0, 60.0, 1.0])
    assert (places[0] - places[1])[0] == pytest.approx(8 / SIDE, abs=0.02)


def test_shapes_and_lengths(folder, people):
    videos = PersonVideos(folder, people, PLAIN, pa16j2d, FRAME)
    assert [videos.get_length(mode) for mode in (TRAIN_MODE, TEST_MODE, VALID_MODE)] == [3, 2, 0]
    assert videos.get_shape("frame") == (4, SIDE, SIDE, 3) and videos.get_shape("action") == (2,)
    windows = videos.get_clip_index(key_of(videos, TEST_MODE, "square.mp4"), TEST_MODE, [4])
    assert list(windows[0]) == [0, 4, 8, 12] and len(windows) == 4
