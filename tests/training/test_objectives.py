"""The additional loss on probability maps, whose optimum is the true position, and the weights of actions."""

import numpy as np
import pytest

from deephar.config import ModelConfig
from deephar.losses import heatmap_crossentropy
from deephar.models import r3d, reception, spnet
from deephar.training.objectives import balanced_weights, objectives_of, with_maps_loss
from deephar.training.recipes import Stage
from deephar.training.run import Run
from deephar.training.stages import compile_for_stage, train_stage

pytestmark = pytest.mark.usefixtures("untraced")

SMALL = dict(num_pyramids=1, num_levels=3, growth=8)


def softargmax(maps):
    rows, columns = (np.linspace(0, 1, n) for n in maps.shape[1:3])
    return np.stack([(maps.sum(1) * columns[:, None]).sum(1), (maps.sum(2) * rows[:, None]).sum(1)], axis=-1)


def test_the_best_map_is_the_one_whose_softargmax_is_the_joint():
    true = np.array([[[0.3, 0.8, 1.0], [-1e9, -1e9, 0.0]]], np.float32)
    columns = np.maximum(0, 1 - np.abs(0.3 * 5 - np.arange(6)))
    rows = np.maximum(0, 1 - np.abs(0.8 * 3 - np.arange(4)))
    best = np.einsum("h,w->hw", rows, columns)
    maps = np.stack([best, np.full((4, 6), 1 / 24)], axis=-1)[None].astype(np.float32)  # (1, H, W, J)
    np.testing.assert_allclose(softargmax(maps)[0, 0], [0.3, 0.8], atol=1e-6)
    lowest = float(np.asarray(heatmap_crossentropy(true, maps))[0])
    np.testing.assert_allclose(lowest, -np.sum(best[best > 0] * np.log(best[best > 0])), rtol=1e-4)
    rng = np.random.default_rng(0)
    for _ in range(5):
        other = best * rng.uniform(0.7, 1.3, best.shape)
        maps[0, ..., 0] = other / other.sum()
        assert float(np.asarray(heatmap_crossentropy(true, maps))[0]) > lowest


def test_an_absent_joint_and_a_clip():
    maps = np.full((2, 4, 4, 3), 1 / 16, np.float32)
    absent = np.full((1, 2, 3, 3), -1e9, np.float32)
    assert np.asarray(heatmap_crossentropy(absent, maps)).tolist() == [0, 0]
    present = np.full((1, 2, 3, 3), 0.5, np.float32)
    np.testing.assert_allclose(heatmap_crossentropy(present, maps), [np.log(16)] * 2, rtol=1e-4)


class Batches:
    """One batch, labels as the pose outputs have them."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        rng = np.random.default_rng(3)
        pose = rng.uniform(0.2, 0.8, (2, 16, 3)).astype(np.float32)
        return (rng.uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32),), (pose, pose)


def test_the_loss_is_added_for_every_block(tmp_path):
    model = spnet.build(ModelConfig((64, 64, 3), "pa16j2d", **SMALL))
    stage = Stage("pose", epochs=1, steps_per_epoch=1)
    (x,), y = Batches()[0]
    losses = {}
    for weight in (0.0, 0.5):
        trained = with_maps_loss(model, weight)
        assert [o.name for o in trained.outputs[:2]] == [o.name for o in model.outputs]
        compile_for_stage([trained], stage)
        losses[weight] = trained.test_on_batch(x, list(y), return_dict=True)["loss"]
        maps = [np.asarray(out) for out in trained.predict_on_batch(x)[2:]]
    extra = sum(np.mean(heatmap_crossentropy(y[0], m)) for m in maps)
    np.testing.assert_allclose(losses[0.5] - losses[0.0], 0.5 * extra, rtol=1e-3)
    before = model.get_weights()
    stage = stage.replace(heatmap_weight=0.1, epochs=2)
    train_stage(model, Batches(), stage, Run(tmp_path), verbose=0, workers=0, print_full_losses=False)
    assert any(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model.load_weights(tmp_path / "weights_last.weights.h5")


def test_a_model_without_maps_is_refused():
    model = reception.build((32, 32, 3), 4, 2, num_blocks=1)
    with pytest.raises(ValueError, match="`model` must read every output from probability maps"):
        with_maps_loss(model, 0.1)


def test_balanced_weights_make_all_classes_equal():
    counts = np.array([10, 30, 0, 160])
    weights = np.array(balanced_weights(counts))
    np.testing.assert_allclose((weights * counts)[[0, 1, 3]], 200 / 3)
    assert weights[2] == 0 and (weights * counts).sum() / counts.sum() == pytest.approx(1)
    assert balanced_weights([7, 7]) == (1.0, 1.0)
    for wrong in ([], [0, 0], [1, -1], [1, np.nan], [[1, 2]]):
        with pytest.raises(ValueError, match="`counts` must be numbers of samples.*Received: "):
            balanced_weights(wrong)


def test_actions_are_weighed_as_the_stage_says():
    model = r3d.build((2, 16, 16, 3), num_classes=3, filters=2, gates=False)
    stage = Stage("s", "action", class_weights=(3, 0, 1), action_weight=1.0)
    (loss,), (weight,) = objectives_of(model, stage)
    assert (loss.class_weights, loss.from_logits, weight) == ((3.0, 0.0, 1.0), True, 1.0)
    (plain,), _ = objectives_of(model, stage.replace(class_weights=None))
    assert plain.name == "categorical_crossentropy"
    with pytest.raises(ValueError, match="`class_weights` must be 3, one for each action. Received: 2"):
        objectives_of(model, stage.replace(class_weights=(1, 1)))
    for wrong in ((1, -1, 1), (0, 0, 0), (1, np.inf, 1)):
        with pytest.raises(ValueError, match="`class_weights` must be 0 or above, not all 0. Received: "):
            stage.replace(class_weights=wrong)
