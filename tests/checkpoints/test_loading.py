"""Strict loading and saving on small models named like the real ones."""

import h5py
import keras
import numpy as np
import pytest

from deephar.checkpoints import hdf5, legacy_h5, ramps
from deephar.checkpoints.loading import ForeignWeightsError, LoadReport, WeightFileError, copy_weights, load_weights
from deephar.models.base import PoseModel

RAMP = ("dp1_pb1_xy_x", (1, 4, 4, 5))


def build(action=False, width=6, prefix="act1", seed=0, num_actions=4):
    """A model with a convolution, a normalisation, a separable convolution and, for clips, an action layer."""
    keras.utils.set_random_seed(seed)
    x = inputs = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(width, 3, use_bias=False, name="conv1")(x)
    x = keras.layers.BatchNormalization(name="res0_bn1")(x)
    x = keras.layers.SeparableConv2D(5, 3, use_bias=False, name="dp1_pb1_conv1")(x)
    outputs = [keras.layers.GlobalAveragePooling2D(name="dp1_pb1")(x)]
    if action:
        x = keras.layers.Conv2D(num_actions, 1, use_bias=False, name=f"{prefix}_action_v_conv0")(x)
        outputs.append(keras.layers.GlobalAveragePooling2D(name=f"{prefix}_ac_a0")(x))
    model = PoseModel(inputs, outputs, name="SPNet")
    model.set_weights([np.random.default_rng(seed).normal(size=w.shape) for w in model.get_weights()])
    return model


def groups_of(model, *more):
    return [
        *((layer.name, [(f"{layer.name}/{w.name}:0", w.numpy()) for w in layer.weights]) for layer in model.layers),
        *more,
    ]


def ramp_group(spoil=0.0):
    kernels = ramps.ramp_kernels(*RAMP[1])
    kernels[0][1, 2, 3, 0] += spoil
    return RAMP[0], [(f"{RAMP[0]}/{n}:0", k) for n, k in zip(ramps.WEIGHT_NAMES, kernels, strict=True)]


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def refused(model, path, *words, **options):
    """Loading fails, the message holds the words, and no weight has changed."""
    before = model.get_weights()
    with pytest.raises(ValueError) as error:
        model.load_weights(path, **options)
    message = str(error.value)
    assert "`path`" in message and str(path) in message and all(w in message for w in words), message
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
def test_old_file_with_ramp_loads(tmp_path, by_name, suffix):
    source, target, path = build(seed=1), build(seed=2), tmp_path / f"old{suffix}"
    legacy_h5.write(path, groups_of(source, ramp_group()))
    report = target.load_weights(path, by_name=by_name)
    assert equal(source, target) and report.ramps == [RAMP[0]] and not report.by_order


def test_wrong_ramp_is_refused(tmp_path):
    legacy_h5.write(tmp_path / "old.h5", groups_of(build(seed=1), ramp_group(spoil=1e-3)))
    refused(build(), tmp_path / "old.h5", RAMP[0], "ramp is off by 0.001")


def test_other_names_load_by_order_only(tmp_path):
    source, path = build(action=True, prefix="act7", seed=1), tmp_path / "second_in_its_process.h5"
    legacy_h5.write(path, groups_of(source))
    target = build(action=True, seed=2)
    refused(target, path, "act1_action_v_conv0", "act7_action_v_conv0", by_name=True, strict=True)
    assert target.load_weights(path).by_order
    assert equal(source, target)


def test_both_sides_are_listed(tmp_path):
    path = tmp_path / "old.h5"
    groups = [g for g in groups_of(build(width=7, seed=1)) if g[0] != "dp1_pb1_conv1"]
    legacy_h5.write(path, [*groups, ("up9_conv", [("up9_conv/kernel:0", np.zeros((1, 2)))])])
    refused(
        build(),
        path,
        "in the model but not in the file (1):\n    dp1_pb1_conv1",
        "in the file but not in the model (1):\n    up9_conv",
        "in both but not the same (2):\n    conv1: (3, 3, 3, 7) in the file, (3, 3, 3, 6) in the model",
        "0 layers fit",
    )


def test_long_lists_are_cut(tmp_path):
    legacy_h5.write(tmp_path / "x.h5", [(f"l{i}", [("w", np.zeros(2))]) for i in range(40)])
    refused(build(), tmp_path / "x.h5", "not in the model (40)", "... and 28 more")


def test_image_file_into_clip_model_and_back(tmp_path):
    image, clip = build(seed=1), build(action=True, seed=2)
    image.save_weights(tmp_path / "image.h5")
    clip.save_weights(tmp_path / "clip.h5")
    refused(clip, tmp_path / "image.h5", "act1_action_v_conv0", "ignore=", "by_name=True")
    action = clip.get_layer("act1_action_v_conv0").get_weights()
    report = clip.load_weights(tmp_path / "image.h5", by_name=True, ignore="*action*")
    assert report.excused == ["act1_action_v_conv0"]
    assert np.array_equal(clip.get_layer("conv1").get_weights()[0], image.get_layer("conv1").get_weights()[0])
    assert np.array_equal(clip.get_layer("act1_action_v_conv0").get_weights(), action)
    refused(image, tmp_path / "clip.h5", "in the file but not in the model (1)")
    image.load_weights(tmp_path / "clip.h5", ignore=["act*"])
    assert np.array_equal(image.get_weights()[0], build(action=True, seed=2).get_weights()[0])


def test_other_shapes_can_be_excused_by_pattern(tmp_path):
    path, target = tmp_path / "sixty.h5", build(action=True, seed=2)
    source = build(action=True, num_actions=60, seed=1)
    source.save_weights(path)
    refused(target, path, "act1_action_v_conv0: (1, 1, 5, 60) in the file, (1, 1, 5, 4) in the model")
    refused(target, path, skip_mismatch="conv1")
    for options in ({"skip_mismatch": True}, {"skip_mismatch": "*_v_conv0"}, {"ignore": "act?_*"}):
        target = build(action=True, seed=2)
        assert target.load_weights(path, **options).excused == ["act1_action_v_conv0"]
        assert np.array_equal(target.get_weights()[0], source.get_weights()[0])
    refused(build(width=7), path, "holds no weight of the model", ignore="*")


def test_values_that_are_not_finite_are_refused(tmp_path):
    groups = groups_of(build(seed=1))
    groups[1][1][0][1][0, 0, 0, 0] = np.nan
    legacy_h5.write(tmp_path / "nan.h5", groups)
    refused(build(), tmp_path / "nan.h5", "conv1: the file holds values that are not finite")


@pytest.mark.parametrize("content", [b"", b"no weights at all", hdf5.HDF5_SIGNATURE + b"cut"])
@pytest.mark.parametrize("name", ["x.h5", "x.hdf5", "x.weights.h5"])
def test_broken_files_leave_the_model_alone(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    refused(build(), tmp_path / name)


def test_absent_file(tmp_path):
    for name in ("x.h5", "x.weights.h5", "x.keras"):
        with pytest.raises(FileNotFoundError, match="`path`"):
            build().load_weights(tmp_path / name)


def test_new_files_load_strictly_and_by_name(tmp_path):
    source, target, path = build(action=True, seed=1), build(action=True, seed=2), tmp_path / "new.weights.h5"
    source.compile("rmsprop", "mse")
    source.optimizer.build(source.trainable_variables)
    source.save_weights(path)
    with h5py.File(path) as f:
        assert "optimizer" not in f
    target.load_weights(path)
    assert equal(source, target)
    image = build(seed=3)
    refused(image, path, "act1_action_v_conv0")
    image.load_weights(path, by_name=True, ignore="act1*")
    assert np.array_equal(image.get_weights()[0], source.get_weights()[0])
    plain = keras.Model(target.inputs, target.outputs)
    plain.load_weights(path)  # what Keras itself makes of the file


def test_whole_model_is_saved_and_loaded_by_keras(tmp_path):
    model = build(action=True, seed=1)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert isinstance(again, PoseModel) and equal(model, again)
    other = build(action=True, seed=2)
    other.load_weights(tmp_path / "m.keras")
    assert equal(model, other)
    refused(build(width=7), tmp_path / "m.keras")


def test_copying_between_models():
    image, clip = build(seed=1), build(action=True, seed=2)
    with pytest.raises(ValueError, match="act1_action_v_conv0"):
        copy_weights(image, clip)
    assert equal(clip, build(action=True, seed=2))
    copy_weights(image, clip, ignore="*action*")
    assert np.array_equal(clip.get_weights()[0], image.get_weights()[0])


def test_any_keras_model_can_be_loaded(tmp_path):
    source = build(seed=1)
    source.save_weights(tmp_path / "old.h5")
    target = build(seed=2)
    load_weights(keras.Model(target.inputs, target.outputs), tmp_path / "old.h5")
    assert equal(source, target)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    model, path = build(), tmp_path / "w.weights.h5"
    model.save_weights(path)
    before = path.read_bytes()
    monkeypatch.setattr(h5py.File, "copy", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save_weights(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [path.name]
    with pytest.raises(ValueError, match="`filepath`"):
        model.save_weights(path, overwrite=False)


def test_the_report_is_short_however_many_layers_there_are(tmp_path):
    source, target, path = build(seed=1), build(seed=2), tmp_path / "old.h5"
    source.save_weights(path)
    report = target.load_weights(path)
    assert repr(report) == f"LoadReport(loaded={len(report.loaded)})" and len(report.loaded) > 1
    assert "by_order=True" in repr(LoadReport(by_order=True)) and "missing=2" in repr(LoadReport(missing=["a", "b"]))


def test_by_name_loads_what_has_the_same_name_and_leaves_the_rest(tmp_path, capsys):
    image, clip = build(seed=1), build(action=True, seed=2)
    image.save_weights(tmp_path / "image.h5")
    clip.save_weights(tmp_path / "clip.weights.h5")
    report = clip.load_weights(tmp_path / "image.h5", by_name=True)
    assert str(report) == "3 layers loaded, 1 of the model left as they were, 0 of the file unused"
    assert capsys.readouterr().out == f"{tmp_path / 'image.h5'}: {report}\n"
    assert np.array_equal(clip.get_weights()[0], image.get_weights()[0])
    fresh = build(action=True, seed=2).get_layer("act1_action_v_conv0").get_weights()
    assert np.array_equal(clip.get_layer("act1_action_v_conv0").get_weights(), fresh)
    report = image.load_weights(tmp_path / "clip.weights.h5", by_name=True)
    assert str(report) == "3 layers loaded, 0 of the model left as they were, 1 of the file unused"
    assert np.array_equal(image.get_weights()[0], build(action=True, seed=2).get_weights()[0])
    capsys.readouterr()
    image.load_weights(tmp_path / "image.h5", by_name=True)
    assert capsys.readouterr().out == ""  # nothing was left


def test_by_name_asks_for_equal_shapes_and_for_all_if_strict(tmp_path):
    path = tmp_path / "clip.h5"
    build(action=True, width=7, seed=1).save_weights(path)
    refused(build(), path, "conv1: (3, 3, 3, 7) in the file, (3, 3, 3, 6) in the model", by_name=True)
    build(action=True, seed=1).save_weights(path)
    refused(build(), path, "in the file but not in the model (1):\n    act1_action_v_conv0", by_name=True, strict=True)
    assert build().load_weights(path, strict=False).unexpected == ["act1_action_v_conv0"]
    with pytest.raises(TypeError, match="strict.*Received: reshape"):
        build().load_weights(path, by_name=True, reshape=True)


def test_by_name_raises_where_nothing_matches(tmp_path):
    legacy_h5.write(tmp_path / "x.h5", [(f"l{i}", [("w", np.zeros(2))]) for i in range(9)])
    with pytest.raises(ForeignWeightsError, match="holds no weight of the model"):
        build().load_weights(tmp_path / "x.h5", by_name=True)
    refused(build(), tmp_path / "x.h5", "in the file but not in the model (9):\n    l0", "and 6 more", by_name=True)


@pytest.mark.parametrize(
    ("name", "layout"), [("x.weights.h5", "Keras 3"), ("x.keras", "Keras 3"), ("x.h5", "Keras 2.1.4")]
)
def test_a_damaged_file_is_named_by_its_layout(tmp_path, name, layout):
    path = tmp_path / name
    build().save(path) if name == "x.keras" else build().save_weights(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightFileError, match=f"in the layout of {layout}: ") as error:
        build().load_weights(path)
    assert "damaged" in str(error.value) and str(path) in str(error.value)


def test_damage_inside_of_a_file_is_named_by_what_the_file_holds(tmp_path):
    build().save_weights(tmp_path / "new.weights.h5")
    path = (tmp_path / "new.weights.h5").rename(tmp_path / "renamed.h5")
    with h5py.File(path, "a") as file:
        entry = file["layers"][next(k for k in file["layers"] if "vars/0" in file["layers"][k])]
        del entry["vars/0"]
        entry["vars/0"] = h5py.ExternalLink("elsewhere.h5", "/x")
    refused(build(), path, "in the layout of Keras 3", "is a link to somewhere else")


def test_the_file_of_a_whole_saved_model_loads(tmp_path):
    source, target = build(action=True, seed=1), build(action=True, seed=2)
    source.compile("adam", ["mse", "mse"])
    source.save(tmp_path / "whole.h5")
    target.load_weights(tmp_path / "whole.h5")
    assert equal(source, target)
