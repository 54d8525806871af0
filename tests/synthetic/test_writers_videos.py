"""Class-named folders of synthetic videos: what is in them, at which rate, read back by `VideoFolder`; resumable."""

import json

import numpy as np
import pytest

from deephar.data import VideoFolder
from deephar.data.video_frames import read_frames, read_timeline
from deephar.synthetic.world import clip_length, render_clip
from deephar.synthetic.writers import synthesise
from deephar.synthetic.writers_videos import choose_classes, write_videos
from deephar.utils import TEST_MODE, TRAIN_MODE
from deephar.utils.video import VideoWriter

SIZES = ((96, 64),)
CLASSES = {"star_jump": "jumping_jacks", "squat": "squat"}
JACKS, SQUAT = 7, 11  # places in Penn Action's list


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return write_videos(tmp_path_factory.mktemp("world"), 2, 1, SIZES, workers=1, classes=CLASSES, fps=12.5)


def test_folders_have_the_names_asked_for_and_are_split_by_people(videos):
    found = sorted(path.relative_to(videos).as_posix() for path in videos.rglob("*.mp4"))
    assert found == [
        "test/squat/squat_0001.mp4",
        "test/star_jump/star_jump_0001.mp4",
        *(f"train/{name}/{name}_000{k}.mp4" for name in ("squat", "star_jump") for k in (1, 2)),
    ]
    folder = VideoFolder(videos)
    assert folder.labels == ("squat", "star_jump")
    assert folder.get_length(TRAIN_MODE) == 4 and folder.get_length(TEST_MODE) == 2


def test_a_video_shows_its_action_at_its_rate(videos):
    path, index = videos / "train" / "star_jump" / "star_jump_0002.mp4", 15 + JACKS
    clip = render_clip("train", index, None, SIZES[0], fps=12.5)
    assert clip["action"] == JACKS
    timeline = read_timeline(path)
    assert timeline.num_frames(12.5) == clip["length"] == round(clip_length("train", index) * 12.5 / 30)
    shown = read_frames(path, [0, clip["length"] - 1], 12.5, None)
    assert shown.shape == (2, 64, 96, 3)
    difference = np.abs(shown[:, None].astype(float) - clip["frames"]).mean(axis=(2, 3, 4))  # (2, T)
    assert difference.argmin(axis=1).tolist() == [0, clip["length"] - 1] and difference.min(axis=1).max() < 8


def test_the_same_frames_give_the_same_bytes(tmp_path):
    """x264's macroblock tree gave these frames other bytes in one of four writings."""
    frames, path, found = render_clip("train", SQUAT, None, SIZES[0], fps=12.5)["frames"], tmp_path / "squat.mp4", set()
    for _ in range(20):
        with VideoWriter(path, 12.5) as writer:
            for frame in frames:
                writer.add(frame)
        found.add(path.read_bytes())
    assert len(found) == 1


def test_a_stopped_run_goes_on_and_another_world_is_refused(videos):
    lost, kept = videos / "train" / "squat" / "squat_0001.mp4", videos / "test" / "squat" / "squat_0001.mp4"
    before, stamp = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    lost.with_name(".0123456789abcdef.squat_0001.mp4").write_bytes(b"half")
    write_videos(videos.parent, 2, 1, SIZES, workers=1, classes=CLASSES, fps=12.5)
    assert lost.read_bytes() == before and kept.stat().st_mtime_ns == stamp
    assert not list(videos.rglob(".*"))
    with pytest.raises(ValueError, match="the same synthetic world.*nothing was changed"):
        write_videos(videos.parent, 2, 1, SIZES, workers=1, classes=CLASSES, fps=25)
    assert json.loads((videos / "synthetic.json").read_text())["classes"] == {"star_jump": JACKS, "squat": SQUAT}


def test_classes_by_name():
    assert choose_classes("penn")["jumping_jacks"] == JACKS and len(choose_classes("penn")) == 15
    ntu = choose_classes("ntu")
    assert len(ntu) == 26 and "hand_waving" in ntu
    wave = ntu["hand_waving"]
    assert choose_classes("ntu", ["wave hello=hand waving", "hop"]) == {"wave hello": wave, "hop": ntu["hop"]}
    assert choose_classes("ntu", {"wave": "hand_waving"}) == {"wave": wave}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ["fly"]}, "`classes` must be of the actions .*Received: 'fly'"),
        ({"classes": {"a/b": "squat"}}, "`classes` must be names of folders.*Received: 'a/b'"),
        ({"classes": ["a=squat", "a=bowl"]}, "`classes` must be different folders"),
        ({"classes": []}, "`classes` must be different folders"),
        ({"actions": "kinetics"}, "`actions` must be one of"),
        ({"fps": 0}, "`fps` must be above 0. Received: 0"),
        ({"train": 0}, "`train` must be a whole number from 1. Received: 0"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_written(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_videos(tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_other_formats_have_no_such_options(tmp_path):
    with pytest.raises(ValueError, match="`fps` must be left out for the format 'mpii'. Received: 25"):
        synthesise("mpii", tmp_path, fps=25)
