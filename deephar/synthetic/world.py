"""Images and clips of the synthetic world by split and number: `render_still` and `render_clip`.

    (seed, split, index) -> streams of random numbers -> who, what, how       (actions.py, poses.py)
                                                      -> camera               (camera.py)
                                                      -> appearance, room, effects (appearance.py, effects.py ...)
    annotations: points -> projection; image: scene -> pixels, depth -> visibility

What is annotated does not depend on its appearance, and nothing depends on the order or the process in which images are
made.
"""

from dataclasses import dataclass

import numpy as np

from deephar.synthetic.actions import get_actions, sample_take
from deephar.synthetic.body import P, sample_body
from deephar.synthetic.camera import FRAMINGS, box_of, crop, person_box, project, sample_rig
from deephar.synthetic.motion import SPLITS
from deephar.synthetic.poses import random_pose
from deephar.synthetic.stage import Stage, drawn_size, image

# An own family of random numbers for images and videos of each set of actions.
STILLS, CLIPS = {"penn": 0, "ntu": 2, "h36m": 4}, {"penn": 1, "ntu": 3, "h36m": 5}
_STREAMS = {
    "motion": 0,
    "camera": 1,
    "person": 2,
    "room": 3,
    "props": 4,
    "other": 5,
    "effects": 6,
    "frame": 7,
    "cut": 8,
}
NOMINAL_PX = 640  # longer side of the image that a close frame of one person was cut from
RANDOM_POSES = 0.45  # share of stills that are not taken from a motion
FPS = 30.0
FILL, CLIP_FILL = (0.55, 0.85), (0.65, 0.95)  # of a still; of a video, whose box holds all of the movement
MAX_BLUR = 0.02  # of the image's side
_HEAD_POINTS = slice(P["head_centre"], P["l_ear"] + 1)


@dataclass(frozen=True)
class Job:
    """One image or clip: where its random numbers come from."""

    seed: int
    split: str
    kind: int  # of `STILLS` or `CLIPS`
    index: int

    def stream(self, name, frame=0):
        """An own generator for each purpose, so that none disturbs another."""
        return np.random.default_rng(
            [self.seed, SPLITS.index(self.split), self.kind, self.index, _STREAMS[name], frame]
        )


def check_job(split, index, size, framing, seed):
    """Raise ValueError for an argument of an image or clip that is out of range."""
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {SPLITS}. Received: {split!r}")
    if int(index) != index or index < 0:
        raise ValueError(f"`index` must be a whole number from 0. Received: {index!r}")
    if len(size) != 2 or min(size) < 16:
        raise ValueError(f"`size` must be (width, height), at least 16 px each. Received: {size!r}")
    if framing not in FRAMINGS:
        raise ValueError(f"`framing` must be one of {FRAMINGS}. Received: {framing!r}")
    if int(seed) != seed or seed < 0:
        raise ValueError(f"`seed` must be a whole number from 0. Received: {seed!r}")


def draw_still(rng, split, actions, random_poses):
    """Performance of one frame and its action (-1 for a random pose)."""
    if rng.uniform() < random_poses:
        return random_pose(rng, sample_body(rng)), -1
    take = sample_take(rng, split, actions=actions)
    return take.perform(rng.uniform(0, take.num_frames - 1)), take.action


def _head_ends(skeleton):
    """What a box around the head of one frame must hold, (14, 3): its ellipsoid's six ends, the face and the crown."""
    body, head = skeleton.body, skeleton.frames[2]
    half = head * np.array([body.radii["head_x"], body.radii["head_y"], body.radii["head_z"]])
    centre = skeleton.points[P["head_centre"]]
    return np.concatenate([centre + half.T, centre - half.T, skeleton.points[_HEAD_POINTS]])


def _annotate(skeleton, camera):
    """What is known of one frame without an image."""
    count = len(skeleton.points)
    px, depth = project(camera, np.concatenate([skeleton.points, _head_ends(skeleton)]))
    return {
        "joints_px": px[:count],
        "depth": depth[:count],
        "joints_mm": (skeleton.points - camera.position) @ camera.R.T,
        "head_box": box_of(px[count:]),
        "box": box_of(px[:count]),
    }


def _rig(job, skeleton, size, shake, front=(0.0, 180.0)):
    low, high = skeleton.points.reshape(-1, 3).min(0), skeleton.points.reshape(-1, 3).max(0)
    return sample_rig(job.stream("camera"), low, high, skeleton.body.height, size, shake, front)


def _nominal(size):
    """The image a close frame is cut from."""
    factor = NOMINAL_PX / max(size)
    return tuple(round(side * factor) for side in size)


def render_still(
    split,
    index,
    size=(256, 256),
    seed=0,
    framing="scene",
    fill=FILL,
    background=None,
    annotate_only=False,
    actions="penn",
    random_poses=RANDOM_POSES,
):
    """One image.

    Args:
        split: 'train', 'validation' or 'test'.
        index: number of the image, from 0.
        size: (width, height) px.
        seed: seed of the world.
        framing: 'scene', a person of 80 to 500 px in an image of 1000 px; or 'person', the same view cut around the
            person as a loader would (a small person is then as blurred as an enlarged one).
        fill: framing 'person': range of the share of the frame's side that the person's box takes.
        background: a folder of images to use as backgrounds, or None.
        annotate_only: leave out `frame`; nothing is drawn, and every point within the frame counts as visible.
        actions: 'penn', 'ntu' or 'h36m': the motions that images are taken from.
        random_poses: share of images whose pose is none of a motion but drawn within the joints' limits.

    Returns:
        dict: `frame` uint8 (H, W, 3) RGB; `joints_px` (36, 2), pixel centres at integer + 0.5, order of
        `body.POINT_NAMES` (see `layouts.map_points`); `visible` (36,) bool; `joints_mm` (36, 3) in camera space;
        `camera`; `action` from 0, or -1 for a random pose; `head_box` and `box` (4,) x1 y1 x2 y2 px of head and person;
        `height_mm`.

    Raises:
        ValueError: an argument out of range.
    """
    check_job(split, index, size, framing, seed)
    if not 0 <= random_poses <= 1:
        raise ValueError(f"`random_poses` must be from 0 to 1. Received: {random_poses!r}")
    actions = get_actions(actions)
    job = Job(int(seed), split, STILLS[actions.name], int(index))
    performance, action = draw_still(job.stream("motion"), split, actions, random_poses)
    size = tuple(int(v) for v in size)
    camera = _rig(job, performance.skeleton, _nominal(size) if framing == "person" else size, False).first
    low_size = size
    if framing == "person":
        box = person_box(job.stream("cut"), box_of(project(camera, performance.skeleton.points)[0]), size, fill)
        camera, low_size = crop(camera, box, size), drawn_size(size, box)
    out = _annotate(performance.skeleton[0], camera)
    if annotate_only:
        out["visible"] = _inside(out["joints_px"], size)
    else:
        stage = Stage(job, performance.skeleton, camera, background)
        out["frame"], out["visible"] = image(stage, performance, 0, camera, low_size, job.stream("frame"), None)
    return {**out, "camera": camera, "action": action, "height_mm": performance.skeleton.body.height}


def _inside(px, size):
    return np.isfinite(px).all(-1) & (px >= 0).all(-1) & (px < np.array(size)).all(-1)


def clip_action(index, actions="penn"):
    """The action, from 0, of clip `index`: all that are performed in turn, so that every split is balanced."""
    performed = get_actions(actions).performed
    return performed[int(index) % len(performed)]


def _clip(split, index, seed, actions):
    """The job of a clip and its `Take`."""
    actions = get_actions(actions)
    job = Job(int(seed), split, CLIPS[actions.name], int(index))
    return job, sample_take(job.stream("motion"), split, clip_action(index, actions.name), actions)


def clip_length(split, index, seed=0, actions="penn", fps=FPS):
    """Number of frames (20 to 80 at 30 a second) of the whole video `index`, without drawing it."""
    check_job(split, index, (16, 16), "scene", seed)
    return _length(_clip(split, index, seed, actions)[1], fps)


def _length(take, fps):
    if not 0 < fps < float("inf"):
        raise ValueError(f"`fps` must be above 0. Received: {fps!r}")
    return max(1, round(take.num_frames * fps / FPS))


def _filming(job, skeleton, size, framing, fill, front, step):
    """A function from frame number to camera, and the size in which frames are drawn; `step` in frames at FPS."""
    rig = _rig(job, skeleton, _nominal(size) if framing == "person" else size, True, front)

    def film(t):
        return rig.at(t * step, skeleton.points[t, P["pelvis"]])

    if framing == "scene":
        return film, size
    px = np.stack([project(film(t), skeleton.points[t])[0] for t in range(0, len(skeleton), 4)])
    box = person_box(job.stream("cut"), box_of(px), size, fill)
    return lambda t: crop(film(t), box, size), drawn_size(size, box)


def render_clip(
    split,
    index,
    num_frames=None,
    size=(256, 256),
    seed=0,
    framing="scene",
    frame_list=None,
    fill=CLIP_FILL,
    background=None,
    annotate_only=False,
    actions="penn",
    fps=FPS,
):
    """One video, or some of its frames.

    Args:
        split, size, seed, fill, background, annotate_only: as for `render_still`.
        index: number of the video; its action is `clip_action(index, actions)`.
        num_frames: None for the whole video, or T frames evenly spread over it.
        framing: 'scene', or 'person': one fixed cut around the person over the whole video.
        frame_list: frame numbers (T,) to draw instead, each from 0 to `clip_length` - 1.
        actions: 'penn', 'ntu' or 'h36m'.
        fps: frames a second; the motion is as fast at any rate.

    Returns:
        dict: `frames` uint8 (T, H, W, 3); `joints_px` (T, 36, 2); `visible` (T, 36); `joints_mm` (T, 36, 3) in camera
        space; `cameras` list of T; `action` from 0; `fps`; `frame_list` (T,); `length` of the whole video; `head_box`,
        `box` (T, 4); `height_mm`.

    Raises:
        ValueError: an argument out of range.
    """
    check_job(split, index, size, framing, seed)
    job, take = _clip(split, index, seed, actions)
    size = tuple(int(v) for v in size)
    length, step = _length(take, fps), FPS / fps
    chosen = _chosen_frames(length, num_frames, frame_list)
    whole = take.perform(np.arange(length) * step)
    front = take.heading, get_actions(actions).view
    film, low_size = _filming(job, whole.skeleton, size, framing, fill, front, step)
    cameras = [film(t) for t in chosen.tolist()]
    notes = [_annotate(whole.skeleton[int(t)], camera) for t, camera in zip(chosen, cameras, strict=True)]
    out = {name: np.stack([note[name] for note in notes]) for name in notes[0]}
    if annotate_only:
        out["visible"] = _inside(out["joints_px"], size)
    else:
        stage = Stage(job, whole.skeleton, film(0), background)
        drawn = []
        for t, camera in zip(chosen.tolist(), cameras, strict=True):
            blur = _motion(whole, t, film(max(t - 1, 0)), camera)
            drawn.append(image(stage, whole, t, camera, low_size, job.stream("frame", t + 1), blur))
        out["frames"], out["visible"] = (np.stack(part) for part in zip(*drawn, strict=True))
    facts = {"cameras": cameras, "action": take.action, "fps": fps, "frame_list": chosen, "length": length}
    return {**out, **facts, "height_mm": take.body.height}


def _chosen_frames(length, num_frames, frame_list):
    if frame_list is not None:
        chosen = np.asarray(frame_list, int)
        if chosen.ndim != 1 or not len(chosen) or chosen.min() < 0 or chosen.max() >= length:
            raise ValueError(f"`frame_list` must hold frame numbers from 0 to {length - 1}. Received: {frame_list!r}")
        return chosen
    if num_frames is None:
        return np.arange(length)
    if num_frames < 1:
        raise ValueError(f"`num_frames` must be at least 1, or None. Received: {num_frames!r}")
    return np.round(np.linspace(0, length - 1, num_frames)).astype(int)


def _motion(performance, t, before, now):
    """Blur (dx, dy) px while the shutter is open: half of the camera's movement and a little of the body's."""
    points = performance.skeleton.points
    here = points[t].mean(0)
    camera = project(now, here)[0] - project(before, here)[0]
    body = project(now, here)[0] - project(now, points[max(t - 1, 0)].mean(0))[0]
    blur = 0.5 * camera + 0.2 * body
    return tuple(blur * min(1.0, MAX_BLUR * max(now.size) / max(float(np.hypot(*blur)), 1e-6)))
