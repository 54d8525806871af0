"""Files as the original wrote them: into our networks and back, names, shapes and order to the letter."""

import json

import numpy as np
import pytest

from deephar.checkpoints import legacy_h5
from deephar.config import ModelConfig
from deephar.models import spnet

PENN = dict(num_actions=[15], num_pose_features=160, num_visual_features=160, poselayout="pa16j2d")
NTU = dict(num_actions=[60], num_pose_features=192, num_visual_features=192, poselayout="pa17j3d")
CONFIGS = {
    "spnet_penn_6p": dict(num_pyramids=6, action_pyramids=[5, 6], pose_replica=True, **PENN),
    "spnet_ntu_2p": dict(num_pyramids=2, **NTU),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_round_trip(reference, reference_weights, tmp_path, name):
    theirs, ours = tmp_path / "theirs.h5", tmp_path / "ours.hdf5"
    reference_weights.write_h5(reference / f"{name}.json", theirs)
    model = spnet.build(ModelConfig((8, 256, 256, 3), **CONFIGS[name]))
    report = model.load_weights(theirs)
    assert not report.by_order and report.ramps and report.complete
    model.save_weights(ours)
    layers = json.loads((reference / f"{name}.json").read_text())["layers"]
    expected = [(x["name"], [(n, tuple(s)) for n, s, _ in x["weights"]]) for x in layers if x["weights"]]
    groups = legacy_h5.read(ours)
    assert [(layer, [(n, a.shape) for n, a in weights]) for layer, weights in groups] == expected
    stored = dict(weight for _, weights in legacy_h5.read(theirs) for weight in weights)
    for _, weights in groups:
        for weight, array in weights:
            np.testing.assert_allclose(array, stored[weight], rtol=0, atol=1e-7)


@pytest.mark.slow
def test_image_file_into_clip_model_and_second_model_of_a_process(tmp_path):
    """A small network: by name from images to clips, and by order from a file with counted-on layer names."""
    small = dict(num_pyramids=2, num_levels=3, growth=8, poselayout="pa16j2d", num_pose_features=16)
    image = spnet.build(ModelConfig((64, 64, 3), **small))
    clip = spnet.build(ModelConfig((4, 64, 64, 3), num_actions=[5], num_visual_features=16, **small))
    image.save_weights(tmp_path / "image.h5")
    with pytest.raises(ValueError, match="in the model but not in the file"):
        clip.load_weights(tmp_path / "image.h5")
    report = clip.load_weights(tmp_path / "image.h5", by_name=True, ignore="*action*")
    assert len(report.loaded) == sum(bool(layer.weights) for layer in image.layers)
    clip.save_weights(tmp_path / "clip.h5")
    image.load_weights(tmp_path / "clip.h5", by_name=True, ignore="*action*")

    def later(name):
        for number in (4, 3, 2, 1):
            name = name.replace(f"act{number}_", f"act{number + 4}_")
        return name

    groups = [(later(layer), weights) for layer, weights in legacy_h5.read(tmp_path / "clip.h5")]
    legacy_h5.write(tmp_path / "second.h5", groups)
    again = spnet.build(ModelConfig((4, 64, 64, 3), num_actions=[5], num_visual_features=16, **small))
    assert again.load_weights(tmp_path / "second.h5").by_order
    for a, b in zip(clip.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
