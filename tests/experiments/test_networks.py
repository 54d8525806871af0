"""Networks of the scripts: one starts from the weights of another."""

import dataclasses
import json
import types

import numpy as np
import pytest

from deephar.experiments import networks
from deephar.models import spnet
from deephar.models.builders import build_network
from deephar.models.zoo import MODELS
from deephar.utils import pa17j3d


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A registered clip network of 2D poses and its file."""
    config = networks.tiny_config(num_frames=4)
    model = spnet.build(config)
    model.set_weights([w + 0.1 for w in model.get_weights()])
    model.save_weights(tmp_path / "tiny.weights.h5")
    card = dataclasses.replace(
        MODELS["spnet-2d"], name="tiny-2d", config=config.to_dict(), file="tiny.weights.h5", sha256=None
    )
    monkeypatch.setitem(MODELS, "tiny-2d", card)
    monkeypatch.setenv("DEEPHAR_WEIGHTS", str(tmp_path))
    return model, tmp_path / "tiny.weights.h5"


@pytest.fixture
def scripts(trained, monkeypatch, tmp_path):
    """Arguments of a script of a published network whose file is not there, and its folder for weights."""
    card = dataclasses.replace(MODELS["tiny-2d"], name="paper", file="paper.hdf5", where="https://example.org/paper")
    monkeypatch.setitem(MODELS, "paper", card)
    monkeypatch.chdir(tmp_path)
    names = dict.fromkeys(("model", "weights"))
    return types.SimpleNamespace(tiny=False, network_name="paper", **names), trained[0]


def test_a_script_scores_its_published_network_where_the_file_is_there(scripts, tmp_path, capsys):
    arguments, model = scripts
    model.save_weights(tmp_path / "paper.hdf5")
    found, about = networks.load(arguments, fallback="tiny-2d")
    assert about == {"model": "paper", "weights": str(tmp_path / "paper.hdf5")} and same(model, found, "conv1")
    assert capsys.readouterr().out == f"network: paper ({tmp_path / 'paper.hdf5'})\n"


def test_another_network_is_not_scored_in_silence(scripts, tmp_path, capsys):
    arguments, _ = scripts
    _, about = networks.load(arguments, fallback="tiny-2d")
    assert about == {"model": "tiny-2d", "weights": str(tmp_path / "tiny.weights.h5")}
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("network: tiny-2d (") and "not paper: paper.hdf5 is not in" in first
    assert "https://example.org/paper" in first and "--model paper --weights PATH" in first


def test_where_nothing_takes_its_place_the_error_says_where_to_get_it(scripts):
    arguments, _ = scripts
    with pytest.raises(FileNotFoundError, match="no network was given, and paper.hdf5 .*example.*--weights tiny-2d"):
        networks.load(arguments, suggestion="tiny-2d")
    arguments.weights = "paper"
    with pytest.raises(FileNotFoundError, match="^paper.hdf5 .*example.org/paper; .* --model paper --weights PATH$"):
        networks.load(arguments, fallback="tiny-2d")


def test_networks_that_are_asked_for(scripts, trained, tmp_path, capsys):
    arguments, path = scripts[0], str(trained[1])
    arguments.model, arguments.weights = "paper", path
    assert networks.load(arguments)[1] == {"model": "paper", "weights": path}
    arguments.model, arguments.weights = None, "tiny-2d"
    assert networks.load(arguments)[1] == {"model": "tiny-2d", "weights": path}
    (tmp_path / "config.json").write_text(json.dumps({"config": {"model": MODELS["tiny-2d"].config}}))
    arguments.weights = str(trained[1].rename(tmp_path / "run.weights.h5"))
    assert networks.load(arguments)[1] == {"model": None, "weights": arguments.weights}
    assert f"network: SPNet ({arguments.weights})" in capsys.readouterr().out
    arguments.weights, arguments.tiny = None, True
    assert networks.load(arguments)[1] == {"model": None, "weights": None}


def same(one, other, name):
    return all(
        np.array_equal(a, b)
        for a, b in zip(one.get_layer(name).get_weights(), other.get_layer(name).get_weights(), strict=True)
    )


def test_a_registered_name_may_have_other_joints(trained, capsys):
    model, _ = trained
    for layout in (pa17j3d, "pa17j3d"):
        image = spnet.build(networks.tiny_config(layout=layout))
        networks.initialise(image, "tiny-2d")
        assert same(model, image, "conv1") and not image.get_layer("dp1_pb1_depthmaps_conv1").get_weights()[0].any()
    assert "started from tiny-2d; 3 layers are fresh: dp1_pb1_depthmaps_conv1" in capsys.readouterr().out


def test_a_file_must_have_the_same_joints(trained):
    model, path = trained
    image = spnet.build(networks.tiny_config())
    networks.initialise(image, path)
    assert same(model, image, "conv1") and same(model, image, "dp1_pb1_heatmaps_conv1")
    with pytest.raises(ValueError, match="dp1_pb1_heatmaps_conv1: .* in the file"):
        networks.initialise(spnet.build(networks.tiny_config(layout=pa17j3d)), path)


def test_a_file_of_more_pyramids_starts_fewer(tmp_path, capsys):
    large = spnet.build(networks.tiny_config(num_pyramids=4))
    large.set_weights([w + 0.1 for w in large.get_weights()])
    large.save_weights(tmp_path / "large.h5")
    image = spnet.build(networks.tiny_config())
    assert networks.initialise(image, tmp_path / "large.h5") == []
    assert all(same(large, image, layer.name) for layer in image.layers if layer.weights)
    assert "0 of the model left as they were" in capsys.readouterr().out


def test_decoupled_poses_begin_as_the_poses(tmp_path):
    image = spnet.build(networks.tiny_config())
    image.save_weights(tmp_path / "image.h5")
    clip = spnet.build(networks.tiny_config(num_frames=4, pose_replica=True))
    fresh = networks.initialise(clip, tmp_path / "image.h5")
    replicas = [name for name in fresh if name.endswith("_replica")]
    assert replicas
    for name in replicas:
        original = image.get_layer(name.removesuffix("_replica")).get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(clip.get_layer(name).get_weights(), original, strict=True))


def test_a_registered_name_of_another_family_is_refused_before_its_file_is_looked_for():
    with pytest.raises(ValueError, match="`init` must be .* same family .*SPNet.*'reception-mpii'.*ReceptionNet"):
        networks.initialise(spnet.build(networks.tiny_config()), "reception-mpii")


def test_a_registered_reception_network_starts_another(tmp_path, monkeypatch):
    config = networks.reception_config(networks.TINY_SIDE, num_blocks=2)
    source = build_network(config)
    source.set_weights([w + 0.1 for w in source.get_weights()])
    source.save_weights(tmp_path / "tiny.h5")
    card = dataclasses.replace(MODELS["reception-mpii"], config=config, file="tiny.h5", sha256=None, md5=None)
    monkeypatch.setitem(MODELS, "reception-mpii", card)
    monkeypatch.setenv("DEEPHAR_WEIGHTS", str(tmp_path))
    smaller = build_network(networks.reception_config(networks.TINY_SIDE, num_blocks=1))
    assert networks.initialise(smaller, "reception-mpii") == []
    assert same(source, smaller, "Stem")
    deeper = build_network(networks.reception_config(networks.TINY_SIDE, num_joints=17, dim=3, num_blocks=1))
    assert "RegMap1/maps" in networks.initialise(deeper, "reception-mpii") and same(source, deeper, "Stem")
