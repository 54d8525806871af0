"""Files with models inside of models: pairing by name and by order, both sides listed, frozen kernels, the way back."""

import keras
import numpy as np
import pytest

from deephar.checkpoints import legacy_h5, ramps
from deephar.checkpoints.loading import copy_weights, legacy_groups
from deephar.models.base import PoseModel

LEARNS = [("conv2d_7/kernel:0", 0), ("batch_normalization_9/beta:0", 1), ("sepconv_l2_1/kernel:0", 4)]
DOES_NOT = [("batch_normalization_9/moving_mean:0", 2), ("batch_normalization_9/moving_variance:0", 3)]
OLD_NAMES = LEARNS + DOES_NOT  # of the part, with their place among its weights


def part(x, width, name, deep=False):
    """Convolution, normalisation, convolution as a model of its own; the second one a level deeper if asked."""
    inputs = keras.Input(x.shape[1:])
    y = keras.layers.Conv2D(width, 3, padding="same", use_bias=False, name="first")(inputs)
    y = keras.layers.BatchNormalization(scale=False, name="norm")(y)
    last = keras.layers.Conv2D(width, 1, use_bias=False, name="last")
    if deep:
        middle = keras.Input(y.shape[1:])
        last = keras.Model(middle, last(middle), name="inner")
    return keras.Model(inputs, last(y), name=name)(x)


def build(seed=0, width=4, top="top", deep=False, names=("Stem", "Block")):
    """Two nested parts and a plain convolution."""
    x = inputs = keras.Input((8, 8, 3), name="frame")
    for name in names:
        x = part(x, width, name, deep)
    y = keras.layers.Conv2D(2, 1, use_bias=False, name=top)(x)
    model = PoseModel(inputs, y, name="net")
    model.set_weights([np.random.default_rng(seed).normal(size=w.shape) for w in model.get_weights()])
    return model


def old_groups(model, outer=("Stem", "Block"), top="top", *more):
    """What Keras 2.1.4 would have stored: inner names from counters, what is not trainable last in its group."""
    groups = []
    for name, layer in zip(outer, [k for k in model.layers if isinstance(k, keras.Model)], strict=True):
        inner = [w for leaf in ("first", "norm", "last") for w in layer.get_layer(leaf).get_weights()]
        groups.append((name, [(weight, inner[place]) for weight, place in OLD_NAMES]))
    groups.append((top, [(f"{top}/kernel:0", model.get_layer("top").get_weights()[0])]))
    return [*groups, *more]


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def refused(model, path, *words, **options):
    before = model.get_weights()
    with pytest.raises(ValueError) as error:
        model.load_weights(path, **options)
    assert all(w in str(error.value) for w in (str(path), *words)), str(error.value)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.fixture
def old_file(tmp_path):
    """Return a function: groups -> path of an old file."""

    def write(groups):
        legacy_h5.write(tmp_path / "old.h5", groups)
        return tmp_path / "old.h5"

    return write


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("by_name", [False, True])
def test_inner_layers_with_other_names_load_by_order(old_file, by_name, deep):
    source, target = build(seed=1), build(seed=2, deep=deep)
    report = target.load_weights(old_file(old_groups(source)), by_name=by_name)
    assert equal(source, target) and report.by_order
    assert report.loaded[:3] == ["Stem/first", "Stem/norm", "Stem/inner/last" if deep else "Stem/last"]


def test_outer_names_that_differ_load_by_order_only(old_file):
    source, target = build(seed=1), build(seed=2, top="top")
    path = old_file(old_groups(source, ("td_Stem", "td_Block"), "separable_conv2d_9"))
    refused(target, path, "Stem/first", "separable_conv2d_9", by_name=True, strict=True)
    assert target.load_weights(path).by_order and equal(source, target)


def test_way_back_is_the_old_layout(tmp_path):
    source = build(seed=1)
    groups, expected = legacy_groups(source), old_groups(source)
    assert [name for name, _ in groups] == [name for name, _ in expected]
    for (_, mine), (_, theirs) in zip(groups, expected, strict=True):
        assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(mine, theirs, strict=True))
    assert [name for name, _ in groups[0][1]][:2] == ["first/kernel:0", "norm/beta:0"]
    source.save_weights(tmp_path / "back.h5")
    target = build(seed=2)
    report = target.load_weights(tmp_path / "back.h5")
    assert equal(source, target) and not report.by_order


def test_deeper_models_come_back_too(tmp_path):
    source, target = build(seed=1, deep=True), build(seed=2, deep=True)
    source.save_weights(tmp_path / "back.h5")
    assert not target.load_weights(tmp_path / "back.h5").by_order and equal(source, target)


def test_other_shapes_and_counts_are_listed_as_outer_and_inner(old_file):
    path = old_file(old_groups(build(seed=1, width=5)))
    refused(build(), path, "Stem/first: (3, 3, 3, 5) in the file, (3, 3, 3, 4) in the model", "not the same (7)")
    groups = old_groups(build(seed=1))
    groups[0] = ("Stem", groups[0][1][:2])
    refused(build(), old_file(groups), "Stem/last", "Stem/conv2d_7", "not in the model (2)", "not in the file (3)")
    groups = [*old_groups(build(seed=1)), ("Block9", [("conv2d_1/kernel:0", np.zeros(2))])]
    refused(build(), old_file(groups), "in the file but not in the model (1):\n    Block9")
    refused(build(), old_file(groups[1:]), "in the model but not in the file (3):\n    Stem/first", ignore="Block9*")


def test_inner_layers_can_be_excused(old_file):
    source, target = build(seed=1), build(seed=2)
    report = target.load_weights(old_file(old_groups(source)[1:]), ignore="Stem/*", by_name=True)
    assert report.excused == ["Stem/first", "Stem/norm", "Stem/last"]
    assert np.array_equal(source.get_layer("Block").get_weights()[0], target.get_layer("Block").get_weights()[0])
    assert np.array_equal(build(seed=2).get_weights()[0], target.get_weights()[0])


FROZEN = {
    "sSAM": ("softargmax", 4, 6, 3),
    "cSAM": ("softargmax", 4, 6, 6),
    "zSAM": ("depth", 5, 3),
    "Agg": ("context", 2, 3),
}


@pytest.mark.parametrize("name", FROZEN)
def test_frozen_kernels_are_compared(old_file, name):
    weights = [(f"inner_{k}/kernel:0", a.copy()) for k, (_, a) in enumerate(ramps.fixed_weights(*FROZEN[name]))]
    assert ramps.kind_of(name, [a for _, a in weights]) == FROZEN[name]
    source, target = build(seed=1), build(seed=2)
    report = target.load_weights(old_file([*old_groups(source), (name, weights)]))
    assert report.ramps == [name] and equal(source, target)
    weights[-1][1].flat[-1] += 1e-3
    refused(build(), old_file([*old_groups(source), (name, weights)]), name, "is off by 0.001")
    refused(build(), old_file([*old_groups(source), ("other", weights)]), "not in the model (1):\n    other")


def test_new_files_name_inner_layers(tmp_path):
    source, target = build(seed=1, deep=True), build(seed=2, deep=True)
    source.save_weights(tmp_path / "new.weights.h5")
    report = target.load_weights(tmp_path / "new.weights.h5", by_name=True)
    assert equal(source, target) and "Block/inner/last" in report.loaded
    other = build(names=("Stem", "Other"), deep=True)
    refused(other, tmp_path / "new.weights.h5", "Other/inner/last", "Block/inner/last")
    other.load_weights(tmp_path / "new.weights.h5", by_name=True, ignore=("Other*", "Block*"))
    assert np.array_equal(other.get_weights()[0], source.get_weights()[0])


def test_by_name_a_nested_model_is_one_layer(tmp_path):
    source, target = build(seed=1), build(seed=2, names=("Stem", "Other"))
    source.save_weights(tmp_path / "new.weights.h5")
    source.save_weights(tmp_path / "old.h5")
    for name in ("new.weights.h5", "old.h5"):
        report = target.load_weights(tmp_path / name, by_name=True)
        assert report.missing == ["Other/first", "Other/norm", "Other/last"] and len(report.loaded) == 4
        assert np.array_equal(source.get_layer("Stem").get_weights()[0], target.get_layer("Stem").get_weights()[0])
    groups = old_groups(source)
    groups[0] = ("Stem", [weight for weight in groups[0][1] if not weight[0].startswith("sepconv")])
    legacy_h5.write(tmp_path / "part.h5", groups)
    refused(target, tmp_path / "part.h5", "Stem: 2 layers in the file, 3 in the model", by_name=True)


def test_copying_between_nested_models():
    source, target = build(seed=1), build(seed=2)
    copy_weights(source, target)
    assert equal(source, target)


def test_a_whole_nested_model_is_saved_and_loaded(tmp_path):
    source = build(seed=1)
    source.save(tmp_path / "whole.keras")
    again = keras.saving.load_model(tmp_path / "whole.keras")
    assert isinstance(again, PoseModel) and equal(source, again)
    target = build(seed=2)
    target.load_weights(tmp_path / "whole.keras")
    assert equal(source, target)
