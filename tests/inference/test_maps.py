"""The maps behind a pose: the pose can be read from them, they are seen on a sheet and in a file of the command."""

import numpy as np
import pytest
from PIL import Image

from deephar.inference.export import save_maps
from deephar.inference.maps import TILE_PX, maps_sheet
from deephar.inference.network import PersonNetwork
from deephar.inference.predictor import Predictor
from deephar.inference.results import PoseResult
from tests.contract.networks import TINY

FRAME = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
BOX = (10.0, 5.0, 50.0, 45.0)


def network_of(family):
    model = TINY[family].build()
    return PersonNetwork(model, model.signature)


@pytest.mark.parametrize("family", ["spnet_image", "spnet_clip"])
def test_the_pose_is_the_mean_of_its_maps(family, untraced):
    network = network_of(family)
    crop, maps = network.joint_maps(FRAME, BOX)
    assert crop.shape == (32, 32, 3) and crop.dtype == np.uint8 and maps.shape[0] == 16
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), 1, atol=1e-4)
    mean_x = (maps.sum(axis=1) * np.linspace(0, 1, maps.shape[2])).sum(axis=1)  # in [0, 1] of the crop
    (points,), _ = network.poses_each([FRAME], [BOX])
    side = 40 * network.signature.frame.margin
    np.testing.assert_allclose(points[:, 0], 30 - side / 2 + mean_x * side, atol=1.0)


def test_heat_maps_come_without_the_background(untraced):
    network = network_of("cpm_image")
    _, maps = network.joint_maps(FRAME, BOX)
    assert maps.shape[0] == network.signature.layout.num_joints == network.model.outputs[-1].shape[-1] - 1


def test_a_network_without_maps_is_refused(untraced):
    with pytest.raises(ValueError, match="`maps` needs a network that says which maps .* spnet-2d. Received: "):
        network_of("reception").joint_maps(FRAME, BOX)


def test_a_sheet_has_a_tile_a_joint_and_nobody_has_none(tmp_path, untraced):
    predictor = Predictor(TINY["spnet_image"].build(), detector="none")
    Image.fromarray(FRAME).save(tmp_path / "a.png")
    result = predictor.predict_image(tmp_path / "a.png", box=BOX)
    (path,) = save_maps(predictor.network, result, tmp_path, "a")
    assert path.name == "a_maps.png" and Image.open(path).size == (6 * (TILE_PX + 4) + 4, 3 * (TILE_PX + 4) + 4)
    two = [result.pose, PoseResult(result.pose.pose_px, result.pose.confidence, BOX, result.pose.joint_names, id=2)]
    assert maps_sheet(predictor.network, FRAME, two).shape[0] == 6 * (TILE_PX + 4) + 4
    nobody = predictor.predict_images([tmp_path / "a.png"], [[]])[0]
    assert save_maps(predictor.network, nobody, tmp_path, "b") == [] and not (tmp_path / "b_maps.png").exists()
