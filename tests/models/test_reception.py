"""Every option of the ReceptionNet: outputs and their names, weights that do not depend on them, errors, training."""

import keras
import numpy as np
import pytest

from deephar.inference import Predictor
from deephar.losses import elasticnet_loss_on_valid_joints
from deephar.models import cut_model, join_confidence, prediction_blocks, reception, sharpen_maps
from deephar.training.stages import set_precision

SHAPE = (64, 64, 3)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(-1, 1, (2, *SHAPE)).astype("float32")


@pytest.fixture(scope="module")
def plain():
    """A 2D network of two blocks, pose and confidence in one output; its heat maps are anything but flat."""
    keras.utils.set_random_seed(0)
    model = reception.build(SHAPE, 16, 2, num_blocks=2)
    for name in ("RegMap1", "RegMap2"):
        maps = model.get_layer(name).get_layer("maps")
        maps.set_weights([300 * w for w in maps.get_weights()])
    return model


def run(model, x):
    y = model(x)
    return [keras.ops.convert_to_numpy(k) for k in (y if isinstance(y, list) else [y])]


def twin(model, **options):
    """A network with other options and the same weights."""
    other = reception.build(SHAPE, 16, 2, **{"num_blocks": 2, **options})
    other.set_weights(model.get_weights())
    return other


def test_outputs_by_default(plain, images):
    assert plain.name == "ReceptionNet" and plain.output_names == ["pb1", "pb2"]
    assert [y.shape for y in run(plain, images)] == [(2, 16, 3)] * 2
    assert all(y.min() >= 0 and y.max() <= 1 and np.ptp(y[..., :2]) > 0.1 for y in run(plain, images))


def test_pose_and_confidence_apart(plain, images):
    apart = twin(plain, concat_pose_confidence=False)
    assert apart.output_names == ["pb1_pose", "pb1_confidence", "pb2_pose", "pb2_confidence"]
    both, parts = run(plain, images), run(apart, images)
    for k, y in enumerate(both):
        np.testing.assert_array_equal(y, np.concatenate(parts[2 * k : 2 * k + 2], axis=-1))
    joined = join_confidence(apart)
    np.testing.assert_array_equal(run(joined, images), both)
    assert join_confidence(plain) is plain


def test_heat_maps_and_features_are_exported(plain, images):
    more = twin(plain, export_heatmaps=True, export_vfeat_block=1)
    assert more.output_names == ["pb1", "pb1_heatmaps", "pb2", "pb2_heatmaps", "rBlock1"]
    outputs = run(more, images)
    assert [y.shape for y in outputs] == [(2, 16, 3), (2, 8, 8, 16)] * 2 + [(2, 8, 8, 576)]
    confidence = 1 / (1 + np.exp(-outputs[3].max(axis=(1, 2))))  # the maps are raw: their maximum is the confidence
    np.testing.assert_allclose(outputs[2][..., 2], confidence, atol=1e-6)
    np.testing.assert_array_equal(outputs[2], run(plain, images)[1])


def test_share_of_the_own_map(plain, images):
    alone, half = (run(twin(plain, alpha=a), images)[0] for a in (1.0, 0.5))
    own = run(twin(plain, export_heatmaps=True), images)[1].reshape(2, 64, 16)
    p = np.exp(own) / np.exp(own).sum(axis=1, keepdims=True)
    x = (p * np.tile(np.linspace(0, 1, 8), 8)[:, None]).sum(axis=1)
    np.testing.assert_allclose(alone[..., 0], x, atol=1e-6)
    default = run(plain, images)[0]
    np.testing.assert_allclose(default[..., :2], 0.4 * half[..., :2] + 0.6 * alone[..., :2], atol=1e-6)
    np.testing.assert_array_equal(default[..., 2], half[..., 2])


@pytest.mark.parametrize("contexts, maps", [(None, 48), (0, 16), (1, 32), (3, 64)])
def test_context_maps(contexts, maps, images):
    model = reception.build(SHAPE, 16, 2, num_context_per_joint=contexts, num_blocks=1)
    assert model.get_layer("RegMap1").output_shape == (None, 8, 8, maps)
    assert run(model, images)[0].shape == (2, 16, 3)


def test_volumes(images):
    model = reception.build(SHAPE, 17, 3, num_blocks=1, depth_maps=5, export_heatmaps=True, ksize=(5, 5))
    assert model.get_layer("RegMap1").output_shape == (None, 8, 8, 85)
    pose, maps = run(model, images)
    assert pose.shape == (2, 17, 4) and maps.shape == (2, 8, 8, 17)
    assert model.get_layer("rBlock1").get_layer("sepconv_l1_conv").kernel_size == (5, 5)


def test_first_version_of_the_network(images):
    model = reception.build(SHAPE, 16, 2, num_blocks=1, old_model=True)
    assert model.get_layer("rBlock1").output_shape[-1] == 512 and run(model, images)[0].shape == (2, 16, 3)
    stem = model.get_layer("Stem")
    assert "conv2" not in {k.name for k in stem.layers} and stem.get_layer("down1_conv").filters == 32
    assert model.get_layer("sepconv1_conv").filters == 512  # outside of the stem
    assert [name for name, _ in model.legacy_layout()][:3] == ["Stem", "sepconv1_shortcut_conv", "sepconv1_conv"]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"dim": 4}, "`dim` should be 2 or 3. Received: 4"),
        ({"dim": 3, "num_context_per_joint": 2}, "`num_context_per_joint` should be None or 0 for 3D poses"),
        ({"input_shape": (100, 64, 3)}, "`input_shape` should be"),
        ({"input_shape": (8, 64, 64, 3)}, "`input_shape` should be"),
        ({"num_blocks": 0}, "`num_blocks` should be at least 1"),
        ({"num_context_per_joint": -1}, "`num_context_per_joint` should be at least 0"),
        ({"export_vfeat_block": 5}, "`export_vfeat_block` should be None or 1 to 4. Received: 5"),
    ],
)
def test_options_out_of_range(changes, words):
    with pytest.raises(ValueError, match=words):
        reception.build(**{"input_shape": SHAPE, "num_joints": 16, "dim": 2, **changes})


def test_names_depend_on_the_place_only(plain):
    again = reception.build(SHAPE, 16, 2, num_blocks=2)
    assert [w.path for w in again.weights] == [w.path for w in plain.weights]
    assert [k.name for k in again.layers] == [k.name for k in plain.layers]


def test_cut_after_a_block(plain, images):
    assert prediction_blocks(plain) == ["pb1", "pb2"]
    cut = cut_model(plain, "pb1")
    np.testing.assert_array_equal(run(cut, images)[0], run(plain, images)[0])
    assert cut.count_params() < 0.7 * plain.count_params()
    with pytest.raises(ValueError, match="`block`"):
        sharpen_maps(plain, 2.0)


@pytest.mark.slow
def test_compiles_with_the_losses_of_the_original(plain, images):
    pose = np.random.default_rng(1).uniform(0.1, 0.9, (2, 16, 2)).astype("float32")
    seen = np.ones((2, 16, 1), "float32")
    apart = twin(plain, concat_pose_confidence=False)
    targets = reception.compile(apart, pose, seen)
    assert [t.shape for t in targets] == [(2, 16, 2), (2, 16, 1)] * 2
    loss = apart.test_on_batch(images, targets, return_dict=True)["loss"]
    outputs = run(apart, images)
    expected = sum(np.mean(keras.ops.convert_to_numpy(elasticnet_loss_on_valid_joints(pose, y))) for y in outputs[::2])
    expected += 0.01 * sum(np.mean(-np.log(y)) for y in outputs[1::2])
    assert loss == pytest.approx(expected, rel=1e-5)

    both = twin(plain)
    (target, _) = reception.compile(both, pose, seen)
    assert target.shape == (2, 16, 3)
    assert both.test_on_batch(images, [target] * 2, return_dict=True)["loss"] == pytest.approx(loss, rel=1e-5)


def test_compile_refuses_other_outputs(plain):
    with pytest.raises(ValueError, match="`model` should have 1 poses"):
        reception.compile(twin(plain, export_heatmaps=True), np.zeros((1, 16, 2)), np.zeros((1, 16, 1)))
    with pytest.raises(ValueError, match="`model` should have 2 poses"):
        apart = twin(plain, concat_pose_confidence=False)
        reception.compile(apart, np.zeros((1, 16, 2)), np.zeros((1, 16, 1)), num_y_per_branch=2)


@pytest.mark.parametrize("apart", [False, True])
def test_predictor_takes_it(plain, apart):
    image = np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    expected = Predictor(plain, detector="none").predict_image(image).pose
    other = twin(plain, concat_pose_confidence=not apart)
    found = Predictor(other, detector="none").predict_image(image).pose
    assert found.pose_px.shape == (16, 2) and 0 < found.confidence[0] < 1
    np.testing.assert_allclose(found.pose_px, expected.pose_px, atol=1e-4)


def test_half_precision_leaves_maps_and_positions_exact(plain):
    model = twin(plain)
    set_precision(model, "mixed_bfloat16")
    inner = {name: model.get_layer("rBlock1").get_layer(name) for name in ("sepconv_l1_conv", "sepconv_l1_act")}
    assert {layer.compute_dtype for layer in inner.values()} == {"bfloat16"}
    exact = [model.get_layer("RegMap1").get_layer("maps"), model.get_layer("pb1_own_xy"), model.get_layer("pb1")]
    assert {layer.compute_dtype for layer in exact} == {"float32"}
