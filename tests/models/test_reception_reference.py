"""ReceptionNets with reference weights give the reference outputs; files of Keras 2.1.4 go in and come back."""

import json

import keras
import numpy as np
import pytest

from deephar.checkpoints import legacy_h5, ramps
from deephar.checkpoints.loading import legacy_groups
from deephar.models import reception

SHAPE = (256, 256, 3)
NETWORKS = {
    "reception_mpii": dict(num_joints=16, dim=2, num_context_per_joint=2),
    "reception_h36m": dict(num_joints=17, dim=3),
}
PARAMETERS = {"reception_mpii": (14_746_560, 14_847_936), "reception_h36m": (16_681_920, 16_721_938)}
FROZEN = ("sSAM", "cSAM", "zSAM", "Agg")


def build(name, **changes):
    options = {"num_blocks": 8, "ksize": (5, 5), "concat_pose_confidence": False}
    return reception.build(SHAPE, **{**NETWORKS[name], **options, **changes})


@pytest.fixture(scope="module")
def loaded(weight_file):
    """Return a function: name -> the network with the reference weights."""
    models = {}

    def get(name):
        if name not in models:
            models[name] = build(name)
            models[name].load_weights(weight_file(name))
        return models[name]

    return get


def layout_of(reference, name):
    """[(layer, shapes)] of the reference file, layers with weights only; and its number of parameters."""
    layout = json.loads((reference / f"{name}.json").read_text())
    stored = [(entry["name"], [tuple(w[1]) for w in entry["weights"]]) for entry in layout["layers"]]
    return [(layer, shapes) for layer, shapes in stored if shapes], layout["parameters"]


@pytest.mark.parametrize("name", ["reception_mpii", pytest.param("reception_h36m", marks=pytest.mark.slow)])
def test_outputs_agree(name, loaded, reference, reference_weights):
    x = reference_weights.reference_input((2, *SHAPE))
    outputs = [keras.ops.convert_to_numpy(y) for y in loaded(name)(x)]
    expected = np.load(reference / f"{name}.outputs.npz")
    keys = sorted(expected.files)
    assert [y.shape for y in outputs] == [expected[k].shape for k in keys] and len(outputs) == 16
    errors = [np.abs(y - expected[k]).max() for y, k in zip(outputs, keys, strict=True)]
    assert max(errors[:2]) < 1e-6 and max(errors) < 1e-5


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_are_those_of_the_original_without_its_frozen_kernels(name, loaded, reference):
    groups, stored = layout_of(reference, name)
    frozen = sum(int(np.prod(s)) for layer, shapes in groups if layer in FROZEN for s in shapes)
    assert (loaded(name).count_params(), stored) == PARAMETERS[name]
    assert loaded(name).count_params() + frozen == stored


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_way_back_is_the_file_again(name, loaded, reference, weight_file, tmp_path):
    groups, _ = layout_of(reference, name)
    mine = legacy_groups(loaded(name))
    assert [(layer, [a.shape for _, a in weights]) for layer, weights in mine] == groups
    loaded(name).save_weights(tmp_path / "back.h5")
    old = [entry for entry in legacy_h5.read(weight_file(name)) if entry[1]]
    for (layer, theirs), (_, ours) in zip(old, legacy_h5.read(tmp_path / "back.h5"), strict=True):
        for (_, a), (_, b) in zip(theirs, ours, strict=True):  # the same arrays in the same order
            np.testing.assert_allclose(a, b, rtol=0, atol=ramps.TOLERANCE if layer in FROZEN else 0)
    second = build(name)
    assert not second.load_weights(tmp_path / "back.h5").by_order


def test_options_leave_the_weights_alone(weight_file, reference, reference_weights, loaded):
    options = dict(concat_pose_confidence=True, export_heatmaps=True, export_vfeat_block=2)
    model = build("reception_h36m", **options)
    report = model.load_weights(weight_file("reception_h36m"), by_name=True)
    assert report.ramps == ["sSAM", "zSAM"] and not report.missing
    assert len(model.outputs) == 17
    weights = zip(model.get_weights(), loaded("reception_h36m").get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in weights)


@pytest.mark.slow
def test_other_networks_are_refused(weight_file):
    for changes, words in (
        ({"num_context_per_joint": 1}, "RegMap1/maps: (1, 1, 576, 48) in the file, (1, 1, 576, 32) in the model"),
        ({"num_blocks": 7}, "not in the model (4):\n    fReMap7\n    rBlock8\n    SepConv8\n    RegMap8"),
        ({"ksize": (3, 3)}, "SepConv1/sepconv_conv: (5, 5, 576, 1) (1, 1, 576, 576) in the file, (3, 3, 576, 1)"),
        ({"old_model": True}, "Stem/conv1_conv"),
    ):
        model = build("reception_mpii", **changes)
        before = model.get_weights()
        with pytest.raises(ValueError) as error:
            model.load_weights(weight_file("reception_mpii"))
        assert words in str(error.value), str(error.value)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


JAX_SCRIPT = """
import sys
import keras, numpy as np
keras.initializers.GlorotUniform.__call__ = lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)  # saves time
from deephar.models import reception
assert keras.backend.backend() == "jax"
model = reception.build((256, 256, 3), 17, 3, num_blocks=1, ksize=(5, 5), concat_pose_confidence=False)
model.load_weights(sys.argv[1], ignore=["fReMap*", "rBlock[2-8]*", "SepConv[2-8]*", "RegMap[2-8]*"])
expected = np.load(sys.argv[3])
outputs = model.predict_on_batch(np.load(sys.argv[2]))
print(max(float(np.abs(y - expected[f"{i:02d}"]).max()) for i, y in enumerate(outputs)))
"""


@pytest.mark.slow
def test_agrees_on_jax(reference, reference_weights, weight_file, on_backend, tmp_path):
    np.save(tmp_path / "x.npy", reference_weights.reference_input((2, *SHAPE)))
    outputs = reference / "reception_h36m.outputs.npz"
    assert float(on_backend("jax", JAX_SCRIPT, weight_file("reception_h36m"), tmp_path / "x.npy", outputs)) < 1e-5
