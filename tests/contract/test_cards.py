"""Every registered network builds from its card, and its signature is that of its outputs and of its card."""

import pytest

from deephar.models.cards import MODELS
from deephar.models.zoo import build_model
from tests.contract.networks import expected_shape

CARDS = [pytest.param(name, marks=[] if card.ships else pytest.mark.slow) for name, card in MODELS.items()]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_builds_what_it_says(name):
    card, model = MODELS[name], build_model(name)
    signature = model.signature
    assert tuple(model.input_shape[1:]) == tuple(card.input_shape)
    assert signature.resolution == (card.input_shape[-2], card.input_shape[-3])
    for spec, shape in zip(signature.outputs, model.output_shape, strict=True):
        assert shape == (None, *expected_shape(spec, signature, signature.frame.size))
    assert signature.labels == tuple(card.labels)
    assert (signature.frame.frame_step, signature.frame.fps) == (card.frame_step, card.fps)
    assert bool(signature.action_part) == bool(card.num_actions)
