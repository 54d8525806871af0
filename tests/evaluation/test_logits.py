"""Logits of clip classifiers: one clip a video, kept in files without pickle, fused where names agree."""

import dataclasses
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from deephar.evaluation.logits import ClipLogits, fuse, predict_logits
from deephar.models.base import PoseModel
from deephar.models.r3d import clip_signature
from deephar.utils.parser import TEST_MODE

LABELS = ("run", "jump", "sit")
SHAPE = (2, 4, 4, 3)

pytestmark = pytest.mark.usefixtures("untraced")


class Clips:
    """Five clips of a data set without names."""

    actions, action_key = [0, 1, 2, 2, 1], "action"

    def get_length(self, mode):
        return len(self.actions)

    def get_data(self, key, mode):
        clip = np.random.default_rng(key).normal(size=SHAPE).astype("float32")
        return {"frame": clip, "action": np.eye(len(LABELS))[self.actions[key]]}


class Videos(Clips):
    """The same with names of actions and videos."""

    action_labels = LABELS
    videos = {TEST_MODE: [SimpleNamespace(name=f"{LABELS[a]}/{k}.mp4") for k, a in enumerate(Clips.actions)]}


def network(labels=LABELS, logits=True):
    inputs = keras.Input(SHAPE, name="frame")
    x = layers.Flatten()(inputs)
    start = keras.initializers.RandomNormal(seed=0)
    outputs = layers.Dense(len(labels), None if logits else "softmax", kernel_initializer=start, name="logits")(x)
    model = PoseModel(inputs, outputs)
    model.signature = clip_signature(SHAPE, labels)
    if not logits:
        spec = dataclasses.replace(model.signature.outputs[0], logits=False)
        model.signature = dataclasses.replace(model.signature, outputs=(spec,))
    return model


def some(seed=0, **changes):
    logits = np.random.default_rng(seed).normal(size=(4, 3))
    values = {"logits": logits, "true": [0, 1, 2, 2], "labels": LABELS, "videos": ("a", "b", "c", "d")}
    return ClipLogits(**{**values, **changes})


def test_logits_are_those_of_the_network():
    model, videos = network(), Videos()
    found = predict_logits(model, videos, progress=False)
    clips = np.stack([videos.get_data(k, 0)["frame"] for k in range(5)])
    np.testing.assert_allclose(found.logits, model.predict_on_batch(clips), rtol=1e-5, atol=1e-6)
    assert found.true.tolist() == Videos.actions and found.labels == LABELS
    assert found.videos == ("run/0.mp4", "jump/1.mp4", "sit/2.mp4", "sit/3.mp4", "jump/4.mp4")
    few = predict_logits(model, videos, keys=[3, 1], batch_size=3, progress=False)
    assert few.videos == ("sit/3.mp4", "jump/1.mp4") and few.true.tolist() == [2, 1]
    np.testing.assert_allclose(few.logits, found.logits[[3, 1]], rtol=1e-5, atol=1e-6)


def test_a_data_set_without_names_is_numbered_and_untrained_actions_never_win():
    found = predict_logits(network(("run", None, "sit")), Clips(), progress=False)
    assert found.videos == ("0", "1", "2", "3", "4")
    assert np.isneginf(found.logits[:, 1]).all() and np.isfinite(found.logits[:, [0, 2]]).all()
    assert not found.scores().confusion[:, 1].any()
    assert np.isneginf(fuse([found, found]).logits[:, 1]).all()


def test_scores_of_logits():
    logits = [[3, 1, 0], [2, 1, 0], [0, 1, 2], [5, 0, 1]]
    scores = some(logits=logits).scores()
    assert scores.accuracy.tolist() == [0.5] and [scores.top_k(k) for k in (1, 2, 3)] == [0.5, 1.0, 1.0]
    assert scores.class_accuracy.tolist() == [1.0, 0.0, 0.5] and scores.mean_class_accuracy == 0.5
    assert scores.confusion.tolist() == [[1, 0, 0], [1, 0, 0], [1, 0, 1]]


def test_files_hold_everything_without_pickle(tmp_path):
    before = some(labels=("run", None, "sit down, née"))
    before.save(tmp_path / "rgb.npz")
    with np.load(tmp_path / "rgb.npz", allow_pickle=False) as data:
        assert set(data.files) == {"logits", "true", "labels", "videos"}
    after = ClipLogits.load(tmp_path / "rgb.npz")
    np.testing.assert_array_equal(after.logits, before.logits)
    np.testing.assert_array_equal(after.true, before.true)
    assert (after.labels, after.videos) == (before.labels, before.videos)


def test_streams_are_summed(tmp_path):
    rgb, flow, pose = (some(seed) for seed in range(3))
    flow.save(tmp_path / "flow.npz")
    fused = fuse([rgb, ClipLogits.load(tmp_path / "flow.npz"), pose])
    np.testing.assert_allclose(fused.logits, rgb.logits + flow.logits + pose.logits)
    assert (fused.labels, fused.videos, fused.true.tolist()) == (rgb.labels, rgb.videos, [0, 1, 2, 2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ("run", "sit", "jump")}, "`labels` must hold the same names.*'jump' and, in list 1, 'sit' at 1"),
        ({"videos": ("a", "b", "d", "c")}, "`videos` must hold the same names.*'c' and, in list 1, 'd' at 2"),
        ({"true": [0, 1, 2, 1]}, "agree in the true actions. Received: 'sit' of 'd', in stream 1 'jump'"),
        ({"logits": np.zeros((3, 3)), "true": [0, 1, 2], "videos": "abc"}, "`logits` must be arrays of one shape"),
    ],
)
def test_streams_of_other_things_are_not_fused(changes, message):
    with pytest.raises(ValueError, match=message):
        fuse([some(), some(**changes)])


def test_damaged_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError):
        ClipLogits.load(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", logits=np.zeros((2, 3)))
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "pickled.npz", logits=np.zeros((1, 1)), labels=np.array(["a"], dtype=object))
    for name in ("other", "text", "pickled"):
        with pytest.raises(ValueError, match=rf"`path` must be a file of `ClipLogits.save`. Received: .*{name}.npz"):
            ClipLogits.load(tmp_path / f"{name}.npz")
    with pytest.raises(ValueError, match=r"must have shapes \(4, 3\) and \(4,\).*Received: \(4, 2\) and \(4,\)"):
        some(logits=np.zeros((4, 2)))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: network(logits=False), "`model` must give logits. Received: .*whose output 0 is probabilities"),
        (lambda: network(("run", "jump", "stand")), "`model.signature.labels` must hold.*'stand' and.* 'sit'"),
        (lambda: network((*LABELS, None)), r"labels of the network's 4 actions as 'action'. Received: .*\(3,\)"),
    ],
)
def test_a_network_of_other_actions_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        predict_logits(model(), Videos(), progress=False)
