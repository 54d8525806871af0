"""Files of flow and rendered poses: what is written comes back, any window of it, whole files or none."""

import h5py
import numpy as np
import pytest

from deephar.data.flow import decode_flow, encode_flow, tvl1
from deephar.data.video_streams import (
    find_stream,
    flows_of,
    read_flow,
    read_pose_video,
    stream_path,
    write_flow,
    write_pose_video,
)
from deephar.utils.io import leftovers
from tests.data.clip_files import damage, noise, numbered, numbers_of, placed


def flows(count=20, size=(9, 7)):
    return np.random.default_rng(0).uniform(-25, 25, (count, *size, 2))


def test_paths(tmp_path):
    assert stream_path("flow", "jump/a.b.avi", "flow").as_posix() == "flow/jump/a.b.h5"
    assert stream_path("pose", "jump/a.AVI", "pose").as_posix() == "pose/jump/a.mp4"
    assert stream_path("pose", "jump/a.avi", "pose", lossless=True).as_posix() == "pose/jump/a.mkv"
    with pytest.raises(ValueError, match="`stream` must be one of flow, pose. Received: 'rgb'"):
        stream_path("pose", "jump/a.avi", "rgb")
    assert find_stream(tmp_path, "a.avi", "pose") is None
    (tmp_path / "a.mkv").touch()
    assert find_stream(tmp_path, "a.avi", "pose") == tmp_path / "a.mkv"


def test_flow_comes_back(tmp_path):
    px, path = flows(), tmp_path / "jump" / "a.h5"
    assert write_flow(path, iter(px)) == 20
    np.testing.assert_array_equal(read_flow(path, range(20), shape=(20, 9, 7)), encode_flow(px))
    numbers = [4, 4, 5, 9, 3]
    np.testing.assert_array_equal(read_flow(path, numbers), encode_flow(px[numbers]))
    np.testing.assert_allclose(decode_flow(read_flow(path, [19]))[0], np.clip(px[19], -20, 20), atol=0.08)
    with h5py.File(path) as file:
        assert file["flow"].dtype == np.uint8 and file["flow"].chunks == (1, 9, 7, 2)
    write_flow(path, np.zeros((50, 64, 64, 2)))
    assert path.stat().st_size < 50 * 64 * 64 * 2 / 10


def test_flow_of_frames_is_that_of_the_whole(monkeypatch):
    pytest.importorskip("cv2.optflow")
    frames = noise(4)
    np.testing.assert_array_equal(np.stack(list(flows_of(iter(frames)))), tvl1(frames))
    assert [flow.any() for flow in flows_of(frames[:1])] == [False]
    assert list(flows_of([])) == []


def test_flow_of_another_video_or_rate_or_none(tmp_path):
    path = tmp_path / "a.h5"
    write_flow(path, flows())
    for wrong in ({"shape": (21, 9, 7)}, {"shape": (20, 7, 9)}, {"fps": 30}, {"numbers": [20]}):
        with pytest.raises(ValueError, match=r"a.h5' must hold .* Received: \(20, 9, 7, 2\) at 25.*compute_flow"):
            read_flow(path, **{"numbers": [0], **wrong})
    damage(path, "text")
    with pytest.raises(ValueError, match=r"Flow cannot be read: .*a.h5"):
        read_flow(path, [0])
    with h5py.File(path, "w") as file:
        file["flow"] = np.zeros((20, 9, 7, 2), np.float32)
        file.attrs["fps"] = 25.0
    with pytest.raises(ValueError, match="must hold"):
        read_flow(path, [0])
    with pytest.raises(FileNotFoundError, match=r"none.h5'. `exp/perfnet/compute_flow.py` writes it"):
        read_flow(tmp_path / "none.h5", [0])


def test_poses_come_back(tmp_path):
    pytest.importorskip("av")
    frames = numbered(30, (33, 25))
    path = tmp_path / "jump" / "a.mp4"
    assert write_pose_video(path, frames) == 30
    found = read_pose_video(path, [11, 12, 29, 0, 0], shape=(30, 25, 33))
    assert found.shape == (5, 25, 33, 3) and numbers_of(found) == [11, 12, 29, 0, 0]
    with pytest.raises(ValueError, match=r"a.mp4' must hold \(31, 25, 33\).*render_poses"):
        read_pose_video(path, [0], shape=(31, 25, 33))
    with pytest.raises(ValueError, match=r"must hold \(30, 23, 33\)"):
        read_pose_video(path, [0], shape=(30, 23, 33))
    with pytest.raises(FileNotFoundError, match=r"none.mp4'. `exp/perfnet/render_poses.py` writes it"):
        read_pose_video(tmp_path / "none.mp4", [0])
    frames = placed(30, (33, 25))
    write_pose_video(tmp_path / "a.mkv", frames, lossless=True)
    np.testing.assert_array_equal(
        read_pose_video(tmp_path / "a.mkv", [3, 17, 29], shape=(30, 25, 33)), frames[[3, 17, 29]]
    )


def test_files_are_written_whole_or_not_at_all(tmp_path):
    pytest.importorskip("av")

    def some(items):
        yield from items[:3]
        raise OSError("interrupted")

    for write, path, items in (
        (write_flow, tmp_path / "a.h5", flows()),
        (write_pose_video, tmp_path / "a.mp4", numbered(8)),
    ):
        with pytest.raises(OSError, match="interrupted"):
            write(path, some(items))
        with pytest.raises(ValueError, match="one"):
            write(path, [])
        with pytest.raises(ValueError, match="size|first frame's shape"):
            write(path, [items[0], items[0][:4]])
    assert list(tmp_path.iterdir()) == leftovers(tmp_path) == []
    with pytest.raises(ValueError, match="`path` must end in .mkv with `lossless=True`"):
        write_pose_video(tmp_path / "a.mp4", numbered(1), lossless=True)
    with pytest.raises(ValueError, match=r"`flows` must be of \(H, W, 2\)"):
        write_flow(tmp_path / "a.h5", np.zeros((3, 4, 5)))
