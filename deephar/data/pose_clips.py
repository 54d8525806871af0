"""Clips of poses without images: which frames, how a pose is normalised, how training varies it (NumPy only).

    joints (T, J, 2) px, NaN where absent
      -- frames at fractional positions, joints interpolated --> (F, J, 2) px
      -- square box around all joints of the clip -------------> [0, 1], and confidence (F, J, 1): 1 present, 0 absent

One box a clip: how the body moves through the image stays visible in what the network sees.
"""

from dataclasses import dataclass

import numpy as np

from deephar.utils.pose import pa16j2d

BOX_MARGIN = 1.1  # side of the box, of the larger extent of the joints
PA13_IN_PA16 = pa16j2d.map_to_pa13j
DERIVED = {"pelvis": ("r_hip", "l_hip"), "thorax": ("r_shoul", "l_shoul"), "neck": ("thorax", "head")}
FLIPPED = np.array(pa16j2d.map_hflip)


def pa16_from_pa13(joints):
    """Joints (T, 13, 2), NaN where absent -> (T, 16, 2): pelvis and thorax between hips and shoulders, neck to head."""
    full = np.full((len(joints), pa16j2d.num_joints, 2), np.nan)
    full[:, PA13_IN_PA16] = joints
    index = {name: k for k, name in enumerate(pa16j2d.joint_names)}
    for name, (first, second) in DERIVED.items():
        full[:, index[name]] = (full[:, index[first]] + full[:, index[second]]) / 2
    return full


def clip_positions(length, num_frames, step, start=0.5):
    """Positions of a clip's frames in a video of `length` frames, as fractions of frames, ascending (num_frames,).

    Args:
        length: frames of the video.
        num_frames: frames of the clip.
        step: frames from one to the next, any positive number; a video too short for it takes what fits.
        start: 0 for the first possible clip, 1 for the last one, 0.5 for the middle.
    """
    span = min(step * (num_frames - 1), length - 1)
    return start * (length - 1 - span) + np.linspace(0.0, span, num_frames)


def covering_positions(length, num_frames, steps):
    """Clips that cover a video: for each step windows, evenly spread, that overlap by half of a clip or more.
    Clips of one frame lie at most a step apart.

    Returns:
        List of (num_frames,) positions; steps too long for the video give one clip of all of it, once.
    """
    clips, spans = [], set()
    for step in steps:
        span = min(step * (num_frames - 1), length - 1)
        if span in spans:
            continue
        spans.add(span)
        number = 1 + int(np.ceil((length - 1 - span) / (0.5 * span or step)))
        starts = np.linspace(0.0, 1.0, number) if number > 1 else [0.5]
        clips += [clip_positions(length, num_frames, step, start) for start in starts]
    return clips


def take_frames(joints, positions):
    """Joints at fractional positions: (T, J, 2) and (F,) -> (F, J, 2), linear between frames.

    A joint that is absent in one of two neighbours is taken from the other one; NaN where it is absent in both.
    """
    before = np.floor(positions).astype(int)
    after = np.minimum(before + 1, len(joints) - 1)
    share = (positions - before)[:, None, None]
    first, second = joints[before], joints[after]  # (F, J, 2)
    first, second = np.where(np.isnan(first), second, first), np.where(np.isnan(second), first, second)
    return (1 - share) * first + share * second


def normalise_clip(joints):
    """Joints (F, J, 2) px into the square box around all of them: [0, 1], NaN stays; no joint at all gives only NaN."""
    if np.isnan(joints).all():
        return joints
    low, high = np.nanmin(joints, axis=(0, 1)), np.nanmax(joints, axis=(0, 1))
    side = max(BOX_MARGIN * float((high - low).max()), 1e-6)
    return (joints - (low + high) / 2) / side + 0.5


def mirror_clip(joints):
    """The clip seen in a flip: x reversed, left and right exchanged; (F, 16, 2) in [0, 1]."""
    return np.concatenate([1.0 - joints[..., :1], joints[..., 1:]], axis=-1)[:, FLIPPED]


def as_input(joints):
    """Joints (..., J, 2), NaN where absent -> poses with 0 there and confidences (..., J, 1), float32."""
    present = ~np.isnan(joints).any(axis=-1, keepdims=True)
    return np.where(present, joints, 0.0).astype("float32"), present.astype("float32")


@dataclass(frozen=True)
class PoseVariation:
    """How training varies a clip of poses; every number is the largest deviation.

    Attributes:
        speed: the clip spans this share of the test clip's time, from and to.
        angle: degrees.
        scale: factors on the size, from and to.
        stretch: factor on width against height, 1 + and - this.
        shift: of the clip, in boxes.
        offset: standard deviation of a joint's constant error, in boxes.
        jitter: standard deviation of a joint's error in every frame, in boxes.
        joint_dropout: share of joints that are absent from the whole clip.
        frame_dropout: share of single joints in single frames that are absent.
        flip: share of flipped clips.
    """

    speed: tuple = (0.5, 1.25)
    angle: float = 12.0
    scale: tuple = (0.75, 1.1)
    stretch: float = 0.1
    shift: float = 0.1
    offset: float = 0.008
    jitter: float = 0.004
    joint_dropout: float = 0.04
    frame_dropout: float = 0.02
    flip: float = 0.5

    def positions(self, rng, length, num_frames, step):
        """Frames of a random clip at a random, slightly uneven speed."""
        # A video shorter than the clip's time must still be seen in parts.
        longest = (length - 1) / max(num_frames - 1, 1)
        step = min(min(step, longest) * rng.uniform(*self.speed), longest)
        even = clip_positions(length, num_frames, step, rng.uniform())
        if step <= 0:
            return even
        uneven = even + rng.uniform(-0.5, 0.5, num_frames) * step * 0.5
        return np.clip(np.sort(uneven), 0, length - 1)

    def vary(self, rng, joints):
        """A varied copy of a normalised clip (F, 16, 2)."""
        if rng.uniform() < self.flip:
            joints = mirror_clip(joints)
        angle, scale = np.deg2rad(rng.uniform(-self.angle, self.angle)), rng.uniform(*self.scale)
        stretch = 1 + rng.uniform(-self.stretch, self.stretch)
        cos, sin = np.cos(angle), np.sin(angle)
        matrix = scale * np.array([[cos, -sin], [sin, cos]]) @ np.diag([stretch, 1 / stretch])
        joints = (joints - 0.5) @ matrix.T + 0.5 + rng.uniform(-self.shift, self.shift, 2)
        count = joints.shape[1]
        joints = joints + rng.normal(0, self.offset, (1, count, 2)) + rng.normal(0, self.jitter, joints.shape)
        absent = rng.uniform(size=(1, count)) < self.joint_dropout
        absent = absent | (rng.uniform(size=joints.shape[:2]) < self.frame_dropout)
        return np.where(absent[..., None], np.nan, joints)
