"""Results say their joints by name and become plain JSON."""

import json

import numpy as np
import pytest

from deephar.inference.results import ActionResult, ActionScores, ImageResult, ModelStamp, PoseResult, VideoResult

STAMP = ModelStamp("net", "ab" * 32)


def pose():
    return PoseResult(np.array([[1.234, 5.0], [3.0, 4.0]]), np.array([0.9, 0.12345]), (0, 1, 20, 30), ("head", "neck"))


def test_joint_by_name():
    assert pose().joint("neck") == (3.0, 4.0, 0.12345)
    with pytest.raises(ValueError, match="`name` must be one of head, neck. Received: knee"):
        pose().joint("knee")


def test_image_document():
    document = json.loads(json.dumps(ImageResult("a.jpg", (40, 50), pose(), STAMP).to_dict()))
    assert document["joints"] == {"head": [1.23, 5.0, 0.9], "neck": [3.0, 4.0, 0.1234]}
    assert document["box"] == [0, 1, 20, 30] and document["size"] == [40, 50] and document["source"] == "a.jpg"
    assert document["model"] == {"name": "net", "weights_sha256": "ab" * 32} and document["deephar"]


def test_video_document():
    clip = ActionScores(0, 1, np.array([0.25, 0.75]), ("squat", "bowl"))
    action = ActionResult(clip, (clip,))
    result = VideoResult("a.mp4", (40, 50), 25.0, 6, (pose(), pose()), action, STAMP)
    document = json.loads(json.dumps(result.to_dict()))
    assert action.name == "bowl" and action.probability == 0.75
    assert document["action"]["name"] == "bowl"
    assert document["action"]["probabilities"] == {"squat": 0.25, "bowl": 0.75}
    assert document["action"]["clips"][0]["last_frame"] == 1
    assert [f["time_s"] for f in document["frames"]] == [0.0, 0.04]
    assert VideoResult("a.mp4", (4, 5), 25.0, 1, (pose(),), None, STAMP).to_dict()["action"] is None
