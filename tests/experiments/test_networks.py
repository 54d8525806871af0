"""Networks of the scripts: one starts from the weights of another."""

import dataclasses

import numpy as np
import pytest

from deephar.experiments import networks
from deephar.models import spnet
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
        MODELS["spnet-small-2d"], name="tiny-2d", config=config.to_dict(), file="tiny.weights.h5", sha256=None
    )
    monkeypatch.setitem(MODELS, "tiny-2d", card)
    monkeypatch.setenv("DEEPHAR_WEIGHTS", str(tmp_path))
    return model, tmp_path / "tiny.weights.h5"


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
    with pytest.raises(ValueError, match="depthmaps_conv1"):
        networks.initialise(spnet.build(networks.tiny_config(layout=pa17j3d)), path)
