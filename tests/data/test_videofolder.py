"""Clips of a folder of videos: exact frames, one crop for all streams, damaged videos never replaced."""

import pickle

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import BatchLoader, VideoFolder
from deephar.data.clip_crops import ClipConfig
from deephar.data.video_frames import DamagedVideoError, frames_at
from deephar.data.video_streams import stream_path, write_flow, write_pose_video
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE
from tests.data.clip_files import SIZE, damage, numbered, numbers_of, placed, write_lossless, write_video

pytest.importorskip("av")

RANGE_255 = {"value_range": (0, 255), "contrast": (1, 1), "brightness": (0, 0)}
CLIPS = ClipConfig(num_frames=8, crop_resolution=(40, 32), short_side=48, **RANGE_255)
LENGTHS = {"jump/a.mkv": 30, "jump/b.mkv": 30, "run/c.mkv": 30, "run/d.mkv": 5}
LEVEL_PX = 20 / 127  # of `encode_flow`


def placed_flow(count, size=SIZE):
    """Flow (T, H, W, 2) whose x is 1 level a column, y 1 level a row, from the middle of the frame on."""
    x, y = np.meshgrid(np.arange(size[0]) - size[0] // 2, np.arange(size[1]) - size[1] // 2)
    return np.broadcast_to(np.stack([x, y], axis=-1) * LEVEL_PX, (count, size[1], size[0], 2))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Videos whose pixels tell their place and frame, with poses that show the same, and flow that tells the place."""
    world = tmp_path_factory.mktemp("world")
    for name, length in LENGTHS.items():
        write_lossless(world / "videos" / name, placed(length))
        write_pose_video(stream_path(world / "pose", name, "pose", lossless=True), placed(length), lossless=True)
        write_flow(stream_path(world / "flow", name, "flow"), placed_flow(length))
    return world


def folder(world, config=CLIPS, both=True, **options):
    streams = {"flow": world / "flow", "pose": world / "pose"} if both else None
    return VideoFolder(world / "videos", config, streams, **{"validation": 0, **options})


def where(frame):
    """Column, row and number of every pixel of frames in [0, 255]."""
    return frame[..., 0] / 3, frame[..., 1] / 3, frame[..., 2] / 4


def test_samples(world):
    clips = folder(world)
    assert clips.labels == clips.action_labels == ("jump", "run") and clips.missing == clips.damaged == []
    assert [clips.get_length(mode) for mode in (TRAIN_MODE, VALID_MODE, TEST_MODE)] == [4, 0, 0]
    sample = clips.get_data(2, TRAIN_MODE)
    assert sample["action"].tolist() == [0, 1] and sample["seq_idx"] == 2
    for name in ("frame", "flow", "pose_frame", "action", "frame_list"):
        assert np.shape(sample[name]) == clips.get_shape(name), name
    assert {sample[name].dtype for name in ("frame", "flow", "pose_frame")} == {np.dtype(np.float32)}
    assert "flow" not in folder(world, both=False).get_data(0, TRAIN_MODE)
    with pytest.raises(ValueError, match="`dictkey` must be one of"):
        folder(world, both=False).get_shape("flow")
    only = folder(world, rgb=False)
    assert "frame" not in only.get_data(0, TRAIN_MODE) and only.clip_length() == 8
    with pytest.raises(ValueError, match="`dictkey`"):
        only.get_shape("frame")


@pytest.mark.parametrize("mode", [VALID_MODE, TEST_MODE])
def test_testing_takes_the_middle(world, mode):
    clips = folder(world, validation=0.5)
    clips.videos[mode] = clips.videos[TRAIN_MODE] + clips.videos[VALID_MODE]
    names = [video.name for video in clips.videos[mode]]
    sample = clips.get_data(names.index("jump/a.mkv"), mode)
    column, row, number = where(sample["frame"])
    assert sample["frame_list"] == list(range(11, 19))
    np.testing.assert_array_equal(number[:, 0, 0], np.arange(11, 19))
    np.testing.assert_array_equal(column[0, 0], np.arange(12, 52))
    np.testing.assert_array_equal(row[0, :, 0], np.arange(8, 40))
    short = clips.get_data(names.index("run/d.mkv"), mode)
    assert short["frame_list"] == [0, 0, 1, 2, 3, 4, 4, 4]
    np.testing.assert_array_equal(where(short["frame"])[2][:, 5, 5], short["frame_list"])


def test_training_takes_any_moment_and_place_and_mirrors(world):
    clips, seen = folder(world, seed=0), {"start": set(), "left": set(), "top": set(), "mirrored": set()}
    for _ in range(60):
        column, row, number = where(clips.get_data(0, TRAIN_MODE)["frame"])
        np.testing.assert_array_equal(number[:, 0, 0], number[0, 0, 0] + np.arange(8))
        assert (column == column[:1, :1]).all() and (row == row[:1, :, :1]).all()  # one crop for all frames
        step = np.unique(np.diff(column[0, 0]))
        seen["start"].add(number[0, 0, 0])
        seen["left"].add(column.min())
        seen["top"].add(row.min())
        seen["mirrored"].add(step.item())
    assert seen["mirrored"] == {-1, 1}
    assert len(seen["start"]) > 12 and min(seen["start"]) >= 0 and max(seen["start"]) <= 22
    assert len(seen["left"]) > 12 and len(seen["top"]) > 8 and max(seen["left"]) <= 24 and max(seen["top"]) <= 16


@pytest.mark.parametrize("mirrored", [0, 1])
def test_all_streams_show_the_same(world, mirrored):
    clips = folder(world, CLIPS.replace(hflips=(mirrored,), value_range=(-1, 1)))
    for seed in range(5):
        sample = clips.get_data(seed % 4, TRAIN_MODE, rng=np.random.default_rng(seed))
        np.testing.assert_array_equal(sample["frame"], sample["pose_frame"])
        column, row, _ = where((sample["frame"] + 1) * 127.5)
        x, y = np.moveaxis(sample["flow"] * 127, -1, 0)
        np.testing.assert_allclose(x, (-1 if mirrored else 1) * (column - 32), atol=1e-3)
        np.testing.assert_allclose(y, row - 24, atol=1e-3)
        only = folder(world, clips.dataconf, rgb=False).get_data(seed % 4, TRAIN_MODE, rng=np.random.default_rng(seed))
        np.testing.assert_array_equal(only["flow"], sample["flow"])


def test_colours_change_in_the_frames_alone(world):
    config = CLIPS.replace(contrast=(1.5, 1.5), brightness=(0.1, 0.1), hflips=(0,))
    sample = folder(world, config).get_data(0, TRAIN_MODE, rng=np.random.default_rng(1))
    plain = folder(world, CLIPS.replace(hflips=(0,))).get_data(0, TRAIN_MODE, rng=np.random.default_rng(1))
    mean = plain["frame"].mean()
    expected = ((plain["frame"] - mean) * 1.5 + mean + 25.5).clip(0, 255)
    np.testing.assert_allclose(sample["frame"], expected, atol=1e-2)
    for name in ("flow", "pose_frame"):
        np.testing.assert_array_equal(sample[name], plain[name])
    valid = folder(world, config)
    valid.videos[VALID_MODE] = valid.videos[TRAIN_MODE]
    assert valid.get_data(0, VALID_MODE)["frame"].max() == 3 * 51  # as they are


def test_frames_narrower_than_the_crop_are_in_its_middle(world):
    config = CLIPS.replace(crop_resolution=(80, 32), pad_color=(1, 2, 3), hflips=(0,))
    sample = folder(world, config).get_data(0, TRAIN_MODE)
    assert (sample["frame"][:, :, :8] == [1, 2, 3]).all() and (sample["frame"][:, :, 72:] == [1, 2, 3]).all()
    np.testing.assert_array_equal(where(sample["frame"])[0][0, 0, 8:72], np.arange(64))
    assert not sample["flow"][:, :, :8].any() and sample["flow"][:, :, 8].any()


def test_the_same_seed_gives_the_same_clips(world):
    first, second, other = (folder(world, both=False, seed=seed) for seed in (5, 5, 6))
    clips = [[f.get_data(k, TRAIN_MODE)["frame"] for k in range(4)] for f in (first, second, other)]
    np.testing.assert_array_equal(clips[0], clips[1])
    assert not np.array_equal(clips[0], clips[2])


def test_clips_that_are_asked_for(world):
    clips = folder(world)
    assert clips.get_clip_index(0, TRAIN_MODE, (1,))[:2] == [range(8), range(4, 12)]
    assert clips.get_clip_index(3, TRAIN_MODE) == []
    sample = clips.get_data(0, TRAIN_MODE, frame_list=[3, 5, 29])
    np.testing.assert_array_equal(where(sample["frame"])[2][:, 0, 0], [3, 5, 29])
    for wrong, error in (
        ({"frame_list": [30]}, r"`frame_list` must hold frames in \[0, 29\]"),
        ({"bbox": (0, 0, 4, 4)}, "`bbox` must be None"),
        ({"key": 4}, r"`key` must be in \[0, 3\]"),
        ({"mode": 7}, "`mode` must be one of"),
    ):
        with pytest.raises(ValueError, match=error):
            clips.get_data(**{"key": 0, "mode": TRAIN_MODE, **wrong})


def test_videos_of_another_rate_and_size(tmp_path):
    write_video(tmp_path / "run" / "a.mp4", numbered(40, (128, 96)), rate=50)
    clips = VideoFolder(tmp_path, CLIPS.replace(hflips=(0,)), validation=0)
    sample = clips.get_data(0, TRAIN_MODE, frame_list=range(20))
    assert sample["frame"].shape == (20, 32, 40, 3) and numbers_of(sample["frame"]) == list(range(0, 40, 2))
    slow = VideoFolder(tmp_path, CLIPS.replace(fps=10), validation=0).get_data(0, TRAIN_MODE)
    assert slow["frame_list"] == list(range(8)) and numbers_of(slow["frame"]) == list(range(0, 40, 5))


def test_streams_made_of_the_frames_fit(tmp_path):
    name, frames = "run/a.avi", numbered(20, (150, 99))
    path = write_video(tmp_path / "v" / name, np.pad(frames, ((0, 0), (0, 1), (0, 0), (0, 0)), mode="edge"), rate=30)
    resampled = list(frames_at(path, short_side=47))
    assert resampled[0].shape == (47, 70, 3)  # 100 x 150
    write_pose_video(stream_path(tmp_path / "pose", name, "pose"), resampled)
    write_flow(stream_path(tmp_path / "flow", name, "flow"), (frame[..., :2] / 20.0 for frame in resampled))
    config = CLIPS.replace(short_side=47, hflips=(0,))
    clips = VideoFolder(tmp_path / "v", config, {"pose": tmp_path / "pose", "flow": tmp_path / "flow"}, validation=0)
    for seed in range(4):
        sample = clips.get_data(0, TRAIN_MODE, rng=np.random.default_rng(seed))
        np.testing.assert_allclose(sample["pose_frame"], sample["frame"], atol=5)
        np.testing.assert_allclose(sample["flow"] * 400, sample["frame"][..., :2], atol=2)
    with pytest.raises(ValueError, match=r"a.h5' must hold \(17, 46, 69\) frames"):
        VideoFolder(tmp_path / "v", config.replace(short_side=46), {"flow": tmp_path / "flow"}).get_data(0, TRAIN_MODE)


def test_splits_by_a_share(world):
    clips = VideoFolder(world / "videos", validation=0.5)
    names = {mode: [video.name for video in clips.videos[mode]] for mode in (TRAIN_MODE, VALID_MODE, TEST_MODE)}
    assert names[VALID_MODE] == names[TEST_MODE] and len(names[TRAIN_MODE]) == len(names[VALID_MODE]) == 2
    assert sorted(names[TRAIN_MODE] + names[VALID_MODE]) == sorted(LENGTHS) == clips.names()
    assert {name[:3] for name in names[VALID_MODE]} == {"jum", "run"}
    one_a_class = VideoFolder(world / "videos")
    assert [one_a_class.get_length(mode) for mode in (TRAIN_MODE, VALID_MODE)] == [2, 2]


def test_published_lists(world, tmp_path):
    for label, names in {"jump": "ab", "run": "cd"}.items():
        lines = [f"{names[0]}.mkv 1", f"{names[1]}.mkv 2"]
        (tmp_path / f"{label}_test_split1.txt").write_text("\n".join(lines))
    clips = VideoFolder(world / "videos", splits=tmp_path)
    assert [len(clips.videos[mode]) for mode in (TRAIN_MODE, VALID_MODE, TEST_MODE)] == [2, 0, 2]
    rows = ["label,youtube_id,time_start,time_end,split", "jump,x,0,10,train", "jump,y,0,10,val", "run,z,0,10,val"]
    (tmp_path / "k.csv").write_text("\n".join(rows))
    for name in ("x", "y"):
        write_lossless(tmp_path / "k" / f"{name}_000000_000010.mkv", placed(2))
    clips = VideoFolder(tmp_path / "k", splits=tmp_path / "k.csv")
    assert clips.missing == ["z_000000_000010"] and clips.labels == ("jump", "run")
    assert clips.videos[VALID_MODE] == clips.videos[TEST_MODE] and clips.get_length(TEST_MODE) == 1


def test_missing_streams_are_named(world, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"`streams` must hold the flow.*4 of 4 absent: jump/a.mkv.*_flow"):
        VideoFolder(world / "videos", streams={"flow": tmp_path})
    for name in ("jump/a.mkv", "jump/a.avi"):
        write_lossless(tmp_path / name, placed(2))
    with pytest.raises(ValueError, match=r"`root` must hold videos of different names, suffix aside.*jump/a"):
        VideoFolder(tmp_path, streams={"flow": world / "flow"})
    write_flow(tmp_path / "flow" / "jump" / "a.h5", placed_flow(29))
    (tmp_path / "v" / "jump").mkdir(parents=True)
    (tmp_path / "v" / "jump" / "a.mkv").symlink_to(world / "videos" / "jump" / "a.mkv")
    with pytest.raises(ValueError, match=r"a.h5' must hold \(30, 48, 64\) frames"):
        VideoFolder(tmp_path / "v", CLIPS, {"flow": tmp_path / "flow"}).get_data(0, TRAIN_MODE)


@pytest.fixture
def with_damage(tmp_path):
    for name in ("run/a.mkv", "run/b.mkv", "run/c.mkv"):
        write_lossless(tmp_path / "v" / name, placed(40))
    damage(tmp_path / "v/run/b.mkv", "cut")
    return tmp_path


def test_a_damaged_video_is_an_error_and_no_other_one(with_damage):
    clips = VideoFolder(with_damage / "v", CLIPS, validation=0)
    assert clips.get_length(TRAIN_MODE) == 3 and clips.damaged == []
    with pytest.raises(DamagedVideoError, match=r"run/b.mkv"):
        clips.get_data(1, TRAIN_MODE)
    loader = BatchLoader(clips, ["frame"], ["action"], TRAIN_MODE, batch_size=3, seed=0)
    with pytest.raises(DamagedVideoError, match=r"run/b.mkv"):
        loader[0]
    assert [video.name for video in clips.check(workers=1)] == ["run/b.mkv"] and clips.damaged == clips.check(workers=1)
    assert clips.get_length(TRAIN_MODE) == 3


def test_damaged_videos_are_left_out_where_that_is_asked_for(with_damage):
    file = with_damage / "check.json"
    clips = VideoFolder(with_damage / "v", CLIPS, validation=0, skip_damaged=True, check_file=file)
    assert clips.names() == ["run/a.mkv", "run/c.mkv"] and clips.get_length(TRAIN_MODE) == 2 and file.exists()
    assert [video.name for video in clips.damaged] == ["run/b.mkv"] == [video.name for video in clips.check()]
    for key in range(2):
        clips.get_data(key, TRAIN_MODE)


def test_batches(world):
    clips = folder(world, CLIPS.replace(value_range=(-1, 1)))
    options = {"batch_size": 2, "seed": 3}
    loader = BatchLoader(clips, ["frame", "flow", "pose_frame"], ["action"], TRAIN_MODE, **options)
    (frame, flow, pose), (action,) = loader[0]
    assert frame.shape == pose.shape == (2, 8, 32, 40, 3) and flow.shape == (2, 8, 32, 40, 2) and action.shape == (2, 2)
    np.testing.assert_array_equal(frame, pose)
    again = BatchLoader(pickle.loads(pickle.dumps(clips)), ["frame"], ["action"], TRAIN_MODE, **options)
    np.testing.assert_array_equal(again[0][0][0], frame)
    loader.on_epoch_end()
    assert not np.array_equal(loader[0][0][0], frame)


def test_errors(world, tmp_path):
    videos = world / "videos"
    with pytest.raises(FileNotFoundError, match="`root` must be an existing folder"):
        VideoFolder(tmp_path / "none")
    for options, error in (
        ({"streams": {"depth": tmp_path}}, "`streams` must be among flow, pose. Received: depth"),
        ({"rgb": False}, "`streams` must name one or more"),
        ({"validation": 1}, r"`validation` must be in \[0, 1\)"),
        ({"labels": "jump"}, "`labels` must be a list"),
        ({"labels": ["jump"]}, "`labels` must name the class of every folder"),
        ({"splits": tmp_path, "split": 0}, "`split` must be a positive integer"),
    ):
        with pytest.raises(ValueError, match=error):
            VideoFolder(videos, **options)
    assert VideoFolder(videos, labels=["run", "sit", "jump"]).get_shape("action") == (3,)
    assert not isinstance(VideoFolder(videos).dataconf, DataConfig) and VideoFolder(videos).dataconf.num_frames == 64
