"""Scenes of nobody, of one person or of several: `render_crowd`, with the box and the joints of each of them.

    number of people -> who, where on the floor (apart from each other) -> camera that sees the place
                     -> one scene of all their solids -> pixels, and what of each person can be seen
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from deephar.synthetic.actions import get_actions
from deephar.synthetic.appearance import dress, sample_person
from deephar.synthetic.body import POINT_NAMES
from deephar.synthetic.camera import box_of, project, sample_rig
from deephar.synthetic.effects import apply
from deephar.synthetic.motion import place
from deephar.synthetic.render import render
from deephar.synthetic.scene import PART_SECOND_PERSON, Scene, merge
from deephar.synthetic.stage import Stage
from deephar.synthetic.visibility import visible_points
from deephar.synthetic.world import Job, check_job, draw_still

CROWDS = 6  # the family of random numbers, see `world.STILLS`
MOST_PEOPLE = 8
PARTS_OF_ONE = 100  # by which the part numbers of people differ
APART_MM = (550.0, 900.0)  # between the middles of two people, at least
REACH_MM = (700.0, 3200.0)  # from the middle of the place, at most
TRIES = 40
RANDOM_POSES = 0.6  # share of people whose pose is none of a motion


def render_crowd(
    split: str,
    index: int,
    num_people: int,
    size: tuple[int, int] = (256, 256),
    seed: int = 0,
    background: str | None = None,
) -> dict:
    """One image of a number of people.

    Args:
        split: 'train', 'validation' or 'test'.
        index: number of the image, from 0.
        num_people: how many people are there, 0 to MOST_PEOPLE; some may be hidden or out of view.
        size: (width, height) px.
        seed: seed of the world.
        background: a folder of images to use as backgrounds, or None.

    Returns:
        dict, for N people: `frame` uint8 (H, W, 3) RGB; `boxes` (N, 4) x1 y1 x2 y2 px around all joints, also those
        out of view; `joints_px` (N, 36, 2), pixel centres at integer + 0.5, order of `body.POINT_NAMES`; `visible`
        (N, 36) bool.

    Raises:
        ValueError: an argument out of range.

    Example:

        >>> from deephar.synthetic.crowd import render_crowd
        >>> scene = render_crowd("train", 0, 2, (64, 48))
        >>> scene["frame"].shape, scene["boxes"].shape
        ((48, 64, 3), (2, 4))
    """
    check_job(split, index, size, "scene", seed)
    if int(num_people) != num_people or not 0 <= num_people <= MOST_PEOPLE:
        raise ValueError(f"`num_people` must be a whole number from 0 to {MOST_PEOPLE}. Received: {num_people!r}")
    job, size = Job(int(seed), split, CROWDS, int(index)), tuple(int(v) for v in size)
    people = _people(job, max(1, int(num_people)))  # of an empty place somebody says where it is
    points = np.concatenate([person.points for person in people])
    low, high = points.min(0), points.max(0)
    camera = sample_rig(job.stream("camera"), low, high, people[0].skeleton.body.height, size, False).first
    people = people[: int(num_people)]
    stage = Stage(job, SimpleNamespace(points=points), camera, background, alone=True)
    solids = [dress(p.skeleton, p.look, PART_SECOND_PERSON + PARTS_OF_ONE * k) for k, p in enumerate(people)]
    room = stage.room
    scene = Scene(camera, merge([*solids, room.clutter]), room.surroundings, room.lights, room.ambient, room.shadow)
    rendered = render(scene, size)
    seen = [_seen(camera, rendered, person.skeleton, k) for k, person in enumerate(people)]
    return {
        "frame": apply(rendered.frame, stage.effects, job.stream("frame")),
        "boxes": np.array([box_of(px) for px, _ in seen]).reshape(-1, 4),
        "joints_px": np.array([px for px, _ in seen]).reshape(-1, len(POINT_NAMES), 2),
        "visible": np.array([flags for _, flags in seen], bool).reshape(-1, len(POINT_NAMES)),
    }


@dataclass(frozen=True)
class _Person:
    """Somebody at a place: skeleton of one frame and appearance."""

    skeleton: object
    look: object

    @property
    def points(self):
        return self.skeleton.points


def _people(job, number):
    """People who stand apart from each other."""
    rng, look = job.stream("motion"), job.stream("person")
    spots, reach = [np.zeros(2)], rng.uniform(*REACH_MM)
    people, actions = [], get_actions("penn")
    for k in range(number):
        if k:
            spots.append(_free_spot(rng, spots, reach))
        performance, _ = draw_still(rng, job.split, actions, RANDOM_POSES)
        performance = place(performance, rng.uniform(0, 360), spots[k])
        people.append(_Person(performance.skeleton[0], sample_person(look, job.split)))
    return people


def _free_spot(rng, spots, reach):
    """A spot (x, y) mm that is apart from the others, or the farthest one tried."""
    apart = rng.uniform(*APART_MM)
    tried = rng.uniform(-reach, reach, (TRIES, 2))
    distance = np.linalg.norm(tried[:, None] - np.array(spots)[None], axis=2).min(1)  # (TRIES,)
    free = np.flatnonzero(distance >= apart)
    return tried[free[0] if len(free) else distance.argmax()]


def _seen(camera, rendered, skeleton, number):
    """Points (36, 2) px of one of the people, and which of them can be seen."""

    def at(column, row):
        depth, part = rendered.at(column, row)
        return depth, part - (PART_SECOND_PERSON + PARTS_OF_ONE * number)

    px, depth = project(camera, skeleton.points)
    own = SimpleNamespace(frame=rendered.frame, at=at)
    return px, visible_points(px, depth, own, skeleton.body)
