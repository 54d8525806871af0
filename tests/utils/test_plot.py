"""Quick looks with matplotlib."""

import matplotlib
import numpy as np
import pytest
from PIL import Image

from deephar.utils import draw, show
from deephar.utils.plot import plot_3d_pose

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
    with pytest.raises(ValueError, match="at most two. Received: 3"):
        draw(IMAGE, [POSE, POSE, POSE], filename=tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
