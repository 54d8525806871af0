"""Flow and pose streams of folders of videos: known motion, going on after a kill, damaged videos, other settings."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from PIL import Image

from deephar.data import VideoFolder
from deephar.data.clip_crops import ClipConfig
from deephar.data.flow import CLIP_PX
from deephar.data.video_streams import find_stream, read_pose_video
from deephar.experiments import options, pose_streams, streams
from deephar.utils import TRAIN_MODE
from deephar.utils.io import leftovers
from deephar.utils.pose import coco17j
from tests.data.clip_files import damage, noise, write_lossless
from tests.data.test_flow import SHIFT, moving
from tests.processes import ENVIRONMENT

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIDE = 48


@pytest.fixture(autouse=True)
def needs():
    pytest.importorskip("av")
    pytest.importorskip("cv2.optflow")


@pytest.fixture
def videos(tmp_path):
    """A folder of three short videos of two classes, 64 x 48."""
    root = tmp_path / "videos"
    for name in ("jump/a", "jump/b", "run/a"):
        write_lossless(root / f"{name}.mkv", noise(6))
    return root


def command(out, root, *words, add=lambda parser: None):
    """The command line of a script of streams."""
    parser = options.bare_parser("", "runs/streams")
    streams.add_videos(parser)
    add(parser)
    words = [out, "--data", root, "--workers", 1, "--short-side", SIDE, *words]
    return options.parse(parser, list(map(str, words)), keras=False)


def compute(out, root, *words):
    return streams.compute_flow(command(out, root, *words))


def files(out, suffix):
    found = [path for path in out.rglob(f"*{suffix}") if not path.name.startswith(".")]
    return sorted(path.relative_to(out).as_posix() for path in found)


def test_the_flow_of_a_known_motion_is_read_back(tmp_path, capsys):
    root, out = tmp_path / "videos", tmp_path / "flow"
    write_lossless(root / "slide" / "a.mkv", np.repeat(moving(4)[..., None], 3, axis=-1))
    assert compute(out, root, "--short-side", 64) == 0
    assert "1 videos: 1 without flow" in capsys.readouterr().out
    config = ClipConfig(num_frames=4, crop_resolution=(80, 64), short_side=64)
    sample = VideoFolder(root, config, streams={"flow": out}, validation=0).get_data(0, TRAIN_MODE, range(4))
    assert sample["flow"].shape == (4, 64, 80, 2) and sample["frame"].shape == (4, 64, 80, 3)
    found = CLIP_PX * sample["flow"][:, 8:-8, 8:-8]
    mirrored = np.sign(found[0, ..., 0].mean())
    assert np.abs(found - np.array(SHIFT) * [mirrored, 1]).mean() < 0.15


def test_a_killed_run_leaves_whole_files_and_goes_on(tmp_path, capsys):
    root, out = tmp_path / "videos", tmp_path / "flow"
    for k in range(4):
        write_lossless(root / "jump" / f"{k}.mkv", noise(12))
    script = f"from tests.experiments.test_streams import compute; compute({str(out)!r}, {str(root)!r})"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env={**os.environ, **ENVIRONMENT})
    deadline = time.monotonic() + 120
    while not files(out, ".h5") and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = [out / name for name in files(out, ".h5")]
    assert 1 <= len(done) < 4
    stamps = {path: path.stat().st_mtime_ns for path in done}
    for path in done:
        with h5py.File(path) as file:
            assert file["flow"].shape == (12, 48, 64, 2)
    half = out / "jump" / ".0123456789abcdef.3.h5"
    half.write_bytes(b"half")
    assert compute(out, root) == 0
    assert f"4 videos: {4 - len(done)} without flow" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in done} == stamps
    assert leftovers(out / "jump") == [] and files(out, ".h5") == [f"jump/{k}.h5" for k in range(4)]


def test_damaged_videos_are_named_and_change_the_exit_status(tmp_path, videos, capsys):
    out = tmp_path / "flow"
    damage(videos / "jump" / "b.mkv", "text")
    damage(videos / "run" / "a.mkv", "empty")
    assert compute(out, videos) == 1
    said = capsys.readouterr().out
    assert "1 of 3 videos are in" in said and "2 videos are damaged\n  jump/b.mkv: " in said
    assert "run/a.mkv: the file is empty" in said and files(out, ".h5") == ["jump/a.h5"]
    assert compute(out, videos, "--skip-damaged") == 0
    assert "2 videos are damaged" in capsys.readouterr().out
    folder = VideoFolder(videos, ClipConfig(short_side=SIDE), streams={"flow": out}, skip_damaged=True, validation=0)
    assert folder.names() == ["jump/a.mkv"]


def test_other_settings_need_another_folder(tmp_path, videos):
    out = tmp_path / "flow"
    compute(out, videos)
    with pytest.raises(ValueError, match=r"flow' must be empty or .* the same settings. Received: fps 25.0, not 12.0$"):
        compute(out, videos, "--fps", 12)
    with pytest.raises(ValueError, match="Received: short_side 48, not 32$"):
        compute(out, videos, "--short-side", 32)
    (out / streams.SETTINGS).unlink()
    with pytest.raises(ValueError, match="Received: files without settings.json"):
        compute(out, videos)
    with pytest.raises(ValueError, match="OUT must lie outside of the folder of the videos"):
        compute(videos / "flow", videos)
    write_lossless(videos / "jump" / "a.mp4.mkv", noise(2)).rename(videos / "jump" / "a.mp4")
    with pytest.raises(ValueError, match="`root` must hold videos of different names.* Received: .*jump/a$"):
        compute(out, videos)


class Everywhere:
    """In place of a network: a person who fills the frame, or nobody in frames darker than half."""

    batch_size, passes, detect = 2, 0, None

    def poses_each(self, frames, boxes):
        Everywhere.passes += 1
        size = np.array([frame.shape[1::-1] for frame in frames])
        points = np.random.default_rng(0).uniform(0.2, 0.8, (17, 2)) * size[:, None]
        sure = [0.9 if frame.mean() > 127 else 0.1 for frame in frames]
        return points, np.repeat(sure, 17).reshape(len(frames), 17)


@pytest.fixture
def network(monkeypatch):
    about = {"model": "everywhere", "weights_sha256": "0" * 64, "layout": "coco17j"}
    monkeypatch.setattr(pose_streams, "load_network", lambda arguments, recorded: (Everywhere(), about))
    Everywhere.passes = 0


def render(out, root, *words):
    def add(parser):
        options.add_network(parser)
        pose_streams.add_options(parser)

    arguments = command(out, root, *words, add=add)
    return pose_streams.write_sheet(arguments) if arguments.sheet else pose_streams.render(arguments)


def test_poses_are_found_once_drawn_and_read_back(tmp_path, videos, network, monkeypatch, capsys):
    out = tmp_path / "poses"
    frames = np.concatenate([np.full((3, 48, 64, 3), 200, np.uint8), np.full((2, 48, 64, 3), 20, np.uint8)])
    write_lossless(videos / "run" / "a.mkv", frames)
    assert render(out, videos, "--lossless") == 0
    assert "3 videos: 3 without poses, 3 to draw" in capsys.readouterr().out
    drawn = read_pose_video(find_stream(out, "run/a.mkv", "pose"), range(5), shape=(5, 48, 64))
    assert (drawn[:3] != 200).any(axis=(1, 2, 3)).all() and (drawn[3:] == 20).all()
    config = ClipConfig(num_frames=4, crop_resolution=(32, 32), short_side=SIDE)
    folder = VideoFolder(videos, config, streams={"pose": out}, validation=0)
    assert folder.get_data(0, TRAIN_MODE)["pose_frame"].shape == (4, 32, 32, 3)
    monkeypatch.setattr(pose_streams, "load_network", None)  # the poses are there
    assert render(out, videos, "--lossless") == 0
    black, passes = tmp_path / "black", Everywhere.passes
    assert render(black, videos, "--poses", out / "poses", "--background", "black", "--marker", "dot") == 0
    assert files(black, ".mp4") == ["jump/a.mp4", "jump/b.mp4", "run/a.mp4"] and Everywhere.passes == passes
    assert read_pose_video(black / "run" / "a.mp4", [4], shape=(5, 48, 64)).max() < 8
    with pytest.raises(ValueError, match="same settings. Received: colors 13, not 6$"):
        render(black, videos, "--poses", out / "poses", "--background", "black", "--marker", "dot", "--colors", 6)
    with pytest.raises(ValueError, match=r"poses/poses' must be .* Received: fps 25.0, not 30.0$"):
        render(tmp_path / "other", videos, "--poses", out / "poses", "--fps", 30)


def test_poses_of_damaged_videos_and_of_others(tmp_path, videos, network, capsys):
    out = tmp_path / "poses"
    damage(videos / "jump" / "b.mkv", "text")
    assert render(out, videos) == 1
    said = capsys.readouterr().out
    assert "1 videos are damaged\n  jump/b.mkv: " in said
    assert files(out, ".npz") == ["poses/jump/a.npz", "poses/run/a.npz"]
    assert render(out, videos, "--skip-damaged") == 0
    (out / "jump" / "a.mp4").unlink()
    write_lossless(videos / "jump" / "a.mkv", noise(9))
    with pytest.raises(ValueError, match=r"a.npz' must hold poses of \(9, 48, 64\) .* Received: \(6, 48, 64\). Remove"):
        render(out, videos)
    (out / "poses" / "jump" / "a.npz").write_bytes(b"half")
    with pytest.raises(ValueError, match="Poses cannot be read: .*a.npz"):
        render(out, videos)


def test_all_ways_of_drawing_on_one_sheet(tmp_path, videos, network):
    sheet = tmp_path / "sheet.png"
    render(tmp_path / "out", videos, "--sheet", sheet)
    assert Image.open(sheet).size == (4 * (64 + 4) + 4, 4 * (48 + 4) + 4)
    frame, pose = np.full((48, 64, 3), 128, np.uint8), np.ones((17, 3))
    pose[:, :2] = np.random.default_rng(0).uniform(10, 40, (17, 2))
    image = pose_streams.variants_sheet(frame, pose, coco17j)
    cells = image.reshape(-1)[: 4 * 52 * 276 * 3].reshape(4, 52, 276, 3)[:, 4:, 4:].reshape(4, 48, 4, 68, 3)
    parts = cells.transpose(0, 2, 1, 3, 4).reshape(16, -1)
    assert len({part.tobytes() for part in parts}) == 16
