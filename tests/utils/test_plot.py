"""Quick looks with matplotlib."""

import matplotlib
import numpy as np
import pytest
from PIL import Image

from deephar.utils import draw, show
from deephar.utils.plot import plot_3d_pose, plot_skeleton_2d

POSE = np.random.default_rng(0).uniform(size=(16, 3))
IMAGE = np.random.default_rng(1).uniform(size=(40, 60, 3))


@pytest.fixture(autouse=True)
def no_window():
    matplotlib.use("Agg")


def test_show_stretches_the_range(tmp_path):
    show(IMAGE, filename=tmp_path / "a.png")
    image = np.asarray(Image.open(tmp_path / "a.png"))
    assert image.shape == (40, 60, 3) and image.min() == 0 and image.max() == 255
    show(IMAGE, gray_scale=True, filename=tmp_path / "b.png")
    assert np.ptp(np.asarray(Image.open(tmp_path / "b.png")).astype(int), axis=-1).max() == 0
    show(IMAGE[..., 0], jet_cmap=True, filename=tmp_path / "c.png")
    assert np.asarray(Image.open(tmp_path / "c.png")).shape == (40, 60, 3)


def test_draw_poses_and_boxes(tmp_path):
    kept = POSE.copy()
    draw(IMAGE, POSE, np.array([0.1, 0.1, 0.9, 0.9]), figsize=(2, 2), filename=tmp_path / "a.png")
    draw(IMAGE, [POSE, POSE], plot3d=True, figsize=(2, 2), filename=tmp_path / "b.png")
    draw(None, POSE * 50, abs_pos=True, plot3d=True, single_window=True, figsize=(2, 2), filename=tmp_path / "c.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png", "b_3d.png", "c.png"]
    np.testing.assert_array_equal(POSE, kept)
    plot_3d_pose(POSE[:, :2], filename=tmp_path / "d.png")
    assert (tmp_path / "d.png").exists()


def test_draw_refuses_poses_it_does_not_know(tmp_path):
    with pytest.raises(ValueError, match="`skels` must be poses of 16, 17, 20, 21 joints. Received: 5"):
        draw(IMAGE, POSE[:5], filename=tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3).tolist()


@pytest.mark.parametrize("skels", [POSE[:, :2], [POSE, POSE[::-1]], np.stack([POSE] * 3), (POSE,), [], None])
def test_draw_takes_one_pose_or_several(skels, tmp_path):
    draw(IMAGE, skels, figsize=(1, 1), filename=tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()


def test_draw_with_all_the_arguments_by_position(tmp_path):
    box = np.array([0.2, 0.2, 0.8, 0.8])
    options = (False, False, False, (2, 2), "off", "w", 65, 50, tmp_path / "a.png")
    draw(np.zeros((9, 9)), [], [box, box / 2], ["r", "b"], *options)
    seen = pixels(tmp_path / "a.png")
    assert [255, 0, 0] in seen and [0, 0, 255] in seen and len(seen) <= 100 * 100
    draw(None, bboxes=box, bbox_color="r", facecolor="black", figsize=(2, 2), filename=tmp_path / "b.png")
    assert [255, 0, 0] in pixels(tmp_path / "b.png") and [0, 0, 0] in pixels(tmp_path / "b.png")


def test_draw_refuses_colours_that_do_not_fit(tmp_path):
    box = np.array([0.2, 0.2, 0.8, 0.8])
    with pytest.raises(ValueError, match=r"`bbox_color`.*each of 1 boxes. Received: \['r', 'b'\]"):
        draw(IMAGE, bboxes=box, bbox_color=["r", "b"], filename=tmp_path / "a.png")
    with pytest.raises(TypeError, match="give `abs_pos` by its name. Received: True"):
        draw(IMAGE, POSE, None, True, filename=tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_plot_skeleton_on_given_axes():
    from matplotlib import pyplot

    pose = POSE[:, :2].copy()
    pose[3] = -1e9  # the head, at the end of one link
    figure, axes = pyplot.subplots()
    plot_skeleton_2d(axes, pose, h=40, w=60)
    assert len(axes.collections) == 15 and len(axes.lines) == 10
    np.testing.assert_allclose(axes.collections[0].get_offsets()[0], pose[0] * (60, 40))
    plot_skeleton_2d(axes, pose, joints=False, lw=7)
    assert len(axes.collections) == 15 and axes.lines[-1].get_linewidth() == 7
    pyplot.close(figure)
