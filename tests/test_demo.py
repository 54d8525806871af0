"""The demo at its smallest: every file is there, the scores agree, a second run renders nothing again."""

import json

import pytest
from PIL import Image

from deephar.config import ModelConfig
from deephar.demo import DemoSize, run_demo
from deephar.inference.video import VideoReader
from deephar.synthetic.actions import ACTIONS
from deephar.utils.labels import PENN_LABELS
from deephar.utils.pose import pa16j2d

SMALL = (96, 72)
TINY = DemoSize(3, 2, picture_size=SMALL, video_size=SMALL, mpii_sizes=(SMALL,), penn_sizes=(SMALL,), workers=1)


@pytest.fixture(scope="module")
def network():
    from deephar.models import spnet

    config = ModelConfig((4, 64, 64, 3), pa16j2d, num_actions=[15], num_pyramids=1, action_pyramids=[1], num_levels=3)
    return spnet.build(config.replace(growth=8, num_pose_features=16, num_visual_features=16))


def test_action_names_are_those_of_the_synthetic_world():
    assert tuple(ACTIONS) == PENN_LABELS


@pytest.mark.slow
def test_demo(network, tmp_path, capsys):
    out = tmp_path / "demo"
    scores = run_demo(out, network, TINY)
    printed = capsys.readouterr().out
    assert "block 2" in printed and "single clip" in printed and "multi-clip" in printed
    assert str(out / "prediction" / "video_overlay.mp4") in printed.strip().splitlines()[-1]
    assert json.loads((out / "scores.json").read_text())["pckh_mean"] == pytest.approx(list(scores["pckh_mean"]))
    assert "PCKh@0.5" in (out / "scores.txt").read_text()
    document = json.loads((out / "prediction" / "video_prediction.json").read_text())
    with VideoReader(out / "prediction" / "video_overlay.mp4") as video:
        assert len(list(video)) == len(document["frames"])
    assert document["action"]["name"] in PENN_LABELS
    assert Image.open(out / "prediction" / "picture_overlay.png").size == (96, 72)
    assert Image.open(out / "poses.jpg").size == (3 * 164 + 4, 168)
    rendered = {path: path.stat().st_mtime_ns for path in out.rglob("*/**/*.jpg")}
    assert len(rendered) > 10
    run_demo(out, network, TINY)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*/**/*.jpg")} == rendered
