"""The synthetic body: its points, its proportions, its joint limits and the tables that map it to every joint layout.

World: millimetres, z up, floor z = 0. A person at rest stands, faces +x, has the left side at +y, arms hanging.

                 head_top
                 head_centre  (nose, chin, eyes, ears)
                 neck
    r_shoulder - thorax - l_shoulder        elbow - wrist - hand - handtip, thumb on either side
                 spine
         r_hip - pelvis - l_hip             knee - ankle - heel, foot, toe on either side

Segment lengths as fractions of the height after Drillis and Contini, "Body segment parameters" (1966).
"""

from dataclasses import dataclass

import numpy as np

POINT_NAMES = (
    "pelvis spine thorax neck head_centre head_top nose chin r_eye l_eye r_ear l_ear "
    "r_shoulder l_shoulder r_elbow l_elbow r_wrist l_wrist r_hand l_hand r_handtip l_handtip r_thumb l_thumb "
    "r_hip l_hip r_knee l_knee r_ankle l_ankle r_heel l_heel r_foot l_foot r_toe l_toe"
).split()
NUM_POINTS = len(POINT_NAMES)
P = {name: index for index, name in enumerate(POINT_NAMES)}

FRAME_NAMES = "pelvis chest head r_hand l_hand r_foot l_foot".split()
F = {name: index for index, name in enumerate(FRAME_NAMES)}

# Index of the same point on the other side.
FLIP = np.array([P[{"r": "l", "l": "r"}[n[0]] + n[1:]] if n[:2] in ("r_", "l_") else P[n] for n in POINT_NAMES])
FLIP_FRAMES = np.array([0, 1, 2, 4, 3, 6, 5])

# Pairs of points whose distance never changes.
_BONE_TABLE = (
    "pelvis spine, spine thorax, thorax neck, neck head_top, neck nose, thorax ?_shoulder, ?_shoulder ?_elbow, "
    "?_elbow ?_wrist, ?_wrist ?_handtip, ?_wrist ?_thumb, pelvis ?_hip, ?_hip ?_knee, ?_knee ?_ankle, ?_ankle ?_heel, "
    "?_ankle ?_toe"
).split(", ")
BONES = tuple(sorted({tuple(P[n.replace("?", side)] for n in bone.split()) for bone in _BONE_TABLE for side in "rl"}))

# Lengths as fractions of the height, and how much each varies from person to person (one standard deviation, relative).
FRACTIONS = {
    "spine": (0.140, 0.03),
    "chest": (0.148, 0.03),
    "neck": (0.052, 0.06),
    "head": (0.130, 0.04),
    "shoulder": (0.112, 0.06),
    "upper_arm": (0.186, 0.03),
    "forearm": (0.146, 0.03),
    "hand": (0.105, 0.04),
    "hip": (0.052, 0.06),
    "thigh": (0.245, 0.025),
    "shin": (0.246, 0.025),
    "foot": (0.150, 0.04),
    "ankle": (0.039, 0.05),
}

# Radii in millimetres at 1750 mm and build 1, and the power of the build they grow with.
RADII = {
    "neck": (58, 0.6),
    "upper_arm": (50, 0.9),
    "elbow": (41, 0.6),
    "wrist": (29, 0.4),
    "hand": (42, 0.3),
    "finger": (9, 0.3),
    "thigh": (82, 0.9),
    "knee": (57, 0.6),
    "calf": (58, 0.8),
    "ankle": (36, 0.4),
    "foot": (45, 0.3),
    "sole": (26, 0.2),
    "head_x": (96, 0.15),
    "head_y": (77, 0.2),
    "head_z": (114, 0.05),
    "chest_y": (158, 0.7),
    "chest_x": (112, 1.0),
    "waist_y": (135, 1.3),
    "waist_x": (100, 1.5),
    "hips_y": (162, 0.9),
    "hips_x": (112, 1.0),
}

# Joint limits in degrees (lower, upper); the sign conventions are those of `kinematics`.
LIMITS = {
    "spine_flex": (-30, 85),
    "spine_bend": (-35, 35),
    "spine_twist": (-50, 50),
    "head_flex": (-50, 55),
    "head_bend": (-40, 40),
    "head_twist": (-75, 75),
    "shoulder_flex": (-55, 180),
    "shoulder_abduct": (-25, 170),
    "shoulder_twist": (-80, 90),
    "elbow": (3, 148),
    "wrist_flex": (-65, 75),
    "wrist_bend": (-20, 30),
    "pronation": (-85, 85),
    "hip_flex": (-25, 122),
    "hip_abduct": (-20, 55),
    "hip_twist": (-40, 45),
    "knee": (2, 146),
    "ankle": (-25, 48),
}


@dataclass(frozen=True)
class Body:
    """One person's proportions.

    Attributes:
        height: standing height, mm, 1500 to 2000.
        build: 0.8 (slim) to 1.35 (heavy); scales the radii.
        lengths: dict of mm, keys of `FRACTIONS`.
        radii: dict of mm, keys of `RADII`.
    """

    height: float
    build: float
    lengths: dict
    radii: dict

    @property
    def scale(self):
        """Size relative to a person of 1750 mm, for whom the motion scripts are written."""
        return self.height / 1750.0

    @property
    def hip_height(self):
        """Height of the pelvis over the floor when standing with straight legs, mm."""
        return self.lengths["thigh"] + self.lengths["shin"] + self.lengths["ankle"]


@dataclass(frozen=True)
class Skeleton:
    """A posed body: `points` ([T,] 36, 3) mm and `frames` ([T,] 7, 3, 3), whose columns are forward, left and up."""

    points: np.ndarray
    frames: np.ndarray
    body: Body

    def __getitem__(self, index):
        """The pose of one frame of a clip."""
        return Skeleton(self.points[index], self.frames[index], self.body)

    def __len__(self):
        return len(self.points)


def make_body(height=1750.0, build=1.0, deviations=None):
    """A body of a given height (mm) and build; `deviations` moves each length by so many standard deviations."""
    deviations = deviations if deviations is not None else np.zeros(len(FRACTIONS))
    height, build, lengths = float(height), float(build), {}
    for (name, (fraction, spread)), deviation in zip(FRACTIONS.items(), deviations, strict=True):
        lengths[name] = height * fraction * (1.0 + spread * float(deviation))
    radii = {name: radius * height / 1750.0 * build**power for name, (radius, power) in RADII.items()}
    radii["head_z"] *= lengths["head"] / (0.130 * height)
    return Body(height, build, lengths, radii)


def sample_body(rng):
    """Draw a person.

    Args:
        rng: numpy Generator.

    Returns:
        A `Body`: height 1500 to 2000 mm, build 0.8 to 1.35, limb ratios that differ by a few per cent.
    """
    height = np.clip(rng.normal(1735.0, 95.0), 1500.0, 2000.0)
    build = np.clip(np.exp(rng.normal(0.0, 0.12)), 0.8, 1.35)
    return make_body(height, build, np.clip(rng.normal(size=len(FRACTIONS)), -2.0, 2.0))


def flip_skeleton(skeleton):
    """The same performance flipped at the plane y = 0: right becomes left."""
    points = skeleton.points[..., FLIP, :] * np.array([1.0, -1.0, 1.0])
    flip = np.array([1.0, -1.0, 1.0])
    frames = skeleton.frames[..., FLIP_FRAMES, :, :] * flip[:, None] * flip[None, :]
    return Skeleton(points, frames, skeleton.body)
