"""What every network keeps to: a signature that is true, outputs that decode, weights that train and come back."""

import functools
from importlib.util import find_spec

import keras
import numpy as np
import pytest

from deephar.inference.decode import average_flip, decode_all
from deephar.models.builders import NETWORKS
from deephar.models.flops import count_flops
from deephar.models.graph import operations_behind
from deephar.models.signature import Signature, matches
from deephar.models.surgery import split_at_action_part
from deephar.models.zoo import load_model
from deephar.training.recipes import Stage
from deephar.training.run import BEST, Run
from deephar.training.stages import freeze_for_stage, set_precision
from tests.contract.networks import (
    AGREEING,
    BATCH,
    STEPS,
    TINY,
    WHOLE,
    arrays_of,
    expected_shape,
    inputs_of,
    renamed,
    run,
    train_once,
)

HALF = "mixed_bfloat16"
EXACT = ("pose", "confidence", "heatmaps", "action", "boxes")  # kinds of outputs that are float32 in every precision


@functools.cache
def network(name):
    """(network, its outputs on random inputs); whoever changes its weights puts them back."""
    model = TINY[name].build()
    return model, run(model, inputs_of(model.signature))


each, each_whole = (pytest.mark.parametrize("name", names) for names in (TINY, WHOLE))


def test_every_family_has_a_tiny_network():
    assert {k.config["network"] for k in TINY.values() if isinstance(k.config, dict)} == set(NETWORKS)


@each
def test_inputs_are_what_the_signature_says(name):
    model, _ = network(name)
    specs = model.signature.inputs
    assert [spec.name for spec in specs] == [x.name for x in model.inputs]
    for spec, x in zip(specs, model.inputs, strict=True):
        clip = () if spec.num_frames is None else (spec.num_frames or None,)
        assert tuple(x.shape[1:]) == (*clip, *spec.size, spec.channels)


@each
def test_outputs_are_what_the_signature_says(name):
    model, outputs = network(name)
    signature, size = model.signature, inputs_of(model.signature)[0].shape[-3:-1]
    assert len(signature.outputs) == len(outputs)
    for spec, y in zip(signature.outputs, outputs, strict=True):
        assert np.isfinite(y).all()
        assert spec.block
        if spec.kind != "features":
            assert y.shape == (BATCH, *expected_shape(spec, signature, size))
            assert y.dtype == np.float32
        if spec.kind == "action" and not spec.logits:
            np.testing.assert_allclose(y.sum(axis=-1), 1, atol=1e-5)
        if spec.maps_layer:
            assert model.get_layer(spec.maps_layer).output.shape[-1] == spec.layout.num_joints


@each
def test_operations_are_counted(name):
    model, _ = network(name)
    shapes = [x.shape[1:] for x in inputs_of(model.signature)]
    assert count_flops(model, shapes) > 1000


@each
def test_poses_decode(name):
    model, outputs = network(name)
    signature = model.signature
    if not signature.pose_outputs:
        pytest.skip("no poses")
    points, confidence = decode_all(outputs, signature)
    clip = () if signature.num_frames is None else (signature.num_frames,)
    joints = (len(signature.pose_outputs), BATCH, *clip, signature.layout.num_joints)
    assert points.shape == (*joints, signature.layout.dim)
    assert confidence.shape == joints
    assert points.min() >= 0 and points.max() <= 1
    assert confidence.min() >= 0 and confidence.max() <= 1
    assert np.ptp(points[..., :2], axis=-2).min() > 1e-3  # joints are told apart


def flipped_by_hand(outputs, signature):
    """The outputs that a network would give on flipped frames, were it the same on both sides."""
    sides, flipped = signature.layout and signature.layout.map_hflip, []
    for spec, y in zip(signature.outputs, outputs, strict=True):
        y = y.copy()
        if spec.kind == "pose":
            y[..., 0] = 1 - y[..., 0]
        if spec.kind in ("pose", "confidence"):
            y = y[..., sides, :]
        if spec.kind == "boxes":
            y = y[:, :, ::-1][..., [0, 3, 2, 1, 4]]
        if spec.kind == "heatmaps":
            y = y[:, :, ::-1, [*sides, *range(len(sides), y.shape[-1])]]  # a background has no sides
        flipped.append(y)
    return flipped


@each
def test_a_flip_taken_back_changes_nothing(name):
    model, outputs = network(name)
    signature = renamed(model.signature)
    mean = average_flip(outputs, flipped_by_hand(outputs, signature), signature)
    for spec, y, expected in zip(signature.outputs, mean, outputs, strict=True):
        np.testing.assert_allclose(y, expected, atol=1e-6, err_msg=spec.kind)


@each_whole
def test_every_trainable_weight_gets_a_gradient(name):
    model, outputs = network(name)
    before = arrays_of(model.variables)
    loss, still = train_once(model)
    assert np.isfinite(loss)
    assert [path for path in still if not matches(path, TINY[name].still)] == []
    for variable, array in zip(model.variables, before, strict=True):
        variable.assign(array)
    np.testing.assert_array_equal(run(model, inputs_of(model.signature))[0], outputs[0])


@each
def test_an_action_stage_trains_the_action_part_alone(name):
    model, _ = network(name)
    signature = model.signature
    if not signature.action_outputs:
        pytest.skip("no actions")
    freeze_for_stage(model, Stage("action", "action"))
    poses = [model.outputs[k] for k in signature.indices("pose", "confidence")]
    behind_poses = {operation.name for operation in operations_behind(poses)}
    assert model.trainable_variables
    assert not [k.name for k in model.layers if k.name in behind_poses and k.trainable_variables]
    freeze_for_stage(model, Stage("joint", "joint"))


@each
def test_the_action_part_reads_what_the_rest_gives(name):
    model, outputs = network(name)
    signature = model.signature
    if not signature.action_outputs or "*" in signature.action_part:
        pytest.skip("no layers in front of an action part")
    body, head = split_at_action_part(model)
    features = run(body, inputs_of(signature))
    assert [k.kind for k in body.signature.outputs] == ["features"] * len(features)
    assert not [k.name for k in body.layers if matches(k.name, signature.action_part)]
    for y, k in zip(run(head, features), signature.indices("action"), strict=True):
        np.testing.assert_array_equal(y, outputs[k])


def same_network(model, outputs, other):
    """Compare names, shapes, signature, outputs."""
    assert [(v.path, tuple(v.shape)) for v in other.weights] == [(v.path, tuple(v.shape)) for v in model.weights]
    assert other.signature == model.signature
    assert type(other) is type(model)
    if model.legacy_layout is not None:
        assert other.legacy_layout() == model.legacy_layout()
    for y, expected in zip(run(other, inputs_of(model.signature)), outputs, strict=True):
        np.testing.assert_array_equal(y, expected)


@each_whole
def test_comes_back_from_every_kind_of_file(name, tmp_path):
    model, outputs = network(name)
    own = model.signature
    model.signature = renamed(own)
    try:
        model.save(tmp_path / "whole.keras")
        same_network(model, outputs, load_model(tmp_path / "whole.keras"))
        config = TINY[name].config
        folder = Run(tmp_path / "run", None if callable(config) else {"model": config})
        folder.describe(model)
        model.save_weights(folder.path(BEST))
        second = config() if callable(config) else load_model(folder.path(BEST))
        if callable(config):
            second.load_weights(folder.path(BEST))
            second.signature = renamed(second.signature)
        same_network(model, outputs, second)
        model.save_weights(tmp_path / "old.h5")
    finally:
        model.signature = own
    second.set_weights([w + 1 for w in second.get_weights()])
    second.load_weights(tmp_path / "old.h5")
    np.testing.assert_array_equal(run(second, inputs_of(own))[-1], outputs[-1])


@each
def test_signature_comes_back_from_plain_data(name):
    signature = renamed(network(name)[0].signature)
    assert Signature.from_dict(signature.to_dict()) == signature
    assert (signature.frame.frame_step, signature.frame.fps) == (3, 25)
    assert not signature.labels or signature.labels[0] == "my 0"


@pytest.mark.parametrize("name", ["spnet_clip_replica", "merge_poses", "hourglass_free"])
def test_half_precision(name):
    exact, _ = network(name)
    keras.config.set_dtype_policy(HALF)
    try:
        model = TINY[name].build()
    finally:
        keras.config.set_dtype_policy("float32")
    assert [v.path for v in model.variables] == [v.path for v in exact.variables]
    assert "bfloat16" in {layer.compute_dtype for layer in model._flatten_layers()}
    loss, _ = train_once(model)
    assert np.isfinite(loss)
    for other in (model, exact):
        set_precision(other, HALF)
        for spec, y in zip(other.signature.outputs, run(other, inputs_of(other.signature)), strict=True):
            assert spec.kind not in EXACT or y.dtype == np.float32
    set_precision(exact, "float32")


OTHER_BACKEND = """
import pathlib, sys
import keras, numpy as np
from tests.contract.networks import AGREEING, STEPS, TINY, inputs_of, train_once
from deephar.training.trainer import unwrap
for kind in (keras.initializers.GlorotUniform, keras.initializers.VarianceScaling):  # weights come from the file, and
    kind.__call__ = lambda self, shape, dtype=None, **_: np.zeros(shape, "float32")  # each shape's draw is compiled
folder = pathlib.Path(sys.argv[1])
for name in AGREEING:
    model = TINY[name].build()
    model.load_weights(folder / f"{name}.weights.h5")
    outputs = keras.tree.flatten(model.predict_on_batch(unwrap(inputs_of(model.signature))))
    loss, still = train_once(model) if name in STEPS else (0.0, [])
    np.savez(folder / f"{name}.npz", *outputs, loss=loss, still=np.array(still, str))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", [k for k in ("jax", "torch") if k != keras.backend.backend()])
def test_another_backend_agrees(backend, on_backend, tmp_path):
    if find_spec(backend) is None:
        pytest.skip(f"no {backend}")
    for name in AGREEING:
        network(name)[0].save_weights(tmp_path / f"{name}.weights.h5")
    on_backend(backend, OTHER_BACKEND, tmp_path)
    for name in AGREEING:
        _, outputs = network(name)
        with np.load(tmp_path / f"{name}.npz") as stored:
            for k, y in enumerate(outputs):
                scale = max(1.0, float(np.abs(y).max()))  # heat maps are not in [0, 1]
                np.testing.assert_allclose(stored[f"arr_{k}"], y, rtol=0, atol=1e-5 * scale, err_msg=name)
            if name in STEPS:
                twin = TINY[name].build()
                assert float(stored["loss"]) == pytest.approx(train_once(twin)[0], rel=1e-4)
                assert stored["still"].tolist() == []
