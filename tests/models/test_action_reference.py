"""The merged networks of CVPR'18 with reference weights give the reference outputs; their files go in and come back."""

import json

import keras
import numpy as np
import pytest

from deephar.checkpoints.loading import legacy_groups
from deephar.models import action, reception

SHAPE = (256, 256, 3)
PARAMETERS = {"merge_penn": 12_906_496, "merge_ntu": 16_988_568}  # frozen kernels included, which we compute
COMPUTED = {"merge_penn": ("sSAM", "cSAM", "Agg"), "merge_ntu": ("sSAM", "zSAM")}


def build(name):
    options = dict(num_blocks=4, ksize=(5, 5), concat_pose_confidence=False)
    if name == "merge_penn":
        model_pe = reception.build(SHAPE, 16, dim=2, num_context_per_joint=2, **options)
        return action.build_merge_model(model_pe, 15, SHAPE, 16, 16, 4, pose_net_version="v1")
    model_pe = reception.build(SHAPE, 20, dim=3, depth_maps=8, **options)
    return action.build_merge_model(
        model_pe, 60, SHAPE, 20, 20, 4, pose_dim=3, num_context_per_joint=0, pose_net_version="v2"
    )


@pytest.fixture(scope="module", params=["merge_penn", pytest.param("merge_ntu", marks=pytest.mark.slow)])
def network(request, reference, reference_weights, tmp_path_factory):
    """(name, network with the reference weights, report of loading, layout of the file)."""
    path = tmp_path_factory.mktemp("weights") / f"{request.param}.h5"
    reference_weights.write_h5(reference / f"{request.param}.json", path)
    model = build(request.param)
    report = model.load_weights(path)
    return request.param, model, report, json.loads((reference / f"{request.param}.json").read_text())


def test_outputs_agree(network, reference, reference_weights):
    name, model, _, _ = network
    x = reference_weights.reference_input((1, *model.input_shape[1:]))
    expected = np.load(reference / f"{name}.outputs.npz")
    outputs = model.predict_on_batch(x)
    assert len(outputs) == len(expected.files) == 9
    for k, y in enumerate(outputs):
        np.testing.assert_allclose(y, expected[f"{k:02d}"], rtol=0, atol=2e-6)


def test_whole_file_is_used(network):
    name, model, report, layout = network
    assert report.complete and tuple(report.ramps) == COMPUTED[name]
    constants = {e["name"]: e["weights"] for e in layout["layers"] if e["name"] in COMPUTED[name]}
    frozen = sum(int(np.prod(shape)) for weights in constants.values() for _, shape, _ in weights)
    assert model.count_params() + frozen == layout["parameters"] == PARAMETERS[name]


def test_file_comes_back_in_its_order(network):
    _name, model, _, layout = network
    stored = [sorted(tuple(w[1]) for w in e["weights"]) for e in layout["layers"] if e["weights"]]
    order = [e["name"] for e in layout["layers"] if e["weights"]]
    groups = [(group, weights) for group, weights in legacy_groups(model) if weights]
    assert [sorted(a.shape for _, a in weights) for _, weights in groups] == stored
    mine = [group for group, _ in groups]
    assert mine[:-2] == order[:-2] and mine[-2:] == ["PoseAR_weighting", "GuidedVisAR_weighting"]


def test_a_wrong_constant_is_refused(network, reference, reference_weights, tmp_path):
    import h5py

    name, model, _, _ = network
    path = tmp_path / "spoilt.h5"
    reference_weights.write_h5(reference / f"{name}.json", path)
    with h5py.File(path, "r+") as file:
        group = file["sSAM"]
        kernel = group[group.attrs["weight_names"][0]]
        kernel[3, 4] = kernel[3, 4] + 0.1
    before = keras.ops.convert_to_numpy(model.weights[0])
    with pytest.raises(ValueError, match="sSAM"):
        model.load_weights(path)
    np.testing.assert_array_equal(before, keras.ops.convert_to_numpy(model.weights[0]))
