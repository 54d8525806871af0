"""The registry: building and loading by name and by file, digests."""

import dataclasses
import hashlib
import json
import pathlib

import h5py
import keras
import numpy as np
import pytest

import deephar
from deephar.checkpoints import legacy_h5
from deephar.config import ModelConfig
from deephar.models import spnet, zoo
from deephar.models.builders import build_network
from deephar.models.cards import find_card
from deephar.models.zoo import MODELS, build_model, load_model, weights_path
from deephar.synthetic.actions import NTU

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def card(small, monkeypatch, tmp_path):
    """A registered network that builds in a moment, with its file in a folder of its own."""
    config = small()
    model = spnet.build(config)
    model.set_weights([np.random.default_rng(0).uniform(0.5, 1, w.shape) for w in model.get_weights()])
    path = tmp_path / "tiny.weights.h5"
    model.save_weights(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    network = {"network": "spnet", **config.to_dict()}
    changes = dict(name="tiny", config=network, file=path.name, sha256=digest, where="from nowhere")
    card = dataclasses.replace(MODELS["spnet-mpii-8p"], **changes)
    monkeypatch.setitem(MODELS, "tiny", card)
    monkeypatch.setenv(zoo.FOLDER_VARIABLE, str(tmp_path))
    return card


def test_weights_are_looked_for_in_the_named_folder_then_the_package_then_beside_it(tmp_path, monkeypatch):
    monkeypatch.setenv(zoo.FOLDER_VARIABLE, str(tmp_path / "named"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(zoo.weight_folders, "__defaults__", (tmp_path / "checkout" / "package",))
    card = MODELS[zoo.DEFAULT_MODEL]
    for folder in ("weights", "checkout/weights", "checkout/package/weights", "named"):  # the last one wins
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / card.file).touch()
        assert zoo.find_weights(card).resolve() == tmp_path / folder / card.file


@pytest.mark.parametrize("name", MODELS)
def test_cards_are_complete(name):
    card = MODELS[name]
    if card.config["network"] == "spnet":
        config = ModelConfig(**{k: v for k, v in card.config.items() if k != "network"})
        assert (card.input_shape, list(card.num_actions)) == (config.input_shape, config.num_actions)
    assert card.name == name
    assert all((card.where, card.trained_on, card.scores, card.paper, card.licence))
    assert not card.labels or (len(card.labels),) == card.num_actions
    assert len(card.sha256 or 64 * "0") == 64 and len(card.md5 or 32 * "0") == 32
    if card.ships and (ROOT / "weights" / card.file).exists():
        zoo.check_digest(ROOT / "weights" / card.file, card)
        assert (ROOT / "weights" / card.file).stat().st_size <= 24e6


def test_a_built_network_has_what_its_card_says(card, monkeypatch, small):
    config = {"network": "spnet", **small(input_shape=(4, 64, 64, 3), num_actions=[3]).to_dict()}
    curve = ((0.0, 0.1), (1.0, 0.9))
    changes = dict(config=config, labels=("sit", "stand", "walk"), frame_step=3, fps=15.0, calibration=curve)
    clips = dataclasses.replace(card, **changes)
    monkeypatch.setitem(MODELS, "tiny", clips)
    signature = build_model("tiny").signature
    assert (signature.labels, signature.frame.frame_step) == (clips.labels, 3)
    assert signature.frame.clip_step_s == clips.clip_step_s == 0.2
    curves = [signature.outputs[k].calibration for k in signature.pose_outputs]
    assert curves == [()] * (len(curves) - 1) + [curve]
    for ask, argument in ((find_card, "name"), (load_model, "name_or_path")):
        with pytest.raises(ValueError, match=f"`{argument}` must be .*Received: 'SPNet-2'; near it: spnet-2d"):
            ask("SPNet-2")
    with pytest.raises(ValueError, match="`name` must be one of spnet-2d, .*Received: 'nix'$"):
        build_model("nix")


@pytest.mark.parametrize("name", [name for name, card in MODELS.items() if card.ships])
def test_shipped_networks_have_as_many_parameters_as_their_cards_say(name):
    assert build_model(name).count_params() == MODELS[name].num_parameters


def test_loading_by_name_and_by_file(card, tmp_path):
    model = deephar.load_model("tiny")
    other = load_model(tmp_path / "tiny.weights.h5")
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    copy = tmp_path / "copy.h5"
    model.save_weights(copy)
    np.testing.assert_array_equal(load_model("tiny", weights=copy).get_weights()[0], model.get_weights()[0])
    model.save(tmp_path / "whole.keras")
    np.testing.assert_array_equal(load_model(tmp_path / "whole.keras").get_weights()[0], model.get_weights()[0])


def test_a_calibration_is_kept_by_whole_models_and_by_runs(card, tmp_path, monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", dataclasses.replace(card, calibration=((0.0, 0.1), (1.0, 0.9))))
    model = load_model("tiny")
    assert model.signature.outputs[-1].calibration == ((0.0, 0.1), (1.0, 0.9))
    run = tmp_path / "run"
    run.mkdir()
    for name in ("whole.keras", "whole.h5"):
        model.save(run / name)
        assert load_model(run / name).signature == model.signature
    model.save_weights(run / "weights_best.weights.h5")
    about = {"config": {"model": card.config}, "signature": model.signature.to_dict()}
    (run / "config.json").write_text(json.dumps(about))
    assert load_model(run).signature == model.signature
    with pytest.raises(ValueError, match="`calibration` must be at most 64 pairs"):
        dataclasses.replace(card, calibration=((1.0, 0.9), (0.0, 0.1)))


def test_loading_from_a_run_folder(card, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    load_model("tiny").save_weights(run / "weights_best.weights.h5")
    with pytest.raises(ValueError, match="`name_or_path` must say what the weights belong to"):
        load_model(run / "weights_best.weights.h5")
    (run / "config.json").write_text(json.dumps({"config": {"model": card.config}}))
    assert load_model(run / "weights_best.weights.h5").name == "SPNet"
    (run / "weights_last.weights.h5").write_bytes(b"not read where there are best weights")
    assert load_model(run).name == "SPNet" and weights_path(run) == run / "weights_best.weights.h5"
    (run / "weights_last.weights.h5").unlink()
    (run / "weights_best.weights.h5").rename(run / "weights_last.weights.h5")
    assert load_model(str(run)).name == "SPNet"
    (run / "weights_last.weights.h5").rename(run / "weights_best.weights.h5")
    with pytest.raises(FileNotFoundError, match="`name_or_path` must be the folder of a run, with weights_best"):
        load_model(tmp_path)
    (run / "config.json").write_text("{")
    with pytest.raises(ValueError, match="`config.json` must be that of a run"):
        load_model(run / "weights_best.weights.h5")


CVPR18 = {
    "reception-mpii": ("reception_mpii", 8 * [(None, 16, 3)]),
    "reception-h36m": ("reception_h36m", 8 * [(None, 17, 4)]),
    "merge-penn": ("merge_penn", [(None, 16, 16, 2), (None, 16, 16, 1)] + 9 * [(None, 15)]),
    "merge-ntu": ("merge_ntu", [(None, 20, 20, 3), (None, 20, 20, 1)] + 9 * [(None, 60)]),
}


@pytest.mark.parametrize("name", CVPR18)
def test_published_files_of_the_first_generation_load(name, reference, reference_weights, monkeypatch, tmp_path):
    layout, shapes = CVPR18[name]
    path = tmp_path / MODELS[name].file
    reference_weights.write_h5(reference / f"{layout}.json", path)
    with pytest.raises(ValueError, match=f"with md5 {MODELS[name].md5}; it is another file or damaged"):
        load_model(name, weights=path)
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(MODELS, name, dataclasses.replace(MODELS[name], md5=digest))
    model = load_model(path)
    assert model.output_shape == shapes
    assert model.input_shape[1:] == MODELS[name].input_shape
    assert model.count_params() == MODELS[name].num_parameters
    stored = legacy_h5.read(path)[1][1][0][1]  # the first kernel of the stem
    assert np.array_equal(model.get_weights()[0], stored)


def test_builders_name_what_is_wrong():
    with pytest.raises(ValueError, match="`network` must be one of spnet, reception, .*Received: 'alexnet'"):
        build_network({"network": "alexnet"})
    with pytest.raises(ValueError, match="`config` must hold the arguments of reception: .*num_pyramids"):
        build_network({"network": "reception", "num_pyramids": 2})
    with pytest.raises(ValueError, match="`config` must hold the arguments of merge: 'num_joints'"):
        build_network({"network": "merge", "pose": {"input_shape": (32, 32, 3)}, "num_actions": 4})


def test_a_damaged_file_is_recognised(card, tmp_path):
    path = tmp_path / "tiny.weights.h5"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    for arguments in (("tiny",), ("tiny", path), (path,)):
        with pytest.raises(ValueError, match=f"`weights` must be tiny.weights.h5 with sha256 {card.sha256}"):
            load_model(*arguments)


def test_absent_file_says_where_to_get_it(card, tmp_path):
    (tmp_path / "tiny.weights.h5").unlink()
    with pytest.raises(FileNotFoundError, match="tiny.weights.h5 is not in .*from nowhere.*given by `weights`"):
        load_model("tiny")
    with pytest.raises(FileNotFoundError, match="`weights` must be a file.*none.h5"):
        load_model("tiny", weights=tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError, match="`name_or_path`.*none.h5"):
        load_model(tmp_path / "none.h5")


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="`name_or_path` must be a file or one of spnet-2d, .*Received: 'spnet'"):
        load_model("spnet")


def test_weights_of_another_network_are_refused(card, tmp_path, small):
    spnet.build(small(growth=16)).save_weights(tmp_path / "wide.h5")
    with pytest.raises(ValueError, match="does not fit the model 'SPNet'"):
        load_model("tiny", weights=tmp_path / "wide.h5")


def test_a_whole_model_in_hdf5_is_loaded(tmp_path, small):
    model = spnet.build(small())
    model.compile("adam", ["mse"] * len(model.outputs))
    model.save(tmp_path / "whole.h5")
    again = load_model(tmp_path / "whole.h5")
    assert type(again) is type(model) and again.signature == model.signature and not again.compiled
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_any_keras_model_in_hdf5_is_loaded_and_code_is_not_run(tmp_path):
    x = keras.Input((4, 3))
    inner = keras.Sequential([keras.Input((4, 3)), keras.layers.Dense(2)], name="inner")
    model = keras.Model(x, inner(keras.layers.LSTM(3, return_sequences=True)(x)))
    model.save(tmp_path / "plain.h5")
    again = load_model(tmp_path / "plain.h5")
    np.testing.assert_allclose(again(np.ones((1, 4, 3))), model(np.ones((1, 4, 3))), atol=1e-6)
    keras.Model(x, keras.layers.Lambda(lambda y: y + 1)(x)).save(tmp_path / "code.h5")
    with pytest.raises(ValueError, match="`path`.*Lambda holds code, which is not run.*code.h5"):
        load_model(tmp_path / "code.h5")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"class_name": "os>Thing", "config": {}}, "'os>Thing' is neither"),
        ({"class_name": "Model", "config": {"layers": [{"module": "os", "class_name": "system"}]}}, "it names 'os'"),
        ({"class_name": "Model"}, "describes no model"),
        ([], "describes no model"),
    ],
)
def test_a_description_of_something_else_is_refused(tmp_path, config, message):
    legacy_h5.write(tmp_path / "odd.h5", [("a", [("a/w", np.ones(2))])])
    with h5py.File(tmp_path / "odd.h5", "a") as file:
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(ValueError, match=message):
        load_model(tmp_path / "odd.h5")


def test_what_was_never_trained_is_masked_on_the_card():
    labels = MODELS["spnet-3d"].labels
    assert len(labels) == 60 and labels == NTU.labels  # the synthetic world performs 26
    assert build_model("spnet-3d").signature.labels == labels
