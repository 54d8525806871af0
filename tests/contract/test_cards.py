"""Every registered network builds as its card says; those that ship are right about a person, on every backend."""

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import SyntheticClips
from deephar.evaluation.people import match_people
from deephar.inference.decode import action_probabilities, decode
from deephar.inference.detector import PersonDetector
from deephar.models.cards import MODELS
from deephar.models.zoo import build_model, load_model
from deephar.synthetic.crowd import render_crowd
from deephar.utils import TEST_MODE
from tests.contract.networks import expected_shape

CARDS = [pytest.param(name, marks=[] if card.ships else pytest.mark.slow) for name, card in MODELS.items()]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_builds_what_it_says(name):
    card, model = MODELS[name], build_model(name)
    signature = model.signature
    assert model.count_params() == card.num_parameters
    assert tuple(model.inputs[0].shape[1:]) == tuple(card.input_shape)
    assert signature.resolution == (card.input_shape[-2], card.input_shape[-3])
    for spec, shape in zip(signature.outputs, [tuple(output.shape) for output in model.outputs], strict=True):
        assert shape == (None, *expected_shape(spec, signature, signature.frame.size))
    assert signature.labels == tuple(card.labels)
    assert (signature.frame.frame_step, signature.frame.fps) == (card.frame_step, card.fps)
    assert bool(signature.action_part) == bool(card.num_actions)


SHIPPED = {"spnet-2d": "penn", "spnet-3d": "ntu"}  # name: whose actions it names
VIDEO = 9  # of the test split: not trained on
ON_JAX = """
import sys
import numpy as np
import deephar
with np.load(sys.argv[1]) as stored:
    outputs = deephar.load_model("spnet-3d").predict_on_batch(stored["clip"])
np.savez(sys.argv[2], *outputs)
"""


@pytest.fixture(scope="module")
def seen():
    """Return {name: (a rendered clip (1, T, H, W, 3), its sample, the outputs on it)} of the networks that ship."""
    found = {}
    for name, actions in SHIPPED.items():
        model = load_model(name)
        dataconf = DataConfig.for_input(model.signature.frame, fixed_subsampling=model.signature.frame.frame_step)
        clips = SyntheticClips(dataconf, model.signature.layout, split="test", length=VIDEO + 1, actions=actions)
        sample = clips.get_data(VIDEO, TEST_MODE)
        clip = sample["frame"][None].astype("float32")
        found[name] = clip, sample, [np.asarray(y) for y in model(clip)], model.signature
    return found


def test_the_shipped_are_all_seen():
    assert {*SHIPPED, "people"} == {name for name, card in MODELS.items() if card.ships}


def test_the_shipped_detector_finds_rendered_people_and_nobody_in_empty_places():
    detect = PersonDetector(load_model("people"))
    crowds = [render_crowd("test", key, 1 + key % 2, (480, 360)) for key in range(8)]
    found = people = 0
    for (boxes, scores), crowd in zip(detect([crowd["frame"] for crowd in crowds]), crowds, strict=True):
        found += match_people(boxes, scores, crowd["boxes"]).sum()
        people += len(crowd["boxes"])
    assert found >= 0.75 * people
    empty = [render_crowd("test", key, 0, (480, 360))["frame"] for key in range(8)]
    assert sum(len(scores) > 0 for _, scores in detect(empty)) <= 1


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_network_is_right_about_a_rendered_person(name, seen):
    _, sample, outputs, signature = seen[name]
    points, confidence = decode(outputs, signature)
    true, visible = sample["pose"][..., :2], sample["pose"][..., -1] > 0
    close = np.linalg.norm(points[0, ..., :2] - true, axis=-1)[visible] < 0.08  # of the crop, 0.15 m or so
    assert close.mean() > 0.8
    assert abs(confidence[0][visible].mean() - close.mean()) < 0.25
    action = signature.action_outputs[-1]
    probabilities = action_probabilities(outputs[action], signature.outputs[action])
    assert probabilities.argmax() == sample["pennaction" if name == "spnet-2d" else "ntuaction"].argmax()
    masked = [k for k, label in enumerate(signature.labels) if label is None]
    assert len(masked) == {"spnet-2d": 0, "spnet-3d": 34}[name] and not probabilities[0, masked].any()


@pytest.mark.slow
def test_a_shipped_network_agrees_on_jax(seen, on_backend, tmp_path):
    clip, _, outputs, _ = seen["spnet-3d"]
    np.savez(tmp_path / "clip.npz", clip=clip)
    on_backend("jax", ON_JAX, tmp_path / "clip.npz", tmp_path / "jax.npz")
    with np.load(tmp_path / "jax.npz") as stored:
        for k, y in enumerate(outputs):
            np.testing.assert_allclose(stored[f"arr_{k}"], y, rtol=0, atol=1e-4)
