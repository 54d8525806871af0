"""One set of the synthetic world: the people, the objects and the room of a clip, and the images taken of them."""

from dataclasses import replace

import numpy as np
from PIL import Image

from deephar.synthetic import appearance, backgrounds, effects, props
from deephar.synthetic.body import sample_body
from deephar.synthetic.camera import project
from deephar.synthetic.motion import place
from deephar.synthetic.poses import random_pose
from deephar.synthetic.render import render
from deephar.synthetic.scene import PART_SECOND_PERSON, Scene, merge
from deephar.synthetic.visibility import visible_points

SECOND_PERSON = 0.12
CLEAR_MM = 900.0


class Stage:
    """Everything in front of the camera that stays the same for the length of a clip.

    Args:
        job: `world.Job`, the source of its random numbers.
        skeleton: the person over the whole clip.
        camera: the camera, which furniture keeps out of the way of.
        folder: a folder of images for the background, or None.
        ring_mm: for several cameras around the person, how far the farthest is: a room that holds all of them, and
            nothing and nobody else within; `camera` is not used then.
        alone: whether nobody else may come along.
    """

    def __init__(self, job, skeleton, camera, folder, ring_mm=None, alone=False):
        points = skeleton.points.reshape(-1, 3)
        low, high = points.min(0), points.max(0)
        centre = (low + high)[:2] / 2
        clear = float(max(CLEAR_MM, np.hypot(*(high - low)[:2]) / 2 + 350.0))
        self.person = appearance.sample_person(job.stream("person"), job.split)
        self._job, self._prop_look = job, None
        where = {"centre": centre, "clear": clear}
        if ring_mm is None:
            where["camera_position"] = camera.position
        else:
            where.update(clear=max(clear, ring_mm + 400.0), indoors=True)
        self.room = backgrounds.sample_room(job.stream("room"), job.split, folder=folder, **where)
        self.effects = effects.sample_effects(job.stream("effects"))
        self.other = [] if alone or ring_mm is not None else self._second_person(job, centre, clear, camera)

    @property
    def prop_look(self):
        """The appearance of objects, drawn when there are any."""
        if self._prop_look is None:
            self._prop_look = props.sample_props(self._job.stream("props"), self._job.split)
        return self._prop_look

    def _second_person(self, job, centre, clear, camera):
        """Sometimes somebody else beside or behind the person, as solids."""
        rng = job.stream("other")
        if rng.uniform() >= SECOND_PERSON:
            return []
        performance = random_pose(rng, sample_body(rng), "stand" if rng.uniform() < 0.7 else None)
        away = centre - camera.position[:2]
        away = away / max(np.hypot(*away), 1.0)
        aside = np.array([-away[1], away[0]]) * rng.choice([-1.0, 1.0])
        spot = centre + aside * (clear * rng.uniform(0.75, 1.6)) + away * rng.uniform(-0.3, 1.5) * clear
        other = place(performance, 0.0, spot).skeleton[0]
        return [appearance.dress(other, appearance.sample_person(rng, job.split), PART_SECOND_PERSON)]

    def scene(self, performance, t, camera):
        """The scene at frame `t` of a performance."""
        room = self.room
        solids = [appearance.dress(performance.skeleton[t], self.person)]
        solids += [props.prop_solids(prop, t, self.prop_look) for prop in performance.props]
        solids += self.other + [room.clutter]
        return Scene(camera, merge(solids), room.surroundings, room.lights, room.ambient, room.shadow)


def image(stage, performance, t, camera, low_size, rng, motion):
    """Frame (H, W, 3) uint8 and visibility flags; drawn at `low_size` and enlarged where that is smaller."""
    small = replace_size(camera, low_size) if tuple(low_size) != tuple(camera.size) else camera
    rendered = render(stage.scene(performance, t, small), tuple(small.size))
    skeleton = performance.skeleton[t]
    px, depth = project(small, skeleton.points)
    visible = visible_points(px, depth, rendered, skeleton.body)
    if motion is not None:
        motion = tuple(v * small.size[0] / camera.size[0] for v in motion)
    person = None if motion is None else (rendered.part >= 0) & (rendered.part < PART_SECOND_PERSON)
    frame = effects.apply(rendered.frame, stage.effects, rng, motion, moving=person)
    if small is not camera:
        frame = np.asarray(Image.fromarray(frame).resize(camera.size, Image.Resampling.BILINEAR))
    return frame, visible


def replace_size(camera, size):
    """The same view in another number of pixels."""
    sx, sy = size[0] / camera.size[0], size[1] / camera.size[1]
    return replace(
        camera, f=(camera.f[0] * sx, camera.f[1] * sy), c=(camera.c[0] * sx, camera.c[1] * sy), size=tuple(size)
    )


def drawn_size(size, box):
    """Size in which a close frame is drawn: not finer than the image it would have been cut from."""
    share = min(1.0, max((box[2] - box[0]) / size[0], 0.2))
    return tuple(max(16, round(side * share)) for side in size) if share < 0.9 else tuple(size)
