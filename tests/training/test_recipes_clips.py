"""Recipes of clip networks: the published schedule, the same for other batches, and that R3D and S3D train by it."""

import keras
import numpy as np
import pytest

from deephar.models import r3d, s3d
from deephar.models.base import PoseModel
from deephar.training.recipes_clips import FINETUNE_RECIPE, PERFNET_RECIPE, recipe_for_batch
from deephar.training.run import Run
from deephar.training.stages import compile_for_stage, set_precision, train_stage

pytestmark = pytest.mark.usefixtures("untraced")

SHAPE, CLASSES = (2, 16, 16, 3), 3
BUILD = {
    "r3d": lambda: r3d.build(SHAPE, CLASSES, filters=2, dropout=0.0),
    "s3d": lambda: s3d.build(SHAPE, CLASSES, width=0.03, dropout=0.0),
}


def test_the_schedule_is_the_published_one():
    (stage,) = PERFNET_RECIPE.stages
    assert (stage.optimizer, stage.momentum, stage.nesterov, stage.weight_decay) == ("sgd", 0.9, False, 1e-4)
    assert (stage.task, stage.action_weight) == ("action", 1.0)
    assert stage.epochs * stage.steps_per_epoch == 2000 + 20000
    np.testing.assert_allclose([stage.rate(k) for k in (0, 999, 1999, 2000)], [0.0008, 0.8, 1.6, 1.6])
    np.testing.assert_allclose([stage.rate(2000 + k) for k in (5000, 10000, 19999)], [1.36569, 0.8, 0], atol=1e-5)
    (finetune,) = FINETUNE_RECIPE.stages
    assert finetune.epochs == 30 and finetune.action_weight == 1.0 and "three splits" in FINETUNE_RECIPE.source


def test_other_batches_see_as_many_clips_at_a_rate_in_proportion():
    (published,) = PERFNET_RECIPE.stages
    (stage,) = recipe_for_batch(PERFNET_RECIPE, 32, accumulation_steps=4).stages
    assert stage.epochs == published.epochs and stage.steps_per_epoch * 32 == published.steps_per_epoch * 2048
    assert stage.learning_rate == pytest.approx(1.6 * 128 / 2048) and stage.accumulation_steps == 4
    for share in (0.04, 0.25, 0.5, 0.9):  # of all clips
        steps = [round(share * k.epochs * k.steps_per_epoch) for k in (stage, published)]
        assert stage.rate(steps[0]) == pytest.approx(published.rate(steps[1]) / 16, rel=0.02)
    (stage,) = recipe_for_batch(FINETUNE_RECIPE, 16, num_clips=3570).stages  # a split of HMDB51
    assert (stage.epochs, stage.steps_per_epoch, stage.warmup_steps) == (30, 224, 0)
    (stage,) = recipe_for_batch(PERFNET_RECIPE, 2048).stages
    assert stage == published


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be a whole number, 1 or above. Received: 0"),
        ({"num_clips": 0}, "`num_clips` must be a whole number, 1 or above. Received: 0"),
        ({"accumulation_steps": 1.5}, "`accumulation_steps` must be a whole number, 1 or above. Received: 1.5"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        recipe_for_batch(PERFNET_RECIPE, **{"batch_size": 8, **options})


class Clips:
    """Two batches of clips whose grey tells the class; most are of the first class."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        labels = np.array([[0, 0, 0, 1], [0, 2, 0, 0]][index])
        noise = np.random.default_rng(index).normal(0, 0.1, (4, *SHAPE))
        clips = noise + np.array([-1, 0, 1])[labels].reshape(-1, 1, 1, 1, 1)
        return (clips.astype("float32"),), (np.eye(CLASSES, dtype="float32")[labels],)


def small(recipe=PERFNET_RECIPE, **changes):
    (stage,) = recipe_for_batch(recipe, 4, num_clips=8).stages
    return stage.replace(**{"epochs": 3, "warmup_steps": 2, "learning_rate": 0.05, **changes})


@pytest.mark.parametrize("name", BUILD)
def test_a_classifier_trains_by_the_recipe(name, tmp_path):
    model = BUILD[name]()
    stage = small(epochs=1, accumulation_steps=2, class_weights=(0.5, 2, 2))
    rows = train_stage(model, Clips(), stage, Run(tmp_path), verbose=0)
    assert len(rows) == 1 and np.isfinite(rows[0]["loss0"])
    optimizer = model.optimizer
    assert isinstance(optimizer, keras.optimizers.SGD) and not optimizer.nesterov
    assert int(keras.ops.convert_to_numpy(optimizer.iterations)) == 1  # of two batches
    spared = {v.name for v in model.trainable_variables if not optimizer._use_weight_decay(v)}
    decayed = {v.name for v in model.trainable_variables if optimizer._use_weight_decay(v)}
    assert decayed == {"kernel"} and spared == {"bias", "beta"} | ({"gamma"} if name == "r3d" else set())


def test_the_loss_is_the_weighted_cross_entropy_of_the_logits():
    model, weights = BUILD["s3d"](), np.array([0.5, 2.0, 3.0])
    stage = small(class_weights=weights)
    compile_for_stage([model], stage)
    (clips,), (labels,) = Clips()[0]
    true = labels.argmax(axis=1)
    logits = keras.ops.convert_to_numpy(model(clips, training=True)).astype(float)
    expected = np.mean(weights[true] * (np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(4), true]))
    assert float(model.train_on_batch(clips, labels)) == pytest.approx(expected, rel=1e-4)


def linear():
    """The smallest network of clips that gives logits, the same each time."""
    inputs = keras.Input(SHAPE, name="frame")
    start = keras.initializers.GlorotUniform(seed=0)
    x = keras.layers.Dense(CLASSES, kernel_initializer=start, name="logits")(keras.layers.Flatten()(inputs))
    model = PoseModel(inputs, x)
    model.signature = r3d.clip_signature(SHAPE, ["left", "middle", "right"])
    return model


def test_accumulation_resumes_in_the_middle_of_a_group(tmp_path):
    """Two steps an epoch and groups of three: an epoch ends with gradients that wait."""

    class Kill(Exception):
        pass

    def kill(epoch):
        if epoch == 2:
            raise Kill
        return {"score": float(epoch)}

    stage = small(epochs=3, accumulation_steps=3)
    straight, killed, resumed = linear(), linear(), linear()
    train_stage(straight, Clips(), stage, Run(tmp_path / "straight"), verbose=0)
    with pytest.raises(Kill):
        train_stage(killed, Clips(), stage, Run(tmp_path / "killed"), kill, verbose=0)
    train_stage(resumed, Clips(), stage, Run(tmp_path / "killed", resume=True), verbose=0)
    for a, b, c in zip(linear().get_weights(), straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(b, c)
        assert not np.array_equal(a, b)
    other = stage.replace(accumulation_steps=1, epochs=4)
    with pytest.raises(ValueError, match="must be the one that .* was saved from"):
        train_stage(linear(), Clips(), other, Run(tmp_path / "killed", resume=True), verbose=0)


@pytest.mark.parametrize(
    ("name", "precision"), [("r3d", "mixed_bfloat16"), pytest.param("s3d", "mixed_float16", marks=pytest.mark.slow)]
)
def test_half_precision_keeps_weights_logits_and_loss_in_float32(name, precision):
    model = BUILD[name]()
    stage = small(precision=precision)
    set_precision(model, stage.precision)
    compile_for_stage([model], stage)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv3D)]
    larger = [np.any(np.greater(layer.kernel_size, layer.input.shape[1:-1])) for layer in convolutions]
    kinds = {(layer.compute_dtype, bool(over)) for layer, over in zip(convolutions, larger, strict=True)}
    assert kinds == {(precision.removeprefix("mixed_"), False), ("float32", True)}
    (clips,), (labels,) = Clips()[0]
    logits = model.predict_on_batch(clips)
    assert logits.dtype == np.float32 and not np.array_equal(logits, logits.astype("float16").astype("float32"))
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "mixed_float16")
    before = model.get_layer("logits").get_weights()[0]
    for _ in range(12):  # while a step's gradients are infinite, weights stay and the loss is scaled by half as much
        assert np.isfinite(float(model.train_on_batch(clips, labels)))
        if not np.array_equal(before, model.get_layer("logits").get_weights()[0]):
            break
    assert not np.array_equal(before, model.get_layer("logits").get_weights()[0])
    assert all(np.isfinite(w).all() and w.dtype == np.float32 for w in model.get_weights())
