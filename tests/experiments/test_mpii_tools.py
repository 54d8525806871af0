"""PCKh of prediction blocks, and refinement by cropping again."""

import numpy as np
import pytest
from fake_model import FakeModel

from deephar.experiments import mpii_tools as M
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils import pa16j2d, pa17j3d, transform_pose_sequence

AFMAT = np.array([[-0.01, 0, 1.2], [0, 0.01, -0.1], [0, 0, 1]])  # flipped


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    pose = np.concatenate([rng.uniform(0.1, 0.9, (6, 16, 2)), np.ones((6, 16, 1))], axis=-1)
    return dict(
        fval=np.zeros((6, 8, 8, 3)),
        pval=pose,
        afmat_val=np.repeat(AFMAT[None], 6, axis=0),
        headsize_val=np.full((6, 1), 10.0),
    )


def test_every_block_has_a_score(people, capsys):
    good, bad = people["pval"].copy(), people["pval"].copy()
    bad[:3, :, 0] += 0.06  # 6 px of 10 px heads
    people["pval"][:, 4] = -1e9
    scores = M.eval_singleperson_pckh(FakeModel((8, 8, 3), bad, good), **people)
    assert scores == pytest.approx([0.5, 1.0])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("PCKh@0.5") and lines[2].split() == ["50.0", "100.0"] and "r_shoul" in lines[4]
    assert M.eval_singleperson_pckh(FakeModel((8, 8, 3), bad), **people, refp=0.7, verbose=0) == [1.0]
    assert capsys.readouterr().out == ""


def test_clips_are_filled_with_consecutive_people(people):
    model = FakeModel((4, 8, 8, 3), people["pval"][None, :4])
    assert M.eval_singleperson_pckh(model, **people, verbose=0) == [1.0]
    assert model.seen[0].shape == (1, 4, 8, 8, 3)
    with pytest.raises(ValueError, match="`fval` must hold at least 7 frames.*Received: 6"):
        M.eval_singleperson_pckh(FakeModel((7, 8, 8, 3)), **people)


def test_other_layouts_and_blocks_of_several_outputs(people):
    pval = np.concatenate([people["pval"], people["pval"][:, :1]], axis=1)  # 17 joints
    model = FakeModel((8, 8, 3), pval, pval[..., 2:], pval, pval[..., 2:])
    scores = M.eval_singleperson_pckh(
        model, **{**people, "pval": pval}, map_to_pa16j=pa17j3d.map_to_pa16j, pred_per_block=2, verbose=0
    )
    assert scores == [1.0, 1.0]


def test_heatmaps_are_read_as_the_signature_says(people):
    """One cell of the maps is 1/32 of the crop: far less than half a head."""
    cells = (np.clip(people["pval"][..., :2], 0, 0.999) * 32).astype(int)  # (N, J, 2)
    maps = np.zeros((6, 32, 32, 16))
    for person, joint in np.ndindex(6, 16):
        maps[person, cells[person, joint, 1], cells[person, joint, 0], joint] = 1
    model = FakeModel((128, 128, 3), maps, np.zeros((6, 15)))
    maps_spec, actions = OutputSpec("heatmaps", layout=pa16j2d, stride=4), OutputSpec("action", labels=("a",) * 15)
    model.signature = Signature((InputSpec.for_shape((128, 128, 3)),), (maps_spec, actions))
    assert M.eval_singleperson_pckh(model, **people, verbose=0) == [1.0]
    assert M.absulute_pred(model, people["fval"], people["afmat_val"], -2).shape == (6, 16, 2)
    with pytest.raises(ValueError, match=r"`outidx` must be an output of poses, one of \[0\]. Received: -1"):
        M.absulute_pred(model, people["fval"], people["afmat_val"], -1)


def test_callback(people, tmp_path):
    callback = M.MpiiEvalCallback(*people.values(), eval_model=FakeModel((8, 8, 3), people["pval"]), logdir=tmp_path)
    callback.on_epoch_end(4, {})
    assert callback.best_epoch == 5 and (tmp_path / "mpii_val.json").exists()


def test_refinement_crops_around_the_prediction(people):
    boxes = []

    class Data:
        def get_data(self, key, mode, bbox):
            boxes.append(bbox)
            return {"frame": np.ones((8, 8, 3)), "afmat": np.diag([0.02, 0.02, 1.0])}

    model, given = FakeModel((8, 8, 3), people["pval"]), np.tile([0.0, 0, 100, 100], (6, 1))
    first, second = M.refine_pred(model, people["fval"], people["afmat_val"], given, Data(), 2, 0)
    expected = transform_pose_sequence(AFMAT, people["pval"][..., :2])
    np.testing.assert_allclose(first, expected)
    np.testing.assert_allclose(second, 50 * people["pval"][..., :2])
    low, high = expected.min(axis=1), expected.max(axis=1)
    centre, side = 0.8 * 50 + 0.2 * (low + high) / 2, 1.5 * (high - low).max(axis=1)
    np.testing.assert_allclose(boxes, np.concatenate([centre - side[:, None] / 2, centre + side[:, None] / 2], axis=1))
    assert len(model.seen) == 2 and model.seen[1].all() and not people["fval"].any()
    np.testing.assert_allclose(M.absulute_pred(model, people["fval"], people["afmat_val"], 0), expected)
