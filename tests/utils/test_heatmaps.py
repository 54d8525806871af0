"""Heat maps, ramps and clustering."""

import numpy as np
import pytest

from deephar.utils import HeatMaps2D, clustering_grid, linspace_2d, normalpdf2d, pose_heatmaps


def test_heat_maps_peak_at_their_joint_and_absent_ones_are_zero():
    pose = np.array([[0.25, 0.5], [1.5, 0.5], [-1e9, -1e9]])
    maps = pose_heatmaps(pose, 16, 3, variance=0.5)
    assert maps.shape == (16, 16, 3)
    np.testing.assert_allclose(maps.sum(axis=(0, 1)), [1, 0, 0])
    assert np.unravel_index(maps[..., 0].argmax(), (16, 16)) == (8, 4)


def test_heat_maps_are_made_when_indexed():
    clips = np.random.default_rng(0).uniform(size=(3, 2, 5, 3))
    maps = HeatMaps2D(clips, 8, variance=0.4)
    assert len(maps) == 3 and maps.shape == (3, 2, 8, 8, 5) and maps[:2].shape == (2, 2, 8, 8, 5)
    np.testing.assert_allclose(maps[1][0], pose_heatmaps(clips[1, 0], 8, 5, variance=0.4))
    np.testing.assert_allclose(maps[1], pose_heatmaps(clips[1], 8, 5, variance=0.4, num_frames=2))
    assert HeatMaps2D(clips[:, 0], 8)[0].shape == (8, 8, 5)
    with pytest.raises(ValueError, match=r"`poses`.*Received: \(3, 2, 5, 4\)"):
        HeatMaps2D(np.zeros((3, 2, 5, 4)), 8)
    with pytest.raises(ValueError, match=r"`p` must have the shape \(4, num_joints, dim\)"):
        pose_heatmaps(clips[0], 8, 5, num_frames=4)


def test_gaussian_off_the_grid_is_zero():
    assert not normalpdf2d(8, 100, 3, 0.3).any()
    np.testing.assert_allclose(normalpdf2d(8, 3.2, 3, 0.3).sum(), 1)


def test_ramps():
    np.testing.assert_allclose(linspace_2d(2, 3), [[0, 0.5, 1], [0, 0.5, 1]])
    np.testing.assert_allclose(linspace_2d(2, 3, dim=1), [[0, 0, 0], [1, 1, 1]])


def test_clustering_leaves_outliers_out():
    pred = np.full((5, 1, 2, 2), 10.0)
    pred[:, 0, 0, 0] += [0, 0.1, 0.2, 30, -25]
    result = clustering_grid(pred, size=10)
    np.testing.assert_allclose(result, [[[10.1, 10], [10, 10]]])
    with pytest.raises(ValueError, match=r"`y_pred`.*Received: \(5, 1, 2, 3\)"):
        clustering_grid(np.zeros((5, 1, 2, 3)))


def test_clustering_agrees_with_distances_to_cell_centres():
    pred, size = np.random.default_rng(0).normal(size=(12, 3, 4, 2)), 4
    result = clustering_grid(pred, size=size)
    for n, j in np.ndindex(3, 4):
        points = pred[:, n, j]
        low, high = points.min(axis=0), points.max(axis=0)
        centre = (np.arange(size) + 0.5) / size
        x, y = np.meshgrid(*(low[d] + centre * (high[d] - low[d]) for d in (0, 1)))
        cells = np.stack([x.ravel(), y.ravel()], axis=1)
        nearest = np.linalg.norm(points[:, None] - cells, axis=-1).argmin(axis=1)
        fullest = np.bincount(nearest).argmax()
        np.testing.assert_allclose(result[n, j], points[nearest == fullest].mean(axis=0))
