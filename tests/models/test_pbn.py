"""The part-based branching network: counts of the paper, groups that make the joints' order, overlaps as means."""

import keras
import numpy as np
import pytest

from deephar.layers.maps import JoinGroups
from deephar.models import pbn
from deephar.utils.parts import GROUPS, check_groups


def counts(**options):
    """(trainable, frozen) weights."""
    model = pbn.build(**options)
    frozen = sum(int(np.prod(v.shape)) for v in model.non_trainable_weights)
    return model.count_params() - frozen, frozen


ALONE = [[joint] for joint in range(16)]


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ({}, (3_641_168, 18_816)),
        ({"head": "deep"}, (3_707_920, 18_432)),
        ({"head": "plain"}, (3_492_880, 16_896)),
        ({"groups": "body"}, (3_671_440, 19_200)),
        ({"groups": ALONE}, (3_974_160, 23_040)),
        pytest.param(
            {"num_stacks": 3, "branch_filters": 96, "branch_residuals": 3}, (11_519_824, 66_752), marks=pytest.mark.slow
        ),
    ],
)
def test_as_many_weights_as_counted_by_hand(options, number):
    assert counts(**{"num_stacks": 1, **options}) == number


@pytest.mark.slow
def test_the_deep_baseline_has_the_millions_of_the_paper():
    assert counts(head="deep") == (27_220_864, 133_120)  # 27.22 M; the 26.69 M of the branches are on the card


def test_maps_of_groups_come_in_the_joints_order():
    maps = [np.full((1, 2, 2, len(group)), group, "float32") for group in GROUPS["body"]]
    joined = keras.ops.convert_to_numpy(JoinGroups(GROUPS["body"], 16)(maps))
    np.testing.assert_array_equal(joined[0, 1, 0], np.arange(16))


def test_a_joint_of_several_groups_is_the_mean_of_its_maps():
    layer = JoinGroups([[0, 1], [2, 1], [1]], 3)
    maps = [np.array([[[values]]], "float32") for values in ([5, 1], [7, 4], [10])]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(maps))[0, 0, 0], [5, 5, 7])
    again = JoinGroups.from_config(layer.get_config())
    np.testing.assert_array_equal(again(maps), layer(maps))


def test_specific_fusion_hands_the_branches_features_on():
    model = pbn.build((64, 64, 3), num_stacks=2, filters=16, branch_filters=8, fusion="specific")
    assert model.get_layer("stack1_back").kernel.shape == (1, 1, 5 * 8, 16)
    assert model.output_shape == [(None, 16, 16, 16)] * 2
    assert {(spec.sigma_px, spec.patch) for spec in model.signature.outputs} == {(1.75, 7)}
    text = pbn.build((64, 64, 3), num_stacks=1, filters=16, branch_filters=8, sigma_px=1.0)
    assert (text.signature.outputs[0].sigma_px, text.signature.outputs[0].patch) == (1.0, 0)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[0, 0], *ALONE[1:]], "a joint at most once in each group"),
        (ALONE[1:], r"every joint. Received: groups without \[0\]"),
        ([*ALONE, [16]], r"from 0 to 15. Received: \[16\]"),
        ([*ALONE, []], "none empty"),
    ],
)
def test_groups_that_are_none(groups, message):
    with pytest.raises(ValueError, match=f"`groups` must .*{message}"):
        check_groups(groups, 16)
    with pytest.raises(ValueError, match=message):
        pbn.build((64, 64, 3), groups)


def test_other_arguments_out_of_range():
    for name, value, allowed in (("head", "wide", "branches, deep, plain"), ("fusion", "none", "shared, specific")):
        with pytest.raises(ValueError, match=f"`{name}` should be one of {allowed}. Received: '{value}'"):
            pbn.build((64, 64, 3), **{name: value})
    with pytest.raises(ValueError, match="`groups` should be one of statistical, body"):
        pbn.build(groups="parts")
