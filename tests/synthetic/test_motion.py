"""Motion scripts: the fifteen actions, styles of the splits, interpolation and the left-handed twin."""

from dataclasses import replace

import numpy as np
import pytest

from deephar.synthetic.actions import ACTIONS, H36M, MAX_FRAMES, MIN_FRAMES, NTU, PENN, get_actions, sample_take
from deephar.synthetic.body import BONES, FLIP, P
from deephar.synthetic.motion import CELLS, NUM_CELLS, SPLITS, Keys, Style, interpolate

EVERY = [(actions, action) for actions in (PENN, NTU, H36M) for action in actions.performed]
EVERY_NAME = [f"{actions.name} {actions.label(action)}" for actions, action in EVERY]


def _take(action, seed=0, split="train", actions=PENN):
    return sample_take(np.random.default_rng(seed), split, action, actions)


@pytest.mark.parametrize("actions, action", EVERY, ids=EVERY_NAME)
def test_every_action_moves_a_rigid_body_above_the_floor(actions, action):
    for seed in range(4):
        take = _take(action, seed, actions=actions)
        assert MIN_FRAMES <= take.num_frames <= MAX_FRAMES
        points = take.perform(np.arange(take.num_frames)).skeleton.points
        assert np.isfinite(points).all()
        assert points[..., 2].min() > 0
        lengths = np.stack([np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in BONES])
        np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:, :1], lengths.shape), atol=1e-6)
        step = np.abs(np.diff(points, axis=0)).max()
        # The hand of a pitcher does a good metre a frame.
        assert 0.5 < step < 1300.0, "nobody stands still or jumps from one place to another"


@pytest.mark.parametrize("actions, action", EVERY, ids=EVERY_NAME)
def test_one_frame_alone_equals_the_frame_of_the_video(actions, action):
    take = _take(action, 1, actions=actions)
    whole = take.perform(np.arange(take.num_frames)).skeleton.points
    np.testing.assert_allclose(take.perform(7).skeleton.points[0], whole[7], atol=1e-9)


@pytest.mark.parametrize("actions, action", EVERY, ids=EVERY_NAME)
def test_the_left_handed_twin_is_the_flipped_one(actions, action):
    take = replace(_take(action, 2, actions=actions), heading=0.0, left_handed=False)
    right, left = take.perform([3, 9]), replace(take, left_handed=True).perform([3, 9])
    np.testing.assert_allclose(left.skeleton.points, right.skeleton.points[:, FLIP] * (1, -1, 1), atol=1e-9)
    for prop, twin in zip(right.props, left.props, strict=True):
        for name, value in prop.points.items():
            np.testing.assert_allclose(twin.points[name], value * (1, -1, 1))


def test_feet_that_stand_do_not_slide():
    take = replace(_take(ACTIONS.index("squat"), 3), heading=0.0)
    points = take.perform(np.arange(take.num_frames)).skeleton.points
    for name in ("r_heel", "l_heel"):
        assert np.ptp(points[:, P[name]], axis=0).max() < 15.0


def test_the_bar_stays_in_both_hands():
    for action in ("clean_and_jerk", "bench_press"):
        takes = [_take(ACTIONS.index(action), seed) for seed in range(9)]
        take = next(t for t in takes if any(prop.kind == "barbell" for prop in t.perform(0).props))
        done = take.perform(np.arange(take.num_frames))
        bar = next(prop for prop in done.props if prop.kind == "barbell")
        start, along = bar.points["right"], bar.directions["along"]
        for hand in ("r_hand", "l_hand"):
            offset = done.skeleton.points[:, P[hand]] - start
            apart = np.linalg.norm(offset - (offset * along).sum(-1, keepdims=True) * along, axis=1)
            assert apart.max() < 80.0


def test_splits_draw_style_from_ranges_that_do_not_touch():
    cells = [set(CELLS[split].tolist()) for split in SPLITS]
    assert set().union(*cells) == set(range(NUM_CELLS)) and sum(map(len, cells)) == NUM_CELLS
    drawn = {}
    for split in SPLITS:
        style = Style(np.random.default_rng(0), split)
        drawn[split] = {int(style.uniform(0.0, 1.0) * NUM_CELLS) for _ in range(300)}
        assert drawn[split] == set(CELLS[split].tolist())


def test_interpolation_meets_the_keys_and_does_not_overshoot():
    times, values = np.array([0, 0.3, 0.5, 1.0]), np.array([[0.0], [1.0], [1.0], [-2.0]])
    np.testing.assert_allclose(interpolate(times, values, times), values)
    curve = interpolate(times, values, np.linspace(0, 1, 201))
    assert curve.max() <= 1.0 + 1e-12 and curve.min() >= -2.0 - 1e-12
    assert np.abs(np.diff(curve, axis=0)).max() < 0.1


def test_a_cycle_joins_end_and_start():
    keys = Keys((0, 0.4, 1), cyclic=True, root="0 0 900 | 0 0 500 | 0 0 900")
    keys = keys.styled(Style(np.random.default_rng(1), "test"))
    np.testing.assert_allclose(keys.at([0.999999]), keys.at([1.0]), atol=1e-2)
    np.testing.assert_allclose(keys.at([0.25]), keys.at([3.25]))


def test_unknown_split_and_action_are_named():
    with pytest.raises(ValueError, match="`split` must be one of .*Received: 'dev'"):
        Style(np.random.default_rng(0), "dev")
    with pytest.raises(ValueError, match="`action` must be one of .*14.*Received: 15"):
        _take(15)


def _path(action, name, seed, actions=NTU, frames=41):
    """A point of the body over one performance, (T, 3), of somebody right-handed who faces +x."""
    take = replace(_take(action - 1, seed, actions=actions), heading=0.0, left_handed=False)
    return take.perform(np.linspace(0, take.num_frames - 1, frames)).skeleton.points[:, P[name]]


def test_ntu_has_at_least_twenty_of_its_sixty_actions():
    assert len(NTU.performed) >= 20 and NTU.num_actions == 60 and set(NTU.performed) <= set(range(60))
    assert NTU.label(7) == "sit down" and NTU.label(27) == "phone call"
    assert len(H36M.performed) == H36M.num_actions == 15 and H36M.label(12) == "Walking"
    with pytest.raises(ValueError, match="`actions` must be one of .*Received: 'kinetics'"):
        get_actions("kinetics")
    with pytest.raises(ValueError, match="`action` must be one of .*Received: 11"):
        _take(11, actions=NTU)


def test_sitting_down_ends_where_standing_up_begins():
    for seed in range(5):
        down, up = _path(8, "pelvis", seed)[:, 2], _path(9, "pelvis", seed)[:, 2]
        assert down[0] - down[-1] > 200 and up[-1] - up[0] > 200
        assert (np.diff(down) < 12).all() and (np.diff(up) > -12).all()


@pytest.mark.parametrize("action", [1, 2, 3, 4, 28, 37, 38], ids=lambda number: NTU.label(number - 1))
def test_the_hand_comes_to_the_head(action):
    for seed in range(5):
        right, left = (_path(action, f"{side}_hand", seed) for side in "rl")
        head = [_path(action, name, seed) for name in ("chin", "nose", "head_top", "r_ear")]
        apart = np.linalg.norm(np.stack(head) - right, axis=-1).min()
        assert 30.0 < apart < 240.0 and np.linalg.norm(np.stack(head) - left, axis=-1).min() > apart


def test_what_is_dropped_lies_on_the_floor_and_what_is_picked_up_does_not():
    for action, rises in ((5, False), (6, True)):
        take = _take(action - 1, 3, actions=NTU)
        ball = take.perform(np.arange(take.num_frames)).props[0]
        height = ball.points["centre"][:, 2] - ball.numbers["radius"]
        low, high = (height[0], height[-1]) if rises else (height[-1], height[0])
        assert abs(low) < 40.0 and high > 400.0


def test_somebody_who_fell_lies_and_somebody_who_jumps_leaves_the_floor():
    assert _path(43, "head_top", 1)[-1, 2] < 500.0 < 1200.0 < _path(43, "head_top", 1)[0, 2]
    for action in (26, 27):
        toes = np.stack([_path(action, name, 2)[:, 2] for name in ("r_toe", "l_toe", "r_heel", "l_heel")])
        assert toes.min(0).max() > 55.0 > 45.0 > toes.min()


def test_somebody_who_walks_comes_forward_with_one_foot_at_a_time():
    for action in (13, 14, 15):
        pelvis = _path(action, "pelvis", 4, H36M)
        assert pelvis[-1, 0] - pelvis[0, 0] > 1500.0 and (np.diff(pelvis[:, 0]) > -5.0).all()
        soles = [[_path(action, f"{side}_{name}", 4, H36M)[:, 2] for name in ("heel", "toe")] for side in "rl"]
        in_the_air = np.min(soles, axis=1) > 60.0  # (2, T)
        assert (in_the_air.sum(0) < 2).all() and in_the_air.any(1).all()
