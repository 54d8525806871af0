"""Evaluation: poses return to frame pixels, each block has its score, clips of a video are put together."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from deephar.evaluation.batches import prefetched
from deephar.evaluation.poses import (
    PosePredictions,
    eval_multi_clip,
    eval_pose,
    eval_single_clip,
    pck_scores,
    pose_table,
    predict_poses,
    table,
)
from deephar.utils.parser import TEST_MODE, VALID_MODE
from deephar.utils.pose import pa16j2d
from deephar.utils.transform import crop_to_frame

NUM = 5


def sample_pose(key):
    """(16, 3) normalised to the crop; joint 9 is absent."""
    pose = np.concatenate([np.random.default_rng(key).uniform(0.1, 0.9, (16, 2)), np.ones((16, 1))], axis=1)
    pose[9] = -1e9, -1e9, 0
    return pose


class People:
    """Images that carry their key in the first pixel."""

    def get_length(self, mode):
        return NUM if mode == VALID_MODE else 0

    def get_data(self, key, mode):
        frame = np.zeros((8, 8, 3), np.float32)
        frame[0, 0, 0] = key / 10
        afmat = np.array([[0.01, 0, -0.2], [0, 0.02, -0.1], [0, 0, 1]])
        return {"frame": frame, "pose": sample_pose(key), "afmat": afmat, "headsize": np.array([20.0])}


class Knows:
    """Predicts the true pose in its last block and one that is off by `shift` in the first."""

    input_shape = (None, 8, 8, 3)
    output_shape = [(None, 16, 3)] * 2

    def __init__(self, shift):
        self.shift, self.sizes = shift, set()

    def predict_on_batch(self, x):
        self.sizes.add(len(x))
        flipped = np.isclose(x[:, 0, 0, 0], 0).all() and np.abs(x[:, 0, -1, 0]).max() > 0
        keys = np.rint(10 * (x[:, 0, -1, 0] if flipped else x[:, 0, 0, 0])).astype(int)
        pose = np.stack([sample_pose(k) for k in keys])
        return [pose + [self.shift, 0, 0], pose]


def test_to_frame_inverts_the_crop_and_keeps_absent_joints():
    afmat = np.stack([np.diag([0.01, 0.02, 1.0])] * 2)
    points = crop_to_frame(np.array([[[0.5, 0.5], [-1e9, -1e9]]] * 2), afmat)
    np.testing.assert_allclose(points[:, 0], [[50, 25]] * 2)
    assert (points[:, 1] == -1e9).all()


def test_every_block_and_joint_has_its_pckh():
    model = Knows(shift=0.11)  # 11 px in the frame, more than half of the head size
    scores = eval_pose(model, People(), batch_size=2, progress=False)
    assert scores.num_people == NUM and model.sizes == {2}
    np.testing.assert_allclose(scores.mean, [0, 1])
    assert np.isnan(scores.per_joint[:, 9]).all()
    np.testing.assert_allclose(np.delete(scores.per_joint[1], 9), 1)
    assert eval_pose(model, People(), batch_size=2, threshold=0.6, progress=False).mean[0] == 1
    text = pose_table(scores)
    assert "block 2" in text and text.splitlines()[-1].split() == ["mean", "0.0", "100.0"]


@pytest.mark.parametrize("unknown", [np.nan, 0.0])
def test_people_without_a_head_size_are_left_out_and_counted(unknown):
    class SomeHeads(People):
        def get_data(self, key, mode):
            return {**super().get_data(key, mode), "headsize": np.array([unknown if key < 2 else 20.0])}

    scores = eval_pose(Knows(shift=0.11), SomeHeads(), batch_size=2, progress=False)
    assert (scores.num_people, scores.num_left_out) == (NUM - 2, 2)
    np.testing.assert_allclose(scores.mean, [0, 1])
    assert pose_table(scores).splitlines()[-1] == "2 left out: head size not known"


def test_pck_counts_people_with_a_torso_and_annotated_joints():
    true = np.random.default_rng(0).uniform(0, 100, (3, 16, 2))
    true[:, [5, 10]] = [[0, 0], [0, 100]]  # left shoulder and right hip: 20 px are allowed
    true[:, 14] = -1e9  # no right ankle
    true[2, 5] = -1e9  # no torso
    good, bad = true.copy(), true.copy()
    good[:, 7, 0] += 19.9  # left elbow
    bad[0, 6:8, 0] += 20.1  # both elbows of one of two people
    unknown = np.full((3, 16), np.nan)
    found = PosePredictions(np.stack([good, bad]), np.ones((2, 3, 16)), true, np.full(3, np.nan), unknown)
    scores = pck_scores(found, pa16j2d)
    assert (scores.num_people, scores.num_left_out) == (2, 1) and scores.joint_names[4] == "elbow"
    np.testing.assert_allclose(scores.per_joint, [[1] * 8, [1, 1, 1, 1, 0.5, 1, 1, 1]])
    np.testing.assert_allclose(scores.mean, [1, 12 / 13])
    text = pose_table(scores)
    assert text.startswith("PCK@0.2 %") and text.endswith("1 left out: torso size not known")


def test_poses_are_in_frame_pixels():
    found = predict_poses(Knows(0.0), People(), batch_size=4, keys=[1, 3], progress=False)
    np.testing.assert_allclose(found.predicted[1, 0, 0], (sample_pose(1)[0, :2] + [0.2, 0.1]) / [0.01, 0.02])
    assert found.true.shape == (2, 16, 2) and found.head_size.tolist() == [20, 20]
    assert found.visible.shape == (2, 16) and np.isnan(found.visible).all()  # the data set does not say


def test_an_empty_split_is_named():
    with pytest.raises(ValueError, match="`dataset` must have samples in `mode` 0. Received: People, empty"):
        eval_pose(Knows(0.0), People(), mode=TEST_MODE, progress=False)


class Videos:
    """Three videos of one action each; clip k of a video carries k in its first pixel."""

    dataconf = SimpleNamespace(fixed_subsampling=2)
    actions = (0, 2, 1)
    num_clips = (3, 0, 2)

    def get_length(self, mode):
        return len(self.actions)

    def get_clip_index(self, key, mode, subsamples):
        assert subsamples == [2]
        return [range(k, k + 4) for k in range(self.num_clips[key])]

    def get_data(self, key, mode, frame_list=None, bbox=None):
        frame = np.zeros((4, 8, 8, 3), np.float32)
        frame[0, 0, :, 0], frame[0, 0, :, 1] = key / 10, 0.0 if frame_list is None else frame_list[0] / 10
        return {"frame": frame, "pennaction": np.eye(3)[self.actions[key]]}


class Votes:
    """Right in its last block, except for the first clip of each video, which it gets weakly wrong."""

    input_shape = (None, 4, 8, 8, 3)
    output_shape = [(None, 4, 16, 3), (None, 3), (None, 3)]

    def predict_on_batch(self, x):
        key, clip = (np.rint(10 * x[:, 0, 0, 0, c]).astype(int) for c in (0, 1))
        right = np.eye(3)[[Videos.actions[k] for k in key]]
        wrong = 0.4 * right + 0.6 * np.roll(right, 1, axis=1)
        last = np.where(clip[:, None] == 0, wrong, 0.98 * right + 0.01)
        return [np.zeros((len(x), 4, 16, 3)), np.full((len(x), 3), 1 / 3), last]


def test_single_clip_takes_the_default_clip():
    scores = eval_single_clip(Votes(), Videos(), progress=False)
    np.testing.assert_allclose(scores.accuracy, [1 / 3, 0])
    assert scores.num_clips == 3 and scores.confusion.sum() == 3 and np.trace(scores.confusion) == 0


def test_clips_of_a_video_vote_and_a_short_video_counts_with_its_default_clip():
    scores = eval_multi_clip(Votes(), Videos(), progress=False)
    np.testing.assert_allclose(scores.accuracy[1], 2 / 3)
    assert scores.num_clips == 2 * (3 + 1 + 2)
    assert scores.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]


def test_a_model_of_poses_has_no_action_score():
    with pytest.raises(ValueError, match="`model` must have action outputs"):
        eval_single_clip(Knows(0.0), Videos(), progress=False)


def test_table():
    assert table(["a", "bb"], [["x", 1], ["long", 22]]) == "a     bb\n--------\nx      1\nlong  22"


def test_prefetched_keeps_the_order_and_reports_failures():
    threads = set()

    def load(item):
        threads.add(threading.current_thread())
        if item == 5:
            raise OSError("no image 5")
        return 2 * item

    assert list(prefetched(load, range(5))) == [0, 2, 4, 6, 8]
    assert threading.current_thread() not in threads
    with pytest.raises(OSError, match="no image 5"):
        list(prefetched(load, range(9)))
