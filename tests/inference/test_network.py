"""`PersonNetwork`: confidences leave it calibrated by whatever way, but only those of the calibrated block."""

import dataclasses

import numpy as np
import pytest

from deephar.inference.decode import decode
from deephar.inference.network import PersonNetwork
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.pose import pa16j2d

RAW = np.linspace(0, 1, 16)
CURVE = ((0.0, 0.2), (0.5, 0.8), (1.0, 0.9))
CALIBRATED = np.where(RAW < 0.5, 0.2 + 1.2 * RAW, 0.8 + 0.2 * (RAW - 0.5))
FRAME, BOX = np.zeros((40, 60, 3), np.uint8), (10, 10, 30, 30)


class Fixed:
    """A stand-in network of two blocks, images or clips: the same pose and confidence for every crop."""

    name = "Fixed"

    def __init__(self, num_frames=None, separate=False):
        clip = () if num_frames is None else (num_frames,)
        self.input_shape, self.separate = (None, *clip, 32, 32, 3), separate
        self.output_shape = [(None, *clip, 16, n) for n in ((2, 1, 2, 1) if separate else (3, 3))]

    def predict_on_batch(self, x):
        pose = np.full((*x.shape[:-3], 16, 2), 0.5)
        confidence = np.broadcast_to(RAW[:, None], (*pose.shape[:-1], 1))
        return [pose, confidence] * 2 if self.separate else [np.concatenate([pose, confidence], axis=-1)] * 2


def signature(num_frames=None, separate=False):
    """The signature of `Fixed`, calibrated."""
    outputs = []
    for block in ("one", "two"):
        outputs.append(OutputSpec("pose", block, layout=pa16j2d, has_confidence=not separate))
        outputs += [OutputSpec("confidence", block)] * separate
    return Signature([InputSpec(size=(32, 32), num_frames=num_frames)], outputs).replace(calibration=CURVE)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("num_frames", [None, 4])
def test_confidences_of_frames_are_calibrated(num_frames, separate, flip):
    network = PersonNetwork(Fixed(num_frames, separate), signature(num_frames, separate), flip=flip)
    points, confidence = network.poses_each([FRAME] * 3, [BOX] * 3)
    np.testing.assert_allclose(points, np.full((3, 16, 2), 20), atol=0.6)
    expected = CALIBRATED
    if flip:
        expected = np.interp((RAW + RAW[pa16j2d.map_hflip]) / 2, *zip(*CURVE, strict=True))  # of the mean, not the mean
    np.testing.assert_allclose(confidence, np.tile(expected, (3, 1)))


def test_confidences_of_clips_are_calibrated():
    network = PersonNetwork(Fixed(4), signature(4))
    _, confidence, probabilities = network.clips([[FRAME] * 4] * 2, [BOX] * 2)
    np.testing.assert_allclose(confidence, np.tile(CALIBRATED, (2, 4, 1)))
    assert probabilities is None


def test_other_blocks_and_networks_without_a_calibration_stay_raw():
    _, confidence = PersonNetwork(Fixed(), signature(), pose_block=0).poses_each([FRAME], [BOX])
    np.testing.assert_allclose(confidence[0], RAW)
    _, confidence = PersonNetwork(Fixed(), signature().replace(calibration=())).poses_each([FRAME], [BOX])
    np.testing.assert_allclose(confidence[0], RAW)


def test_decode_stays_raw():
    _, confidence = decode(Fixed().predict_on_batch(np.zeros((1, 32, 32, 3))), signature())
    np.testing.assert_allclose(confidence[0], RAW)


def test_a_network_of_clips_of_which_no_image_part_is_known_sees_still_clips():
    both = dataclasses.replace(signature(4), outputs=signature(4).outputs[::-1])  # the calibrated block comes first
    _, confidence = PersonNetwork(Fixed(4), both, pose_block=0).poses_each([FRAME], [BOX])
    np.testing.assert_allclose(confidence[0], CALIBRATED)


def test_a_network_without_poses_is_refused_by_what_it_gives():
    from deephar.models import detector

    model = detector.build((64, 64, 3), filters=4)
    with pytest.raises(ValueError, match=r"`model` must have pose outputs\. Received: Detector, which gives boxes"):
        PersonNetwork(model, model.signature)
