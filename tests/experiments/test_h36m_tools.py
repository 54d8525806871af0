"""Error of prediction blocks on Human3.6M in mm."""

import json

import numpy as np
import pytest
from fake_model import FakeModel

from deephar.config import DataConfig
from deephar.data import BatchLoader, Human36M
from deephar.evaluation.poses3d import eval_pose_3d
from deephar.experiments import h36m_tools as H
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils import VALID_MODE, Camera, camera_deserialize, pa17j3d, pa20j3d

NUM = 6


def predictions(joints=17):
    """Random predictions in the crop, (N, J, 4), nobody at the border."""
    pose = np.random.default_rng(0).uniform(0.3, 0.7, (NUM, joints, 4))
    pose[:, 0, 2] = 0.5
    return pose


def people_of(pose):
    """The arguments for which `pose` has no error."""
    rng = np.random.default_rng(1)
    turns = [np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(NUM)]
    cameras = [Camera(turn, rng.normal(0, 4000, 3), [1145, 1143], [512, 515], [0, 0], [-0.2, 0.2, 0]) for turn in turns]
    scam = np.stack([camera.serialize() for camera in cameras])
    depth = rng.uniform(4000, 6000, (NUM, 1))
    afmat = np.repeat(np.array([[0.002, 0, -0.5], [0, 0.002, -0.5], [0, 0, 1.0]])[None], NUM, axis=0)
    uv = (pose[..., :2] + 0.5) / 0.002
    uvd = np.concatenate([uv, 2000 * (pose[..., 2:3] - 0.5) + depth[:, None]], axis=-1)
    return dict(
        x=np.zeros((NUM, 8, 8, 3)),
        pose_w=camera_deserialize(scam).inverse_project(uvd),
        afmat=afmat,
        rootz=depth[:, 0],
        scam=scam,
        action=np.array([0, 0, 0, 3, 3, 3]),
    )


@pytest.fixture
def people():
    return people_of(predictions())


def test_every_block_and_action_has_its_error(people, capsys):
    good, bad = predictions(), predictions()
    bad[3:, 1:, 2] += 0.05  # 100 mm
    scores = H.eval_human36m_sc_error(FakeModel((8, 8, 3), bad, good[..., :3], good[..., 3:]), *people.values())
    assert scores[1] < 1e-6 and 0.9 * 50 * 16 / 17 < scores[0] < 1.1 * 50 * 16 / 17
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "MPJPE (mm), every prediction block, 6 poses"
    assert lines[2].split() == [f"{scores[0]:.1f}", "0.0"] and "GROUND TRUTH" in lines[3]
    assert lines[5].split() == ["Directions", "Greeting"] and "block 2 (the best)" in lines[4]
    assert H.eval_human36m_sc_error(FakeModel((8, 8, 3), bad), **people, verbose=False) == [scores[0]]
    assert capsys.readouterr().out == ""


def test_the_range_of_depth_and_columns_of_a_loader(people):
    pose = predictions()
    pose[..., 2] = (pose[..., 2] - 0.5) / 2 + 0.5  # as a network answers whose range is 4 m
    columns = {**people, "rootz": people["rootz"][:, None], "action": people["action"][:, None]}
    scores = H.eval_human36m_sc_error(FakeModel((8, 8, 3), pose), **columns, resol_z=4000.0, verbose=False)
    assert scores[0] < 1e-6


def test_confidences_apart_and_clips(people):
    pose = predictions()
    model = FakeModel((8, 8, 3), pose[..., :3], pose[..., 3:])
    assert len(H.eval_human36m_sc_error(model, **people, verbose=False)) == 1
    clips = FakeModel((4, 8, 8, 3), pose[None, :4])
    assert H.eval_human36m_sc_error(clips, **people, verbose=False)[0] < 1e-6
    assert clips.seen[0].shape == (1, 4, 8, 8, 3)
    with pytest.raises(ValueError, match="`x` must hold at least 7 frames.*Received: 6"):
        H.eval_human36m_sc_error(FakeModel((7, 8, 8, 3)), **people)
    with pytest.raises(ValueError, match=r"one length. Received: \[5, 6\]"):
        H.eval_human36m_sc_error(model, **{**people, "scam": people["scam"][:5]})
    with pytest.raises(ValueError, match="`model` must give 3D poses. Received: .*pa16j2d"):
        H.eval_human36m_sc_error(FakeModel((8, 8, 3), np.zeros((NUM, 16, 3))), **people)


def test_a_signature_says_which_outputs_are_3d_poses(people):
    """Sixteen depths for each joint look like a 3D pose with confidence; the signature knows better."""
    pose = predictions()
    model = FakeModel((8, 8, 3), np.zeros((NUM, 17, 16)), pose)
    spec = OutputSpec("pose", layout=pa17j3d)
    model.signature = Signature((InputSpec.for_shape((8, 8, 3)),), (OutputSpec("features"), spec))
    scores = H.eval_human36m_sc_error(model, **people, verbose=False)
    assert len(scores) == 1 and scores[0] < 1e-6


def test_other_layouts_and_files(tmp_path):
    pose = predictions(20)
    pose_w = people_of(pose)["pose_w"]
    wrong = pose.copy()
    wrong[:, 10] += 0.1  # a hand, which is not in pa16j
    joints = [*pa20j3d.map_to_pa16j, 0]
    model, arguments = FakeModel((8, 8, 3), wrong), people_of(pose)
    scores = H.eval_human36m_sc_error(model, **arguments, map_to_pa17j=joints, logdir=tmp_path, verbose=False)
    assert scores[0] < 1e-6
    assert np.load(tmp_path / "y_pred_w.npy").shape == (1, NUM, 17, 3)
    np.testing.assert_allclose(np.load(tmp_path / "y_true_w.npy"), (pose_w - pose_w[:, :1])[:, joints])
    assert H.eval_human36m_sc_error(model, **arguments, verbose=False)[0] > 1


class SizedModel(FakeModel):
    """A fake that takes batches in order, too."""

    def __init__(self, *poses):
        super().__init__((32, 32, 3), *poses)
        self.place = 0

    def predict_on_batch(self, x):
        self.place += len(x)
        return [pose[self.place - len(x) : self.place] for pose in self.outputs]


def test_both_evaluations_agree_on_what_a_loader_gives(fixture_world):
    h36m = Human36M(fixture_world / "Human3.6M", DataConfig(crop_resolution=(32, 32)), topology="frames")
    number = h36m.get_length(VALID_MODE)
    keys = ["pose_w", "pose_uvd", "afmat", "camera", "action", "pose"]
    loader = BatchLoader(h36m, ["frame"], keys, VALID_MODE, batch_size=number, shuffle=False)
    (x,), (pose_w, pose_uvd, afmat, camera, action, pose) = loader[0]
    guess = np.random.default_rng(0).uniform(0.3, 0.7, pose.shape)
    model = SizedModel(guess, np.where(pose > -1e6, pose, 0.5))
    old = H.eval_human36m_sc_error(model, x, pose_w, afmat, pose_uvd[:, 0, 2], camera, action, verbose=False)
    new = eval_pose_3d(model, h36m, VALID_MODE, batch_size=3, progress=False)
    np.testing.assert_allclose(old, new.metrics["MPJPE"], rtol=1e-4)  # the loader's numbers are float32
    assert old[1] < old[0] / 2 and np.isfinite(new.per_action[:, [4, 13]]).all()


def test_the_callback_remembers_the_smallest_error(people, tmp_path, capsys):
    bad, good = predictions(), predictions()
    bad[:, 1:, 2] += 0.05
    model = FakeModel((8, 8, 3), bad)
    callback = H.H36MEvalCallback(*people.values(), logdir=tmp_path)
    assert callback.best_score == np.inf
    callback.set_model(model)
    callback.on_epoch_end(0, {})
    model.outputs = (good,)
    callback.on_epoch_end(1, {})
    model.outputs = (bad,)
    callback.on_epoch_end(2, {})
    assert callback.best_epoch == 2 and callback.best_score < 1e-6
    assert "best score is 0.0 at epoch 2" in capsys.readouterr().out.splitlines()[-1]
    assert set(json.loads((tmp_path / "h36m_val.json").read_text())) == {"1", "2", "3"}
