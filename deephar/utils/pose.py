"""Joint layouts as data, the maps between them, and which joints of a pose count.

A layout is a list of joint names and little else: the horizontal flip exchanges `r_` and `l_`, the links join the
neighbours along the spine, the arms and the legs. A joint that is absent has -1e9 in its coordinates.
"""

import dataclasses
import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

ABSENT = -1e9
VALID_ABOVE = -1e6  # a coordinate below it says that the joint was not annotated
DEPTH_RANGE_MM = 2000.0  # what z from 0 to 1 stands for in a crop of scale 1, the root at 0.5

SPINE = "pelvis spine thorax neck head"
ARM = "shoul elb wrist hand tip"
LEG = "hip knee ankle foot"
LIMB_COLORS = ["g", "r", "b", "y", "m"]  # spine, right arm, left arm, right leg, left leg


@dataclass(frozen=True)
class PoseLayout:
    """How the joints of a pose are ordered, in `dim` dimensions.

    Maps to and from other layouts are read as attributes (`layout.map_to_mpii`): `pose[:, layout.map_to_mpii]` puts the
    joints of this layout in MPII's order, `mpii[:, layout.map_from_mpii]` the other way. They are lists, because NumPy
    reads a tuple as a multi-dimensional index.

    Raises:
        AttributeError: on a map that this layout does not have, with those it has.
    """

    name: str
    dim: int
    joint_names: list
    map_hflip: list
    links: list
    color: list
    cmap: list
    maps: dict = field(default_factory=dict, repr=False)

    @property
    def num_joints(self) -> int:
        return len(self.joint_names)

    def __getattr__(self, name):
        maps = self.__dict__.get("maps", {})
        if name in maps:
            return maps[name]
        known = ", ".join(maps) or "none"
        raise AttributeError(f"the layout `{self.__dict__.get('name')}` has no `{name}`; its maps are: {known}")

    def __hash__(self):
        return hash((self.name, self.dim))

    def __mro_entries__(self, bases):
        """Let a layout be the base of a class statement (PEP 560); what the statement makes is a layout, too."""
        if len(bases) > 1:
            raise TypeError(f"a layout must have one base. Received: {len(bases)}")
        return (_STATEMENT,)


class _LayoutStatement(type):
    """Makes a `PoseLayout` of `class own(pa16j2d): ...`, the way in which old code writes a layout."""

    def __new__(cls, name, bases, body):
        (base,) = body["__orig_bases__"]
        return _layout_like(base, name, {key: value for key, value in body.items() if not key.startswith("__")})


_STATEMENT = type.__new__(_LayoutStatement, "PoseLayout", (), {})


def _layout_like(base, name, values):
    """Return a layout with the values given, and `base`'s where none is given and its number of joints is the same.

    Args:
        base: `PoseLayout`.
        name: str, of the new layout.
        values: dict {attribute: value} of fields, `num_joints` and maps `map_*`.

    Raises:
        TypeError, ValueError: an attribute that is no layout's; lists that are not one entry a joint.
    """
    values = dict(values)
    count = values.pop("num_joints", None) or len(values.get("joint_names", base.joint_names))
    base = base if base.num_joints == count else plain_layout(count, base.dim)
    maps = {key: values.pop(key) for key in list(values) if key.startswith("map_") and key != "map_hflip"}
    fields = [field.name for field in dataclasses.fields(PoseLayout)]
    unexpected = ", ".join(key for key in values if key not in fields)
    if unexpected:
        raise TypeError(f"a layout must have num_joints, {', '.join(fields)} and `map_*`. Received: {unexpected}")
    layout = dataclasses.replace(base, **{"name": name, "maps": {**base.maps, **maps}, **values})
    wrong = [key for key in ("joint_names", "cmap") if len(getattr(layout, key)) != count]
    if wrong or len(layout.map_hflip) not in (0, count):
        lengths = f"{len(layout.joint_names)}, {len(layout.cmap)} and {len(layout.map_hflip)} for {count} joints"
        raise ValueError(f"`joint_names`, `cmap` and `map_hflip` must have one entry a joint. Received: {lengths}")
    return layout


def as_layout(value):
    """Return the layout that is meant.

    Args:
        value: `PoseLayout`, the name of one, its fields as a dict, or, as old code has it, any class or object with
            `num_joints` and `dim`.

    Raises:
        TypeError: it is none of these.
        ValueError: an unknown name, or fields that are no layout's.
    """
    if isinstance(value, PoseLayout):
        return value
    if isinstance(value, (str, dict)):
        return layout_from_data(value)
    if not (hasattr(value, "num_joints") and hasattr(value, "dim")):
        raise TypeError(f"`poselayout` must be a joint layout or its name. Received: {value!r}")
    known = ("num_joints", *(field.name for field in dataclasses.fields(PoseLayout)))
    own = {key: getattr(value, key) for key in dir(value) if key in known or key.startswith("map_")}
    return _layout_like(plain_layout(value.num_joints, value.dim), getattr(value, "__name__", "own"), own)


def _flip_map(joint_names):
    """The permutation that exchanges left and right."""
    other = {"r_": "l_", "l_": "r_"}
    return [joint_names.index(other.get(name[:2], name[:2]) + name[2:]) for name in joint_names]


def _limbs(extra=()):
    """Five chains of joint names, in the order of LIMB_COLORS, then the extra ones."""
    sided = [" ".join(f"{side}_{part}" for part in limb.split()) for limb in (ARM, LEG) for side in "rl"]
    return [chain.split() for chain in (SPINE, *sided, *extra)]


def _layout(name, dim, joint_names, extra_chains=(), **maps):
    """A layout whose flip map, links and colours follow from its joint names."""
    names = joint_names.split()
    links, cmap = [], [0] * len(names)
    for color, chain in enumerate(_limbs(extra_chains)):
        present = [names.index(joint) for joint in chain if joint in names]
        links += [[a, b] for a, b in itertools.pairwise(present)]
        for joint in present if color < len(LIMB_COLORS) else ():
            cmap[joint] = color
    return PoseLayout(name, dim, names, _flip_map(names), links, list(LIMB_COLORS), cmap, maps)


PA16_NAMES = (
    "pelvis thorax neck head r_shoul l_shoul r_elb l_elb r_wrist l_wrist r_hip l_hip r_knee l_knee r_ankle l_ankle"
)
PA20_NAMES = (
    "pelvis thorax neck head r_shoul l_shoul r_elb l_elb r_wrist l_wrist r_hand l_hand "
    "r_hip l_hip r_knee l_knee r_ankle l_ankle r_foot l_foot"
)
PA13_NAMES = "head r_shoul l_shoul r_elb l_elb r_wrist l_wrist r_hip l_hip r_knee l_knee r_ankle l_ankle"
MPII_NAMES = (
    "r_ankle r_knee r_hip l_hip l_knee l_ankle pelvis thorax neck head r_wrist r_elb r_shoul l_shoul l_elb l_wrist"
)
LSP_NAMES = "r_ankle r_knee r_hip l_hip l_knee l_ankle r_wrist r_elb r_shoul l_shoul l_elb l_wrist neck head"
CPM_NAMES = "head neck r_shoul r_elb r_wrist l_shoul l_elb l_wrist r_hip r_knee r_ankle l_hip l_knee l_ankle"
FLIC_NAMES = "l_shoul l_elb l_wrist r_shoul r_elb r_wrist l_hip r_hip"
FLIC_COLUMNS = (0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16)  # of the 29 of FLIC's release, in the order of flic11j2d
NTU_NAMES = (
    "pelvis spine neck head l_shoul l_elb l_wrist l_hand r_shoul r_elb r_wrist r_hand "
    "l_hip l_knee l_ankle l_foot r_hip r_knee r_ankle r_foot thorax l_tip l_thumb r_tip r_thumb"
)
COCO_NAMES = (
    "nose l_eye r_eye l_ear r_ear l_shoul r_shoul l_elb r_elb l_wrist r_wrist l_hip r_hip l_knee r_knee l_ankle r_ankle"
)

PA16_MAPS = dict(
    map_from_mpii=[6, 7, 8, 9, 12, 13, 11, 14, 10, 15, 2, 3, 1, 4, 0, 5],
    map_from_ntu=[0, 20, 2, 3, 4, 8, 5, 9, 6, 10, 12, 16, 13, 17, 14, 18],
    map_to_pa13j=[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    map_to_jhmdb=[2, 1, 3, 4, 5, 10, 11, 6, 7, 12, 13, 8, 9, 14, 15],
    map_to_mpii=[14, 12, 10, 11, 13, 15, 0, 1, 2, 3, 8, 6, 4, 5, 7, 9],
    map_to_lsp=[14, 12, 10, 11, 13, 15, 8, 6, 4, 5, 7, 9, 2, 3],
)
PA17_MAPS = dict(
    map_from_h36m=[0, 12, 13, 15, 25, 17, 26, 18, 27, 19, 1, 6, 2, 7, 3, 8, 11],
    map_from_ntu=[*PA16_MAPS["map_from_ntu"], 1],
    map_from_mpii3dhp=[4, 5, 6, 7, 14, 9, 15, 10, 16, 11, 23, 18, 24, 19, 25, 20, 3],
    map_from_mpii3dhp_te=[14, 1, 16, 0, 2, 5, 3, 6, 4, 7, 8, 11, 9, 12, 10, 13, 15],
    map_to_pa13j=PA16_MAPS["map_to_pa13j"],
    map_to_mpii=PA16_MAPS["map_to_mpii"],
    map_to_lsp=PA16_MAPS["map_to_lsp"],
    map_to_pa16j=list(range(16)),
)
PA20_MAPS = dict(
    map_from_h36m=[0, 12, 13, 15, 25, 17, 26, 18, 27, 19, 30, 22, 1, 6, 2, 7, 3, 8, 4, 9],
    map_from_ntu=[0, 20, 2, 3, 4, 8, 5, 9, 6, 10, 7, 11, 12, 16, 13, 17, 14, 18, 15, 19],
    map_to_mpii=[16, 14, 12, 13, 15, 17, 0, 1, 2, 3, 8, 6, 4, 5, 7, 9],
    map_to_lsp=[16, 14, 12, 13, 15, 17, 8, 6, 4, 5, 7, 9, 2, 3],
    map_to_pa13j=[3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17],
    map_to_pa16j=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17],
)
PA21_MAPS = dict(
    PA20_MAPS,
    map_from_h36m=[*PA20_MAPS["map_from_h36m"], 11],
    map_from_ntu=[*PA20_MAPS["map_from_ntu"], 1],
    map_to_pa17j=[*PA20_MAPS["map_to_pa16j"], 20],
)

pa16j2d = _layout("pa16j2d", 2, PA16_NAMES, **PA16_MAPS)
pa16j3d = _layout("pa16j3d", 3, PA16_NAMES, **PA16_MAPS)
pa17j2d = _layout("pa17j2d", 2, f"{PA16_NAMES} spine", **PA17_MAPS)
pa17j3d = _layout("pa17j3d", 3, f"{PA16_NAMES} spine", **PA17_MAPS)
pa20j3d = _layout("pa20j3d", 3, PA20_NAMES, **PA20_MAPS)
pa21j3d = _layout("pa21j3d", 3, f"{PA20_NAMES} spine", **PA21_MAPS)
ntu25j3d = _layout("ntu25j3d", 3, NTU_NAMES, ["r_wrist r_thumb", "l_wrist l_thumb"])
pa13j2d = _layout("pa13j2d", 2, PA13_NAMES)
mpii16j2d = _layout(
    "mpii16j2d",
    2,
    MPII_NAMES,
    map_from_mpii=list(range(16)),
    map_to_mpii=list(range(16)),
    map_to_pa16j=PA16_MAPS["map_from_mpii"],
    map_to_lsp=[0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 8, 9],
)
lsp14j2d = _layout("lsp14j2d", 2, LSP_NAMES)
cpm14j2d = _layout("cpm14j2d", 2, CPM_NAMES)
flic11j2d = _layout("flic11j2d", 2, f"{FLIC_NAMES} l_eye r_eye nose")
flic9j2d = _layout("flic9j2d", 2, f"{FLIC_NAMES} nose")
coco17j = PoseLayout(
    name="coco17j",
    dim=2,
    joint_names=COCO_NAMES.split(),
    map_hflip=_flip_map(COCO_NAMES.split()),
    links=[[13, 15], [13, 11], [14, 16], [14, 12], [11, 12], [5, 11], [6, 12], [5, 6], [7, 5], [8, 6], [7, 9], [8, 10]]
    + [[1, 2], [0, 1], [0, 2], [3, 1], [4, 2], [3, 5], [4, 6]],
    color=["g", "r", "b", "y", "m", "w"],
    cmap=[0, 0, 0, 5, 5, 0, 0, 2, 1, 2, 1, 0, 0, 4, 3, 4, 3],
)

POSE_LAYOUTS = {
    layout.name: layout
    for layout in (
        *(pa16j2d, pa16j3d, pa17j2d, pa17j3d, pa20j3d, pa21j3d, ntu25j3d),
        *(coco17j, pa13j2d, mpii16j2d, lsp14j2d, cpm14j2d, flic11j2d, flic9j2d),
    )
}


def get_poselayout(name: str | PoseLayout) -> PoseLayout:
    """The layout of that name.

    Raises:
        ValueError: on a name that is not in `POSE_LAYOUTS`.
    """
    if isinstance(name, str) and name in POSE_LAYOUTS:
        return POSE_LAYOUTS[name]
    raise ValueError(f"`name` must be a joint layout: {', '.join(POSE_LAYOUTS)}. Received: {name!r}")


def usual_layout(num_joints: int, dim: int) -> PoseLayout:
    """Return the first known layout with so many joints and coordinates, or where there is none `plain_layout`."""
    fitting = (k for k in POSE_LAYOUTS.values() if (k.num_joints, k.dim) == (num_joints, dim))
    return next(fitting, None) or plain_layout(num_joints, dim)


def plain_layout(num_joints, dim):
    """Return a layout of joints with plain names, without links and sides."""
    names = [f"joint_{k}" for k in range(num_joints)]
    return PoseLayout(f"joints{num_joints}_{dim}d", dim, names, [], [], list(LIMB_COLORS), [0] * num_joints)


def joint_places(layout: PoseLayout, source: PoseLayout) -> np.ndarray:
    """Return where the joints of a layout stand in another one: (J,) indices into `source`, -1 for those it lacks.

    Joints of one name are the same joint. A map that one of the two has to or from the other, `map_to_mpii` for
    mpii16j2d, goes before names.
    """
    words = (source.name.removesuffix("2d").removesuffix("3d"), source.name.rstrip("0123456789dj"))  # pa16j, mpii
    for word in words:
        if len(layout.maps.get(f"map_from_{word}", ())) == layout.num_joints:
            return np.array(layout.maps[f"map_from_{word}"])
        if len(layout.maps.get(f"map_to_{word}", ())) == source.num_joints:
            places = np.full(layout.num_joints, -1)
            places[layout.maps[f"map_to_{word}"]] = np.arange(source.num_joints)
            return places
    return np.array([source.joint_names.index(k) if k in source.joint_names else -1 for k in layout.joint_names])


def take_joints(points: ArrayLike, places: ArrayLike, absent: float = np.nan) -> np.ndarray:
    """Return (..., J, D), the joints at `places` of `joint_places` from (..., K, D), `absent` where there is none."""
    places = np.asarray(places)
    found = np.asarray(points, dtype=np.float64)[..., np.maximum(places, 0), :]  # (..., J, D)
    return np.where(places[:, None] >= 0, found, absent)


def layout_to_data(layout):
    """Return a layout as plain values for JSON: the name of a known one, else all of its fields; None as None."""
    if layout is None or POSE_LAYOUTS.get(layout.name) == layout:
        return layout and layout.name
    return dataclasses.asdict(layout)


def layout_from_data(data):
    """Return the layout that `layout_to_data` gave.

    Raises:
        ValueError: an unknown name, or fields that are no layout's.
    """
    if data is None or isinstance(data, str):
        return data and get_poselayout(data)
    try:
        return PoseLayout(**data)
    except TypeError as error:
        raise ValueError(f"`data` must be the fields of a PoseLayout: {error}. Received: {data!r}") from error


def get_visible_joints(x: ArrayLike, margin: float = 0.0) -> np.ndarray:
    """1 for every joint strictly inside the unit square (or cube), else 0.

    Args:
        x: (J, dim) or (..., J, dim) coordinates normalised to the crop.
        margin: a band along the border that does not count as inside, in the same unit.

    Returns:
        (J,) or (..., J) integers.
    """
    x = np.asarray(x)
    return ((x > margin) & (x < 1 - margin)).all(axis=-1).astype(np.int64)  # (..., J)


def get_valid_joints(x: ArrayLike) -> np.ndarray:
    """1 for every joint that was annotated (all coordinates above -1e6), else 0: (..., J, dim) -> (..., J)."""
    return (np.asarray(x) > VALID_ABOVE).all(axis=-1).astype(np.int64)  # (..., J)


def convert_pa17j3d_to_pa16j(p: ArrayLike, dim: int = 3) -> np.ndarray:
    """A pose (17, 3) in pa17j3d as a new (16, dim) one in pa16j."""
    p = np.asarray(p)
    if p.shape != (pa17j3d.num_joints, pa17j3d.dim):
        raise ValueError(f"`p` must be a pa17j3d pose of shape (17, 3). Received: {p.shape}")
    return convert_sequence_pa17j3d_to_pa16j(p[None], dim)[0]


def convert_sequence_pa17j3d_to_pa16j(seqp: ArrayLike, dim: int = 3) -> np.ndarray:
    """Poses (N, 17, 3) in pa17j3d as new (N, 16, dim) ones in pa16j."""
    seqp = np.asarray(seqp)
    if seqp.ndim != 3 or seqp.shape[1:] != (pa17j3d.num_joints, pa17j3d.dim):
        raise ValueError(f"`seqp` must hold pa17j3d poses of shape (N, 17, 3). Received: {seqp.shape}")
    return seqp[:, pa17j3d.map_to_pa16j, :dim].copy()  # (N, 16, dim)


def write_poselist(filename: str | Path, poses: ArrayLike) -> None:
    """Write poses (N, J, dim) as text: a line a pose, x1, y1, [z1,] x2, ... with six decimals, separated by commas."""
    poses = np.asarray(poses)
    if poses.ndim != 3:
        raise ValueError(f"`poses` must have the shape (N, J, dim). Received: {poses.shape}")
    np.savetxt(filename, poses.reshape(len(poses), -1), fmt="%.6f", delimiter=",")


def link_vectors(poses: ArrayLike, layout: PoseLayout) -> np.ndarray:
    """Vectors along the links of a layout, from the second joint to the first: (..., J, D) -> (..., L, D)."""
    first, second = np.array(layout.links, int).reshape(-1, 2).T
    return poses[..., first, :] - poses[..., second, :]
