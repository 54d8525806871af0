"""Pose frames: colours of limbs, backgrounds, thickness, people who are missing or unsure."""

import itertools

import numpy as np
import pytest

from deephar.drawing.pose_frames import BACKGROUNDS, COLORS, LIMBS, MARKERS, THICKNESSES, palette, render_poses
from deephar.utils.pose import coco17j, mpii16j2d

NAMES = coco17j.joint_names
GRAY = np.full((1, 120, 160, 3), 90, np.uint8)


def standing(scale=1.0):
    """A person (17, 2) in the middle of the frame who stands with the arms stretched out."""
    places = {"nose": (0, -45), "eye": (4, -48), "ear": (8, -46), "shoul": (14, -32), "elb": (32, -32)}
    places |= {"wrist": (48, -32), "hip": (10, 2), "knee": (14, 26), "ankle": (16, 50)}
    points = []
    for name in NAMES:
        side = {"l": 1, "r": -1}.get(name[0] if "_" in name else "", 0)
        x, y = places[name.split("_")[-1]]
        points.append((80 + scale * (side * x), 60 + scale * y))
    return np.array(points)


def colour_at(image, first, second):
    """The colour in the middle between two joints."""
    points = standing()
    x, y = (points[NAMES.index(first)] + points[NAMES.index(second)]) / 2
    return tuple(image[int(y), int(x)].tolist())


def test_every_limb_has_its_colour():
    fine = render_poses(GRAY, [[standing()]], width=0.04)[0]
    seen = [colour_at(fine, first, second) for first, second, _ in LIMBS]
    assert seen == palette(13)[:12] and len(set(palette(13))) == 13
    coarse = render_poses(GRAY, [[standing()]], colors=6, width=0.04)[0]
    assert [colour_at(coarse, first, second) for first, second, _ in LIMBS] == [palette(6)[k] for _, _, k in LIMBS]
    head = fine[20, 80].tolist()  # between nose and shoulders
    assert tuple(head) == palette(13)[12] and tuple(coarse[20, 80].tolist()) == palette(6)[5]


def test_dots_are_the_joints_of_limbs_and_the_head():
    image = render_poses(GRAY, [[standing()]], marker="dot", background="black")[0]
    shown = {name for name, (x, y) in zip(NAMES, standing(), strict=True) if image[int(y), int(x)].any()}
    assert shown == {name for name in NAMES if not name.endswith(("eye", "ear"))}
    assert not image[52, 120].any() and colour_at(image, "l_elb", "l_wrist") == (0, 0, 0)


@pytest.mark.parametrize(("marker", "colors", "thickness"), itertools.product(MARKERS, COLORS, THICKNESSES))
def test_backgrounds_differ_only_where_nothing_is_drawn(marker, colors, thickness):
    options = dict(marker=marker, colors=colors, thickness=thickness)
    on_frame, on_black = (render_poses(GRAY, [[standing()]], background=k, **options)[0] for k in BACKGROUNDS)
    untouched = (on_frame == 90).all(axis=-1)
    assert untouched.mean() > 0.8 and not on_black[untouched].any() and on_black[~untouched].any()
    assert (GRAY == 90).all()


def test_thickness_follows_the_person_or_the_frame():
    small, large = standing(0.5), standing()

    def painted(pose, **options):
        return int(render_poses(GRAY, [[pose]], background="black", **options)[0].any(axis=-1).sum())

    boxes = [[[0, 0, 100, 400]]]
    assert painted(large, boxes=boxes) > 2 * painted(large)  # 8 px, and 2 px by the box of the joints
    assert painted(large, width=0.06) > 2 * painted(large, width=0.02)
    assert painted(small, thickness="uniform") == pytest.approx(painted(large, thickness="uniform") / 2, rel=0.2)
    assert painted(large, thickness="uniform", width=6) > 2 * painted(large, thickness="uniform", width=2)


def test_nobody_and_unsure_joints_are_left_out():
    frames = np.repeat(GRAY, 3, axis=0)
    sure = np.concatenate([standing(), np.ones((17, 1))], axis=1)
    sure[NAMES.index("l_wrist"), 2] = 0.4
    gone = standing()
    gone[NAMES.index("r_ankle")] = np.nan
    drawn = render_poses(frames, [[], [sure], [gone]])
    np.testing.assert_array_equal(drawn[0], GRAY[0])
    assert colour_at(drawn[1], "l_elb", "l_wrist") == (90, 90, 90) != colour_at(drawn[1], "r_elb", "r_wrist")
    assert colour_at(drawn[2], "r_knee", "r_ankle") == (90, 90, 90) != colour_at(drawn[2], "l_knee", "l_ankle")
    assert not render_poses(frames[:1], [[]], background="black").any()


def test_several_people_and_other_layouts():
    people = np.stack([standing(), standing() + [40, 0]])
    both = render_poses(GRAY, [people], background="black")[0]
    one = render_poses(GRAY, [people[:1]], background="black")[0]
    assert both.any(axis=-1).sum() > 1.5 * one.any(axis=-1).sum()
    pose = np.random.default_rng(0).uniform(20, 100, (1, 16, 2))
    assert render_poses(GRAY, [pose], mpii16j2d, background="black").any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"marker": "line"}, "`marker` must be one of bar, dot. Received: 'line'"),
        ({"colors": 12}, "`colors` must be one of 13, 6. Received: 12"),
        ({"poses": []}, r"`poses` and `boxes` lists of T. Received: \(1, 120, 160, 3\), 0"),
        ({"poses": [np.zeros((1, 16, 2))]}, r"arrays \(P, 17, 2\) or \(P, 17, 3\). Received: \(1, 16, 2\) for frame 0"),
        ({"layout": "flic9j2d"}, "`layout` must have arms, legs and a head. Received: flic9j2d"),
        ({"boxes": [np.zeros((2, 4))]}, "`boxes` must be one a person. Received: 2 for 1"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        render_poses(GRAY, **{"poses": [[standing()]], **options})
