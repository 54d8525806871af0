"""Motion scripts: the fifteen actions, styles of the splits, interpolation and the left-handed twin."""

from dataclasses import replace

import numpy as np
import pytest

from deephar.synthetic.actions import ACTIONS, MAX_FRAMES, MIN_FRAMES, sample_take
from deephar.synthetic.body import BONES, MIRROR, P
from deephar.synthetic.motion import CELLS, NUM_CELLS, SPLITS, Keys, Style, interpolate


def _take(action, seed=0, split="train"):
    return sample_take(np.random.default_rng(seed), split, action)


@pytest.mark.parametrize("action", range(len(ACTIONS)), ids=ACTIONS)
def test_every_action_moves_a_rigid_body_above_the_floor(action):
    for seed in range(4):
        take = _take(action, seed)
        assert MIN_FRAMES <= take.num_frames <= MAX_FRAMES
        points = take.perform(np.arange(take.num_frames)).skeleton.points
        assert np.isfinite(points).all()
        assert points[..., 2].min() > 0
        lengths = np.stack([np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in BONES])
        np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:, :1], lengths.shape), atol=1e-6)
        step = np.abs(np.diff(points, axis=0)).max()
        # The hand of a pitcher does a good metre a frame.
        assert 0.5 < step < 1300.0, "nobody stands still or jumps from one place to another"


@pytest.mark.parametrize("action", range(len(ACTIONS)), ids=ACTIONS)
def test_one_frame_alone_equals_the_frame_of_the_video(action):
    take = _take(action, 1)
    whole = take.perform(np.arange(take.num_frames)).skeleton.points
    np.testing.assert_allclose(take.perform(7).skeleton.points[0], whole[7], atol=1e-9)


@pytest.mark.parametrize("action", range(len(ACTIONS)), ids=ACTIONS)
def test_the_left_handed_twin_is_the_mirror_image(action):
    take = replace(_take(action, 2), heading=0.0, left_handed=False)
    right, left = take.perform([3, 9]), replace(take, left_handed=True).perform([3, 9])
    np.testing.assert_allclose(left.skeleton.points, right.skeleton.points[:, MIRROR] * (1, -1, 1), atol=1e-9)
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
    with pytest.raises(ValueError, match="`action` must be in 0..14. Received: 15"):
        _take(15)
