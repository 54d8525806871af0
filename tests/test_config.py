"""Configurations: what is refused, what is copied, what is drawn, the published settings."""

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest

from deephar import config as C
from deephar.utils import pa16j2d, pa17j3d


def test_defaults_and_derived_values():
    config = C.ModelConfig((8, 256, 192, 3), pa17j3d, num_actions=[60], image_div=8)
    assert (config.num_joints, config.dim, config.num_frames) == (17, 3, 8)
    assert (config.xmin, config.ymin) == (1 / 384, 1 / 512)
    assert config.num_pyramids == 8 and config.action_pyramids == [1, 2] and config.kernel_size == (5, 5)
    image = C.ModelConfig([256, 256, 3], pa16j2d)
    assert image.num_actions == [] and image.num_frames is None and image.input_shape == (256, 256, 3)


def test_the_callers_lists_stay_apart():
    actions, pyramids = [15], [1, 2]
    config = C.ModelConfig((8, 256, 256, 3), pa16j2d, num_actions=actions, action_pyramids=pyramids)
    actions.append(60)
    pyramids.clear()
    assert config.num_actions == [15] and config.action_pyramids == [1, 2]
    other = C.ModelConfig((256, 256, 3), pa16j2d)
    assert other.action_pyramids is not C.ModelConfig((256, 256, 3), pa16j2d).action_pyramids


def test_json_and_copies():
    config = C.ModelConfig((8, 128, 128, 3), pa17j3d, [60, 15], 4, [3, 4], pose_replica=True, sam_alpha=2.0)
    again = C.ModelConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config and hash(again) == hash(config) and config.to_dict()["poselayout"] == "pa17j3d"
    assert pickle.loads(pickle.dumps(config)) == copy.deepcopy(config) == config
    assert config.replace(num_pyramids=6).num_pyramids == 6 and config.num_pyramids == 4
    with pytest.raises(ValueError, match="`values` must only hold fields of ModelConfig. Received: colour"):
        C.ModelConfig.from_dict({**config.to_dict(), "colour": 1})
    data = C.pennaction_dataconf
    assert C.DataConfig.from_dict(json.loads(json.dumps(data.to_dict()))) == data


@pytest.mark.parametrize(
    "change, error, message",
    [
        (dict(input_shape=(256, 3)), ValueError, r"`input_shape` must be \(H, W, C\).*Received: \(256, 3\)"),
        (dict(input_shape=(250, 256, 3)), ValueError, r"divisible by 64 .*Received: \(250, 256, 3\)"),
        (dict(input_shape=(None, 256, 3)), ValueError, r"`input_shape` must hold positive integers.*None"),
        (dict(input_shape=256), TypeError, "`input_shape` must be a list.*Received: 256"),
        (dict(poselayout="pa5"), ValueError, "`name` must be a joint layout.*Received: 'pa5'"),
        (dict(poselayout=16), TypeError, "`poselayout`.*Received: 16"),
        (dict(num_actions=15), TypeError, "`num_actions` must be a list.*Received: 15"),
        (dict(num_actions=[0]), ValueError, r"`num_actions`.*Received: \[0\]"),
        (dict(num_pyramids=0), ValueError, "`num_pyramids` must be a positive integer. Received: 0"),
        (dict(xy_window=0), ValueError, "`xy_window` must be None or above 0. Received: 0"),
        (dict(num_pyramids=2.0), ValueError, "`num_pyramids`.*Received: 2.0"),
        (dict(num_actions=[15], action_pyramids=[1, 9]), ValueError, r"1 to `num_pyramids` \(8\).*Received: \[1, 9\]"),
        (dict(num_actions=[15], action_pyramids=[0]), ValueError, r"`action_pyramids`.*Received: \[0\]"),
        (dict(num_actions=[15], action_pyramids=[2, 2]), ValueError, r"`action_pyramids`.*Received: \[2, 2\]"),
        (dict(num_levels=1), ValueError, "`num_levels` must be at least 2. Received: 1"),
        (dict(image_div=12), ValueError, "`image_div` must be a power of two, 4 or more. Received: 12"),
        (dict(image_div=2), ValueError, "`image_div`.*Received: 2"),
        (dict(downsampling_type="max"), ValueError, "`downsampling_type` must be 'maxpooling' or 'conv'.*'max'"),
        (dict(kernel_size=(5, 5, 5)), ValueError, r"`kernel_size` must be \(rows, columns\)"),
        (dict(growth=-1), ValueError, "`growth`.*Received: -1"),
        (dict(sam_alpha=0), ValueError, "`sam_alpha` must be positive. Received: 0"),
    ],
)
def test_wrong_model_settings_are_named(change, error, message):
    with pytest.raises(error, match=message):
        C.ModelConfig(**{"input_shape": (256, 256, 3), "poselayout": pa16j2d, **change})


def test_fields_are_set_one_after_the_other():
    config = C.ModelConfig((8, 256, 256, 3), pa16j2d, num_actions=[15])
    assert config.num_pyramids == 8
    config.num_pyramids, config.num_levels, config.action_pyramids = 1, 2, [1]
    config.poselayout, config.input_shape = "pa17j3d", [8, 32, 32, 3]
    made = C.ModelConfig((8, 32, 32, 3), pa17j3d, num_actions=[15], num_pyramids=1, num_levels=2, action_pyramids=[1])
    assert config == made and hash(config) == hash(made) and config.num_joints == 17
    assert pickle.loads(pickle.dumps(config)) == copy.copy(config) == config
    pyramids = [1]
    config.action_pyramids = pyramids
    pyramids.append(2)
    assert config.action_pyramids == [1]


@pytest.mark.parametrize(
    "name, value, error, message",
    [
        ("num_pyramids", 0, ValueError, "`num_pyramids` must be a positive integer. Received: 0"),
        ("input_shape", (8, 250, 256, 3), ValueError, "divisible by 64"),
        ("action_pyramids", [9], ValueError, r"1 to `num_pyramids` \(8\)"),
        ("num_actions", 15, TypeError, "`num_actions` must be a list"),
        ("poselayout", "pa5", ValueError, "must be a joint layout"),
        ("num_joints", 17, AttributeError, "`num_joints` is no field of ModelConfig.*poselayout"),
        ("note", 1, AttributeError, "`note` is no field of ModelConfig"),
    ],
)
def test_a_refused_assignment_changes_nothing(name, value, error, message):
    config = C.ModelConfig((8, 256, 256, 3), pa16j2d, num_actions=[15])
    before = config.to_dict()
    with pytest.raises(error, match=message):
        setattr(config, name, value)
    assert config.to_dict() == before and config == C.ModelConfig((8, 256, 256, 3), pa16j2d, num_actions=[15])


def test_what_fields_must_fulfil_together_is_checked_when_a_network_is_built():
    from deephar.models import spnet

    config = C.ModelConfig((8, 64, 64, 3), pa16j2d, num_actions=[15], num_levels=2)
    config.num_pyramids = 1
    with pytest.raises(ValueError, match=r"`action_pyramids`.*`num_pyramids` \(1\).*Received: \[1, 2\]"):
        spnet.build(config)


def test_own_layouts_are_stored_whole():
    class own(pa16j2d):
        dim = 3
        map_from_mine = [0] * 16

    config = C.ModelConfig((256, 256, 3), own)
    assert config.dim == 3 and config.poselayout.map_from_mine == [0] * 16
    again = C.ModelConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config and again.poselayout.name == "own"


def test_positional_order_is_the_published_one():
    names = [f.name for f in dataclasses.fields(C.ModelConfig)]
    assert names[:6] == ["input_shape", "poselayout", "num_actions", "num_pyramids", "action_pyramids", "num_levels"]
    names = [f.name for f in dataclasses.fields(C.DataConfig)]
    assert names[:4] == ["crop_resolution", "image_channels", "angles", "fixed_angle"]
    assert names[-6:-2] == ["subsampling", "fixed_subsampling", "value_range", "pad_color"]


def test_fixed_values_may_be_assigned():
    data = C.DataConfig(fixed_angle=20, fixed_chpower=[0.9, 1.0, 1.1])
    data.fixed_hflip = 1
    with pytest.raises(ValueError, match="`scales` must be a list of numbers.*Received: 1"):
        data.scales = 1
    data.scales = [0.5, 1]
    assert data.scales == (0.5, 1) and hash(data) == hash(data.replace())
    with pytest.raises(AttributeError, match="`fixed_hflips` is no field of DataConfig"):
        data.fixed_hflips = 1
    assert data.get_fixed_config() == {
        "angle": 20,
        "scale": 1,
        "transx": 0,
        "transy": 0,
        "hflip": 1,
        "chpower": (0.9, 1.0, 1.1),
        "geoocclusion": None,
        "subspl": 1,
        "shear": 0,
    }


def test_a_shear_is_drawn_where_there_is_a_choice_and_disturbs_no_other_draw():
    plain, leaning = C.DataConfig(), C.DataConfig(shears=[-0.5, 0.5], fixed_shear=0.25)
    draws = [[data.random_data_generator(np.random.default_rng(k)) for k in range(20)] for data in (plain, leaning)]
    assert {draw["shear"] for draw in draws[0]} == {0} and {draw["shear"] for draw in draws[1]} == {-0.5, 0.5}
    assert [{**a, "shear": 0} for a in draws[1]] == draws[0] and leaning.get_fixed_config()["shear"] == 0.25


def test_draws_follow_the_seed_and_cover_the_choices():
    data = C.human36m_dataconf.replace(crop_resolution=(200, 256))
    rng = np.random.default_rng(3)
    draws = [data.random_data_generator(rng) for _ in range(300)]
    rng = np.random.default_rng(3)
    assert draws == [data.random_data_generator(rng) for _ in range(300)]
    assert set(draws[0]) == set(data.get_fixed_config())
    assert {d["angle"] for d in draws} == {-10, -5, 0, 5, 10} and {d["hflip"] for d in draws} == {0, 1}
    assert all(len(d["chpower"]) == 3 and 0.9 <= min(d["chpower"]) <= max(d["chpower"]) <= 1.1 for d in draws)
    boxes = np.array([d["geoocclusion"] for d in draws])
    assert (boxes[:, :2] > 0).all() and (boxes[:, 2] < 200).all() and (boxes[:, 3] < 256).all()
    assert C.DataConfig().random_data_generator()["geoocclusion"] is None


def test_shape_is_rows_first():
    assert C.DataConfig(crop_resolution=(192, 256)).input_shape == (256, 192, 3)
    with pytest.raises(ValueError, match=r"`crop_resolution` must be \(width, height\).*Received: \(1, 2, 3\)"):
        C.DataConfig(crop_resolution=(1, 2, 3))
    with pytest.raises(ValueError, match="`angles` must be a list of numbers.*Received: 5"):
        C.DataConfig(angles=5)
    with pytest.raises(ValueError, match=r"`scales` must be a list of numbers.*Received: \[\]"):
        C.DataConfig(scales=[])


def test_published_settings():
    settings = {name: value for name, value in vars(C).items() if isinstance(value, C.DataConfig)}
    assert len(settings) == 9 and C.mpii_dataconf is C.mpii_sp_dataconf
    for setting in settings.values():
        assert setting.crop_resolution == (256, 256) and setting.hflips == (0, 1) and len(setting.chpower) == 11
    assert C.mpii_dataconf.angles == tuple(range(-40, 41, 5)) and C.mpii_dataconf.trans_x == (0,)
    penn = C.pennaction_dataconf
    assert (penn.subsampling, penn.fixed_subsampling, penn.trans_y) == ((4, 6, 8), 6, (-10, -5, 0, 5, 10))
    assert C.pennaction_pe_dataconf.scales == (0.7, 1.0, 1.3, 2.0)
    assert C.human36m_dataconf.geoocclusion == tuple(range(20, 90)) and C.human36m_dataconf.trans_y[0] == -4
    assert (C.ntu_dataconf.subsampling, C.ntu_dataconf.fixed_subsampling) == ((3, 4, 5), 4)
    assert (C.ntu_ar_dataconf.fixed_subsampling, C.ntu_ar_dataconf.trans_y[-1]) == (2, 40)
    assert C.pennaction_ar_dataconf.angles[-1] == 30 and C.ntu_pe_dataconf.angles[-1] == 10
