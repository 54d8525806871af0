"""The demo at its smallest: every file is there, the scores agree, a second run renders nothing again."""

import json

import numpy as np
import pytest
from PIL import Image

from deephar import cli
from deephar.config import ModelConfig
from deephar.experiments import demo
from deephar.experiments.demo import DemoSize, run_demo
from deephar.inference.video import VideoReader
from deephar.models import spnet
from deephar.synthetic.actions import ACTIONS
from deephar.utils.labels import PENN_LABELS
from deephar.utils.pose import pa16j2d, pa17j2d, pa17j3d

SMALL = (96, 72)
TINY = DemoSize(
    3, 2, 3, 2, multi_clip=True, image_size=SMALL, video_size=SMALL, mpii_sizes=(SMALL,), penn_sizes=(SMALL,), workers=1
)


@pytest.fixture(scope="module")
def networks():
    """Small ones of random weights: of 2D poses and Penn's actions, of 3D poses and NTU's."""
    sizes = dict(num_pyramids=1, action_pyramids=[1], num_levels=3, growth=8)
    sizes |= dict(num_pose_features=16, num_visual_features=16)
    kinds = ((pa16j2d, 15), (pa17j3d, 60))
    return [spnet.build(ModelConfig((4, 64, 64, 3), layout, num_actions=[n], **sizes)) for layout, n in kinds]


def test_action_names_are_those_of_the_synthetic_world():
    assert tuple(ACTIONS) == PENN_LABELS


@pytest.mark.slow
def test_demo(networks, tmp_path, capsys):
    out = tmp_path / "demo"
    scores = run_demo(out, networks[0], TINY, networks[1])
    printed = capsys.readouterr().out
    assert "block 2" in printed and "single clip" in printed and "multi-clip" in printed
    names = [f"{name}_overlay.{kind}" for name, kind in (("image", "png"), ("video", "mp4"), ("image_3d", "png"))]
    assert all(str(out / "prediction" / name) in printed.strip().splitlines()[-1] for name in names)
    assert json.loads((out / "scores.json").read_text())["pckh_mean"] == pytest.approx(list(scores["pckh_mean"]))
    text, space = (out / "scores.txt").read_text(), json.loads((out / "scores.json").read_text())["3d"]
    assert "PCKh@0.5" in text and "MPJPE, mm" in text and "GROUND TRUTH" in text and "videos of NTU's actions" in text
    assert np.isfinite(space["metrics"]["MPJPE"]).all() and sum(map(sum, space["confusion"])) == TINY.videos_3d
    document = json.loads((out / "prediction" / "video_prediction.json").read_text())
    with VideoReader(out / "prediction" / "video_overlay.mp4") as video:
        assert len(list(video)) == len(document["frames"])
    assert document["kind"] == "video" and all(action["segments"] is not None for action in document["actions"])
    assert Image.open(out / "prediction" / "image_overlay.png").size == (96, 72)
    assert Image.open(out / "prediction" / "image_3d_overlay.png").size == (96 + 36, 72)  # two views beside it
    (frame,) = json.loads((out / "prediction" / "image_3d_prediction.json").read_text())["frames"]
    assert all(set(person["joints_mm"]) == set(pa17j3d.joint_names) for person in frame["people"])
    assert Image.open(out / "poses.jpg").size == (3 * 164 + 4, 168)
    assert Image.open(out / "poses_3d.jpg").size == (2 * 644 + 4, 2 * 164 + 4)
    rendered = {path: path.stat().st_mtime_ns for path in out.rglob("*/**/*.jpg")}
    assert len(rendered) > 10
    run_demo(out, networks[0], TINY, networks[1])
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*/**/*.jpg")} == rendered


def test_a_network_takes_the_place_of_its_part_or_is_refused_at_once(networks, tmp_path, untraced):
    first, second = demo._parts(networks[0], networks[1])
    assert first.model is networks[0] and second is networks[1]
    first, second = demo._parts(networks[1], None)
    assert first is None and second.model is networks[1]
    sizes = dict(num_actions=[], num_pyramids=1, action_pyramids=[], num_levels=3, growth=8)
    words = "`model` must be a network of MPII.s 16 joints in 2D, or one in 3D. Received: SPNet, of the layout pa17j2d"
    with pytest.raises(ValueError, match=words):
        run_demo(tmp_path, spnet.build(ModelConfig((64, 64, 3), pa17j2d, **sizes)), TINY)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option, size", [([], None), (["--full"], demo.FULL)])
def test_full_scores_the_whole_test_sets(option, size, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(demo, "run_demo", lambda *arguments: asked.append(arguments))
    assert cli.main(["demo", "--out", str(tmp_path), *option]) == 0
    assert asked == [(tmp_path, None, size)]
    assert (demo.FULL.images, demo.FULL.videos, demo.FULL.multi_clip) == (200, 60, True)  # as the cards say
