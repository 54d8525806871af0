"""Several scales: maps come back to the image where they were cut, sums decide, poses are averaged."""

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import SyntheticPoses
from deephar.evaluation.multiscale import interpolation, join_maps, paste, predict_scales, scaled
from deephar.evaluation.poses import predict_poses
from deephar.models import hourglass
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils import VALID_MODE
from deephar.utils.pose import ABSENT, pa16j2d

DATACONF = DataConfig(crop_resolution=(64, 64), value_range=(0.0, 1.0))


@pytest.fixture(scope="module")
def people():
    return SyntheticPoses(DATACONF, length=5, size=(90, 90))


def test_interpolation_keeps_samples_constants_and_cubics_edges():
    weights = interpolation(np.arange(6.0), 6)
    np.testing.assert_allclose(weights, np.eye(6), atol=1e-12)
    between = interpolation(np.array([-0.5, 0.3, 2.7, 5.5, -0.6, 5.6]), 6)
    np.testing.assert_allclose(between.sum(axis=1), [1, 1, 1, 1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(between[2] @ np.arange(6.0), 2.7, atol=0.2)


def gaussian(afmat, point, size=(16, 16), sigma=1.2):
    """A map of a crop with its peak at a point of the frame."""
    x, y = afmat[:2, :2] @ point + afmat[:2, 2]
    rows, columns = (np.arange(n) + 0.5 for n in size)
    return np.exp(-((rows[:, None] - y * size[0]) ** 2 + (columns - x * size[1]) ** 2) / 2 / sigma**2)[..., None]


def crop_at(left, top, side):
    """The map from frame px to a square crop."""
    return np.array([[1 / side, 0, -left / side], [0, 1 / side, -top / side], [0, 0, 1.0]])


def test_crops_of_several_sizes_show_one_point():
    point = np.array([61.3, 42.8])
    afmats = [crop_at(20, 10, 80), crop_at(10, 0, 100), crop_at(30, 20, 60)]
    points, confidence = join_maps([gaussian(afmat, point) for afmat in afmats], afmats)
    np.testing.assert_allclose(points[0], point, atol=0.6)  # cells of 1 px
    assert 0.9 < confidence[0] <= 1


def test_the_sum_decides_against_one_scale():
    """One scale is sure of a wrong place, two agree on another."""
    right, wrong = np.array([40.0, 40.0]), np.array([70.0, 60.0])
    afmats = [crop_at(20, 10, 80), crop_at(10, 0, 100), crop_at(0, 0, 110)]
    shares = zip(afmats, (0.8, 0.8, 0.1), strict=True)
    maps = [gaussian(a, right) * share + gaussian(a, wrong) * (1 - share) for a, share in shares]
    points, _ = join_maps(maps, afmats)
    np.testing.assert_allclose(points[0], right, atol=1)


def test_nothing_is_pasted_outside_of_the_crop():
    pasted = paste(np.ones((8, 8, 2)), crop_at(10, 20, 16), np.arange(40) + 0.5, np.arange(50) + 0.5)
    assert pasted.shape == (50, 40, 2)
    inside = np.zeros((50, 40), bool)
    inside[20:36, 10:26] = True
    np.testing.assert_allclose(pasted[..., 0], inside, atol=1e-9)


class Oracle:
    """Stands for a network that knows the poses of the crops it is shown."""

    def __init__(self, people, kind):
        self.spec = OutputSpec(kind, "only", pa16j2d, stride=4)
        self.signature = Signature([InputSpec(size=(64, 64), value_range=(0.0, 1.0))], [self.spec])
        self.known = {}
        for scale in (0.8, 1.0, 1.25):
            for key in range(5):
                sample = scaled(people, scale).get_data(key, VALID_MODE)
                self.known[sample["frame"].tobytes()] = sample["pose"]

    def predict_on_batch(self, frames):
        poses = np.stack([self.known[frame.tobytes()] for frame in np.asarray(frames)])
        if self.spec.kind == "pose":
            return poses
        maps = np.zeros((len(poses), 16, 16, 16))
        for person, pose in enumerate(poses):
            for joint, (x, y, seen) in enumerate(pose):
                if seen:
                    maps[person, ..., joint] = gaussian(np.eye(3), np.array([x, y]))[..., 0]
        return maps


@pytest.mark.parametrize(("kind", "limit_px"), [("heatmaps", 1.5), ("pose", 0.01)])
def test_a_perfect_network_is_right_at_several_scales(people, kind, limit_px):
    oracle = Oracle(people, kind)
    options = (VALID_MODE, None, 2, False, (0.8, 1.0, 1.25), False, "")
    points, confidence, samples = predict_scales(oracle, oracle.signature, people, *options)
    assert points.shape == (5, 16, 2) and confidence.shape == (5, 16) and "frame" not in samples[0]
    for number, sample in enumerate(samples):
        seen = sample["pose"][:, 2] > 0
        crop = points[number] @ sample["afmat"][:2, :2].T + sample["afmat"][:2, 2]
        error_px = np.linalg.norm(crop - sample["pose"][:, :2], axis=-1)[seen] / sample["afmat"][0, 0]
        assert np.median(error_px) < limit_px


def test_predict_poses_takes_scales(people):
    model = hourglass.build((64, 64, 3), num_stacks=2, filters=8)
    dataset = SyntheticPoses(DATACONF, model.signature.layout, length=2, size=(90, 90))
    found = predict_poses(model, dataset, VALID_MODE, scales=(0.9, 1.1), flip=True, progress=False)
    assert found.predicted.shape == (1, 2, 16, 2) and found.confidence.shape == (1, 2, 16)
    assert (found.true > ABSENT).any() and np.isfinite(found.head_size).all()


def test_what_cannot_be_pasted_is_said(people):
    with pytest.raises(ValueError, match="`dataset` must have a `dataconf` with `fixed_angle`.*SyntheticPoses"):
        scaled(SyntheticPoses(DataConfig(fixed_angle=10), length=1), 1.1)
    with pytest.raises(ValueError, match="`scales` must be above 0"):
        predict_scales(None, None, people, VALID_MODE, None, 1, False, (), False, "")
