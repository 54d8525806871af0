"""SPNets with reference weights give the reference outputs: five networks, second models, another backend."""

import json
import pathlib

import keras
import numpy as np
import pytest

from deephar.config import ModelConfig
from deephar.models import cut_model, spnet

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
TOLERANCE = {"spnet_mpii_8p": 1e-3, "spnet_3d_8p": 1e-3}  # rounding alone moves the last of 8 pyramids by 2e-4
NAMES = ("spnet_mpii_8p", "spnet_3d_8p", "spnet_penn_6p", "spnet_ntu_2p", "spnet_ntu_4p")
SLOW = set(NAMES) - {"spnet_ntu_2p"}


@pytest.fixture(scope="module")
def loaded(published, weight_file):
    """Return a function: name -> the network with the reference weights."""
    models = {}

    def get(name):
        if name not in models:
            models[name] = spnet.build(published(name))
            models[name].load_weights(weight_file(name))
        return models[name]

    return get


def errors(model, reference, reference_weights, name):
    """Largest difference of every output to the reference."""
    shape = model.input_shape[1:]
    x = reference_weights.reference_input((1 if len(shape) == 4 else 2, *shape))
    expected = np.load(reference / f"{name}.outputs.npz")
    outputs = [keras.ops.convert_to_numpy(y) for y in model(x)]
    keys = sorted(expected.files)[: len(outputs)]
    assert [y.shape for y in outputs] == [expected[k].shape for k in keys]
    return [np.abs(y - expected[k]).max() for y, k in zip(outputs, keys, strict=True)]


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in NAMES])
def test_outputs_agree(name, loaded, reference, reference_weights):
    error = errors(loaded(name), reference, reference_weights, name)
    assert len(error) == len(np.load(reference / f"{name}.outputs.npz").files)
    assert error[0] < 2e-6
    assert max(error) < TOLERANCE.get(name, 1e-4)


@pytest.mark.slow
def test_second_model_is_the_same_and_agrees(loaded, published, reference, reference_weights, weight_file):
    first, second = loaded("spnet_ntu_2p"), spnet.build(published("spnet_ntu_2p"))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    assert [w.path for w in first.weights] == [w.path for w in second.weights]
    second.load_weights(weight_file("spnet_ntu_2p"), by_name=True)
    assert max(errors(second, reference, reference_weights, "spnet_ntu_2p")) < 1e-4


@pytest.mark.slow
def test_the_readme_loads_a_clip_file_into_an_image_network(published, reference, weight_file, tmp_path, monkeypatch):
    (tmp_path / "penn.hdf5").symlink_to(weight_file("spnet_penn_6p"))
    monkeypatch.chdir(tmp_path)
    (line,) = [x for x in README.read_text(encoding="utf-8").splitlines() if '"penn.hdf5"' in x]
    penn = published("spnet_penn_6p")
    model = spnet.build(ModelConfig((256, 256, 3), penn.poselayout, num_pyramids=penn.num_pyramids))
    exec(f"report = {line}", found := {"model": model})
    stored = {e["name"] for e in json.loads((reference / "spnet_penn_6p.json").read_text())["layers"] if e["weights"]}
    assert set(found["report"].loaded) == {layer.name for layer in model.layers if layer.weights}
    assert not found["report"].missing and set(found["report"].unexpected) < stored


def test_cut_network_agrees(loaded, reference, reference_weights):
    model = loaded("spnet_3d_8p")
    cut = cut_model(model, "up2_pb0")
    error = errors(cut, reference, reference_weights, "spnet_3d_8p")
    assert len(error) == 6
    assert max(error) < 1e-5
    assert cut.count_params() < 0.4 * model.count_params()


@pytest.mark.parametrize("name", NAMES)
def test_weight_layers_in_the_order_of_old_files(name, loaded, reference):
    stored = json.loads((reference / f"{name}.json").read_text())["layers"]
    stored = [(entry["name"], [w[1] for w in entry["weights"]]) for entry in stored if entry["weights"]]
    mine = loaded(name).legacy_layout()
    assert [layer for layer, _ in mine] == [layer for layer, _ in stored]
    for (_, ramp), (_, shapes) in zip(mine, stored, strict=True):
        if ramp is not None:
            _, rows, columns, joints = ramp
            assert shapes == [[rows, columns, joints, 1], [1, 1, joints, joints]]


JAX_SCRIPT = """
import os, sys
import keras, numpy as np
keras.initializers.GlorotUniform.__call__ = lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)  # saves time
from deephar.config import ModelConfig
from deephar.models import spnet
assert keras.backend.backend() == "jax"
unused = ["dp[357]*", "up[468]*", "up2_pb0_*_conv2", "up2_pb0_heatmaps_fw_maps"]
for name, layout in (("spnet_mpii_8p", "pa16j2d"), ("spnet_3d_8p", "pa17j3d")):
    model = spnet.build(ModelConfig((256, 256, 3), layout, num_pyramids=2))
    model.load_weights(os.path.join(sys.argv[1], name + ".h5"), ignore=unused)
    x = np.load(sys.argv[2])
    expected = np.load(os.path.join(sys.argv[3], name + ".outputs.npz"))
    outputs = model.predict_on_batch(x)
    assert len(outputs) == 6
    print(max(float(np.abs(y - expected[f"{i:02d}"]).max()) for i, y in enumerate(outputs)))
"""


@pytest.mark.slow
def test_agrees_on_jax(reference, reference_weights, weight_file, on_backend, tmp_path):
    folder = {weight_file(name).parent for name in ("spnet_mpii_8p", "spnet_3d_8p")}.pop()
    np.save(tmp_path / "x.npy", reference_weights.reference_input((2, 256, 256, 3)))
    lines = [float(line) for line in on_backend("jax", JAX_SCRIPT, folder, tmp_path / "x.npy", reference).split()]
    assert len(lines) == 2
    assert max(lines) < 1e-5
