"""Actions from annotated poses: reading both forms of Penn Action, batches, votes of several clips."""

import numpy as np
import pytest
import scipy.io

from deephar.data.penn_labels import ACTIONS
from deephar.experiments.pose_actions import (
    NUM_FRAMES,
    PoseBatches,
    PoseVideo,
    load_videos,
    multi_clips,
    score,
    single_clips,
    split_videos,
)
from deephar.experiments.tiny import write_tiny
from deephar.models.signature import InputSpec, OutputSpec, Signature


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny"), "PennLabels")


@pytest.fixture(scope="module")
def videos(folder):
    return load_videos(folder)[0]


class Network:
    """Stands for a trained one: says action 1 as surely as the head is high, in every output."""

    signature = Signature((InputSpec(),), (OutputSpec("action", labels=("a", "b")),) * 2)

    def predict_on_batch(self, inputs):
        height = inputs[0][:, 0, 3, 1]
        first = np.stack([1 - height, height], axis=-1)
        return [first, np.full_like(first, 0.5)]


def video(number, action, train, head):
    """Sixteen frames: corners at 0 and 1 fix the box, the head lies between them."""
    joints = np.zeros((16, 16, 2))
    joints[:, 1] = 110
    joints[:, 3] = [[0.0, h] for h in np.broadcast_to(head, 16)]
    return PoseVideo(number, action, train, joints)


def test_label_files(folder, videos):
    assert len(videos) == 60 and sum(v.train for v in videos) == 45
    assert load_videos(folder)[1] == list(ACTIONS)
    assert [v.action for v in videos[:15]] == list(range(15))
    assert all(v.joints.shape[1:] == (16, 2) for v in videos)
    named = load_videos(folder / "PennLabels" / "labels")[0]
    np.testing.assert_array_equal(named[7].joints, videos[7].joints)


def test_annotations_file(fixture_world):
    found, actions = load_videos(fixture_world)
    test = scipy.io.loadmat(fixture_world / "PennAction" / "annotations.mat", squeeze_me=True)["sequences_te"]
    assert sum(not v.train for v in found) == len(np.atleast_1d(test)) and any(v.train for v in found)
    assert max(v.action for v in found) < len(actions) == 15
    assert all(np.nanmin(v.joints) > 0 for v in found)


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="must hold label files"):
        load_videos(tmp_path)


def test_held_out_videos_are_of_the_training_split_and_of_many_actions(videos):
    train, validation, test = split_videos(videos, 15)
    assert (len(train), len(validation), len(test)) == (30, 15, 15)
    assert sorted(v.action for v in validation) == list(range(15)) and all(v.train for v in train + validation)
    assert not {v.number for v in train} & {v.number for v in validation} and not any(v.train for v in test)
    with pytest.raises(ValueError, match="more than 45 training videos"):
        split_videos(videos, 45)


def test_batches_depend_on_seed_and_pass_alone(videos):
    batches = PoseBatches(videos, 15, 8, 4, smoothing=0.1, seed=3)
    (pose, confidence), labels = batches[1]
    assert pose.shape == (8, NUM_FRAMES, 16, 2) and confidence.shape == (8, NUM_FRAMES, 16, 1)
    assert len(labels) == 4 and len(batches) == 7
    np.testing.assert_allclose(labels[0].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(labels[0].max(axis=1), 0.9 + 0.1 / 15, rtol=1e-5)
    again = PoseBatches(videos, 15, 8, 4, smoothing=0.1, seed=3)
    np.testing.assert_array_equal(again[1][0][0], pose)
    again.epoch = 1
    assert not np.array_equal(again[1][0][0], pose)
    actions = np.concatenate([again[k][1][0].argmax(axis=1) for k in range(7)])
    assert len(actions) == 56 and len(set(actions)) == 15  # a pass sees a video at most once


def test_clips_of_the_test(videos):
    single, multi = single_clips(videos), multi_clips(videos)
    assert single["clips"].shape == (60, NUM_FRAMES, 16, 2) and (np.bincount(multi["video"]) % 2 == 0).all()
    assert len(multi["clips"]) > 2 * len(videos) and np.bincount(multi["video"]).min() >= 2


def test_probabilities_of_clips_are_multiplied():
    """Three unsure clips against one sure one: 0.6 ** 3 x 0.05 is less than 0.4 ** 3 x 0.95."""
    videos = [video(1, 1, False, 0.0), video(2, 0, False, 0.0)]
    clips = np.concatenate([video(0, 0, False, 110 * h).joints[None] / 110 for h in (0.4, 0.4, 0.4, 0.95, 0.2)])
    found = score(Network(), videos, {"clips": clips, "video": np.array([0, 0, 0, 0, 1])}, batch=2)
    assert found.accuracy.tolist() == [1.0, 0.5] and found.num_clips == 5
    expected = np.log([0.6**3 * 0.05, 0.4**3 * 0.95])
    np.testing.assert_allclose(found.scores[0, 0], expected, rtol=1e-5)
    assert found.confusion.tolist() == [[1, 0], [1, 0]]  # of the last output, which knows nothing
